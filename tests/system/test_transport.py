#!/usr/bin/python3
"""A city changes its transport key: the old one stays in use until every partner has the card that announces the new one,
so nobody loses the line; who was away comes back by either, and a cut at any step leaves what goes on."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

import harness
from harness import activity, run, wait_for

ONE, TWO, THREE = "CN:lianyungang", "KR:mokpo", "CN:xiamen"
IN_USE = "the new transport key is in use"


class Transport(harness.TestCase):
    def rekey(self, city, *options, code=0, recovery=None):
        path = recovery or self.folder / f"{city.folder.name}.recovery"
        if not recovery and (city.folder / "recovery.txt").exists():
            (city.folder / "recovery.txt").replace(path)
        done = run([harness.TWINLOGD, "rekey", city.folder, "--recovery", path, "--transport", *options])
        self.assertEqual(done.code, code, done)
        return done.out.decode() + done.err.decode()

    def in_use(self, city, times=1):
        return city.log.read_text("utf-8", "replace").count(IN_USE) >= times

    def told(self, city, *others):
        """Each of the others is seen to have the city's newest card."""
        for other in others:
            wait_for(lambda o=other: self.partner(city, o)["has_card"], f"{other} has the card")

    def three(self, **more):
        """One listens and changes its key; Two listens, Three only dials."""
        one, two, three = self.city(ONE), self.city(TWO), self.city(THREE, listen=False)
        one.meet(two)
        one.meet(three)
        net = one.found("Network", two, three, more=["--network"])
        return one, two, three, net

    def exchange(self, number, net, *cities):
        """A word of each goes to all."""
        ids = {city.submit(activity(number + i), space=net)[0] for i, city in enumerate(cities)}
        for city in cities:
            wait_for(lambda c=city: ids <= set(c.records("--space", net)), f"{city.id} has all words", 60)

    def test_one_away(self):
        one, two, three, net = self.three()
        key = self.partner(two, ONE)["key"]
        one.do("invite", "KR:busan", "-o", self.folder / "invitation")
        three.stop()
        one.stop()
        self.assertIn("once every partner has the new card", self.rekey(one))
        self.assertTrue((one.folder / "recovery.txt").exists(), "a new recovery file")
        one.start()
        # Two has the card over the old link; Three is away, so the old key stays in use.
        self.told(one, TWO)
        self.assertFalse(self.partner(one, THREE)["has_card"])
        self.exchange(1, net, one, two)
        self.assertFalse(self.in_use(one), "not while one lacks the card")
        # Away while the key changes: Two knows the card, and comes back afterwards.
        two.stop()
        three.start()
        wait_for(lambda: self.in_use(one), "all have the card")
        self.assertIn("invitations that are out (1) name the transport key of before", one.log.read_text())
        self.linked((one, THREE), (three, ONE))
        self.exchange(10, net, one, three)
        two.start()
        self.linked((one, TWO), (two, ONE), (three, ONE))
        self.exchange(20, net, one, two, three)
        self.told(one, TWO, THREE)
        self.assertEqual(self.partner(two, ONE)["key"], key, "the city key is the same")
        # The old one is no way in any more, and everything outlasts a restart of each.
        for city in (one, two, three):
            city.stop()
            city.start()
        self.linked((one, TWO), (two, ONE), (one, THREE), (three, ONE))
        self.exchange(30, net, one, two, three)
        self.assertEqual(one.log.read_text().count(IN_USE), 1)
        # And once more.
        one.stop()
        self.rekey(one)
        one.start()
        wait_for(lambda: self.in_use(one, 2), "all have the card")
        self.linked((one, TWO), (two, ONE), (one, THREE), (three, ONE))
        self.exchange(40, net, one, two, three)
        for city in (one, two, three):
            self.assertEqual(run([harness.TWINLOGD, "verify", city.folder]).code, 0)

    def test_who_only_dials(self):
        """The city itself cannot be dialled; and both sides change at once."""
        one, two, three, net = self.three()
        for city in (three, two):
            city.stop()
            self.rekey(city)
            city.start()
        wait_for(lambda: self.in_use(three), "Three's partners have the card")
        wait_for(lambda: self.in_use(two), "and Two's")
        self.linked((one, TWO), (two, ONE), (one, THREE), (three, ONE))
        self.exchange(1, net, one, two, three)

    def test_old_copy_is_refused(self):
        """Whoever has the old key alone gets no link once the new one is in use."""
        one, two, space = self.pair()
        one.stop()
        copy = self.folder / "copy"
        shutil.copytree(one.folder, copy, ignore=shutil.ignore_patterns("*.sock"))
        self.rekey(one)
        safe = self.folder / "new.recovery"
        (one.folder / "recovery.txt").replace(safe)
        one.start()
        wait_for(lambda: self.in_use(one), "in use")
        (first,) = one.submit(activity(1), space=space, options=["--wait-for", "1"])
        one.stop()
        # The machine is lost, and an older copy put back: refused, until the recovery file gives it the key.
        shutil.rmtree(one.folder)
        shutil.copytree(copy, one.folder)
        one.start()
        wait_for(lambda: "does not know this city's card" in self.partner(one, TWO).get("last_error", ""), "refused")
        one.stop()
        self.assertIn("was older than the recovery file", self.rekey(one, recovery=safe))
        one.start()
        self.linked((one, TWO), (two, ONE))
        wait_for(lambda: first in one.records("--space", space), "all is back")
        # An empty machine likewise.
        one.stop()
        shutil.rmtree(one.folder)
        self.assertEqual(run([harness.TWINLOGD, "init", one.folder, "--recover", safe]).code, 0)
        one.start()
        card = self.folder / "two.card"
        card.write_bytes(two.run("card").out)
        one.do("peer", "add", card)
        self.linked((one, TWO), (two, ONE))
        wait_for(lambda: first in one.records("--space", space), "all is back again")

    def test_finish(self):
        """The operator waits no longer: who lacks the card gets no link, and has one again with the card by hand."""
        one, two, three, net = self.three()
        self.rekey(one, code=1)  # not while it runs
        three.stop()
        one.stop()
        self.rekey(one, "--finish", code=1)
        self.rekey(one)
        self.assertIn("has a new transport key", self.rekey(one, recovery=one.folder / "recovery.txt"))
        one.start()
        self.told(one, TWO)
        one.stop()
        self.rekey(one, "--finish", recovery=one.folder / "recovery.txt")
        one.start()
        self.linked((one, TWO), (two, ONE))
        three.start()
        wait_for(lambda: "somebody else" in self.partner(three, ONE)["last_error"] or "cut" in self.partner(three, ONE)["last_error"], "no link")
        card = self.folder / "one.card"
        card.write_bytes(one.run("card").out)
        three.do("peer", "add", card)
        self.linked((one, THREE), (three, ONE))
        self.exchange(1, net, one, two, three)

    @harness.unittest.skipIf(harness.PATIENCE > 1, "a preloaded library and AddressSanitizer do not go together")
    def test_cut_off(self):
        """The command is killed before each sync, and the daemon when it takes the key into use."""
        one, two, space = self.pair()
        built = self.folder / "bad_disk.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", built, pathlib.Path(__file__).with_name("bad_disk.c"), "-ldl"], check=True)
        safe = self.folder / "safe"
        (one.folder / "recovery.txt").replace(safe)
        one.stop()
        steps = 0
        for step in range(1, 40):
            env = {**os.environ, "LD_PRELOAD": str(built), "BAD_DISK_KILL": str(step)}
            command = [harness.TWINLOGD, "rekey", one.folder, "--recovery", safe, "--transport"]
            killed = run(command, crash_ok=True, env=env)
            if killed.code == 0:
                break
            self.assertEqual(killed.code, -signal.SIGKILL, killed)
            steps += 1
            if (one.folder / "keys" / "next.seed").exists():
                ran = run([harness.TWINLOGD, "run", one.folder], seconds=20)
                self.assertTrue(ran.code == 4 and b"not finished" in ran.err, ran)
            self.assertEqual(run(command).code, 0, f"after step {step}")
            self.assertTrue((one.folder / "recovery.txt").exists())
            before = (one.folder / "card").read_bytes()
            one.start(wait=False)
            # Killed as soon as the card says that the new key is in use, at times before the partner hears of it.
            wait_for(lambda b=before: (one.folder / "card").read_bytes() != b, "the card changes")
            one.kill()
            one.start()
            self.linked((one, TWO), (two, ONE))
            self.assertEqual(len(one.submit(activity(step), space=space, options=["--wait-for", "1"])), 1)
            one.stop()
            (one.folder / "recovery.txt").replace(safe)
        self.assertGreater(steps, 4)
        self.assertEqual(len(two.records("--space", space)), steps)


if __name__ == "__main__":
    harness.main()
