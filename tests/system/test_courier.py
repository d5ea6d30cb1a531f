#!/usr/bin/python3
"""Two cities that no line joins share a space through files alone; what files may and may not bring."""

import struct

import harness
from harness import activity, wait_for

SECRET = "Lee Seo-yun and her host family"


def parts(data):
    """(kind, bytes) of each part: kind is the field of CarriedPart."""
    at, found = 0, []
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4] >> 3, data[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


def joined(pieces):
    return b"".join(struct.pack(">I", len(piece)) + piece for _, piece in pieces)


HEAD, CARD, ACT, BUNDLE, ERASURE, POSITION, END = range(1, 8)


class Courier(harness.TestCase):
    def strangers(self):
        """Two cities that know each other's cards and can never reach each other."""
        one, other = self.city("CN:lianyungang", listen=False), self.city("KR:mokpo", listen=False)
        one.meet(other)
        return one, other

    def carry(self, sender, receiver, *options):
        file = self.folder / f"{sender.id[3:]}-to-{receiver.id[3:]}"
        sender.do("courier", "write", file, "--to", receiver.id, *options)
        return receiver.json("courier", "read", file), file

    def shared(self):
        one, other = self.strangers()
        space = one.do("space", "create", "By courier", "--member", other.id).split()[-1]
        self.carry(one, other)
        other.do("space", "accept", space)
        self.carry(other, one)
        return one, other, space

    def test_everything_by_file(self):
        one, other = self.strangers()
        space = one.do("space", "create", "By courier", "--member", other.id).split()[-1]
        ids = one.submit(activity(1, title=SECRET), *(activity(number) for number in range(2, 20)))
        taken, file = self.carry(one, other)
        self.assertEqual((taken["acts"], taken["bundles"]), (1, 0), "the invitation and nothing else")
        self.assertNotIn(SECRET.encode(), file.read_bytes())
        self.assertEqual(other.records(), {})
        other.do("space", "accept", space)
        taken, _ = self.carry(other, one)
        self.assertEqual(taken["acts"], 1, "the acceptance")
        taken, file = self.carry(one, other)
        self.assertGreater(taken["bundles"], 0)
        self.assertEqual(set(other.records()), set(ids))
        self.assertEqual(other.json("courier", "read", file)["bundles"], 0, "read twice, nothing is added")

        other.do("answer", ids[1], "same")
        taken, _ = self.carry(other, one)
        self.assertEqual(taken["bundles"], 1)
        wait_for(lambda: one.show(ids[1])["state"] == "agreed", "the answer has come")
        # Its position came along: the next file holds only what is new.
        (new,) = one.submit(activity(99))

        def only_the_new():
            self.carry(other, one)
            file = self.folder / "looked-at"
            one.do("courier", "write", file, "--to", other.id)
            return [kind for kind, _ in parts(file.read_bytes())].count(BUNDLE) == 1

        wait_for(only_the_new, "one bundle is in the file")
        taken, file = self.carry(one, other)
        self.assertEqual(taken["bundles"], 1)
        self.assertIn(new, other.records())
        _, file = self.carry(one, other, "--all")
        self.assertGreater([kind for kind, _ in parts(file.read_bytes())].count(BUNDLE), 2)

        one.do("erase", ids[0])
        taken, _ = self.carry(one, other)
        self.assertEqual(taken["erasures"], 1)
        wait_for(lambda: SECRET not in other.do("show", ids[0]), "Mokpo has erased")
        wait_for(lambda: other.json("status")["spaces"][0]["digest"] == one.json("status")["spaces"][0]["digest"], "both hold the same")
        wait_for(lambda: self.carry(other, one) and one.json("status")["spaces"][0]["members"], "its position comes back")
        wait_for(
            lambda: self.carry(other, one) and all(m["erasures"] == 1 for m in one.json("status")["spaces"][0]["members"]),
            "Lianyungang knows that Mokpo has erased",
        )
        for city in (one, other):
            city.do("verify")

    def test_an_old_file_brings_nothing_back(self):
        one, other, _ = self.shared()
        (record,) = one.submit(activity(1, title=SECRET))
        old = self.folder / "old"
        one.do("courier", "write", old, "--to", other.id)
        self.assertIn(SECRET.encode(), old.read_bytes())
        one.do("erase", record)
        # The erasure is read before the bundle ever came: the content is taken out on its way in.
        file = self.folder / "erasure-alone"
        one.do("courier", "write", file, "--to", other.id)
        file.write_bytes(joined([p for p in parts(file.read_bytes()) if p[0] != BUNDLE]))
        self.assertEqual(other.json("courier", "read", file)["erasures"], 1)
        self.assertEqual(other.json("courier", "read", old)["bundles"], 1)
        self.assertNotIn(SECRET, other.do("history", record, "--format", "json"))
        self.assertEqual(other.show(record)["statements"][0]["standing"], "erased")
        other.stop()
        self.assertNotIn(SECRET.encode(), (other.folder / "data" / "data.mdb").read_bytes())
        other.start()
        # And the author does not take its own words back.
        self.carry(other, one, "--all")
        self.assertNotIn(SECRET, one.do("history", record, "--format", "json"))
        for city in (one, other):
            city.do("verify")

    def test_content_gone_without_a_word(self):
        one, other, _ = self.shared()
        (record,) = one.submit(activity(1, title=SECRET))
        one.do("erase", record)
        file = self.folder / "no-erasure"
        one.do("courier", "write", file, "--to", other.id)
        file.write_bytes(joined([p for p in parts(file.read_bytes()) if p[0] != ERASURE]))
        other.refuses(1, "courier", "read", file, says="no erasure says why")
        self.assertEqual(other.records(), {})

    def test_new_key(self):
        """A file tells a partner's new key, also that which its own head is signed with; a stranger's card it does not."""
        one, other, space = self.shared()
        busan = self.city("KR:busan", listen=False)
        one.meet(busan)
        before = other.json("peer", "list")["peers"]
        one.stop()
        safe = self.folder / "safe"
        (one.folder / "recovery.txt").replace(safe)
        self.assertEqual(harness.run([harness.TWINLOGD, "rekey", one.folder, "--recovery", safe]).code, 0)
        one.start()
        (id_,) = one.submit(activity(1), space=space)
        self.carry(one, other)
        [after] = other.json("peer", "list")["peers"]
        self.assertNotEqual(after["key"], before[0]["key"])
        self.assertEqual(after["fingerprint"], before[0]["fingerprint"])
        self.assertIn(id_, other.records())
        (back,) = other.submit(activity(2), space=space)
        self.carry(other, one)
        self.assertIn(back, one.records())
        # An older file brings the older card back to nobody.
        again, _ = self.carry(one, other, "--all")
        self.assertEqual(again["refused"], 0)
        self.assertEqual(other.json("peer", "list")["peers"][0]["key"], after["key"])

    def test_cut_and_resumed(self):
        one, other, _ = self.shared()
        for number in range(6):
            one.submit(*(activity(100 * number + n, summary="x" * 1500) for n in range(60)))
        file, cut = self.folder / "whole", self.folder / "cut"
        one.do("courier", "write", file, "--to", other.id)
        whole = file.read_bytes()
        cut.write_bytes(whole[: len(whole) // 2])
        other.refuses(1, "courier", "read", cut, says="cut short")
        some = len(other.records())
        self.assertTrue(0 < some < 360, some)
        taken = other.json("courier", "read", file)
        self.assertGreater(taken["bundles"], 0)
        self.assertGreater(taken["known"], 0)
        self.hold_alike(one, other, count=360)

    def test_not_for_others(self):
        one, other, _ = self.shared()
        third = self.city("CN:xiamen", listen=False)
        one.meet(third)
        one.submit(activity(1))
        one.refuses(4, "courier", "write", self.folder / "x", "--to", third.id, says="not a member")
        self.assertFalse((self.folder / "x").exists())
        file = self.folder / "for-mokpo"
        one.do("courier", "write", file, "--to", other.id)
        third.refuses(4, "courier", "read", file, says="for another city")
        one.refuses(4, "courier", "read", file, says="for another city")
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        # One whose card nobody has added.
        other.do("peer", "remove", one.id)
        other.refuses(4, "courier", "read", file, says="key is not known")

    def test_garbage(self):
        one, other, _ = self.shared()
        one.submit(*(activity(number, title="a sound title") for number in range(5)))
        file = self.folder / "file"
        one.do("courier", "write", file, "--to", other.id)
        whole = file.read_bytes()
        bad = self.folder / "bad"
        for content in (b"", b"PK\x03\x04 no such file", b"\xff" * 100, whole[4:], joined(parts(whole)[1:])):
            bad.write_bytes(content)
            other.refuses(1, "courier", "read", bad, says="not a courier file")
        altered = whole.replace(b"a sound title", b"a sound t1tle", 1)
        bad.write_bytes(altered)
        other.refuses(1, "courier", "read", bad, says="does not match its hash")
        self.assertEqual(other.records(), {})
        # A head that another city's file had.
        pieces = parts(whole)
        head = bytearray(pieces[0][1])
        head[-1] ^= 1
        bad.write_bytes(joined([(HEAD, bytes(head)), *pieces[1:]]))
        other.refuses(1, "courier", "read", bad, says="signature does not verify")
        one.refuses(2, "courier", "write", bad, says="--to")
        one.refuses(1, "courier", "read", self.folder / "nowhere", says="does not exist")
        self.assertEqual(other.json("courier", "read", file)["bundles"], 1, "the true file is still welcome")


if __name__ == "__main__":
    harness.main()
