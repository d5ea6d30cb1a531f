#!/usr/bin/python3
"""A machine lost whole, without a backup: the recovery file and one partner bring the city back.

The person does what is said in `twinlogd --help` and nothing more: init --recover, run, peer add of one partner's card.
At the partner nobody does anything."""

import json
import shutil

import harness
from harness import TWINLOGD, activity, run, wait_for


class Lost(harness.TestCase):
    def safe(self, city):
        """The recovery file goes off the machine on the first day."""
        kept = self.folder / f"{city.folder.name}.safe"
        shutil.move(city.folder / "recovery.txt", kept)
        return kept

    def card(self, city):
        path = self.folder / f"{city.folder.name}.card"
        path.write_bytes(city.run("card").out)
        return path

    def lose(self, city):
        city.kill()
        shutil.rmtree(city.folder)

    def bring_back(self, city, safe, card):
        """All that a person has to do."""
        done = run([TWINLOGD, "init", city.folder, "--recover", safe])
        self.assertEqual(done.code, 0, done)
        city.start()
        city.do("peer", "add", card)

    def digests(self, city):
        return {space["space"]: space["digest"] for space in city.json("status")["spaces"]}

    def alike(self, city, *partners):
        """Of each space the city holds what the partner holds, to the byte; answers are equal too."""

        def same():
            mine = self.digests(city)
            return mine and all(digest == mine.get(space, digest) for other in partners for space, digest in self.digests(other).items())

        for other in partners:
            wait_for(lambda o=other: set(self.digests(o)) & set(self.digests(city)), f"a space of {other.id} is back")
        wait_for(same, "all came back", 60)

    def sheet(self, rows):
        path = self.folder / "office.csv"
        lines = ["event_id,date,city_a,city_b,field,form,description"]
        lines += [f"A{n:03},{1994 + n % 30},CN:lianyungang,KR:mokpo,culture_arts,exhibition,from the sheet {n}" for n in range(rows)]
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    def test_all_comes_back(self):
        one, other, space = self.pair()
        safe, card, born = self.safe(one), self.card(other), one.json("status")
        own = one.submit(*(activity(number) for number in range(300)))
        theirs = other.submit(*(activity(number) for number in range(300, 350)))
        wait_for(lambda: set(theirs) <= set(one.records()), "Lianyungang reads Mokpo's")
        one.do("amend", own[0], given=json.dumps({"title": "amended before the loss"}))
        one.do("answer", theirs[0], "differs", given=json.dumps({"start": "2001"}))
        one.do("withdraw", own[1])
        one.do("erase", own[2], "--yes")
        other.do("answer", own[3], "same")
        self.hold_alike(one, other, count=350)
        self.alike(one, other)
        wanted, held = self.digests(other), other.json("history", own[0])["versions"]
        self.lose(one)

        pid = other.process.pid
        self.bring_back(one, safe, card)
        self.hold_alike(one, other, count=350)
        self.alike(one, other)
        self.assertEqual(self.digests(one), wanted, "neither more nor less than what was held")
        self.assertEqual((other.process.pid, other.process.poll()), (pid, None), "nobody touched Mokpo")
        now = one.json("status")
        self.assertEqual(now["city"], born["city"])
        self.assertNotEqual(now["machine"], born["machine"], "it does not sign as the machine that is gone")
        self.assertEqual(one.json("history", own[0])["versions"], held)
        self.assertEqual(one.show(own[1])["statements"][0].get("status", "withdrawn"), "withdrawn")
        self.assertNotIn("exhibition 2\"", json.dumps(one.json("history", own[2])), "what was erased stays so")

        one.do("amend", own[0], given=json.dumps({"title": "amended after the loss"}))
        (fresh,) = one.submit(activity(400), options=["--wait-for", "1"])
        wait_for(lambda: "after the loss" in other.do("show", own[0]), "Mokpo reads what the new machine writes")
        self.assertFalse(other.show(own[0])["statements"][0].get("conflict"), "its first word of its own joins the chain")
        self.assertIn(fresh, other.records())
        for city in (one, other):
            city.do("verify")

    def test_sheets_are_known_again(self):
        """The secret that record ids of imports hang on is the old one: a second import adds nothing."""
        one, other, _ = self.pair()
        safe, card, sheet = self.safe(one), self.card(other), self.sheet(40)
        one.do("import", sheet, "--yes")
        before = set(one.records())
        self.assertGreaterEqual(len(before), 40)
        wait_for(lambda: set(other.records()) == before, "Mokpo holds the sheet")
        self.lose(one)
        self.bring_back(one, safe, card)
        wait_for(lambda: set(one.records()) == before, "the sheet's records are back")
        one.do("import", sheet, "--yes")
        self.assertEqual(set(one.records()), before, "the same sheet again is the same records")
        one.do("import", self.sheet(41), "--yes")
        self.assertEqual(len(one.records()), len(before) + 1, "a new row is one more")
        self.hold_alike(one, other)

    def test_written_before_the_partner_is_added(self):
        """Until a partner is reached the new machine knows no space, and says so instead of taking what it cannot keep."""
        one, other, space = self.pair()
        safe, card = self.safe(one), self.card(other)
        own = one.submit(*(activity(number) for number in range(3)), options=["--wait-for", "1"])
        other.stop()
        self.lose(one)
        self.bring_back(one, safe, card)
        one.refuses(3, "submit", "-", "--space", space, given=json.dumps(activity(7)), says="not found")
        other.start()
        wait_for(lambda: set(one.records()) == set(own), "all came back once the partner is there")

    def test_who_listened_listens_again(self):
        """The partner can only dial out, so the new machine has to be where the lost one was."""
        one, other = self.city("CN:lianyungang"), self.city("KR:mokpo", listen=False)
        one.meet(other)
        one.found("Lianyungang and Mokpo", other)
        safe, card = self.safe(one), self.card(other)
        own = one.submit(*(activity(number) for number in range(20)), options=["--wait-for", "1"])
        self.lose(one)
        self.bring_back(one, safe, card)
        wait_for(lambda: set(one.records()) == set(own), "all came back over the partner's line")

    def test_at_another_address(self):
        one, other = self.city("CN:lianyungang"), self.city("KR:mokpo")
        one.meet(other)
        one.found("Lianyungang and Mokpo", other)
        safe, card = self.safe(one), self.card(other)
        own = one.submit(activity(1), options=["--wait-for", "1"])
        old, one.address = one.address, harness.free_address()
        self.lose(one)
        done = run([TWINLOGD, "init", one.folder, "--recover", safe, "--listen", f"tcp://{one.address}"])
        self.assertEqual(done.code, 0, done)
        settings = (one.folder / "twinlogd.conf").read_text("utf-8")
        self.assertIn(f"\nannounce = tcp://{one.address}\n", settings)
        self.assertNotIn(old, settings, "nobody is sent to where the machine was")
        one.start()
        one.do("peer", "add", card)
        wait_for(lambda: set(one.records()) == set(own), "all came back")
        # Mokpo has learned the new address from the card that the new machine showed.
        other.kill()
        other.start()
        wait_for(lambda: one.address in json.dumps(other.json("peer", "list")), "Mokpo dials the new address")

    def test_one_partner_of_two_is_enough(self):
        """What the second partner said comes back through the first, although the second is away."""
        names = ("CN:lianyungang", "KR:mokpo", "CN:xiamen")
        one, other, third = (self.city(name) for name in names)
        one.meet(other)
        one.meet(third)
        other.meet(third)
        one.found("Three", other, third)
        safe, card = self.safe(one), self.card(other)
        own = one.submit(*(activity(number, cities=names) for number in range(20)), options=["--wait-for", "2"])
        theirs = third.submit(*(activity(number, cities=names) for number in range(20, 40)), options=["--wait-for", "2"])
        third.stop()
        self.lose(one)
        self.bring_back(one, safe, card)
        wait_for(lambda: set(one.records()) == {*own, *theirs}, "the words of all three are back")
        self.alike(one, other)
        one.do("verify")
        third.start()
        one.do("peer", "add", self.card(third))
        (fresh,) = one.submit(activity(50, cities=names), options=["--wait-for", "2"])
        self.assertIn(fresh, third.records(), "and the third is a partner again")

    def test_a_slip_in_the_file(self):
        one = self.city("CN:lianyungang")
        safe = self.safe(one)
        text = safe.read_text("utf-8")
        new = self.folder / "new"

        def refused(content, code, says):
            safe.write_text(content, "utf-8")
            done = run([TWINLOGD, "init", new, "--recover", safe])
            self.assertEqual(done.code, code, done)
            self.assertEqual(done.err.decode().count("\n"), 1, done)
            self.assertIn(says, done.err.decode(), done)
            self.assertFalse(new.exists(), "nothing is left behind")

        lines = text.splitlines(keepends=True)
        third = next(n for n, line in enumerate(lines) if line.startswith("03 "))
        bent = lines[third][:8] + ("A" if lines[third][8] != "A" else "B") + lines[third][9:]
        refused("".join(lines[:third] + [bent] + lines[third + 1 :]), 3, "line 3")
        refused("".join(lines[:third] + lines[third + 1 :]), 3, "line 3")
        refused("".join(lines[:-1]), 3, "last line")
        refused("", 3, "last line")
        safe.unlink()
        done = run([TWINLOGD, "init", new, "--recover", safe])
        self.assertEqual((done.code, done.err.decode().count("\n")), (1, 1), done)
        self.assertIn(str(safe), done.err.decode())
        safe.write_text(text.lower().replace("0", "o"), "utf-8")
        # As a tired person types it: small letters, O for 0; numbers of lines are numbers all the same.
        typed = "".join(line[:2] + line[2:].lower().replace("0", "o").replace("1", "l") if line[:1].isdigit() else line for line in lines)
        safe.write_text(typed, "utf-8")
        self.assertEqual(run([TWINLOGD, "init", new, "--recover", safe]).code, 0)
        done = run([TWINLOGD, "init", new, "--recover", safe])
        self.assertEqual(done.code, 1, done)
        self.assertIn("exists already", done.err.decode())


if __name__ == "__main__":
    harness.main()
