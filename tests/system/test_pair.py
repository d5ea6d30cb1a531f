#!/usr/bin/python3
"""Two cities and one record: written, read, answered, amended, withdrawn; both sides shown at both ends alike."""

import json

import harness
from harness import activity, wait_for


class Pair(harness.TestCase):
    def state(self, city, record):
        return city.show(record)["state"]

    def test_both_sides_of_a_record(self):
        one, other, _ = self.pair()
        (record,) = one.submit(activity(1))
        wait_for(lambda: record in other.records(), "Mokpo reads the record")
        self.assertEqual(self.state(other, record), "one_sided")
        self.assertIn(record, other.do("inbox", "--format", "json"))

        other.do("answer", record, "same")
        wait_for(lambda: self.state(one, record) == "agreed", "Lianyungang reads the confirmation")
        self.assertNotIn(record, other.do("inbox", "--format", "json"))
        self.hold_alike(one, other, count=1)

        other.do("answer", record, "differs", given=json.dumps({"start": "1994-07-03"}))
        wait_for(lambda: self.state(one, record) == "differs", "Lianyungang reads the other date")
        shown = json.dumps(one.show(record), ensure_ascii=False)
        self.assertIn("1994-07-03", shown)
        self.assertIn("1995-02", shown)
        self.assertIn("start", one.do("show", record))

        other.do("answer", record, "unknown")
        wait_for(lambda: self.state(one, record) == "denied", "Lianyungang reads the denial")
        other.do("withdraw", record)
        wait_for(lambda: self.state(one, record) != "denied", "Lianyungang reads the withdrawal")
        one.do("withdraw", record)
        wait_for(lambda: self.state(other, record) == "withdrawn", "Mokpo reads the withdrawal")

        history = one.json("history", record)
        self.assertGreaterEqual(len(history["versions"]), 6, history)
        self.assertTrue(all(version["signature"] == "verified" for version in history["versions"]), history)
        self.hold_alike(one, other, count=1)

    def test_amend_and_a_stale_one(self):
        one, other, _ = self.pair()
        (record,) = one.submit(activity(2))
        before = one.show(record)["statements"][0]["version"]
        one.do("amend", record, given=json.dumps({"title": "exhibition, renamed"}))
        wait_for(lambda: "renamed" in other.do("show", record), "Mokpo reads the new title")
        done = one.run("amend", record, "--based-on", before, given=json.dumps({"title": "lost update"}))
        self.assertEqual(done.code, 6, done)
        refusal, difference = done.err.decode().splitlines()
        self.assertIn("changed since", refusal)
        self.assertIn("exhibition, renamed", difference, "the difference is shown")
        self.assertNotIn("lost update", one.do("history", record, "--format", "json"))

    def test_wait_for_a_partner(self):
        one, other, _ = self.pair()
        (record,) = one.submit(activity(3), options=["--wait-for", "1"])
        self.assertIn(record, other.records(), "the position said that it is there")
        other.stop()
        done = one.run("submit", "-", "--wait-for", "1", "--wait-time", "1s", given=json.dumps(activity(4)))
        self.assertEqual(done.code, 7, done)
        self.assertEqual(len(one.records()), 2, "it is written all the same")
        self.assertEqual(one.json("status")["spaces"][0]["only_here"], 1)
        other.start()
        wait_for(lambda: not one.json("status")["spaces"][0].get("only_here"), "the partner's position reaches it")

    def test_pages(self):
        one, other, _ = self.pair()
        ids = one.submit(*(activity(number) for number in range(57)))
        self.assertEqual(len(set(ids)), 57)
        wait_for(lambda: other.total() == 57, "all have come")
        for city in (one, other):
            seen, cursor = [], None
            while True:
                page = city.json("list", "--limit", "10", *(["--cursor", cursor] if cursor else []))
                self.assertIn(page["total"], (57, 58))
                self.assertLessEqual(len(page["records"]), 10)
                seen += [record["id"] for record in page["records"]]
                cursor = page.get("cursor")
                if not cursor:
                    break
                # What comes in between moves nothing that was shown already or is still to come.
                if len(seen) == 20 and city is other:
                    (late,) = other.submit(activity(0, start="1900"))
                    other.do("withdraw", late)
                    ids.append(late)
            self.assertEqual(len(seen), len(set(seen)), "no record twice")
            self.assertTrue(set(ids[:57]) <= set(seen), "none left out")
        one.refuses(3, "list", "--cursor", "nonsense", says="cursor")

    def test_only_members_hold_a_space(self):
        one, other, _ = self.pair()
        stranger = self.city("CN:xiamen")
        stranger.meet(one)
        (record,) = one.submit(activity(5))
        wait_for(lambda: record in other.records(), "the member reads it")
        wait_for(lambda: any(peer.get("link") == "up" for peer in stranger.json("peer", "list")["peers"]), "the stranger is linked")
        self.assertEqual(stranger.records(), {})
        self.assertNotIn("Mokpo", stranger.do("space", "list"))

    def test_every_chain_verifies(self):
        one, other, _ = self.pair()
        (record,) = one.submit(activity(6), options=["--wait-for", "1"])
        other.do("answer", record, "same")
        self.hold_alike(one, other)
        for city in (one, other):
            city.do("verify")
            city.stop()
            done = harness.run([harness.TWINLOGD, "verify", city.folder])
            self.assertEqual(done.code, 0, done)


if __name__ == "__main__":
    harness.main()
