#!/usr/bin/python3
"""What an auditor sees in a proof that is sound, and what in one that somebody has touched."""

import json
import os
import shutil

import harness
from harness import activity, wait_for
from test_courier import ACT, BUNDLE, END, ERASURE, HEAD, POSITION, joined, parts

VERIFY = os.environ["TWINLOG_VERIFY"]
SECRET = "Jung Ha-eun and her host family"


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def recounted(pieces):
    """With the end that fits what is left: whoever takes something out does as much."""
    rest = [piece for piece in pieces if piece[0] != END]
    count = len(rest) - (rest[0][0] == HEAD)
    inner = b"\x08" + varint(count)
    return joined([*rest, (END, b"\x3a" + varint(len(inner)) + inner)])


class Proof(harness.TestCase):
    def verify(self, file, *options):
        done = harness.run([VERIFY, file, *options])
        return done

    def judged(self, file, verdict, code, *options):
        """The verdict for programs, and that the one for people has the same exit code."""
        done = self.verify(file, "--json", *options)
        self.assertEqual(done.code, code, done)
        answer = json.loads(done.out)
        self.assertEqual((answer["verdict"], answer["code"]), (verdict, code))
        self.assertEqual(self.verify(file, *options).code, code)
        return answer

    def shared(self):
        one, other, space = self.pair()
        ids = one.submit(*(activity(number, title=f"visit {number}") for number in range(5)), options=["--wait-for", "1"])
        other.do("answer", ids[1], "same")
        (secret,) = one.submit(activity(50, title=SECRET), options=["--wait-for", "1"])
        one.do("erase", secret)
        one.submit(activity(99, title="the newest"), options=["--wait-for", "1"])
        wait_for(
            lambda: one.json("status")["spaces"][0]["digest"] == other.json("status")["spaces"][0]["digest"]
            and all(m["erasures"] == 1 and not m["lag_bundles"] for m in one.json("status")["spaces"][0]["members"]),
            "both hold the same, and have said so",
        )
        return one, other, space

    def proof(self, city, *options):
        """Made until it is of one moment: a position that is being signed may overtake it."""
        file = self.folder / f"{city.id[3:]}.proof"
        city.do("export", "--proof", file, *options)
        return file

    def test_sound(self):
        one, other, space = self.shared()
        cards = []
        for city in (one, other):
            card = self.folder / f"{city.id[3:]}.auditor.card"
            card.write_bytes(city.run("card").out)
            cards += ["--card", card]
        for city in (one, other):
            file = self.proof(city, "--space", space)
            self.assertNotIn(SECRET.encode(), file.read_bytes())
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
            answer = self.judged(file, "sound", 0, *cards)
            self.assertEqual(answer["findings"], [])
            (told,) = answer["spaces"]
            self.assertEqual((told["space"], told["erasures"]), (space, 1))
            said = {c["city"]: c for c in told["cities"]}
            self.assertEqual((said["CN:lianyungang"]["entries"], said["CN:lianyungang"]["erased"]), (7, 1))
            self.assertEqual(said["KR:mokpo"]["entries"], 1)
            self.assertTrue(all(c["card"] for c in said.values()))
            people = self.verify(file, *cards).out.decode()
            self.assertIn("Sound: every hash, chain and signature verifies", people)
            self.assertIn("as on the card given", people)
        # No daemon is needed, and no folder.
        one.stop()
        other.stop()
        shutil.rmtree(one.folder)
        self.judged(file, "sound", 0)
        stranger = harness.City(self, "CN:xiamen", self.folder / "stranger", listen=False)
        self.cities.append(stranger)
        card = self.folder / "stranger.card"
        card.write_bytes(stranger.run("card").out)
        self.assertIn("CN:xiamen", self.judged(file, "card", 17, "--card", card)["findings"][0]["what"])

    def test_touched(self):
        one, other, _ = self.shared()
        whole = self.proof(one).read_bytes()
        pieces = parts(whole)
        bad = self.folder / "touched"

        def judged(content, verdict, code):
            bad.write_bytes(content)
            return self.judged(bad, verdict, code)

        # One byte of an entry; of a signature; of an act.
        judged(whole.replace(b"visit 3", b"visit 4", 1), "altered", 11)
        bundle = next(i for i, piece in enumerate(pieces) if piece[0] == BUNDLE and b"visit" in piece[1])
        act = next(i for i, piece in enumerate(pieces) if piece[0] == ACT)
        position = next(i for i, piece in enumerate(pieces) if piece[0] == POSITION)
        for place in (act, position):
            piece = bytearray(pieces[place][1])
            piece[-1] ^= 1
            answer = judged(joined([*pieces[:place], (pieces[place][0], bytes(piece)), *pieces[place + 1 :]]), "altered", 11)
            self.assertIn("signature", answer["findings"][0]["what"])
        # The newest entries gone: members have signed that they hold them.
        newest = max(i for i, piece in enumerate(pieces) if piece[0] == BUNDLE and b"the newest" in piece[1])
        answer = judged(recounted(pieces[:newest] + pieces[newest + 1 :]), "truncated", 14)
        self.assertIn("CN:lianyungang", answer["findings"][0]["what"])
        # And with the positions gone too: the writer has signed what it held.
        rest = [piece for i, piece in enumerate(pieces) if i != newest and piece[0] != POSITION]
        judged(recounted(rest), "digest", 18)
        # One from the middle: what builds on it shows the hole.
        judged(recounted(pieces[:bundle] + pieces[bundle + 1 :]), "missing", 13)
        # An erasure gone: content is missing and nothing says why.
        answer = judged(recounted([piece for piece in pieces if piece[0] != ERASURE]), "erasure", 15)
        self.assertIn("no erasure says why", answer["findings"][0]["what"])
        # Cut short, continued, counted wrongly, something else altogether.
        judged(whole[:-1], "cut_short", 10)
        judged(whole + whole, "cut_short", 10)
        judged(joined(pieces[:newest] + pieces[newest + 1 :]), "cut_short", 10)
        judged(b"PK\x03\x04", "cut_short", 10)
        judged(b"", "cut_short", 10)
        judged(whole, "sound", 0)

        # Acts of others: of a space of strangers, and another proof's head.
        third = self.city("CN:xiamen")
        third.meet(other)
        third.found("Elsewhere", other)
        foreign = parts(self.proof(third).read_bytes())
        act = next(piece for piece in foreign if piece[0] == ACT)
        answer = judged(recounted([*pieces[:2], act, *pieces[2:]]), "foreign", 12)
        self.assertIn("act", answer["findings"][0]["what"])
        judged(recounted([foreign[0], *pieces[1:]]), "foreign", 12)

    def test_content_put_back(self):
        """Somebody who kept the content puts it in again, with the erasure and without."""
        one, other, _ = self.pair()
        (record,) = one.submit(activity(1, title=SECRET), options=["--wait-for", "1"])
        before = parts(self.proof(one).read_bytes())
        one.do("erase", record)
        after = parts(self.proof(one).read_bytes())
        kept = next(piece for piece in before if piece[0] == BUNDLE and SECRET.encode() in piece[1])
        place = next(i for i, piece in enumerate(after) if piece[0] == BUNDLE)
        bad = self.folder / "put-back"
        bad.write_bytes(joined([*after[:place], kept, *after[place + 1 :]]))
        answer = self.judged(bad, "erasure", 15)
        self.assertIn("an erasure took", answer["findings"][0]["what"])
        bad.write_bytes(recounted([piece for piece in [*after[:place], kept, *after[place + 1 :]] if piece[0] != ERASURE]))
        self.judged(bad, "digest", 18)

    def test_branches_are_no_fault(self):
        one, other, _ = self.pair()
        one.submit(activity(1), options=["--wait-for", "1"])
        one.stop()
        kept = one.folder.with_suffix(".old")
        shutil.copytree(one.folder, kept, ignore=shutil.ignore_patterns("*.sock"))
        one.start()
        one.submit(activity(2), options=["--wait-for", "1"])
        one.kill()
        shutil.rmtree(one.folder)
        shutil.copytree(kept, one.folder)
        other.stop()
        one.start()
        one.submit(activity(3))
        other.start()
        self.hold_alike(one, other, count=3)
        answer = self.judged(self.proof(other), "sound", 0)
        said = {c["city"]: c for c in answer["spaces"][0]["cities"]}
        self.assertEqual(said["CN:lianyungang"]["branches"], 1)

    def test_usage(self):
        self.assertEqual(self.verify("--nonsense").code, 2)
        self.assertEqual(harness.run([VERIFY]).code, 2)
        self.assertEqual(self.verify(self.folder / "nowhere").code, 1)
        text = harness.run([VERIFY, "--help"]).out.decode()
        for code in range(10, 19):
            self.assertIn(f"  {code} ", text)


if __name__ == "__main__":
    harness.main()
