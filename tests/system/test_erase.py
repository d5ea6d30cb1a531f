#!/usr/bin/python3
"""What is erased is gone at every member, from every file, and stays gone; what was signed still verifies."""

import json
import shutil

import harness
from harness import activity, wait_for

SECRET = "Kim Min-ji and her host family"


class Erase(harness.TestCase):
    def gone(self, city, record):
        return SECRET not in city.do("show", record) and SECRET not in city.do("history", record, "--format", "json")

    def wait_gone(self, record, *cities):
        for city in cities:
            wait_for(lambda c=city: self.gone(c, record), f"{city.id} has erased")

    def test_everywhere_and_confirmed(self):
        one, other, reader = self.city("CN:lianyungang"), self.city("KR:mokpo"), self.city("CN:xiamen")
        one.meet(other)
        other.meet(reader)
        reader_known = one.folder.parent / "xiamen-known.card"
        reader_known.write_bytes(reader.run("card").out)
        one.do("peer", "add", reader_known)
        one.found("Three", other, readers=[reader])
        (record,) = one.submit(activity(1, title=SECRET), options=["--wait-for", "2"])
        other.do("answer", record, "same")
        wait_for(lambda: one.show(record)["state"] == "agreed", "Mokpo agrees")
        one.do("amend", record, given='{"title": "a visit"}')
        wait_for(lambda: "a visit" in other.do("show", record), "Mokpo has the second version")
        self.assertIn(SECRET, other.do("history", record, "--format", "json"))

        answer = one.json("erase", record, "--version", "1", "--reason", "personal_data")
        self.assertEqual((answer["erased"], answer["waiting"]), (1, 0))
        self.wait_gone(record, one, other, reader)
        self.assertEqual(one.json("erase", record, "--version", "1")["erased_before"], 1, "asked twice")

        def confirmed():
            first = next(v for v in one.json("history", record)["versions"] if v["number"] == 1 and v["city"] == "CN:lianyungang")
            self.assertEqual(first["erased_reason"], "personal_data")
            self.assertEqual(first["erased_by"], "CN:lianyungang")
            self.assertEqual(first["signature"], "verified", "the signature outlives the content")
            return sorted(first["erased_at"]) == ["CN:lianyungang", "CN:xiamen", "KR:mokpo"]

        wait_for(confirmed, "all three have confirmed")
        members = one.json("status")["spaces"][0]
        self.assertEqual((members["erasures"], [m["erasures"] for m in members["members"]]), (1, [1, 1, 1]))
        side = next(s for s in one.show(record)["statements"] if s["city"] == "KR:mokpo")
        self.assertEqual(side["standing"], "erased", "Mokpo has spoken, on values that are gone")
        for city in (one, other, reader):
            city.do("verify")
            city.stop()
            done = harness.run([harness.TWINLOGD, "verify", city.folder])
            self.assertEqual(done.code, 0, done)
            self.assertIn("1 erasures", str(done))
            city.start()
            self.assertTrue(self.gone(city, record), "also after a restart")
        self.assertIn("a visit", other.do("show", record))
        one.do("export", self.folder / "out.jsonl")
        self.assertNotIn(SECRET, (self.folder / "out.jsonl").read_text("utf-8"))
        # Nor in what is searched, carried or kept in the file's pages.
        for city in (one, other, reader):
            self.assertEqual(city.total("--text", SECRET), 0, "nobody finds it")
        one.do("courier", "write", self.folder / "out.courier", "--to", other.id)
        one.do("export", "--proof", self.folder / "out.proof")
        for city in (one, other, reader):
            city.stop()
            done = harness.run([harness.TWINLOGD, "compact", city.folder])
            self.assertEqual(done.code, 0, done)
        kept = [self.folder / "out.courier", self.folder / "out.proof", *(city.folder / "data" / "data.mdb" for city in (one, other, reader))]
        for file in kept:
            self.assertNotIn(SECRET.encode(), file.read_bytes(), file)

    def test_the_current_word(self):
        one, other, _ = self.pair()
        (record,) = one.submit(activity(1, title="not this one"), options=["--wait-for", "1"])
        one.do("amend", record, given=f'{{"title": "{SECRET}"}}')
        wait_for(lambda: SECRET in other.do("show", record), "Mokpo has it")
        one.do("erase", record)
        self.wait_gone(record, one, other)
        for city in (one, other):
            self.assertNotIn("not this one", city.do("show", record), "no older version comes back")
            self.assertEqual(city.show(record)["statements"][0]["standing"], "erased")
        one.do("amend", record, given=json.dumps(activity(1, title="said anew")))
        wait_for(lambda: "said anew" in other.do("show", record), "the city can speak on")

    def test_an_old_copy_brings_nothing_back(self):
        one, other, _ = self.pair()
        (record, _) = one.submit(activity(1, title=SECRET), activity(2), options=["--wait-for", "1"])
        other.stop()
        old = other.folder.with_suffix(".old")
        shutil.copytree(other.folder, old, ignore=shutil.ignore_patterns("*.sock"))
        other.start()
        one.do("erase", record, "--all")
        self.wait_gone(record, one, other)
        other.kill()
        shutil.rmtree(other.folder)
        shutil.copytree(old, other.folder)
        other.start()
        self.wait_gone(record, other)
        self.assertTrue(self.gone(one, record), "the copy did not bring it back to its author")
        other.stop()
        other.start()
        self.assertTrue(self.gone(other, record))

    def test_one_who_joins_later(self):
        one, other, _ = self.pair()
        (record,) = one.submit(activity(1, title=SECRET), options=["--wait-for", "1"])
        one.do("erase", record)
        more = one.submit(activity(2)) + one.submit(activity(3), options=["--wait-for", "1"])
        self.wait_gone(record, one, other)
        other.kill()
        kept = self.folder / "kept-recovery"
        shutil.copy(other.folder / "recovery.txt", kept)
        shutil.rmtree(other.folder)
        done = harness.run([harness.TWINLOGD, "init", other.folder, "--recover", kept, "--listen", f"tcp://{other.address}"])
        self.assertEqual(done.code, 0, done)
        other.start()
        card = self.folder / "again.card"
        card.write_bytes(one.run("card").out)
        other.do("peer", "add", card)
        wait_for(lambda: set(other.records()) == {record, *more}, "everything comes back", 20)
        self.assertTrue(self.gone(other, record))
        self.assertEqual(other.show(record)["statements"][0]["standing"], "erased")
        for city in (one, other):
            city.do("verify")

    def test_refusals(self):
        one, other, _ = self.pair()
        (record,) = one.submit(activity(1), options=["--wait-for", "1"])
        other.refuses(3, "erase", record, says="own version")
        one.refuses(3, "erase", record, "--version", "7", says="own version")
        one.refuses(3, "erase", record, "--reason", "because", says="because")
        one.refuses(2, "erase", record, "--version", "1", "--all")
        one.refuses(4, "erase", record, "--of", "KR:mokpo", says="city")
        one.refuses(3, "erase", "ffffffffffff", says="ffffffffffff")


if __name__ == "__main__":
    harness.main()
