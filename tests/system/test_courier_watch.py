#!/usr/bin/python3
"""Two cities that no line joins, each with a watch on one folder that travels between them."""

import shutil
import signal
import struct
import subprocess

import harness
from harness import activity, wait_for

ACT = 3  # field of CarriedPart


class Watch(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.watches = []
        self.addCleanup(lambda: [watch.kill() for watch in self.watches])

    def watch(self, city, folder, *options):
        with open(self.folder / f"watch-{city.id[3:]}.log", "ab") as log:
            made = subprocess.Popen([harness.TWINLOG, "-D", city.folder, "courier", "watch", folder, "--every", "100ms", *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.watches.append(made)
        return made

    def log(self, city):
        return (self.folder / f"watch-{city.id[3:]}.log").read_text("utf-8", "replace")

    def strangers(self):
        one, other = self.city("CN:lianyungang", listen=False), self.city("KR:mokpo", listen=False)
        one.meet(other)
        stick = self.folder / "stick"
        stick.mkdir()
        return one, other, stick

    def test_both_sides(self):
        one, other, stick = self.strangers()
        watches = self.watch(one, stick), self.watch(other, stick)
        space = one.found("By courier", other)
        (id_,) = one.submit(activity(1), space=space)
        wait_for(lambda: id_ in other.records(), "the record has travelled")
        other.do("answer", id_, "same")
        wait_for(lambda: one.show(id_)["state"] == "agreed", "so has the answer")

        # The courier is a link with a lag of its own, and it comes to nought.
        def settled():
            return all(city.json("peer", "list")["peers"][0]["spaces"][0].get("lag_bundles", 0) == 0 for city in (one, other))

        wait_for(settled, "each is known to hold everything")
        status = one.json("status")["peers"][0]
        self.assertEqual(status["link"], "courier")
        self.assertIn("courier_wrote", status)
        self.assertIn("courier_read", status)
        self.assertIn("by courier", one.do("status"))
        wait_for(lambda: len(list(stick.iterdir())) == 2, "there is one file each way, nothing left over")
        for watch in watches:
            watch.send_signal(signal.SIGTERM)
            self.assertEqual(watch.wait(30 * harness.PATIENCE), 0)

    @staticmethod
    def middle_of_the_act(data):
        at = 0
        while data[at + 4] >> 3 != ACT:
            at += 4 + struct.unpack_from(">I", data, at)[0]
        return at + 4 + struct.unpack_from(">I", data, at)[0] // 2

    def test_damaged_is_set_aside(self):
        one, other, stick = self.strangers()
        first = self.watch(one, stick)
        space = one.do("space", "create", "By courier", "--member", other.id).split()[-1]
        (id_,) = one.submit(activity(1), space=space)
        (file,) = wait_for(lambda: list(stick.glob("*.courier")), "a file is there")
        first.kill()
        first.wait()
        whole = file.read_bytes()
        bad = bytearray(whole)
        bad[self.middle_of_the_act(whole)] ^= 0xFF
        broken = self.folder / "broken"
        broken.mkdir()
        (broken / file.name).write_bytes(bad)
        (broken / "rubbish.courier").write_bytes(b"not one of ours")
        (broken / "notes.txt").write_bytes(b"leave me alone")
        self.watch(other, broken)
        wait_for(lambda: len(list(broken.glob("*.damaged"))) == 2, "both are set aside")
        self.assertTrue((broken / "notes.txt").exists())
        text = self.log(other)
        self.assertIn(file.name, text)
        self.assertIn("rubbish.courier", text)
        # The whole one, copied in bit by bit, is taken in when it is whole.
        part = broken / file.name
        with open(part, "wb") as out:
            for at in range(0, len(whole), 512):
                out.write(whole[at : at + 512])
                out.flush()
        wait_for(lambda: space in other.do("space", "list", "--format", "json"), "the whole file is taken")
        self.assertNotIn(id_, other.records(), "what it is not entitled to did not travel")

    def test_taken_away_and_started_anew(self):
        """A guard moves each file on; a killed watch leaves nothing half written; only what is new travels."""
        one, other, out = self.strangers()
        back = self.folder / "back"
        back.mkdir()
        here = self.watch(one, out)

        def carry():
            for source, city in ((out, other), (back, one)):
                for file in list(source.glob("*.courier")):
                    moved = self.folder / "moved"
                    moved.mkdir(exist_ok=True)
                    shutil.move(str(file), moved / file.name)
                    # A guard that could not hand it over keeps it.
                    if city.run("courier", "read", moved / file.name).code and not file.exists():
                        shutil.move(moved / file.name, file)
            return True

        space = one.do("space", "create", "By courier", "--member", other.id).split()[-1]
        wait_for(lambda: carry() and space in other.do("space", "list", "--format", "json"), "the invitation has come")
        other.do("space", "accept", space)
        there = self.watch(other, back)
        ids = one.submit(*(activity(number) for number in range(40)), space=space)
        wait_for(lambda: carry() and set(ids) <= set(other.records()), "all records have come", 60)
        here.kill()
        here.wait()
        (out / "half.courier.part").write_bytes(b"x")
        here = self.watch(one, out)
        (id_,) = one.submit(activity(99), space=space)
        wait_for(lambda: carry() and id_ in other.records(), "the new one has come too", 60)
        wait_for(lambda: carry() and one.json("peer", "list")["peers"][0]["spaces"][0].get("lag_bundles", 0) == 0, "and is known to", 60)
        self.assertIsNone(here.poll())
        self.assertIsNone(there.poll())

    def test_refused(self):
        one, _, stick = self.strangers()
        one.refuses(1, "courier", "watch", self.folder / "nowhere", "--once", says="does not exist")
        one.refuses(2, "courier", "watch", stick, "--every", "soon")
        one.do("courier", "watch", stick, "--once")


if __name__ == "__main__":
    harness.main()
