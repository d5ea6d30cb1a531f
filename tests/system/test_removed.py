#!/usr/bin/python3
"""A partner that was removed is cut off at once, and comes back when it is added again."""

import harness
from harness import activity, wait_for


class Removed(harness.TestCase):
    def link(self, city):
        [peer] = [peer for peer in city.json("peer", "list")["peers"]]
        return peer.get("link")

    def test_removed_and_added_again(self):
        one, other, _ = self.pair()
        card = self.folder / "mokpo.card"
        card.write_bytes(other.run("card").out)
        (first,) = one.submit(activity(1), options=["--wait-for", "1"])
        one.do("peer", "remove", "KR:mokpo")
        wait_for(lambda: self.link(other) != "up", "the removed partner's link is gone")
        (second,) = one.submit(activity(2))
        (third,) = other.submit(activity(3))
        self.assertEqual(set(other.records()), {first, third}, "nothing comes any more")
        self.assertIn("removed", str(other.json("peer", "list")["peers"][0]["last_error"]))
        one.do("peer", "add", card)
        wait_for(lambda: set(other.records()) == {first, second, third}, "the partner is back and catches up")
        wait_for(lambda: set(one.records()) == {first, second, third}, "and is heard again")

    def test_one_that_only_dials(self):
        one, other = self.city("CN:lianyungang", listen=False), self.city("KR:mokpo")
        one.meet(other)
        one.found("a pair", other)
        (first,) = one.submit(activity(1), options=["--wait-for", "1"])
        card = self.folder / "lianyungang.card"
        card.write_bytes(one.run("card").out)
        other.do("peer", "remove", "CN:lianyungang")
        wait_for(lambda: self.link(one) != "up", "the removed partner's link is gone")
        (second,) = one.submit(activity(2))
        other.do("peer", "add", card)
        wait_for(lambda: set(other.records()) == {first, second}, "it dials again, and what it wrote meanwhile comes")


if __name__ == "__main__":
    harness.main()
