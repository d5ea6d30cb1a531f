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
            if name in ("activities", "cities"):
                self.assertEqual(now - total, len(rows(path)), "each row is a record")
            self.assertGreaterEqual(now, total)
            total = now
        agreements = self.one.total("--kind", "agreement")
        self.assertGreaterEqual(agreements, len(rows(SHEETS["pairs"])))
        for path in SHEETS.values():
            self.load(path)
        self.assertEqual(self.one.total(), total)
        wait_for(lambda: self.other.total() == total, "the partner holds all of them", 60)
        self.assertEqual(self.one.do("list", "--format", "csv"), self.other.do("list", "--format", "csv"))

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
            self.load(path, *([] if encoding == "utf-8-sig" else ["--encoding", encoding]))
        self.assertEqual(self.one.total(), len(rows(SHEETS["activities"])), "the same rows whatever their encoding")

    def test_refused_rows(self):
        head, first, second, *_ = SHEETS["activities"].read_text("utf-8").splitlines()
        path = self.folder / "office.csv"
        path.write_text("\n".join([head, first, second.replace("1992-03", "1992-13"), ""]), "utf-8")
        done = self.one.run("import", path, "--yes")
        self.assertEqual(done.code, 3, done)
        self.assertIn("1992-13", done.err.decode())
        self.assertIn("3", done.err.decode(), "names the line")
        self.assertEqual(self.one.total(), 1, "good rows go in")

    def test_dry_run_writes_nothing(self):
        self.load(SHEETS["activities"], "--dry-run")
        self.assertEqual(self.one.total(), 0)

    def test_out_again(self):
        self.load(SHEETS["activities"])
        sheet, lines = self.folder / "out.csv", self.folder / "out.jsonl"
        self.one.do("export", sheet)
        self.one.do("export", lines)
        count = len(rows(SHEETS["activities"]))
        self.assertEqual(len(rows(sheet)), count)
        self.assertEqual(len([json.loads(line) for line in lines.read_text("utf-8").splitlines()]), count)
        total = self.one.total()
        self.load(sheet)
        self.assertEqual(self.one.total(), total, "an exported sheet is known again")


if __name__ == "__main__":
    harness.main()
