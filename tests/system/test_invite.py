#!/usr/bin/python3
"""Two cities that do not know each other share a space by one file; what an invitation is not good for."""

import re

import harness
from harness import activity, wait_for

DIGITS = re.compile(r"(?:\d{5} ){11}\d{5}")


class Invite(harness.TestCase):
    def invitation(self, one, other="KR:mokpo", name="invitation"):
        file = self.folder / name
        done = one.run("invite", other, "-o", file)
        self.assertEqual(done.code, 0, done)
        return file, DIGITS.search(done.err.decode()).group()

    def test_two_steps(self):
        one, other = self.city("CN:lianyungang"), self.city("KR:mokpo", listen=False)
        file, fingerprint = self.invitation(one)
        done = other.run("join", file)
        self.assertEqual(done.code, 0, done)
        space = done.lines()[-1]
        # Each hears the other's fingerprint as that one reads it out.
        told = DIGITS.findall(done.err.decode())
        self.assertIn(fingerprint, told)
        self.assertIn(fingerprint, one.run("card").err.decode())
        other.do("peer", "verify", one.id, fingerprint)
        other.refuses(1, "peer", "verify", one.id, fingerprint[:-1] + ("0" if fingerprint[-1] != "0" else "1"))
        self.assertTrue(other.json("peer", "list")["peers"][0]["verified"])
        (id_,) = other.submit(activity(1), space=space)
        wait_for(lambda: id_ in one.records(), "the record arrives")
        one.do("answer", id_, "same")
        wait_for(lambda: other.show(id_)["state"] == "agreed", "the answer arrives")
        self.assertIn("join", [entry["request"] for entry in one.json("audit")["entries"]])

    def test_used_once(self):
        one, other = self.city("CN:lianyungang"), self.city("KR:mokpo", listen=False)
        file, _ = self.invitation(one)
        other.do("join", file)
        other.refuses(4, "join", file, says="used already")
        # Nor by another who goes by that name.
        third = harness.City(self, "KR:mokpo", self.folder / "third", listen=False)
        self.cities.append(third)
        third.refuses(4, "join", file, says="used already")
        one.stop()
        one.start()
        third.refuses(4, "join", file, says="used already")
        self.assertEqual(len(one.json("space", "list")["spaces"]), 1)

    def test_altered(self):
        one, other = self.city("CN:lianyungang"), self.city("KR:mokpo", listen=False)
        file, _ = self.invitation(one)
        text = file.read_text()
        head, digits = text.split("\n", 1)
        digits = digits.replace("\n", "")
        for at in range(8, len(digits), len(digits) // 24):
            changed = digits[:at] + ("0" if digits[at] != "0" else "1") + digits[at + 1 :]
            bad = self.folder / "bad"
            bad.write_text(f"{head}\n{changed}\n")
            done = other.run("join", bad)
            self.assertIn(done.code, (1, 3, 4), f"at {at}: {done}")
            self.assertEqual(done.err.decode().count("\n"), 1, done)
        (self.folder / "cut").write_text(text[: len(text) // 2])
        other.refuses(1, "join", self.folder / "cut")
        (self.folder / "none").write_text("hello\n")
        other.refuses(1, "join", self.folder / "none", says="not a well-formed message")
        self.assertEqual(other.json("peer", "list")["peers"], [])
        # For another city, and by oneself.
        busan = self.city("KR:busan", listen=False)
        busan.refuses(4, "join", file, says="is for another city")
        one.refuses(4, "join", file)
        # What was refused has used nothing up.
        other.do("join", file)

    def test_by_file_when_no_line_leads_there(self):
        one, other = self.city("CN:lianyungang", listen=False), self.city("KR:mokpo")
        file, _ = self.invitation(one)
        done = other.run("join", file)
        self.assertEqual(done.code, 0, done)
        answer = self.folder / "invitation.answer"
        space = one.do("join", answer).split()[-1]
        self.assertEqual(one.do("join", answer).split()[-1], space, "once more, nothing new")
        wait_for(lambda: space in other.do("space", "list", "--format", "json"), "the space arrives")
        self.assertEqual(other.do("join", file).split()[-1], space)
        (id_,) = one.submit(activity(1), space=space)
        wait_for(lambda: id_ in other.records(), "the record arrives")

    def test_neither_can_be_dialled(self):
        one, other = self.city("CN:lianyungang", listen=False), self.city("KR:mokpo", listen=False)
        file, _ = self.invitation(one)
        other.do("join", file)
        one.do("join", self.folder / "invitation.answer")
        self.assertIn("neither side can be dialled", one.do("status"))

    def test_not_for_clerks(self):
        one = self.city("CN:lianyungang", listen=False)
        clerk = self.folder / "clerk.conf"
        one.do("user", "add", "clerk", "--role", "clerk", "-o", clerk)
        done = harness.run([harness.TWINLOG, "-D", clerk, "invite", "KR:mokpo", "-o", self.folder / "x"])
        self.assertEqual((done.code, done.err.decode().count("\n")), (4, 1), done)
        one.refuses(2, "invite", "KR:mokpo", says="-o FILE")
        one.refuses(3, "invite", "CN:lianyungang", "-o", self.folder / "x")


if __name__ == "__main__":
    harness.main()
