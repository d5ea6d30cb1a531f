#!/usr/bin/python3
"""One record published in several spaces: counted once, erased everywhere; and references that may not leave."""

import json

import harness
from harness import activity, wait_for

SECRET = "Lee Seo-yun and her host family"


class Publish(harness.TestCase):
    def three(self):
        """A pair and a network around it."""
        one, other, third = self.city("CN:lianyungang"), self.city("KR:mokpo", listen=False), self.city("KR:busan", listen=False)
        one.meet(other)
        one.meet(third)
        pair = one.found("Pair", other)
        network = one.do("space", "create", "Network", "--member", other.id, "--member", third.id).split()[-1]
        for member in (other, third):
            wait_for(lambda m=member: network in m.do("space", "list", "--format", "json"), "invited")
            member.do("space", "accept", network)
        return one, other, third, pair, network

    def test_counted_once_and_erased_everywhere(self):
        one, other, third, pair, network = self.three()
        (id_,) = one.submit(activity(1, title=SECRET), space=pair, options=("--also", "Network"))
        one.submit(activity(2), space=pair)
        wait_for(lambda: third.total() == 1, "the copy is at the member of the network")
        (copy,) = third.records()
        self.assertNotEqual(copy, id_)
        wait_for(lambda: other.total("--space", pair) == 2, "the partner has both")

        # Two events, in whichever spaces they are looked for.
        for spaces in ((pair,), (pair, network)):
            report = one.json("report", "events", *(option for space in spaces for option in ("--space", space)))
            self.assertEqual(report["total"]["values"]["events"], 2, report)
        # In lists too, but for whoever asks for one of the spaces alone; and page by page.
        everything = one.records()
        self.assertEqual((one.total(), len(everything), one.total("--space", pair), one.total("--space", network)), (2, 2, 2, 1))
        self.assertEqual((one.total("--space", pair, "--space", network), other.total(), third.total()), (2, 2, 1))
        self.assertTrue({id_, copy} & set(everything) and not {id_, copy} <= set(everything), "one of the two")
        self.assertEqual(set(other.records()), set(everything), "the same at every member")
        page = one.json("list", "--limit", "1")
        self.assertEqual(len(page["records"]) + len(one.json("list", "--cursor", page["cursor"])["records"]), 2)
        self.assertEqual(len(one.json("search", SECRET.split()[0])["records"]), 1)
        # Where one copy alone fits, that one is shown.
        other.do("answer", id_, "same")
        wait_for(lambda: one.total("--state", "agreed") == 1, "the copy in the pair is agreed on")
        self.assertEqual(set(one.records("--state", "agreed")), {id_})
        one.do("erase", id_, "--reason", "personal_data", "--yes")
        for city in (one, other, third):
            wait_for(lambda c=city: SECRET not in json.dumps(list(c.records().values()), ensure_ascii=False), f"{city.id} has erased it")

    def test_a_version_is_erased_in_copies_by_its_content(self):
        one, _, third, pair, _ = self.three()
        (id_,) = one.submit(activity(1, title=SECRET), space=pair, options=("--also", "Network"))
        one.do("amend", id_, "--title", "exhibition")
        wait_for(lambda: third.total() == 1, "the copy has come")
        one.do("erase", id_, "--version", "1", "--reason", "personal_data", "--yes")
        wait_for(lambda: SECRET not in json.dumps(list(third.records().values()), ensure_ascii=False), "the copy's only version is erased")
        self.assertIn("exhibition", json.dumps(one.show(id_)))

    def test_the_copy_is_told(self):
        """One id is printed, and lists over both spaces may show the other: so that one is told too."""
        one, _, _, pair, network = self.three()
        done = one.run("submit", "-", "--space", pair, "--also", "Network", given=json.dumps(activity(1)))
        (printed,), told = done.out.decode().split(), done.err.decode()
        self.assertEqual((done.code, told.count("\n")), (0, 1), done)
        copy = told.split()[1]
        self.assertEqual([one.show(id_)["space"] for id_ in (printed, copy)], [pair, network])
        self.assertIn(next(iter(one.records())), (printed, copy))
        many = one.run("submit", "-", "--space", pair, "--also", "Network", given="\n".join(json.dumps(activity(n)) for n in (2, 3)))
        self.assertEqual((len(many.out.split()), many.err), (2, b""), "of many nobody reads it")

    def test_retry_adds_nothing(self):
        one, _, third, pair, _ = self.three()
        record = activity(1, request="0123456789ab" + "00" * 10)
        first = one.submit(record, space=pair, options=("--also", "Network"))
        self.assertEqual(one.submit(record, space=pair, options=("--also", "Network")), first)
        wait_for(lambda: third.total() == 1, "one copy")
        self.assertEqual((one.total(), one.total("--space", pair), one.total("--space", "Network")), (1, 1, 1))

    def test_merged_places_are_followed(self):
        one, _, _, pair, _ = self.three()
        one.submit({"kind": "city", "city_id": "CN:luwan", "names": [{"lang": "zh-Hans", "text": "卢湾区"}], "country": "CN", "succeeded_by": ["CN:huangpu"]}, space=pair)
        (before,) = one.submit(activity(1, cities=("KR:mokpo", "CN:luwan"), start="2009"), space=pair)
        (after,) = one.submit(activity(2, cities=("KR:mokpo", "CN:huangpu"), start="2012"), space=pair)
        kind = ("--kind", "activity")
        self.assertEqual(set(one.records("--city", "CN:huangpu", *kind)), {after})
        self.assertEqual(set(one.records("--city", "CN:huangpu", "--follow", *kind)), {before, after})
        self.assertEqual(set(one.records("--city", "CN:luwan", "--follow", *kind)), {before})

    def test_references_stay(self):
        one, _, _, pair, network = self.three()
        tie = {"kind": "agreement", "parties": ["CN:lianyungang", "KR:mokpo"], "relation_type": "sister", "established": "1997"}
        (in_pair,) = one.submit(tie, space=pair)
        (in_network,) = one.submit(dict(tie, established="1998"), space=network)
        # All of the pair are in the network, but not the other way round.
        one.submit(activity(1, agreements=[in_network]), space=pair)
        done = one.run("submit", "-", "--space", network, given=json.dumps(activity(2, agreements=[in_pair])))
        self.assertEqual((done.code, done.err.count(b"\n")), (4, 1), done)
        self.assertIn("agreements", done.err.decode())
        # Published in a space where what it refers to may not be known, only the copy is refused.
        done = one.run("submit", "-", "--space", pair, "--also", network, given=json.dumps(activity(3, agreements=[in_pair])))
        self.assertEqual(done.code, 4, done)
        self.assertEqual(len(done.lines()), 1)
        one.refuses(3, "submit", "-", "--space", pair, "--also", pair, given=json.dumps(activity(4)), says="stands twice")


if __name__ == "__main__":
    harness.main()
