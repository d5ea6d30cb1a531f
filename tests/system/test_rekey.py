#!/usr/bin/python3
"""A city changes its key: partners learn it without a gap, a thief of the old one is shut out, and a cut at any step is
finished by the same command."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

import harness
from harness import activity, run, wait_for

ONE, TWO, THREE = "CN:lianyungang", "KR:mokpo", "CN:xiamen"


def clock(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(seconds))


class Rekey(harness.TestCase):
    def safe(self, city):
        """The recovery file, taken from the machine."""
        path = self.folder / f"{city.folder.name}.recovery"
        if (city.folder / "recovery.txt").exists():
            (city.folder / "recovery.txt").replace(path)
        return path

    def rekey(self, city, *options, recovery=None, code=0):
        done = run([harness.TWINLOGD, "rekey", city.folder, "--recovery", recovery or self.safe(city), *options])
        self.assertEqual(done.code, code, done)
        return done.out.decode() + done.err.decode()

    def test_new_key(self):
        one, two, space = self.pair()
        three = self.city(THREE)
        for other in (one, two):
            three.meet(other)
        net = one.found("Network", two, three, more=["--network"])
        (first,) = two.submit(activity(1), space=space)
        (second,) = two.submit(activity(2), space=net)
        two.do("erase", two.submit(activity(9), space=net)[0], "--reason", "personal_data", "--yes")
        before = self.partner(one, TWO)
        refused = run([harness.TWINLOGD, "rekey", two.folder, "--recovery", self.safe(two)])
        self.assertEqual(refused.code, 1, "not while it runs: %s" % refused)
        two.stop()
        self.assertIn("signed in 2 spaces; 0 signed objects shut out", self.rekey(two))
        self.assertTrue((two.folder / "recovery.txt").exists(), "a new recovery file")
        two.start()
        self.linked((one, TWO), (two, ONE), (three, TWO))
        wait_for(lambda: self.partner(one, TWO)["key"] != before["key"], "the partner has the new card")
        self.assertEqual(self.partner(one, TWO)["fingerprint"], before["fingerprint"], "the city is the same")
        wait_for(lambda: self.partner(two, ONE)["has_card"], "and it is known that it has")
        # All words count on, new ones go both ways, also through acts.
        (third,) = two.submit(activity(3), space=space, options=["--wait-for", "1"])
        (fourth,) = two.submit(activity(4), space=net, options=["--wait-for", "2"])
        one.do("answer", first, "same")
        one.do("answer", third, "same")
        wait_for(lambda: {first: "agreed", third: "agreed"}.items() <= {r: s["state"] for r, s in two.records().items()}.items(), "answered")
        for city in (one, three):
            wait_for(lambda c=city: {second, fourth} <= set(c.records("--space", net)), f"{city.id} has both")
        two.do("space", "leave", net)
        wait_for(lambda: [m for m in one.json("space", "show", net)["members"] if m["city"] == TWO][0]["standing"] == "left", "an act too")
        for city in (one, two, three):
            self.assertEqual(run([harness.TWINLOGD, "verify", city.folder]).code, 0)

    def test_lost_after_change(self):
        """The new recovery file brings the city back; a backup of before takes its key from it."""
        one, two, space = self.pair()
        (first,) = two.submit(activity(1), space=space, options=["--wait-for", "1"])
        backup = self.folder / "backup"
        self.assertEqual(run([harness.TWINLOGD, "backup", two.folder, backup]).code, 0)
        two.stop()
        old_safe = self.safe(two)
        self.rekey(two, recovery=old_safe)
        new_safe = self.folder / "new.recovery"
        (two.folder / "recovery.txt").replace(new_safe)
        two.start()
        (second,) = two.submit(activity(2), space=space, options=["--wait-for", "1"])
        two.stop()
        shutil.rmtree(two.folder)
        self.assertEqual(run([harness.TWINLOGD, "restore", backup, two.folder]).code, 0)
        two.start()
        wait_for(lambda: "key" in self.partner(two, ONE).get("last_error", ""), "the old key is refused, and it says so")
        two.stop()
        self.assertIn("was older than the recovery file", self.rekey(two, recovery=new_safe))
        two.start()
        wait_for(lambda: two.run("list", "--space", space).code == 0, "the partner's erasures are known")
        wait_for(lambda: set(two.records("--space", space)) == {first, second}, "all is back")
        (third,) = two.submit(activity(3), space=space, options=["--wait-for", "1"])
        two.stop()
        shutil.rmtree(two.folder)
        done = run([harness.TWINLOGD, "init", two.folder, "--recover", new_safe])
        self.assertEqual(done.code, 0, done)
        two.start()
        card = self.folder / "one.card"
        card.write_bytes(one.run("card").out)
        two.do("peer", "add", card)
        wait_for(lambda: set(two.records("--space", space)) == {first, second, third}, "all is back on an empty machine")
        two.submit(activity(4), space=space, options=["--wait-for", "1"])

    @harness.unittest.skipIf(harness.PATIENCE > 1, "a preloaded library and AddressSanitizer do not go together")
    def test_cut_off(self):
        """The command is killed after each write; the same command finishes it, and nothing runs in between."""
        one, two, space = self.pair()
        (first,) = two.submit(activity(1), space=space, options=["--wait-for", "1"])
        two.stop()
        safe = self.safe(two)
        built = self.folder / "bad_disk.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", built, pathlib.Path(__file__).with_name("bad_disk.c"), "-ldl"], check=True)
        steps = 0
        for step in range(1, 40):
            env = {**os.environ, "LD_PRELOAD": str(built), "BAD_DISK_KILL": str(step)}
            killed = run([harness.TWINLOGD, "rekey", two.folder, "--recovery", safe], crash_ok=True, env=env)
            if killed.code == 0:
                break
            self.assertEqual(killed.code, -signal.SIGKILL, killed)
            steps += 1
            open_ = (two.folder / "keys" / "next.seed").exists()
            ran = run([harness.TWINLOGD, "run", two.folder], seconds=20) if open_ else None
            self.assertTrue(not ran or (ran.code == 4 and b"not finished" in ran.err), ran)
            self.assertEqual((run([harness.TWINLOGD, "rekey", two.folder, "--recovery", safe])).code, 0, f"after step {step}")
            two.start()
            self.linked((one, TWO))
            self.assertEqual(len(two.submit(activity(1 + step), space=space, options=["--wait-for", "1"])), 1)
            two.stop()
            (two.folder / "recovery.txt").unlink()
        self.assertGreater(steps, 5)
        self.assertIn(first, one.records("--space", space))

    def thief_of(self, city):
        """A copy of its folder, while it is stopped."""
        folder = self.folder / "thief"
        shutil.copytree(city.folder, folder, ignore=shutil.ignore_patterns("*.sock"))
        thief = harness.City.__new__(harness.City)
        thief.__dict__.update(city.__dict__, folder=folder, log=self.folder / "thief.log", process=None)
        self.cities.append(thief)
        return thief

    def test_stolen_erasure(self):
        """A thief's erasure takes nothing once its key is retired; if the city names it after all, it takes the content out of the stores."""
        one, two, space = self.pair()
        (record,) = two.submit(activity(1, title="what the thief erased"), space=space, options=["--wait-for", "1"])
        two.stop()
        thief, safe = self.thief_of(two), self.safe(two)
        thief.start()
        thief.do("erase", record, "--reason", "personal_data", "--yes")
        wait_for(lambda: "what the thief erased" not in one.do("show", record), "the partner takes it for the city's own")
        thief.stop()
        self.rekey(two, "--stolen", clock(time.time() + 60), recovery=safe)
        two.start()
        wait_for(lambda: two.json("status")["spaces"][0]["erasures"] == 1, "the erasure has come")
        self.assertIn("what the thief erased", two.do("show", record), "it takes nothing any more")
        two.stop()
        self.rekey(two, "--extend", "--count", "0" * 64, recovery=safe)
        self.assertEqual(run([harness.TWINLOGD, "compact", two.folder]).code, 0)
        self.assertNotIn(b"what the thief erased", (two.folder / "data" / "data.mdb").read_bytes())
        two.start()
        self.assertNotIn("what the thief erased", two.do("show", record), "it counts now")

    def test_stolen(self):
        """A thief with a copy of the folder speaks as the city; after the change it is shut out, also from links."""
        one, two, space = self.pair()
        (first,) = two.submit(activity(1), space=space, options=["--wait-for", "1"])
        stolen_at = int(time.time()) + 1
        wait_for(lambda: time.time() > stolen_at, "the second is over")
        two.stop()
        thief = self.thief_of(two)
        two.start()
        (genuine,) = two.submit(activity(3), space=space, options=["--wait-for", "1"])
        two.stop()
        thief.start()
        (forged,) = thief.submit(activity(2), space=space, options=["--wait-for", "1"])
        self.assertIn(forged, one.records("--space", space))
        thief.stop()
        two.start()
        wait_for(lambda: forged in two.records("--space", space), "the city hears of it")
        (joined,) = two.submit(activity(5), space=space, options=["--wait-for", "1"])
        two.stop()
        safe = self.safe(two)
        told = self.rekey(two, "--stolen", clock(stolen_at), "--dry-run", recovery=safe)
        self.assertIn("2 signed objects shut out; nothing was changed", told, "the forged one, and what builds on it")
        told = self.rekey(two, "--stolen", clock(stolen_at), recovery=safe)
        two.start()
        wait_for(lambda: set(one.records("--space", space)) == {first, genuine}, "what was forged counts no more")
        self.assertEqual(set(two.records("--space", space)), {first, genuine})
        # The thief goes on with the old key: it gets no link, and its words count nowhere.
        two.stop()
        thief.start()
        wait_for(lambda: "key" in self.partner(thief, ONE).get("last_error", ""), "the thief is refused")
        (again,) = thief.submit(activity(4), space=space)
        (secret,) = one.submit(activity(6), space=space)
        courier = self.folder / "thief.courier"
        thief.do("courier", "write", courier, "--to", ONE)
        one.run("courier", "read", courier)
        self.assertNotIn(again, one.records("--space", space))
        self.assertNotIn(secret, thief.records("--space", space), "and nothing more is told to it")
        # What was shut out may be let in again.
        bundle = [line.split()[3].rstrip(",") for line in told.splitlines() if line.startswith("shut out: bundle")][0]
        self.rekey(two, "--extend", "--count", bundle, recovery=safe)
        thief.stop()
        two.start()
        wait_for(lambda: set(one.records("--space", space)) == {first, forged, genuine, secret}, "named after all")
        self.assertNotIn(joined, one.records("--space", space))

    def test_wrong_file(self):
        one = self.city(ONE)
        two = self.city(TWO)
        one.stop()
        done = self.rekey(one, recovery=self.safe(two), code=4)
        self.assertIn("is for another city", done)
        self.assertEqual(run([harness.TWINLOGD, "rekey", one.folder]).code, 2)
        self.assertEqual(run([harness.TWINLOGD, "rekey", one.folder, "--recovery", self.safe(one), "--stolen", "soon"]).code, 2)
        one.start()

    def test_new_space_with_old_card(self):
        """A partner that has the old card founds a space: the new key is signed into it."""
        one, two = self.city(ONE), self.city(TWO, listen=False)
        one.meet(two)
        wait_for(lambda: self.partner(one, TWO)["link"] == "up", "linked")
        two.stop()
        space = one.do("space", "create", "Pair", "--member", TWO).split()[-1]
        self.rekey(two)
        two.start()
        wait_for(lambda: space in two.do("space", "list", "--json"), "invited by the old key")
        two.refuses(4, "space", "accept", space, says="rekey --finish")
        two.stop()
        self.assertIn("signed in 1 spaces", self.rekey(two, "--finish"))
        two.start()
        two.do("space", "accept", space)
        two.submit(activity(1), space=space, options=["--wait-for", "1"])


if __name__ == "__main__":
    harness.main()
