#!/usr/bin/python3
"""One event that two offices logged: proposed, linked by both, counted once; erased and taken back as any other word."""

import harness
from harness import activity, wait_for


class Link(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.one, self.other, self.space = self.pair()
        [self.ours] = self.one.submit(activity(1, start="2018-11", participants=40, cost=[{"amount": 120000, "currency": "CNY"}]))
        [self.theirs] = self.other.submit(activity(1, start="2018-11-15", end="2018-11-16", title="합동 전시회", participants=42, cost=[{"amount": 5000000, "currency": "KRW"}]))
        [self.another] = self.one.submit(activity(1, start="2018-12-20", form="delegation_visit"))
        self.hold_alike(self.one, self.other, count=3)

    def events(self, city):
        return city.json("report", "events", "--as-of", "2026-01-01")["total"]["values"]

    def pairs(self, city, *command):
        return {frozenset((found["first"]["id"], found["second"]["id"])): found for found in city.json(*command)["candidates" if command[0] == "match" else "duplicates"]}

    def test_from_proposal_to_one_count(self):
        pair = frozenset((self.ours, self.theirs))
        for city in (self.one, self.other):
            self.assertEqual(set(self.pairs(city, "match")), {pair})
            self.assertEqual(set(self.pairs(city, "match")[pair]["reasons"]), {"cities", "dates", "field", "form", "offices"})
            self.assertEqual(set(self.pairs(city, "inbox")), {pair}, "a likely duplicate is in the inbox")
            self.assertIn(self.ours[:12], city.do("inbox"))
            self.assertEqual(self.events(city)["records"], 3)
        self.one.do("link", self.ours, self.theirs)
        wait_for(lambda: self.pairs(self.other, "match")[pair].get("linked_by") == ["CN:lianyungang"], "the partner sees who says so")
        self.assertEqual(set(self.pairs(self.other, "inbox")), {pair}, "and is asked")
        self.assertEqual(self.pairs(self.one, "inbox"), {}, "who has said it is not")
        for city in (self.one, self.other):
            self.assertEqual(self.events(city)["records"], 3, "one opener's word joins nothing")
        self.other.do("link", self.theirs, self.ours)
        wait_for(lambda: self.events(self.one)["records"] == 2, "counted once")
        for city in (self.one, self.other):
            found = city.json("report", "events", "--as-of", "2026-01-01")
            self.assertEqual(found["repeated"], 1)
            self.assertEqual(found["total"]["values"]["participants"], 42, "as the more precise record has it")
            self.assertEqual(found["total"]["values"]["first"], "2018-11-15")
            cost = {row["keys"]["currency"]: row["values"]["amount"] for row in city.json("report", "cost")["rows"] if row["keys"]["currency"]}
            self.assertEqual(cost, {"CNY": 120000, "KRW": 5000000}, "what each says of itself, from both records")
            self.assertEqual(self.pairs(city, "match"), {})
            self.assertEqual(self.pairs(city, "inbox"), {})

    def test_said_twice_and_taken_back(self):
        said = lambda: [len(self.one.json("history", record)["versions"]) for record in (self.ours, self.theirs)]
        self.one.do("link", self.ours, self.theirs)
        before = said()
        self.one.do("link", self.theirs, self.ours)
        self.assertEqual(said(), before, "twice adds nothing")
        self.other.do("link", self.ours, self.theirs)
        wait_for(lambda: self.events(self.one)["records"] == 2, "counted once")
        self.one.do("link", self.ours, self.theirs, "--remove")
        wait_for(lambda: self.events(self.other)["records"] == 3, "no longer")
        self.one.refuses(3, "link", self.ours, self.theirs, "--remove", says="not found")

    def test_a_third_record_joins(self):
        """Links of one opener's own records need nobody else; what was said before stays said."""
        [again] = self.one.submit(activity(1, start="2018-11-15"))
        self.hold_alike(self.one, self.other, count=4)
        self.one.do("link", self.ours, self.theirs)
        self.one.do("link", self.ours, again)
        self.other.do("link", self.theirs, self.ours)
        for city in (self.one, self.other):
            wait_for(lambda city=city: self.events(city)["records"] == 2, "three records, one event")

    def test_refused(self):
        [tie] = self.one.submit({"kind": "agreement", "parties": ["CN:lianyungang", "KR:mokpo"], "relation_type": "sister"})
        self.one.refuses(3, "link", self.ours, tie, says="activity")
        self.one.refuses(3, "link", self.ours, self.ours, says="twice")
        self.one.refuses(3, "link", self.ours, "00000000", says="not found")
        elsewhere = self.one.found("second", self.other)
        [far] = self.one.submit(activity(2), space=elsewhere)
        self.one.refuses(3, "link", self.ours, far, says="same space")


if __name__ == "__main__":
    harness.main()
