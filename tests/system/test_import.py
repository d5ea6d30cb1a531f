#!/usr/bin/python3
"""The office's sheets as they are: every row goes in, twice adds nothing, what comes out is what went in."""

import csv
import json
import pathlib

import harness
from harness import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
SHEETS = {"activities": DATA / "activities.csv", "pairs": DATA / "pairs.csv", "pair_assertions": DATA / "pair_assertions.csv", "cities": ROOT / "proto" / "cities.csv"}


def rows(path):
    with open(path, encoding="utf-8", newline="") as sheet:
        return list(csv.DictReader(sheet))


class Import(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.one, self.other, self.space = self.pair()

    def load(self, path, *options):
        done = self.one.run("import", path, "--yes", *options, seconds=300)
        self.assertEqual(done.code, 0, done)
        return done

    def test_every_row_goes_in_and_twice_adds_nothing(self):
        total = 0
        for name, path in SHEETS.items():
            self.load(path)
            now = self.one.total()
            print(f"{name}: {len(rows(path))} rows, {now - total} records", flush=True)
            total = now
        for kind, name in (("activity", "activities"), ("agreement", "pairs")):
            self.assertEqual(self.one.total("--kind", kind), len(rows(SHEETS[name])), f"each row of {name} is a record")
        known = {row["city_id"] for row in rows(SHEETS["cities"])}
        named = {row[side] for row in rows(SHEETS["pairs"]) for side in ("city_a", "city_b")}
        for row in rows(SHEETS["activities"]):
            named |= {row["city_a"], row["city_b"]} | {city for city in row["other_cities"].split(";") if city}
        self.assertEqual(self.one.total("--kind", "city"), len(known | named), "a record for each city, stubs included")
        for path in SHEETS.values():
            self.load(path)
        self.assertEqual(self.one.total(), total)
        wait_for(lambda: self.other.total() == total, "the partner holds all of them", 60)
        self.assertEqual(self.one.do("list", "--format", "csv"), self.other.do("list", "--format", "csv"))

    def contents(self, space):
        """What the city says of each record, without what differs from space to space."""
        found = {}
        for line in self.one.do("export", "-", "--format", "jsonl", "--space", space).splitlines():
            record = json.loads(line)
            [word] = [side for side in record["statements"] if "body" in side]
            body = {name: value for name, value in word["body"].items() if name not in ("token", "agreements")}
            found[(record["kind"], body.get("external_id") or body["city_id"])] = (word.get("report", False), body)
        return found

    def test_any_order_makes_the_same_records(self):
        for name in ("pairs", "pair_assertions", "activities", "cities"):
            self.load(SHEETS[name], "--space", self.space)
        wanted = self.contents(self.space)
        for order in (("cities", "activities", "pair_assertions", "pairs"), ("pair_assertions", "pairs", "cities", "activities")):
            space = self.one.found(" ".join(order), self.other)
            for name in order:
                self.load(SHEETS[name], "--space", space)
            found = self.contents(space)
            self.assertEqual(set(found), set(wanted))
            for key, words in wanted.items():
                self.assertEqual(found[key], words, f"{key} after {order}")

    def test_who_speaks(self):
        """Lianyungang's word is only what Lianyungang said."""
        self.load(SHEETS["pairs"])
        self.load(SHEETS["pair_assertions"])
        self.load(SHEETS["activities"])
        found = self.contents(self.space)
        report, tie = found["agreement", "P0001"]
        self.assertFalse(report, "Lianyungang's own page names the tie")
        self.assertNotIn("established", tie, "and gives no date")
        self.assertEqual({quote["date"] for quote in tie["quotes"] if "date" in quote}, {"1993-07-01", "1992-11-01", "1992"})
        own = [key for key, (is_report, _) in found.items() if key[0] == "agreement" and not is_report]
        said = {row["pair_id"] for row in rows(SHEETS["pair_assertions"]) if row["asserted_by"] == "CN:lianyungang"}
        self.assertEqual({pair for _, pair in own}, said)

    def test_changes(self):
        """A changed row is an amendment; what a clerk changed by hand since stays."""
        sheet = self.folder / "office.csv"
        head, first, second, *_ = SHEETS["activities"].read_text("utf-8").splitlines()
        sheet.write_text("\n".join([head, first, second, ""]), "utf-8")
        self.load(sheet)
        ids = {json.loads(line)["statements"][0]["body"]["external_id"]: json.loads(line)["id"] for line in self.one.do("export", "-", "--format", "jsonl", "--kind", "activity").splitlines()}
        self.one.do("amend", ids["E0001"], given='{"start": "1991-06"}')
        sheet.write_text("\n".join([head, first, second.replace("1992-03", "1992-04"), ""]), "utf-8")
        answer = json.loads(self.load(sheet, "--format", "json").out)
        self.assertEqual((answer["changed"], answer["unchanged"]), (1, 1), answer)
        found = self.contents(self.space)
        self.assertEqual(found["activity", "E0001"][1]["start"], "1991-06", "set by hand")
        self.assertEqual(found["activity", "E0002"][1]["start"], "1992-04", "set by the sheet")
        sheet.write_text("\n".join([head, first.replace("1991-05", "1991-07"), ""]), "utf-8")
        self.load(sheet)
        self.assertEqual(self.contents(self.space)["activity", "E0001"][1]["start"], "1991-07", "a new value of the sheet counts")

    def test_lost_text_and_unclear_encoding(self):
        sheet = self.folder / "lost.csv"
        text = "city_id,name_zh_hans,country\nCN:lianyungang,?云港市,CN\nCN:jinan,济南市,CN\n"
        sheet.write_text(text, "utf-8")
        done = self.one.run("import", sheet, "--yes")
        self.assertEqual(done.code, 3, done)
        self.assertIn("?云港市", done.err.decode())
        refused = (self.folder / "lost.csv.refused.csv").read_text("utf-8-sig")
        self.assertIn("?云港市", refused)
        self.assertEqual(len(refused.splitlines()), 2, refused)
        sheet.write_bytes(b"city_id,name_en,country\nXX:a,\xb0\xa1,XX\n")
        done = self.one.run("import", sheet, "--yes")
        self.assertEqual(done.code, 6, done)
        self.assertIn("--encoding", done.err.decode())

    def test_encodings(self):
        text = SHEETS["activities"].read_text("utf-8")
        head, *lines = text.splitlines(keepends=True)
        for encoding, country in (("gb18030", "CN"), ("cp949", "KR"), ("utf-8-sig", "CN")):
            chosen = [head]
            for line in lines:
                try:
                    line.encode(encoding)
                    chosen.append(line)
                except UnicodeEncodeError:
                    continue
            path = self.folder / f"{country}-{encoding}.csv"
            path.write_bytes("".join(chosen).encode(encoding))
            self.load(path)  # the encoding is found, not told
        self.assertEqual(self.one.total("--kind", "activity"), len(rows(SHEETS["activities"])), "the same rows whatever their encoding")

    def test_refused_rows(self):
        head, first, second, *_ = SHEETS["activities"].read_text("utf-8").splitlines()
        path = self.folder / "office.csv"
        path.write_text("\n".join([head, first, second.replace("1992-03", "1992-13"), ""]), "utf-8")
        done = self.one.run("import", path, "--yes")
        self.assertEqual(done.code, 3, done)
        self.assertIn("1992-13", done.err.decode())
        self.assertIn("3", done.err.decode(), "names the line")
        self.assertEqual(self.one.total(), 1, "good rows go in")

    def test_long_sheets(self):
        """Many batches are under way at once: each row is counted once, and what is refused is told once."""
        head, first, *_ = SHEETS["activities"].read_text("utf-8").splitlines()
        lines = [first.replace("E0001", f"F{n:05}").replace("1991-05", f"{1992 + n % 30}-13" if n % 700 == 3 else "1991-05") for n in range(3200)]
        lines[650] = lines[2900] = lines[10]  # the same row twice is refused
        bad = len({n for n in range(3200) if n % 700 == 3} | {650, 2900})
        path = self.folder / "long.csv"
        path.write_text("\n".join([head, *lines, ""]), "utf-8")
        for kept, again in (("new", "unchanged"), ("unchanged", "new")):
            done = self.one.run("import", path, "--yes", "--format", "json", seconds=120)
            self.assertEqual(done.code, 3, done)
            answer = json.loads(done.out)
            self.assertEqual((answer["rows"], answer[kept], answer[again], answer["refused"]), (3200, 3200 - bad, 0, bad), answer)
            refused = rows(self.folder / "long.csv.refused.csv")
            self.assertEqual(len(refused), bad)
        self.assertEqual(self.one.total("--kind", "activity"), 3200 - bad)

    def test_dry_run_writes_nothing(self):
        self.load(SHEETS["activities"], "--dry-run")
        self.assertEqual(self.one.total(), 0)

    def test_out_again(self):
        self.load(SHEETS["activities"])
        sheet, lines = self.folder / "out.csv", self.folder / "out.jsonl"
        self.one.do("export", sheet)
        self.one.do("export", lines)
        wanted = sorted(rows(SHEETS["activities"]), key=lambda row: row["event_id"])
        found = sorted(rows(sheet), key=lambda row: row["event_id"])
        self.assertEqual(len(found), len(wanted))
        for row, was in zip(found, wanted):
            for column in ("event_id", "date", "end_date", "city_a", "city_b", "other_cities", "field", "form", "actor_level", "actor_kind", "participants", "description", "note", "source_title", "source_url"):
                self.assertEqual(row[column], was[column], f"{was['event_id']} {column}")
        total = self.one.total()
        self.assertEqual(len([json.loads(line) for line in lines.read_text("utf-8").splitlines()]), total)
        self.load(sheet)
        self.assertEqual(self.one.total(), total, "an exported sheet is known again")


if __name__ == "__main__":
    harness.main()
