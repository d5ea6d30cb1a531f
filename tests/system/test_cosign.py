#!/usr/bin/python3
"""Two administrators: the acts of a city take effect once both have signed, wherever they are judged; one key alone does
nothing, and words are signed by one as ever."""

import os
import pathlib

import harness
from harness import activity, run, wait_for

ONE, TWO, THREE = "CN:lianyungang", "KR:mokpo", "CN:xiamen"


class Cosign(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.back = os.getcwd()
        os.chdir(self.folder)  # where the files of acts are written
        self.addCleanup(os.chdir, self.back)

    def second_key(self, name="second.key"):
        done = run([harness.TWINLOGD, "second-key", self.folder / name])
        self.assertEqual(done.code, 0, done)
        self.assertEqual((self.folder / name).stat().st_mode & 0o777, 0o600)
        return done.out.decode().strip()

    def four_eyes(self, city, key):
        city.stop()
        safe = self.folder / "safe"
        (city.folder / "recovery.txt").replace(safe)
        done = run([harness.TWINLOGD, "rekey", city.folder, "--recovery", safe, "--second-key", key])
        self.assertEqual(done.code, 0, done)
        city.start()

    def handed_out(self, city, *command):
        """The file that the command wrote."""
        path = pathlib.Path(city.do(*command).split()[-1])
        self.assertTrue(path.read_text().startswith("twinlog-acts-1\n"), path)
        return path

    def cosign(self, path, key="second.key", *options, code=0):
        done = run([harness.TWINLOGD, "cosign", path, "--key", self.folder / key, *(options or ("--yes",))])
        self.assertEqual(done.code, code, done)
        return done.out.decode() + done.err.decode()

    def standing(self, city, space, of):
        members = city.json("space", "show", space)["members"] if space in city.do("space", "list", "--format", "json") else []
        return next((member["standing"] for member in members if member["city"] == of), None)

    def test_four_eyes(self):
        one, two, three = self.city(ONE), self.city(TWO), self.city(THREE)
        for city, other in ((one, two), (one, three), (two, three)):
            city.meet(other)
        net = two.found("Network", one, more=["--network"])
        (first,) = two.submit(activity(1), space=net, options=["--wait-for", "1"])
        key = self.second_key()
        self.second_key("other.key")
        self.four_eyes(two, key)
        # Words need one signature.
        (second,) = two.submit(activity(2), space=net, options=["--wait-for", "1"])
        self.assertEqual(set(one.records("--space", net)), {first, second})
        # An act does nothing before both have signed.
        acts = self.handed_out(two, "space", "add", net, THREE)
        self.assertIsNone(self.standing(two, net, THREE))
        two.refuses(1, "space", "cosigned", acts, says="signature")
        unsigned = acts.read_text()
        self.cosign(acts, "other.key")
        two.refuses(1, "space", "cosigned", acts, says="signature")
        acts.write_text(unsigned)
        shown = self.cosign(acts, "second.key", "--key", self.folder / "second.key", code=1)  # nobody to ask: not signed
        self.assertIn("add a city", shown)
        self.assertIn(THREE, shown)
        self.assertEqual(acts.read_text(), unsigned)
        self.cosign(acts)
        one.refuses(4, "space", "cosigned", acts, says="another city")
        self.assertEqual(two.do("space", "cosigned", acts).strip(), net)
        self.assertEqual(two.do("space", "cosigned", acts).strip(), net, "given twice is given once")
        for city in (one, three):
            wait_for(lambda c=city: self.standing(c, net, THREE) == "invited", f"it takes effect at {city.id}")
        three.do("space", "accept", net)
        wait_for(lambda: set(three.records("--space", net)) == {first, second}, "and the third city has all")
        # Founding, and what follows from it.
        acts = self.handed_out(two, "space", "create", "Mokpo and Xiamen", "--member", THREE)
        self.assertEqual(two.json("space", "list")["spaces"][-1]["space"], net)
        self.cosign(acts)
        pair = two.do("space", "cosigned", acts).strip()
        wait_for(lambda: self.standing(three, pair, THREE) == "invited", "the founding act travels")
        three.do("space", "accept", pair)
        two.submit(activity(3, (TWO, THREE)), space=pair, options=["--wait-for", "1"])
        # Answering, leaving.
        offered = one.do("space", "create", "Pair", "--member", TWO).split()[-1]
        wait_for(lambda: self.standing(two, offered, TWO) == "invited", "invited")
        acts = self.handed_out(two, "space", "accept", offered)
        self.assertEqual(self.standing(two, offered, TWO), "invited")
        self.cosign(acts)
        two.do("space", "cosigned", acts)
        wait_for(lambda: self.standing(one, offered, TWO) == "member", "accepted")
        # Both keys outlast a restart, and a new key of the city.
        two.stop()
        done = run([harness.TWINLOGD, "rekey", two.folder, "--recovery", two.folder / "recovery.txt"])
        self.assertEqual(done.code, 0, done)
        two.start()
        acts = self.handed_out(two, "space", "leave", net)
        self.cosign(acts)
        two.do("space", "cosigned", acts)
        wait_for(lambda: self.standing(one, net, TWO) == "left", "left")
        # And end when the recovery key says so.
        two.stop()
        done = run([harness.TWINLOGD, "rekey", two.folder, "--recovery", two.folder / "recovery.txt", "--one-key"])
        self.assertEqual(done.code, 0, done)
        two.start()
        two.do("space", "leave", offered)
        wait_for(lambda: self.standing(one, offered, TWO) == "left", "one signature is enough again")
        for city in (one, two, three):
            self.assertEqual(run([harness.TWINLOGD, "verify", city.folder]).code, 0)


    def test_invite(self):
        """A city with two keys invites: who answers first is kept until both have signed what founds the space."""
        one, other = self.city(ONE), self.city(TWO, listen=False)
        self.four_eyes(one, self.second_key())
        one.do("invite", other.id, "-o", "invitation")
        one.refuses(3, "invite", other.id, "--answered", says="invitation")
        done = other.run("join", "invitation")
        self.assertIn("run this once more", done.err.decode(), done)
        self.assertEqual(done.code, 7, done)
        self.assertEqual(one.json("space", "list")["spaces"], [])
        # Another who goes by that name comes too late, also after a restart.
        third = harness.City(self, TWO, self.folder / "third", listen=False)
        self.cities.append(third)
        for _ in range(2):
            third.refuses(4, "join", "invitation", says="used already")
            one.stop()
            one.start()
        other.run("join", "invitation")  # the same answer again changes nothing
        acts = self.handed_out(one, "invite", other.id, "--answered")
        one.refuses(1, "space", "cosigned", acts, says="signature")
        self.cosign(acts)
        space = one.do("space", "cosigned", acts).strip()
        self.assertEqual(other.do("join", "invitation").split()[-1], space)
        (first,) = other.submit(activity(1), space=space, options=["--wait-for", "1"])
        self.assertIn(first, one.records("--space", space))
        self.assertEqual(one.do("invite", other.id, "--answered").strip(), space, "asked again, nothing new")
        other.refuses(4, "join", "invitation", says="used already")

    def test_invite_by_file(self):
        """No line leads to the city with two keys; and one with two keys is invited."""
        one, other, back = self.city(ONE, listen=False), self.city(TWO), self.city(THREE)
        key = self.second_key()
        self.four_eyes(one, key)
        one.do("invite", other.id, "-o", "invitation")
        self.assertEqual(other.run("join", "invitation").code, 0)
        acts = self.handed_out(one, "join", "invitation.answer")
        self.cosign(acts)
        space = one.do("space", "cosigned", acts).strip()
        wait_for(lambda: self.standing(other, space, TWO) == "invited", "the founding act travels")
        self.assertEqual(other.do("join", "invitation").split()[-1], space)
        wait_for(lambda: self.standing(one, space, TWO) == "member", "accepted")
        back.do("invite", one.id, "-o", "second")
        done = one.run("join", "second")
        acts = pathlib.Path(next(line for line in done.lines() if line.endswith(".acts")))
        self.cosign(acts)
        space = one.do("space", "cosigned", acts).strip()
        wait_for(lambda: self.standing(back, space, ONE) == "member", "the acceptance has both signatures")

    def test_locked(self):
        """The second key lies under a passphrase."""

        def with_words(*command, says):
            return harness.run_with_words(harness.TWINLOGD, *command, says=says)

        one, two = self.city(ONE), self.city(TWO)
        one.meet(two)
        done = with_words("second-key", "second.key", "--passphrase", says="둘째 열쇠")
        self.assertEqual(done.code, 0, done)
        text = (self.folder / "second.key").read_text()
        self.assertIn("locked = ", text)
        self.assertNotIn("seed = ", text)
        self.four_eyes(one, done.out.decode().strip())
        acts = self.handed_out(one, "space", "create", "Pair", "--member", TWO)
        unsigned = acts.read_text()
        for words, says in (("wrong", "not opened by that passphrase"), ("", "not opened by that passphrase")):
            done = with_words("cosign", acts, "--key", "second.key", "--yes", says=words)
            self.assertEqual((done.code, done.err.count(b"\n")), (4, 1), done)
            self.assertIn(says, done.err.decode())
        done = run(["setsid", "-w", harness.TWINLOGD, "cosign", acts, "--key", "second.key", "--yes"])
        self.assertEqual((done.code, done.err.count(b"\n")), (4, 1), done)
        self.assertEqual(acts.read_text(), unsigned)
        self.assertEqual(with_words("cosign", acts, "--key", "second.key", "--yes", says="둘째 열쇠").code, 0)
        space = one.do("space", "cosigned", acts).strip()
        wait_for(lambda: self.standing(two, space, TWO) == "invited", "founded")


if __name__ == "__main__":
    harness.main()
