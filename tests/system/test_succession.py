#!/usr/bin/python3
"""A city that lost all its keys comes back under another identity and says whom it succeeds: what it had passes on to it in
questions that follow, in lists and reports, and nowhere else."""

import shutil

import harness
from harness import activity, run, wait_for

ONE, OLD, NEW, THREE = "CN:lianyungang", "KR:mokpo", "KR:mokpo-2", "CN:xiamen"


class Succession(harness.TestCase):
    def test_total_loss(self):
        one, old, pair = self.pair()
        three = self.city(THREE)
        for other in (one, old):
            three.meet(other)
        net = one.found("Network", old, three, more=["--network"])
        (in_pair,) = old.submit(activity(1), space=pair, options=["--wait-for", "1"])
        (in_net,) = old.submit(activity(2), space=net, options=["--wait-for", "2"])
        # Machine, backups and recovery file are gone.
        old.stop()
        shutil.rmtree(old.folder)
        new = self.city(NEW)
        one.meet(new)
        one.refuses(3, "space", "add", net, NEW, "--as", OLD, says="another city goes by that id")
        one.do("space", "add", net, NEW)
        wait_for(lambda: net in new.do("space", "list", "--format", "json"), "invited")
        new.do("space", "accept", net)
        again = one.found("Lianyungang and Mokpo, again", new)
        wait_for(lambda: in_net in new.records("--space", net), "the past of the network comes")
        self.assertNotIn(in_pair, new.records())
        kind = ("--kind", "activity")
        self.assertEqual(set(one.records("--city", NEW, "--follow", *kind)), set(), "nobody has said so yet")
        city = {"kind": "city", "city_id": NEW, "country": "KR", "succeeds": [OLD]}
        new.submit(city, space=again, options=["--wait-for", "1"])
        (after,) = new.submit(activity(3, (ONE, NEW)), space=again, options=["--wait-for", "1"])
        # At the partner, who holds both: the ties pass on where that is asked.
        self.assertEqual(set(one.records("--city", NEW, *kind)), {after})
        self.assertEqual(set(one.records("--city", NEW, "--follow", *kind)), {in_pair, in_net, after})
        self.assertEqual(set(one.records("--city", OLD, "--follow", *kind)), {in_pair, in_net})

        def events(*options):
            return one.do("report", "events", "--by", "city", "--format", "csv", *options)

        self.assertIn(f"{OLD},", events())
        self.assertNotIn(f"{OLD},", events("--follow"))
        self.assertIn(f"{NEW},", events("--follow"))
        # Where it is not told, nothing is followed: the third city does not belong to that space.
        self.assertEqual(set(three.records("--city", NEW, "--follow", *kind)), set())
        new.submit(city, space=net, options=["--wait-for", "2"])
        self.assertEqual(set(three.records("--city", NEW, "--follow", *kind)), {in_net})
        # Two that claim it: it stays itself in reports.
        three.submit({"kind": "city", "city_id": THREE, "country": "CN", "succeeds": [OLD]}, space=net, options=["--wait-for", "2"])
        self.assertIn(f"{OLD},", events("--follow"))


if __name__ == "__main__":
    harness.main()
