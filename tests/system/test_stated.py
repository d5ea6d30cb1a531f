#!/usr/bin/python3
"""One city's own view: lists, text, sheets and reports tell records as that city states them."""

import csv
import io
import json

import harness
from harness import activity, wait_for


class Stated(harness.TestCase):
    def test_one_citys_view(self):
        one, other, _ = self.pair()
        same, differs, alone, denied = one.submit(
            activity(1, start="2001", title="书法展"), activity(2, start="2002", title="茶文化周"), activity(3, start="2003"), activity(4, start="2004")
        )
        wait_for(lambda: other.total() == 4, "Mokpo reads them all")
        other.do("answer", same, "same")
        other.do("answer", differs, "differs", given=json.dumps({"start": "1999-05", "form": "training_study", "title": "차 문화 주간"}))
        other.do("answer", denied, "unknown")
        self.hold_alike(one, other)
        for city in (one, other):
            listed = lambda *filters, c=city: [record["id"] for record in c.json("list", *filters)["records"]]
            lianyungang, mokpo = ("--stated-by", "CN:lianyungang"), ("--stated-by", "KR:mokpo")
            self.assertEqual(listed(*lianyungang), [same, differs, alone, denied])
            # What it confirmed it states, what it denied or never spoke of it does not. In the order of its own dates.
            self.assertEqual(listed(*mokpo), [differs, same])
            self.assertEqual(listed(*mokpo, "--descending"), [same, differs])
            self.assertEqual(listed("--to", "2000", *mokpo), [differs])
            self.assertEqual(listed("--to", "2000", *lianyungang), [])
            self.assertEqual(listed("--form", "training_study", *mokpo), [differs])
            self.assertEqual(listed("--form", "training_study"), [])
            # Of several it is whoever has said something.
            self.assertEqual(listed(*mokpo, *lianyungang), [same, differs, alone, denied])
            page = city.json("list", *mokpo, "--limit", "1")
            self.assertEqual((page["total"], page["records"][0]["id"]), (2, differs))
            self.assertEqual([r["id"] for r in city.json("list", *mokpo, "--cursor", page["cursor"])["records"]], [same])
            # Its own words alone.
            found = lambda text, *filters, c=city: [record["id"] for record in c.json("search", text, *filters)["records"]]
            self.assertEqual((found("문화"), found("문화", *mokpo), found("문화", *lianyungang)), ([differs], [differs], []))
            self.assertEqual((found("茶文化", *mokpo), found("书法", *mokpo)), ([], [same]))
            rows = list(csv.DictReader(io.StringIO(city.do("export", "-", "--as", "csv", *mokpo).removeprefix("\ufeff"))))
            self.assertEqual([(row["record"], row["date"], row["form"]) for row in rows], [(differs, "1999-05", "training_study"), (same, "2001", "exhibition")])
            for filters in (mokpo, lianyungang, (*mokpo, "--form", "training_study"), (*mokpo, "--from", "2000")):
                self.assertEqual(city.json("report", "events", *filters)["total"]["values"]["records"], len(listed(*filters)), filters)
        self.assertIn("1999-05", other.do("list", "--stated-by", "KR:mokpo"))
        self.assertNotIn("1999-05", other.do("list"))


if __name__ == "__main__":
    harness.main()
