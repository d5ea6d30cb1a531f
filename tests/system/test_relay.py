#!/usr/bin/python3
"""Three cities, two links: what the outer ones say goes through the middle, signed by its author."""

import json

import harness
from harness import activity, wait_for

NAMES = ("CN:lianyungang", "KR:mokpo", "CN:xiamen")


class Relay(harness.TestCase):
    def network(self):
        """Lianyungang and Xiamen know each other only through Mokpo: each has only dialled there."""
        one, other, third = (self.city(name, listen=name == "KR:mokpo") for name in NAMES)
        one.meet(other)
        third.meet(other)
        # The founder has to know all members by card; no address stands on these, so no link comes of it.
        card = self.folder / "third.card"
        card.write_bytes(third.run("card").out)
        one.do("peer", "add", card)
        space = one.do("space", "create", "Three", "--member", other.id, "--member", third.id).split()[-1]
        for city in (other, third):
            wait_for(lambda c=city: space in c.do("space", "list", "--format", "json"), f"{city.id} is invited")
            city.do("space", "accept", space)
        return one, other, third

    def test_through_the_middle(self):
        one, other, third = self.network()
        (first,) = one.submit(activity(1, cities=NAMES))
        wait_for(lambda: first in third.records(), "Xiamen reads what Lianyungang wrote")
        third.do("answer", first, "same")
        (second,) = third.submit(activity(2, cities=NAMES), options=["--wait-for", "2"])
        self.assertIn(second, one.records())
        other.do("answer", first, "same")
        wait_for(lambda: one.show(first)["state"] == "agreed", "all three agree")
        self.hold_alike(one, other, third, count=2)
        sides = {side["city"] for side in third.show(first)["statements"]}
        self.assertEqual(sides, set(NAMES))
        for city in (one, third):
            links = {peer["city"]: peer.get("link") for peer in city.json("peer", "list")["peers"]}
            self.assertEqual([name for name, link in links.items() if link == "up"], ["KR:mokpo"], links)

    def test_the_middle_was_away(self):
        one, other, third = self.network()
        (known,) = one.submit(activity(0, cities=NAMES), options=["--wait-for", "2"])
        other.kill()
        ids = one.submit(*(activity(number, cities=NAMES) for number in range(50)))
        ids += third.submit(*(activity(number, cities=NAMES) for number in range(50, 100)))
        self.assertEqual(third.total(), 51)
        other.start()
        self.hold_alike(one, other, third, count=101)
        self.assertEqual(set(one.records()), {known, *ids})

    def test_equal_answers(self):
        """Cities that hold the same give the same bytes."""
        one, other, third = self.network()
        one.submit(*(activity(number, cities=NAMES) for number in range(20)), options=["--wait-for", "2"])
        texts = [json.dumps([record["lead"] for record in city.json("list")["records"]]) for city in (one, other, third)]
        self.assertEqual(len(set(texts)), 1)
        sheets = {city.do("list", "--format", "csv") for city in (one, other, third)}
        self.assertEqual(len(sheets), 1)


if __name__ == "__main__":
    harness.main()
