#!/usr/bin/python3
"""Backups made while the daemon writes, what comes out of them, and a store written anew."""

import os
import pathlib
import shutil
import subprocess
import threading

import harness
from harness import activity, wait_for

SECRET = "Park Ji-woo and her host family"


def twinlogd(*arguments):
    return harness.run([harness.TWINLOGD, *arguments])


class Backup(harness.TestCase):
    def keeps(self, *arguments, code=0, says=""):
        done = twinlogd(*arguments)
        self.assertEqual(done.code, code, done)
        if code:
            self.assertEqual(done.err.decode().count("\n"), 1, f"not one line: {done}")
            self.assertEqual(done.out, b"", done)
        self.assertIn(says, done.out.decode() + done.err.decode(), done)
        return done

    def in_file(self, city, text=SECRET):
        return text.encode() in (city.folder / "data" / "data.mdb").read_bytes()

    def test_hot_and_back(self):
        one, other, _ = self.pair()
        one.submit(*(activity(number) for number in range(200)), options=["--wait-for", "1"])
        over, written = threading.Event(), []

        def write():
            number = 200
            while not over.is_set():
                written.extend(one.submit(activity(number)))
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        wait_for(lambda: len(written) >= 3, "writing has begun")
        kept = self.folder / "kept.backup"
        self.keeps("backup", one.folder, kept)
        at_least = len(written)
        wait_for(lambda: len(written) >= at_least + 3, "and goes on")
        over.set()
        writer.join()
        self.assertEqual(kept.stat().st_mode & 0o777, 0o600)
        self.keeps("backup", "--verify", kept, says="every chain and signature verifies")

        wait_for(lambda: len(other.records()) == 200 + len(written), "Mokpo has all")
        machine = one.json("status")["machine"]
        one.kill()
        shutil.move(one.folder, self.folder / "lost")
        self.keeps("restore", kept, one.folder)
        one.start(wait=False)
        wait_for(lambda: one.run("list").code == 0, "a partner has told what was erased")
        self.hold_alike(one, other, count=200 + len(written))
        self.assertNotEqual(one.json("status")["machine"], machine, "the copy is another machine")
        (again,) = one.submit(activity(9999), options=["--wait-for", "1"])
        self.assertIn(again, other.records())
        for city in (one, other):
            city.do("verify")

    def test_erased_since(self):
        one, other, _ = self.pair()
        (record, left) = one.submit(activity(1, title=SECRET), activity(2), options=["--wait-for", "1"])
        kept = self.folder / "kept.backup"
        self.keeps("backup", other.folder, kept)
        one.do("erase", record)
        wait_for(lambda: SECRET not in other.do("show", record), "Mokpo has erased")
        one.stop()
        other.kill()
        shutil.rmtree(other.folder)
        self.keeps("restore", kept, other.folder, says="release")
        other.start(wait=False)
        wait_for(lambda: other.run("status").code == 0, "Mokpo answers")
        self.assertTrue(self.in_file(other), "the copy is from before")
        # Nobody has told yet what was erased.
        for command in (["list"], ["show", record], ["history", record], ["export", self.folder / "x.csv"]):
            self.assertIn("restored from a backup", other.refuses(1, *command))
        self.assertIn("restored from a backup", other.do("status"))
        (new,) = other.submit(activity(3))
        one.start()
        wait_for(lambda: other.run("list").code == 0, "Lianyungang has told")
        self.assertNotIn(SECRET, other.do("show", record))
        self.hold_alike(one, other, count=3)
        self.assertEqual(set(one.records()), {record, left, new})
        self.assertEqual([s["standing"] for s in other.show(record)["statements"]][0], "erased")
        # Written down: the next start does not ask again.
        one.stop()
        other.stop()
        other.start()
        self.assertNotIn(SECRET, other.do("show", record))
        one.start()
        # The file's free pages go with compact.
        other.stop()
        self.keeps("compact", other.folder)
        self.assertFalse(self.in_file(other))
        self.keeps("verify", other.folder, says="every chain and signature verifies")
        other.start()
        self.hold_alike(one, other, count=3)

    def test_operator_decides(self):
        one, other, _ = self.pair()
        (record,) = one.submit(activity(1), options=["--wait-for", "1"])
        kept = self.folder / "kept.backup"
        one.stop()
        self.keeps("backup", one.folder, kept)
        other.stop()
        shutil.rmtree(one.folder)
        self.keeps("restore", kept, one.folder)
        one.start(wait=False)
        wait_for(lambda: one.run("status").code == 0, "Lianyungang answers")
        one.refuses(1, "show", record, says="release")
        self.keeps("release", one.folder, code=1, says="in use")
        one.stop()
        self.keeps("release", one.folder)
        one.start()
        self.assertEqual(one.show(record)["id"], record)

    def test_compact_broken_off(self):
        """What it was making goes with the next start: it may hold what is erased since."""
        one = self.city("CN:lianyungang")
        one.stop()
        left = one.folder / "data" / "compact"
        left.mkdir()
        (left / "data.mdb").write_bytes(b"a secret")
        one.start()
        self.assertFalse(left.exists())

    def test_compact(self):
        one, other, _ = self.pair()
        ids = one.submit(*(activity(number, title=f"{SECRET} {number}") for number in range(50)), options=["--wait-for", "1"])
        for record in ids[:3]:
            one.do("erase", record, "--all")
        wait_for(lambda: all(SECRET not in other.do("show", record) for record in ids[:3]), "three are gone")
        self.keeps("compact", one.folder, code=1, says="in use")
        for city in (one, other):
            city.stop()
            before = city.folder.joinpath("data", "data.mdb").stat().st_size
            self.keeps("compact", city.folder)
            self.assertLessEqual(city.folder.joinpath("data", "data.mdb").stat().st_size, before)
            text = (city.folder / "data" / "data.mdb").read_bytes()
            self.assertEqual(text.count(SECRET.encode()), 47, "and each of the others once")
            self.assertEqual(sorted(p.name for p in (city.folder / "data").iterdir()), ["data.mdb", "journal", "lock", "lock.mdb"])
            self.assertNotIn(SECRET.encode(), (city.folder / "data" / "journal").read_bytes())
            city.start()
        self.hold_alike(one, other, count=50)
        for city in (one, other):
            city.do("verify")

    def test_refusals(self):
        one = self.city("CN:lianyungang")
        kept, other = self.folder / "kept.backup", self.folder / "elsewhere"
        self.keeps("backup", one.folder, kept)
        self.keeps("backup", one.folder, kept, code=1, says="exists already")
        self.keeps("backup", self.folder / "nowhere", kept, code=1)
        self.keeps("backup", one.folder, self.folder / "nowhere" / "x", code=1, says="does not exist")
        self.keeps("backup", one.folder, code=2)
        self.keeps("restore", kept, one.folder, code=1, says="not empty")
        self.keeps("restore", self.folder / "nowhere", other, code=1, says="does not exist")
        whole = kept.read_bytes()
        for name, content, says in (
            ("foreign", b"PK\x03\x04" + os.urandom(5000), "not a backup"),
            ("empty", b"", "not a backup"),
            ("cut", whole[:-1], "not a backup"),
            ("altered", whole[:9000] + bytes([whole[9000] ^ 1]) + whole[9001:], "does not match its hash"),
            ("swapped", whole[:-300] + bytes([whole[-300] ^ 1]) + whole[-299:], "does not match its hash"),
        ):
            bad = self.folder / name
            bad.write_bytes(content)
            self.keeps("backup", "--verify", bad, code=1, says=says)
            self.keeps("restore", bad, other, code=1, says=says)
            self.assertFalse(other.exists(), "nothing is left behind")
        self.assertEqual([p.name for p in self.folder.glob("*.part")], [])

    def test_full_disk(self):
        as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        one, _, _ = self.pair()
        one.submit(*(activity(number, title="x" * 190) for number in range(1000)))
        kept, small = self.folder / "kept.backup", self.folder / "small"
        self.keeps("backup", one.folder, kept)
        small.mkdir()
        subprocess.run([*as_root, "mount", "-t", "tmpfs", "-o", f"size=256k,mode=0700,uid={os.geteuid()}", "none", small], check=True)
        try:
            self.keeps("backup", one.folder, small / "kept", code=1, says="disk is full")
            self.assertEqual(list(pathlib.Path(small).iterdir()), [])
            self.keeps("restore", kept, small / "city", code=1, says="disk is full")
            self.assertEqual(list(pathlib.Path(small).iterdir()), [])
        finally:
            subprocess.run([*as_root, "umount", small], check=True)


if __name__ == "__main__":
    harness.main()
