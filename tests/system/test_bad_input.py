#!/usr/bin/python3
"""Bad input: one clear line, the right exit code, no crash, and nothing acknowledged is lost."""

import json
import os
import subprocess

import harness
from harness import TWINLOG, TWINLOGD, activity, run, wait_for


class BadRecords(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.one, self.other, self.space = self.pair()

    def refused(self, code, entry, says):
        text = entry if isinstance(entry, (str, bytes)) else json.dumps(entry, ensure_ascii=False)
        return self.one.refuses(code, "submit", "-", given=text, says=says)

    def test_records(self):
        before = self.one.total()
        self.refused(3, "{", "")
        self.refused(3, '{"kind": "activity"', "")
        self.refused(3, "[1]", "line 1")
        self.refused(3, {"kind": "picnic"}, "picnic")
        self.refused(3, activity(1, colour="red"), "colour")
        self.refused(3, activity(1, start="2018-13"), "2018-13")
        self.refused(3, activity(1, start="2018-02-30"), "2018-02-30")
        self.refused(3, activity(1, start="2018", end="2017"), "")
        self.refused(3, activity(1, cities=("CN:lianyungang", "no such town anywhere")), "no such town anywhere")
        self.refused(3, activity(1, form="picnic"), "picnic")
        self.refused(3, activity(1, fields=["picnics"]), "picnics")
        self.refused(3, activity(1, title="x" * 201), "too long")
        self.refused(3, activity(1, title="字" * 67), "too long")
        self.refused(3, activity(1, summary="x" * 2001), "too long")
        self.refused(3, activity(1, participants=-3), "")
        self.refused(3, json.dumps(activity(1)).encode().replace(b"exhibition 1", b"exhibi\xfftion"), "UTF-8")
        self.refused(3, activity(1, title="bell \u0007"), "")
        self.assertEqual(self.one.total(), before, "nothing of it was written")
        self.one.submit(activity(1, title="x" * 200), activity(2, summary="字" * 666), options=["--wait-for", "1"])
        self.assertEqual(self.other.total(), before + 2, "at the limit it goes through")

    def test_what_is_known_is_named(self):
        self.refused(3, activity(1, fields=["picnics"]), "culture_arts")
        self.refused(3, activity(1, actors=[{"kind": "circus"}]), "municipal")
        self.one.refuses(3, "list", "--state", "lost", says="one_sided")
        self.one.refuses(3, "list", "--status", "lost", says="in_force")
        self.one.refuses(3, "list", "--sort", "lost", says="changed")
        long = self.one.refuses(3, "list", "--field", "字" * 50, says="字…'")
        self.assertLess(len(long.split("'")[1]), 30, "a long value is cut")

    def test_ambiguous_city(self):
        done = self.one.run("submit", "-", given=json.dumps(activity(1, cities=["CN:lianyungang", "광주"]), ensure_ascii=False))
        self.assertEqual(done.code, 6, done)
        self.assertGreaterEqual(done.err.decode().count("KR:gwangju"), 1, f"names the candidates: {done}")
        self.assertEqual(self.one.total(), 0)

    def test_one_bad_line_of_many(self):
        text = "\n".join(json.dumps(activity(n, **({"start": "2018-13"} if n == 2 else {}))) for n in range(4))
        done = self.one.run("submit", "-", given=text)
        self.assertEqual(done.code, 3, done)
        self.assertIn("3", done.err.decode(), "names the line")

    def test_usage(self):
        for arguments in (["frobnicate"], ["submit", "--frobnicate"], ["show"], ["list", "--limit", "many"], ["answer", "00", "perhaps"]):
            done = self.one.run(*arguments)
            self.assertEqual(done.code, 2, done)
            self.assertEqual(done.err.decode().count("\n"), 1, done)
        self.one.refuses(3, "show", "ffffffffffffffffffffffffffffffff", says="not found")
        self.one.refuses(3, "list", "--from", "2018-13", says="2018-13")
        self.one.refuses(3, "submit", "-", "--space", "f" * 64, given=json.dumps(activity(1)), says="not found")
        self.one.refuses(1, "submit", self.folder / "no-such-file", says="no-such-file")

    def test_a_city_in_no_space(self):
        alone = self.city("CN:xiamen")
        alone.refuses(2, "submit", "-", given=json.dumps(activity(1)), says="space")

    def test_wrong_key(self):
        key = self.one.folder / "clients" / "admin.key"
        stranger = self.city("CN:xiamen")
        key.write_bytes((stranger.folder / "clients" / "admin.key").read_bytes())
        self.one.refuses(4, "status", says="key")

    def test_no_daemon(self):
        self.one.stop()
        self.one.refuses(5, "status", says="twinlogd")
        done = run([TWINLOG, "-D", self.folder / "nowhere", "status"])
        self.assertNotEqual(done.code, 0)
        self.assertEqual(done.err.decode().count("\n"), 1, done)

    def test_card_of_nobody(self):
        bad = self.folder / "bad.card"
        for content in (b"", b"hello", os.urandom(300), self.other.run("card").out[:-9]):
            bad.write_bytes(content)
            done = self.one.run("peer", "add", bad)
            self.assertIn(done.code, (1, 3), done)
            self.assertEqual(done.err.decode().count("\n"), 1, done)


class BadDaemons(harness.TestCase):
    def twinlogd(self, code, *arguments, says=""):
        done = run([TWINLOGD, *arguments])
        self.assertEqual(done.code, code, done)
        self.assertEqual(done.err.decode().count("\n"), 1, f"not one line: {done}")
        self.assertIn(says, done.err.decode(), done)

    def test_folder_in_use(self):
        one = self.city("CN:lianyungang")
        self.twinlogd(1, "run", one.folder, says="in use")
        self.twinlogd(1, "init", one.folder, "--city", "CN:lianyungang", says="exists already")
        self.assertEqual(one.run("status").code, 0, "the one that runs goes on")

    def test_port_taken(self):
        one = self.city("CN:lianyungang")
        two = self.city("KR:mokpo")
        two.stop()
        conf = two.folder / "twinlogd.conf"
        conf.write_text(conf.read_text("utf-8").replace(two.address, one.address), "utf-8")
        done = run([TWINLOGD, "run", two.folder])
        self.assertEqual(done.code, 1, done)
        self.assertIn(one.address, done.err.decode())
        self.assertIn("in use", done.err.decode())

    def test_bad_settings(self):
        one = self.city("CN:lianyungang")
        one.stop()
        conf = one.folder / "twinlogd.conf"
        kept = conf.read_text("utf-8")
        for line in (
            *("colour = red", "listen = 7401", "log = loud", "city", "budget = KR:mokpo", "budget = mokpo 64k", "budget = * 10"),
            *("budget = KR:mokpo 64q", "budget = KR:mokpo 64k 8-18", "budget = * 64k 08:00-25:00"),
        ):
            conf.write_text(kept + line + "\n", "utf-8")
            done = run([TWINLOGD, "check", one.folder])
            self.assertIn(done.code, (1, 2, 3), done)
            self.assertIn("twinlogd.conf:", done.err.decode(), "names the line")
        conf.write_text(kept, "utf-8")
        self.assertEqual(run([TWINLOGD, "check", one.folder]).code, 0)

    def test_bad_init(self):
        for city in ("Lianyungang", "cn:lianyungang", "CN:", "CN:" + "x" * 70):
            done = run([TWINLOGD, "init", self.folder / "new", "--city", city])
            self.assertIn(done.code, (2, 3), done)
            self.assertFalse((self.folder / "new" / "keys").exists(), "nothing is left behind")
        self.assertEqual(run([TWINLOGD]).code, 2)
        self.assertEqual(run([TWINLOGD, "frobnicate"]).code, 2)

    def test_init_again_after_a_full_disk(self):
        folder = self.folder / "small"
        for limit, code in ((500, 1), ("unlimited", 0)):
            done = run(["bash", "-c", f"trap '' XFSZ; ulimit -f {limit}; exec {TWINLOGD} init {folder} --city CN:lianyungang"])
            self.assertEqual(done.code, code, done)

    def test_readable_secret(self):
        one = self.city("CN:lianyungang")
        one.stop()
        (one.folder / "keys" / "city.seed").chmod(0o644)
        self.twinlogd(4, "run", one.folder, says="city.seed")

    def test_store_of_another_version(self):
        one = self.city("CN:lianyungang")
        one.stop()
        (data,) = one.folder.rglob("data.mdb")
        content = data.read_bytes()
        self.assertIn(b"version\x00\x00\x00\x02", content)
        data.write_bytes(content.replace(b"version\x00\x00\x00\x02", b"version\x00\x00\x00\x63"))
        self.twinlogd(1, "run", one.folder, says="another version")
        self.twinlogd(1, "check", one.folder, says="another version")

    def test_damaged_store(self):
        one = self.city("CN:lianyungang")
        one.stop()
        (data,) = one.folder.rglob("data.mdb")
        data.write_bytes(b"not a store at all" * 1000)
        done = run([TWINLOGD, "run", one.folder])
        self.assertEqual(done.code, 1, done)

    def test_full_disk(self):
        """On a file system of a few MiB: a clear answer, everything acknowledged stays, and it goes on with more room."""
        disk = self.folder / "disk"
        disk.mkdir()
        as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        subprocess.run([*as_root, "mount", "-t", "tmpfs", "-o", f"size=4m,mode=0700,uid={os.geteuid()}", "none", disk], check=True)
        try:
            one = harness.City(self, "CN:lianyungang", disk / "lianyungang")
            one.log = self.folder / "full.log"
            self.cities.append(one)
            other = self.city("KR:mokpo")
            one.meet(other)
            one.found("Lianyungang and Mokpo", other)
            acknowledged, done = [], None
            for number in range(400):
                text = "".join(json.dumps(activity(n, summary="x" * 1900)) + "\n" for n in range(number * 20, number * 20 + 20))
                done = one.run("submit", "-", given=text)
                acknowledged += done.lines()
                if done.code:
                    break
            self.assertEqual(done.code, 1, done)
            self.assertIn("disk is full", done.err.decode(), done)
            wait_for(lambda: set(acknowledged) <= set(other.records()), "the partner has what was acknowledged")
            subprocess.run([*as_root, "mount", "-o", "remount,size=64m", disk], check=True)
            if one.process.poll() is not None:
                one.start()
            wait_for(lambda: one.run("submit", "-", given=json.dumps(activity(1))).code == 0, "it goes on")
            here = one.records()
            self.assertEqual([name for name in acknowledged if name not in here], [])
        finally:
            for city in self.cities:
                if city.process and city.process.poll() is None:
                    city.process.kill()
                    city.process.wait()
            subprocess.run([*as_root, "umount", "-l", disk], check=True)


if __name__ == "__main__":
    harness.main()
