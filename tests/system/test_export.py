#!/usr/bin/python3
"""What comes out for other programs: read by parsers that share nothing with the code, and taken in again."""

import csv
import json
import re
import xml.etree.ElementTree as ET

import harness
import workbook
from test_import import SHEETS, rows

# The order of elements in iati-activity (IATI Activity Standard 2.03), as far as they are written.
IATI_ORDER = (
    ["iati-identifier", "reporting-org", "title", "description", "participating-org", "other-identifier", "activity-status", "activity-date"]
    + ["contact-info", "activity-scope", "recipient-country", "recipient-region", "location", "sector", "tag", "humanitarian-scope", "budget", "transaction"]
    + ["document-link", "related-activity", "result"]
)
COMPLETE = {
    "kind": "activity",
    "cities": [{"city_id": "KR:mokpo", "role": "host"}, {"city_id": "CN:lianyungang", "role": "visitor"}],
    "actors": [{"level": "social", "kind": "school_or_university", "org": "목포고등학교"}, {"kind": "media", "org": "A & B <TV>"}],
    "fields": ["culture_arts", "sports", "tourism"],
    "form": "school_exchange",
    "mode": "hybrid",
    "status": "held",
    "start": "2018-11-15",
    "end": "2018-11-17",
    "titles": [{"lang": "ko", "text": "청소년, 축구; \"교류\" \\ 전 " + "가나다라마바사" * 5}, {"lang": "zh-Hans", "text": "青少年足球交流"}],
    "summaries": [{"lang": "ko", "text": "첫째 줄\n둘째 줄 <&>"}],
    "participants": {"total": 40, "private": 30, "by_side": [{"city_id": "KR:mokpo", "count": 20}]},
    "count_of_events": 3,
    "cost": [{"amount": 12500000, "currency": "KRW", "payer": "KR:mokpo"}, {"amount": 3000050, "currency": "CNY", "payer": "CN:lianyungang"}],
    "source": {"title": "page", "uri": "https://example.org/a?b=1&c=2"},
}


def unfolded(text):
    """The content lines of an iCalendar file, checked against RFC 5545, 3.1: CRLF, 75 octets, whole characters."""
    assert text.endswith(b"\r\n") and b"\n" not in text.replace(b"\r\n", b""), "lines end in CRLF"
    lines = []
    for line in text.split(b"\r\n")[:-1]:
        assert len(line) <= 75, f"{len(line)} octets: {line}"
        line.decode("utf-8")  # no character is cut
        if line[:1] in (b" ", b"\t"):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return [line.decode("utf-8") for line in lines]


def components(lines):
    """Events as {name: (parameters, value)}; names, nesting and the properties that must be there are checked."""
    events, stack, current = [], [], None
    for line in lines:
        match = re.fullmatch(r"([A-Z][A-Z0-9-]*)((?:;[A-Z-]+=[^:;]+)*):(.*)", line)
        assert match, line
        name, parameters, value = match.groups()
        if name == "BEGIN":
            stack.append(value)
            if value == "VEVENT":
                current = {}
        elif name == "END":
            assert stack.pop() == value
            if value == "VEVENT":
                assert {"UID", "DTSTAMP", "DTSTART"} <= set(current), current
                events.append(current)
                current = None
        elif current is not None:
            assert name not in current, f"{name} twice"
            assert not re.search(r"(?<!\\)(\\\\)*\\[^\\;,nN]", value), value
            current[name] = (parameters, value)
        else:
            assert stack == ["VCALENDAR"], line
    assert not stack
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"] and any(line.startswith("PRODID:") for line in lines)
    return events


def plain(value):
    return re.sub(r"\\(.)", lambda found: "\n" if found.group(1) in "nN" else found.group(1), value)


class Export(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.one, self.other, self.space = self.pair()

    def load_all(self):
        for path in SHEETS.values():
            done = self.one.run("import", path, "--yes", seconds=300)
            self.assertEqual(done.code, 0, done)

    def out(self, name, *options):
        path = self.folder / name
        self.one.do("export", path, *options, seconds=300)
        return path

    def lead(self, record):
        """The body that speaks for a record."""
        return next(side["body"] for side in record["statements"] if side.get("version") == record["lead"])

    def test_there_and_back(self):
        """Nothing changes at any member when what was exported is imported, whoever opened the records."""
        self.load_all()
        rich = self.one.submit(COMPLETE | {"start": "2018-11", "external_id": "1"})[0]
        self.other.submit(COMPLETE | {"external_id": "1"})  # each city counts its own from one
        self.hold_alike(self.one, self.other)
        total = self.one.total()
        for name in ("out.csv", "out.xlsx"):
            for kind in ("activity", "agreement", "city"):
                path = self.out(name, "--kind", kind)
                for city in (self.one, self.other):
                    done = json.loads(city.run("import", path, "--yes", "--json", seconds=300).out)
                    self.assertEqual((done["new"], done["changed"], done["refused"]), (0, 0, 0), f"{city.id} {kind} {name}: {done}")
                    self.assertGreater(done["unchanged"], 0)
        self.assertEqual(self.one.total(), total)
        # A person changes one cell: that field is amended, and what has no column stays.
        path = self.out("edit.csv", "--text", "청소년")
        text = path.read_text("utf-8")
        path.write_text(text.replace(",40,", ",41,"), "utf-8")
        done = json.loads(self.one.run("import", path, "--yes", "--json").out)
        self.assertEqual((done["changed"], done["refused"]), (1, 1), f"of the other's record this city has said nothing: {done}")
        [word] = [side["body"] for side in self.one.show(rich)["statements"] if side.get("self")]
        self.assertEqual(word["participants"], {"total": 41, "private": 30, "by_side": [{"city_id": "KR:mokpo", "count": 20}]})
        for name in ("cities", "actors", "titles", "cost"):
            self.assertEqual(word[name], COMPLETE[name], name)

    def test_workbook(self):
        self.load_all()
        self.one.submit(COMPLETE)
        path = self.out("out.xlsx", "--lang", "ko")
        sheets, names, tree = workbook.read(path)
        data, measures = list(sheets.values())
        found = workbook.table(data)
        wanted = {row["event_id"]: row for row in rows(SHEETS["activities"])}
        self.assertEqual(len(found), len(wanted) + 1)
        for row in found:
            was = wanted.get(row.get("event_id"))
            if not was:
                continue
            date = row.get("date", "")
            self.assertEqual(workbook.day(date) if isinstance(date, float) else date, was["date"])
            self.assertEqual(isinstance(date, float), len(was["date"]) == 10, "a day is a real date")
            self.assertEqual(row.get("participants", ""), float(was["participants"]) if was["participants"] else "")
            self.assertEqual(row.get("description", ""), was["description"])
        pane = next(tree["xl/worksheets/sheet1.xml"].iter(f"{{{workbook.MAIN}}}pane"))
        self.assertEqual((pane.get("state"), pane.get("topLeftCell")), ("frozen", "A2"))
        # Figures: all rows, counted anew here, and what report says.
        cells = {value: place for place, value in measures.items() if isinstance(value, str)}
        self.assertIn("연도별", cells)
        for dimension in ("year", "field", "form"):
            lines = csv.DictReader(self.one.do("report", "events", "--by", dimension, "--lang", "ko", "--format", "csv").splitlines())
            for line in lines:
                label = line[dimension]
                if label in cells:
                    self.assertEqual((measures["B" + cells[label][1:]], measures["C" + cells[label][1:]]), (float(line["records"]), float(line["events"])), line)
        by_year = {}
        for row in [*wanted.values(), {"date": "2018-11-15"}]:
            by_year[row["date"][:4]] = by_year.get(row["date"][:4], 0) + 1
        for year, count in by_year.items():
            if year:
                self.assertEqual(measures["B" + cells[year][1:]], count, year)
        self.assertEqual(measures["C" + cells["2018"][1:]], by_year["2018"] + 2, "one record stands for three events")
        # Rates are filled in by a person; the formulas use them.
        row = cells["CNY"][1:]
        self.assertEqual(measures["B" + row], 30000.5)
        self.assertEqual(measures["D" + row], f'=IF($C${row}="",0,$B${row}*$C${row})')
        self.assertTrue(any(str(value).startswith("=SUM(") for value in measures.values()))
        self.assertEqual(len([name for name in names if name.startswith("xl/charts/")]), 3)

    def test_calendar(self):
        self.load_all()
        ids = self.one.submit(COMPLETE, COMPLETE | {"start": "2018-11", "end": "2018-12", "status": "planned"}, COMPLETE | {"start": "2018", "end": "2018"})
        done = self.one.run("export", self.folder / "out.ics", "--lang", "zh", "--kind", "activity")
        self.assertEqual(done.code, 0, done)
        events = {event["UID"][1]: event for event in components(unfolded((self.folder / "out.ics").read_bytes()))}
        dated = [row for row in rows(SHEETS["activities"]) if len(row["date"]) >= 7 and (not row["end_date"] or len(row["end_date"]) >= 7)]
        left_out = len(rows(SHEETS["activities"])) - len(dated) + 1
        self.assertEqual(len(events), len(dated) + 2)
        self.assertIn(f"{left_out} ", done.err.decode(), "says how many have no place in a calendar")
        day, month = events[f"{ids[0]}@twinlog"], events[f"{ids[1]}@twinlog"]
        self.assertEqual((day["DTSTART"], day["DTEND"]), ((";VALUE=DATE", "20181115"), (";VALUE=DATE", "20181118")), "the end is the day after")
        self.assertEqual(plain(day["SUMMARY"][1]), COMPLETE["titles"][1]["text"])
        self.assertIn("첫째 줄", plain(day["DESCRIPTION"][1]))
        self.assertEqual((day["STATUS"][1], month["STATUS"][1]), ("CONFIRMED", "TENTATIVE"))
        self.assertEqual((month["DTSTART"][1], month["DTEND"][1]), ("20181101", "20190101"))
        self.assertIn("(2018-11 – 2018-12)", month["SUMMARY"][1], "says that the day is not known")
        self.assertNotIn(f"{ids[2]}@twinlog", events)
        # RFC 5545 has four digits for a year, and the end is the day after.
        last = self.one.submit(COMPLETE | {"start": "9999-12-31", "end": ""}, COMPLETE | {"start": "9999-11", "end": "9999-12"}, COMPLETE | {"start": "9999-12-30", "end": "9999-12-30"})
        events = {event["UID"][1]: event for event in components(unfolded(self.out("last.ics", "--from", "9999").read_bytes()))}
        ends = [[events[f"{id_}@twinlog"].get(name, ("", ""))[1] for name in ("DTSTART", "DTEND", "DURATION")] for id_ in last]
        self.assertEqual(ends, [["99991231", "", "P1D"], ["99991101", "", "P61D"], ["99991230", "99991231", ""]])
        ties = components(unfolded(self.out("ties.ics", "--kind", "agreement").read_bytes()))
        self.assertEqual(len(ties), len([tie for tie in self.one.records("--kind", "agreement").values() if len(self.lead(tie).get("established", "")) >= 7]))

    def test_map(self):
        self.load_all()
        [own] = self.one.submit(COMPLETE)
        collection = json.loads(self.out("out.geojson").read_text("utf-8"))
        self.assertEqual(collection["type"], "FeatureCollection")
        features = {feature["id"]: feature for feature in collection["features"]}
        self.assertEqual(len(features), self.one.total())

        def positions(value):
            if isinstance(value[0], (int, float)):
                yield value
            else:
                for inner in value:
                    yield from positions(inner)

        kinds = {"city": {"Point"}, "agreement": {"LineString", "MultiLineString"}, "activity": {"Point"}}
        for feature in features.values():
            self.assertEqual((feature["type"], set(feature)), ("Feature", {"type", "id", "geometry", "properties"}))
            geometry = feature["geometry"]
            if geometry is None:
                continue
            self.assertIn(geometry["type"], kinds[feature["properties"]["kind"]])
            for longitude, latitude in positions(geometry["coordinates"]):
                self.assertTrue(-180 <= longitude <= 180 and -90 <= latitude <= 90, feature)
            lines = [geometry["coordinates"]] if geometry["type"] == "LineString" else geometry["coordinates"] if geometry["type"] == "MultiLineString" else []
            for line in lines:
                self.assertLessEqual(abs(line[0][0] - line[-1][0]), 180, "cut at the antimeridian")
        places = {row["city_id"]: row for row in rows(SHEETS["cities"]) if row["latitude"]}
        mokpo = places["KR:mokpo"]
        for got, wanted in zip(features[own]["geometry"]["coordinates"], (mokpo["longitude"], mokpo["latitude"])):
            self.assertAlmostEqual(got, float(wanted), 5)
        cities = [feature for feature in features.values() if feature["properties"]["kind"] == "city" and feature["geometry"]]
        self.assertEqual(len(cities), len(places))
        both = [row for row in rows(SHEETS["pairs"]) if row["city_a"] in places and row["city_b"] in places]
        self.assertEqual(len([f for f in features.values() if f["properties"]["kind"] == "agreement" and f["geometry"]]), len(both))

    def test_aid_standard(self):
        self.load_all()
        planned = {**COMPLETE, "status": "planned", "start": "2027-05", "end": "2027-05", "fields": ["sports"]}
        [held, plan] = self.one.submit(COMPLETE, planned)
        root = ET.parse(self.out("out.xml")).getroot()
        self.assertEqual((root.tag, root.get("version")), ("iati-activities", "2.03"))
        activities = {activity.findtext("iati-identifier")[-32:]: activity for activity in root}
        self.assertEqual(len(activities), len([row for row in rows(SHEETS["activities"]) if row["date"]]) + 2)
        for activity in activities.values():
            order = [IATI_ORDER.index(child.tag) for child in activity]
            self.assertEqual(order, sorted(order), "elements in the order of the schema")
            for tag in ("iati-identifier", "reporting-org", "title", "description", "participating-org", "activity-status", "activity-date", "recipient-country", "sector"):
                self.assertIsNotNone(activity.find(tag), tag)
            self.assertTrue(activity.findtext("title/narrative"))
            self.assertTrue(activity.findtext("iati-identifier").startswith(activity.find("reporting-org").get("ref") + "-"))
            for group in (activity.findall("recipient-country"), activity.findall("sector[@vocabulary='2']"), activity.findall("sector[@vocabulary='99']")):
                self.assertAlmostEqual(sum(float(part.get("percentage")) for part in group), 100, 6)
            for date in activity.findall("activity-date"):
                self.assertRegex(date.get("iso-date"), r"^\d{4}-\d\d-\d\d$")
                self.assertIn(date.get("type"), "1234")
            for org in activity.findall("participating-org"):
                self.assertIn(org.get("role"), "1234")
                self.assertTrue(org.findtext("narrative"))
        rich = activities[held]
        self.assertEqual([text.text for text in rich.findall("title/narrative")], [text["text"] for text in COMPLETE["titles"]])
        self.assertEqual(rich.findtext("description/narrative"), COMPLETE["summaries"][0]["text"])
        self.assertIn("A & B <TV>", [org.findtext("narrative") for org in rich.findall("participating-org")])
        self.assertEqual([(money.find("value").get("currency"), money.findtext("value")) for money in rich.findall("transaction")], [("KRW", "12500000"), ("CNY", "30000.50")])
        self.assertEqual([(sector.get("code"), sector.get("percentage")) for sector in rich.findall("sector[@vocabulary='2']")], [("160", "66.66"), ("332", "33.34")])
        self.assertEqual(rich.find("location/point/pos").text.split()[0][:5], "34.81")
        self.assertEqual(rich.find("document-link").get("url"), COMPLETE["source"]["uri"])
        due = activities[plan]
        self.assertEqual(due.find("activity-status").get("code"), "1")
        self.assertEqual([(date.get("iso-date"), date.get("type"), date.findtext("narrative")) for date in due.findall("activity-date")], [("2027-05-01", "1", "known as 2027-05"), ("2027-05-31", "3", "known as 2027-05")])
        self.assertEqual(len(due.findall("budget")), 2)

    def test_csv_for_excel(self):
        self.one.submit(COMPLETE)
        path = self.out("bom.csv", "--bom")
        self.assertTrue(path.read_bytes().startswith(b"\xef\xbb\xbf"))
        [row] = list(csv.DictReader(path.read_text("utf-8-sig").splitlines(keepends=True)))
        self.assertEqual((row["cost"], row["cost_currency"], row["cost_payer"]), ("12500000;30000.50", "KRW;CNY", "KR:mokpo;CN:lianyungang"))
        self.assertFalse(self.out("plain.csv").read_bytes().startswith(b"\xef\xbb\xbf"))
        self.one.refuses(2, "export", self.folder / "a.pdf", says="geojson")
        self.one.refuses(2, "export", "-", "--as", "xlsx")
        self.one.refuses(1, "export", self.folder / "no" / "a.xlsx")
        self.assertEqual(self.one.do("export", "-", "--as", "ics").splitlines()[0], "BEGIN:VCALENDAR")
        self.assertEqual([path.name for path in self.folder.glob("*.??????")], [], "no leftovers")


if __name__ == "__main__":
    harness.main()
