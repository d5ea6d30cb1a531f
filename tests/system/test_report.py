#!/usr/bin/python3
"""Figures that a council can rely on: those of an independent program, to the last digit it gives."""

import collections
import csv
import json
import math
import pathlib

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
ORACLE = json.loads((DATA / "reference_measures.json").read_text("utf-8"))
BOTH = ("--country", "CN", "--country", "KR")


def rows(name):
    with open(DATA / name, encoding="utf-8", newline="") as sheet:
        return list(csv.DictReader(sheet))


class Oracle(harness.TestCase):
    """An association takes in the sheets: all is report and quote, as the independent program read it."""

    @classmethod
    def setUpClass(cls):
        cls.holder = harness.TestCase("maxDiff")
        cls.holder.setUp()
        cls.one, cls.other = cls.holder.city("KR:@klafir"), cls.holder.city("KR:mokpo")
        cls.one.meet(cls.other)
        cls.space = cls.one.found("China and Korea", cls.other)
        for sheet in (ROOT / "proto" / "cities.csv", *(DATA / f"{name}.csv" for name in ("pairs", "pair_assertions", "activities"))):
            done = cls.one.run("import", sheet, "--yes", "--space", cls.space, seconds=300)
            assert done.code == 0, done

    @classmethod
    def tearDownClass(cls):
        cls.holder.tearDown()

    def report(self, *question):
        return self.one.json("report", *question)

    def total(self, column, *question):
        return self.report(*question)["total"]["values"][column]

    def column(self, column, key, *question):
        """{key: value} of the rows that say something."""
        found = self.report(*question, "--by", key)["rows"]
        return {row["keys"][key]: row["values"][column] for row in found if row["keys"][key] is not None}

    def meets(self, found, wanted):
        """To the last digit that the oracle gives."""
        digits = len(repr(wanted).split(".")[1]) if isinstance(wanted, float) else 0
        self.assertEqual(round(found, digits), wanted)

    def test_events(self):
        self.assertEqual(self.total("records", "events"), ORACLE["events_total"])
        self.assertEqual(self.total("participants", "events"), ORACLE["participants_sum"])
        left_out = self.report("events")["total"]["left_out"]["participants"]
        self.assertEqual(ORACLE["events_total"] - left_out, ORACLE["events_with_participant_number"])
        self.assertEqual(self.column("records", "year", "events"), ORACLE["events_by_year"])

    def test_variety(self):
        names = {"shannon": "shannon_nats", "evenness": "pielou_evenness", "effective": "effective_number_exp_h", "simpson": "simpson_1_minus_sum_p2"}
        for measure, key, wanted in (("fields", "field", "events_by_field"), ("forms", "form", "events_by_form"), ("actors", "actor_level", "events_by_actor_level")):
            wanted = ORACLE[wanted]
            found = self.report(measure)["total"]["values"]
            self.assertEqual((found["entries"], found["categories"]), (wanted["n"], wanted["categories"]))
            for ours, theirs in names.items():
                self.meets(found[ours], wanted[theirs])
            self.assertEqual(self.column("records", key, "events"), wanted["counts"])

    def test_society_and_many(self):
        self.meets(self.total("events", "society"), ORACLE["private_share_events"])
        self.meets(self.total("participants", "society"), ORACLE["private_share_participants"])
        self.meets(self.total("multilateral", "multilateral"), ORACLE["multilateral_share_events"])

    def test_ties(self):
        self.assertEqual(self.total("ties", "ties"), ORACLE["pairs_total"])
        self.assertEqual(self.total("records", "agreements", *BOTH), ORACLE["pairs_cn_kr"])
        self.assertEqual(self.column("records", "relation_type", "agreements"), ORACLE["pairs_by_relation_type"])
        self.assertEqual(self.column("records", "relation_type", "agreements", *BOTH), ORACLE["pairs_cn_kr_by_relation_type"])
        self.assertEqual(self.column("records", "year", "agreements", "--preset", "sister", *BOTH), ORACLE["sister_agreements_by_year_cn_kr"])
        formal = self.report("ties", "--preset", "sister-friendship", *BOTH)["total"]["values"]
        self.assertEqual((formal["ties"], formal["without"]), (ORACLE["formal_cn_kr_pairs"], ORACLE["formal_cn_kr_pairs_without_any_event"]))
        self.meets(formal["gini"], ORACLE["gini_events_over_formal_cn_kr_pairs"])

    def test_conflicting_dates(self):
        pairs = {" ".join(sorted((row["city_a"], row["city_b"]))): row["pair_id"] for row in rows("pairs.csv")}
        found = {pairs[name] for name, share in self.column("contradict", "pair", "dates").items() if share}
        self.assertEqual(sorted(found), ORACLE["pairs_with_conflicting_dates"])

    def test_degree(self):
        for row in self.report("degree", "--preset", "sister-friendship", "--by", "country", *BOTH)["rows"]:
            wanted, found = ORACLE["degree_" + row["keys"]["country"]], row["values"]
            self.assertEqual((found["cities"], found["max"]), (wanted["cities"], wanted["max"]))
            self.meets(found["mean"], wanted["mean"])
            self.meets(found["two_or_more"], wanted["share_with_two_or_more"])
            self.meets(found["gini"], wanted["gini"])
            ties = self.column("ties", "city", "degree", "--preset", "sister-friendship", *BOTH)
            self.assertEqual(ties[wanted["max_city"]], wanted["max"])

    def test_inequality_over_a_list_of_cities(self):
        tied = {row[side] for row in rows("pairs.csv") if {row["country_a"], row["country_b"]} == {"CN", "KR"} for side in ("city_a", "city_b")}
        among = [option for city in sorted(tied) for option in ("--among", city)]
        for row in self.report("cities", "--by", "country", *among)["rows"]:
            self.meets(row["values"]["gini"], ORACLE["gini_events_over_cities_" + row["keys"]["country"]])

    def test_dormancy(self):
        """Silent since before 2023, of those that ever had an event."""
        pairs = {" ".join(sorted((row["city_a"], row["city_b"]))): row["pair_id"] for row in rows("pairs.csv")}
        question = ("dormancy", "--preset", "sister-friendship", *BOTH, "--as-of", "2026-01-01", "--months", "36", "--by", "pair")
        silent = [pairs[row["keys"]["pair"]] for row in self.report(*question)["rows"] if not row["values"]["active"] and row["values"]["last"]]
        self.assertEqual(sorted(silent), ORACLE["dormant_formal_cn_kr_pairs_with_events_last_year_before_2023"])
        total = self.report(*question)["total"]["values"]
        self.assertEqual(total["dormant"], 0, "nobody says that its log is complete")
        self.assertEqual(total["not_known"], total["ties"] - total["active"])

    def test_reciprocity(self):
        found = self.report("reciprocity")["total"]["values"]
        self.assertEqual((found["forth"], found["back"]), (ORACLE["direction_a_to_b"], ORACLE["direction_b_to_a"]))
        self.meets(found["mean"], ORACLE["mean_reciprocity_of_pairs_min_over_max_with_2_or_more_directed_events"])

    def test_cities_of_one_country_alone(self):
        """Its partners abroad have other events than those that were asked for."""
        [among_all] = [row for row in self.report("cities", "--by", "country")["rows"] if row["keys"]["country"] == "KR"]
        alone = self.report("cities", "--country", "KR")
        for column in ("cities", "records", "events", "without", "gini", "bottom_half"):
            self.assertEqual(alone["total"]["values"][column], among_all["values"][column], column)
        ties = self.report("degree", "--country", "KR", "--by", "country")["rows"]
        self.assertEqual([row["keys"]["country"] for row in ties], ["KR"])

    def test_silence_is_no_answer(self):
        """Of publicity and friction nothing stands in these sheets, not that there was none."""
        public, friction = self.report("publicity")["total"], self.report("friction")["total"]
        self.assertEqual((public["values"]["public"], public["values"]["both_sides"]), (None, None))
        self.assertEqual((public["left_out"]["public"], friction["left_out"]["friction"]), (ORACLE["events_total"],) * 2)

    def test_nothing_that_came_later(self):
        """As if it were that day: every measure is that of the sheets up to it, and says how much it leaves out."""
        naive = [int(year) for year, count in ORACLE["events_by_year"].items() for _ in range(count)]
        for as_of in ("1989-12-31", "2009-12-31", "2015-12-31"):
            found = self.report("events", "--as-of", as_of)
            self.assertEqual(found["total"]["values"]["records"], sum(year <= int(as_of[:4]) for year in naive))
            self.assertEqual(found["later"], sum(year > int(as_of[:4]) for year in naive))
            self.assertLessEqual(found["total"]["values"]["last"] or "", as_of)
            pairs = [row for row in rows("pairs.csv") if row["established"] <= as_of]
            for measure in ("ties", "dormancy", "agreements"):
                self.assertEqual(self.total("ties", measure, "--as-of", as_of), len(pairs), f"{measure} {as_of}")
            latest = self.total("last", "agreements", "--as-of", as_of)
            self.assertLessEqual(latest or "", as_of)
            groups = self.report("agreements", "--by", "year", "--as-of", as_of)
            self.assertEqual(sum(row["members"] for row in groups["rows"]), groups["total"]["members"] + groups["several"])

    def test_partner_answers_alike(self):
        harness.wait_for(lambda: self.one.total() == self.other.total(), "the partner holds all")
        for line in self.one.json("report", "--list")["measures"]:
            for by in ((), ("--by", line["by"][0])):
                one, other = (json.loads(city.do("report", line["measure"], *by, "--as-of", "2026-01-01", "--json")) for city in (self.one, self.other))
                one.pop("completeness"), other.pop("completeness")
                self.assertEqual(json.dumps(one), json.dumps(other), line["measure"])


class OtherSheets(harness.TestCase):
    """Ties that no sheet layout knows, written as records."""

    def setUp(self):
        super().setUp()
        self.one, other = self.city("KR:@klafir"), self.city("KR:mokpo")
        self.one.meet(other)
        self.space = self.one.found("elsewhere", other)

    def write(self, records):
        text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        self.one.do("submit", "-", "--space", self.space, given=text, seconds=300)

    def test_german_towns(self):
        """RGRE calls Partnerschaft what the code list calls sister, Freundschaft friendship, Kontakt a memorandum."""
        forms = {"partnership": "sister", "friendship": "friendship", "contact": "mou", "": "exchange"}
        ids = collections.defaultdict(lambda: f"DE:town-{len(ids)}")
        ties = rows("german_ties.csv")
        # A partner of its own for each tie: one that several towns share would not be one town's tie less.
        self.write({"kind": "agreement", "parties": [ids[row["municipality"], row["state"]], f"ZZ:partner-{number}"], "relation_type": forms[row["form"]], "established": row["since_year"], "report": True, "place": row["partner"]} for number, row in enumerate(ties))
        by_form = {row["keys"]["relation_type"]: row["values"]["records"] for row in self.one.json("report", "agreements", "--by", "relation_type")["rows"]}
        self.assertEqual(sum(by_form.values()), ORACLE["german_rows"])
        self.assertEqual({form or "none": by_form[code] for form, code in forms.items()}, ORACLE["german_by_form"])
        by_decade = {row["keys"]["decade"]: row["values"]["records"] for row in self.one.json("report", "agreements", "--by", "decade")["rows"]}
        self.assertEqual(by_decade, ORACLE["german_by_decade"])
        [gini] = [row["values"]["gini"] for row in self.one.json("report", "degree", "--by", "country")["rows"] if row["keys"]["country"] == "DE"]
        self.assertEqual(round(gini, 5), ORACLE["german_gini_ties_over_municipalities"])

    def test_wikidata(self):
        """Each directed edge is what one side says of the tie."""
        said = collections.defaultdict(set)
        for line in (DATA / "wikidata_edges.tsv").read_text("utf-8").splitlines()[1:]:
            one, other = line.split("\t")
            said[frozenset((one, other))].add(one)
        city = lambda item: f"ZZ:{item.lower()}"
        self.write({"kind": "agreement", "parties": sorted(map(city, pair)), "relation_type": "sister", "report": True, "quotes": [{"by": city(item), "relation_type": "sister"} for item in sorted(speakers)]} for pair, speakers in said.items())
        found = self.one.json("report", "mutual")["total"]
        self.assertEqual(found["fractions"]["mutual"], [ORACLE["wikidata_edges_reciprocal"], ORACLE["wikidata_edges_directed"]])
        self.assertEqual(round(found["values"]["mutual"], 6), ORACLE["wikidata_reciprocity"])


class Rules(harness.TestCase):
    """What counts, and what is left out, of records made for the question."""

    tie = {"kind": "agreement", "parties": ["CN:lianyungang", "KR:mokpo"], "relation_type": "sister", "established": "1993-07-01"}

    def setUp(self):
        super().setUp()
        self.one, self.other, self.space = self.pair()

    def values(self, *question):
        return self.one.json("report", *question)["total"]["values"]

    def test_an_observer_takes_no_part(self):
        looks_on = ["CN:lianyungang", "KR:mokpo", {"city_id": "KR:busan", "role": "observer"}]
        forth = {"direction": "CN:lianyungang>KR:mokpo"}
        self.one.submit(
            self.tie,
            {"kind": "city", "city_id": "CN:lianyungang", "country": "CN", "coverage": [{"tie": "KR:mokpo", "from": "1990", "to": "2030", "extent": "complete"}]},
            harness.activity(1, cities=looks_on, start="2026-05-03", **forth),
        )
        self.assertEqual({name: self.values("dormancy", "--as-of", "2026-11-01")[name] for name in ("active", "dormant", "never")}, {"active": 1, "dormant": 0, "never": 0})
        self.assertEqual((self.values("ties")["records"], self.values("reciprocity")["forth"]), (1, 1))
        # Where three meet, and the third stands in the same place: no set of the two is the other.
        self.one.submit(
            *(harness.activity(number, cities=["CN:lianyungang", "KR:mokpo", "KR:busan"], start="2026-05-03", **forth) for number in (2, 3)),
            harness.activity(4, cities=looks_on, start="2026-05-03", **forth),
        )
        self.assertEqual(self.one.json("report", "multilateral")["total"]["fractions"]["multilateral"], [2, 4])
        self.assertEqual((self.values("ties")["records"], self.one.json("report", "ties")["outside"]), (2, 2))
        by_city = {row["keys"]["city"]: row["values"]["records"] for row in self.one.json("report", "events", "--by", "city")["rows"]}
        self.assertEqual(by_city, {"CN:lianyungang": 4, "KR:busan": 2, "KR:mokpo": 4})

    def test_what_begins_after_the_date(self):
        """Left out and told, however it is counted; plans lie ahead by their nature."""
        self.one.submit(
            self.tie,
            {**self.tie, "relation_type": "mou", "established": "2012-04"},
            *(harness.activity(number, start=start) for number, start in enumerate(("2010-05", "2015-12-31", "2016", "2016-01-01", "2016-01-02", "2019~"))),
            harness.activity(7, start="2031-05", status="planned"),
        )
        early = ("--as-of", "2016-01-01")
        for more in ((), ("--status", "held"), ("--text", "exhibition"), ("--stated-by", "CN:lianyungang")):
            found = self.one.json("report", "events", "--by", "year", *early, *more)
            self.assertEqual((found["total"]["values"]["records"], found["later"], found["total"]["values"]["last"]), (4, 2, "2016-01-01"), more)
            self.assertEqual({row["keys"]["year"]: row["values"]["records"] for row in found["rows"]}, {"2010": 1, "2015": 1, "2016": 2}, more)
        self.assertEqual(self.one.json("report", "events", *early, "--status", "planned")["total"]["values"]["records"], 1)
        mixed = self.one.json("report", "events", *early, "--status", "planned", "--status", "held")
        self.assertEqual((mixed["total"]["values"]["records"], mixed["later"]), (5, 2))
        found = self.one.json("report", "agreements", "--as-of", "2000-01-01")
        self.assertEqual((found["total"]["values"]["records"], found["total"]["values"]["last"], found["later"]), (1, "1993-07-01", 1))
        found = self.one.json("report", "dormancy", "--as-of", "1990-01-01")
        self.assertEqual((found["total"]["values"]["ties"], found["later"]), (0, 8))
        self.assertIn("after the date: 2", self.one.do("report", "events", *early))

    def test_about_when_is_shown_as_it_was_written(self):
        """`~` widens a date where records are matched and looked for, and nowhere else."""
        self.one.submit(self.tie, *(harness.activity(number, start="2018~", form=form) for number, form in ((1, "exhibition"), (2, "sports_event"))))
        found = self.values("events")
        self.assertEqual((found["first"], found["last"]), ("2018-01-01", "2018-12-31"))
        found = self.values("dormancy", "--as-of", "2022-06-01")
        self.assertEqual((found["active"], found["last"]), (0, "2018-12-31"))
        self.assertEqual(self.values("dormancy", "--as-of", "2021-06-01")["active"], 1)
        self.assertEqual(self.one.total("--from", "2019", "--to", "2019"), 2, "found in the year beside it")
        self.one.submit(harness.activity(3, start="2019-03-01", end="2019-04~", form="festival_performance", fields=["sports"]))
        found = self.values("events", "--field", "sports")
        self.assertEqual((found["first"], found["last"]), ("2019-03-01", "2019-04-30"))

    def test_publication_dated_to_the_day(self):
        event = lambda number, date, **more: harness.activity(number, **{"start": "2018-03-05", "publicity": [{"channel": "own_site", "side": "CN:lianyungang", "date": date}], **more})
        self.one.submit(event(1, "2018"), event(2, "2018-03"), event(3, "2018-03-09~"), event(4, "2018-03-09", start="2018-03-05~"))
        found = self.one.json("report", "publicity")["total"]
        self.assertEqual((found["values"]["median_days"], found["left_out"]["median_days"]), (None, 4))
        self.one.submit(event(5, "2018-03-08"))
        found = self.one.json("report", "publicity")["total"]
        self.assertEqual((found["values"]["median_days"], found["left_out"]["median_days"]), (3, 4))

    def test_who_says_nothing_of_publicity(self):
        channel = lambda code: {"publicity": [{"channel": code, "side": "CN:lianyungang"}]}
        self.one.submit(*(harness.activity(number) for number in range(5)), harness.activity(5, friction=["none"], **channel("none")), harness.activity(6, friction=["civic_protest"], **channel("own_site")))
        found = self.one.json("report", "publicity")["total"]
        self.assertEqual((found["fractions"]["public"], found["fractions"]["both_sides"]), ([1, 2], [0, 2]))
        self.assertEqual((found["left_out"]["public"], found["left_out"]["both_sides"]), (5, 5))
        self.assertEqual(self.one.json("report", "friction")["total"]["left_out"]["friction"], 5)

    def test_money_has_the_digits_of_its_currency(self):
        """Everywhere those that sheets are written with."""
        self.one.submit(*(harness.activity(number, cost=[{"amount": 123456, "currency": currency, "payer": "KR:mokpo"}]) for number, currency in enumerate(("KMF", "KWD", "CNY", "KRW"))))
        shown = {"KMF": "123456", "KWD": "123.456", "CNY": "1234.56", "KRW": "123456"}
        table = self.one.do("report", "cost", "--by", "city")
        for words in ("123,456 KMF", "123.456 KWD", "1,234.56 CNY", "123,456 KRW"):
            self.assertIn(words, table)
        for row in csv.DictReader(self.one.do("report", "cost", "--format", "csv").splitlines()):
            self.assertEqual((row["amount"], row["per_event"], row["per_event_numerator"]), (shown[row["currency"]],) * 3)
        found = self.one.json("report", "cost")
        self.assertEqual(found["minor_units"], ["amount", "per_event", "per_participant"])
        self.assertEqual({row["values"]["amount"] for row in found["rows"]}, {123456})
        self.assertNotIn("minor_units", self.one.json("report", "events"))
        [line] = [line for line in self.one.json("report", "--list")["measures"] if line["measure"] == "cost"]
        self.assertIn("whoever paid", line["formula"], "a row of a city is no sum that it spent")

    def test_what_is_over_comes_due_no_more(self):
        soon = {"renewal_due": "2026-12-24", "established": "1996-12-01"}
        partners = ("KR:mokpo", "KR:busan", "KR:gunsan", "KR:yeosu")
        ties = [{"kind": "agreement", "parties": ["CN:lianyungang", partner], "relation_type": "sister", "status": status, **soon} for partner, status in zip(partners, ("in_force", "ended", "succeeded", "in_force"))]
        old = self.one.submit(*ties)[3]
        day = ("--as-of", "2026-11-27")
        self.one.submit({**ties[3], "relation_type": "friendship", "supersedes": old, "established": "2020", "renewal_due": "2030"})
        self.one.submit(*(harness.activity(number, cities=["CN:lianyungang", partner], start="2026-05-03") for number, partner in enumerate(partners)))
        found = self.one.json("report", "renewals", *day)["total"]
        self.assertEqual((found["values"]["due"], found["values"]["anniversaries"]), (1, 1))
        self.assertEqual((found["left_out"]["due"], found["left_out"]["anniversaries"]), (3, 3))
        found = self.one.json("report", "dormancy", *day)["total"]
        self.assertEqual((found["values"]["ties"], found["values"]["active"], found["left_out"]["ties"]), (2, 2, 2))
        rows = self.one.json("report", "dormancy", "--by", "pair", *day)["rows"]
        self.assertEqual(sum(row["values"]["ties"] for row in rows), 2)
        self.assertEqual(self.values("dormancy", "--follow", *day)["ties"], 3, "what was taken over lives on where it is followed")

    def test_lines_say_what_to_do(self):
        self.assertIn("from 1 to 1000", self.one.refuses(2, "list", "--limit", "0", says="--limit"))
        self.assertIn("from 1 to 1200", self.one.refuses(2, "report", "dormancy", "--months", "0", says="--months"))
        self.assertIn("from 1 on", self.one.refuses(2, "report", "events", "--top", "0", says="--top"))
        self.one.refuses(2, "search", says="search needs TEXT")
        for command in (("report", "events"), ("brief", "-o", self.folder / "brief.html")):
            self.assertNotIn("2018~", self.one.refuses(3, *command, "--as-of", "2020-01-01~", says="without ~"))
        self.assertNotIn("Unicode", self.one.do("report", "events"))


class Laws(harness.TestCase):
    """What has to hold of any records."""

    def setUp(self):
        super().setUp()
        self.one, self.other, self.space = self.pair()
        fields, forms = ("culture_arts", "sports", "tourism"), ("exhibition", "sports_event", "delegation_visit")
        self.written = [
            harness.activity(
                number,
                fields=[fields[number % 3], fields[(number + number // 7) % 3]][: 1 + number % 2] if number % 3 else [fields[0]],
                form=forms[number * number % 3],
                start=("2019", "2020-02", f"2021-03-{1 + number % 28:02}")[number % 3],
                count_of_events=1 + number % 4,
                participants=number if number % 5 else None,
            )
            for number in range(120)
        ]
        self.one.submit(*({name: value for name, value in record.items() if value is not None} for record in self.written))

    def test_groups_sum_to_the_total(self):
        """Whatever it is grouped by: what stands in several rows is told."""
        for line in self.one.json("report", "--list")["measures"]:
            for by in line["by"]:
                found = self.one.json("report", line["measure"], "--by", by)
                self.assertEqual(sum(row["members"] for row in found["rows"]), found["total"]["members"] + found["several"], f"{line['measure']} by {by}")
        for by in ("year,form", "year,field", "city,month", "space,state"):
            found = self.one.json("report", "events", "--by", by)
            self.assertEqual(sum(row["values"]["records"] for row in found["rows"]), 120 + found["several"], by)
        self.assertEqual(self.one.json("report", "events", "--by", "year,form")["several"], 0, "one year and one form each")

    def test_as_counted_naively(self):
        wanted = collections.Counter()
        for record in self.written:
            for field in set(record["fields"]):
                wanted[record["start"][:4], field, "records"] += 1
                wanted[record["start"][:4], field, "events"] += record["count_of_events"]
                wanted[record["start"][:4], field, "participants"] += record["participants"] or 0
        found = collections.Counter()
        for row in self.one.json("report", "events", "--by", "year,field")["rows"]:
            for column in ("records", "events", "participants"):
                found[row["keys"]["year"], row["keys"]["field"], column] = row["values"][column]
        self.assertEqual(found, wanted)
        shares = collections.Counter(record["form"] for record in self.written)
        entropy = -sum(count / 120 * math.log(count / 120) for count in sorted(shares.values()))
        self.assertAlmostEqual(self.one.json("report", "forms")["total"]["values"]["shannon"], entropy, 8)

    def test_filters_hold(self):
        for filters in (["--form", "exhibition"], ["--field", "sports", "--from", "2020"], ["--to", "2019-12"], ["--state", "one_sided"]):
            self.assertEqual(self.one.json("report", "events", *filters)["total"]["values"]["records"], self.one.total(*filters), filters)

    def test_one_citys_own_view(self):
        first = self.one.json("list", "--limit", "1")["records"][0]["id"]
        harness.wait_for(lambda: self.other.total() == 120, "the partner holds all")
        self.other.do("answer", first, "differs", given='{"participants": 7000}')
        view = self.other.json("report", "events", "--stated-by", "KR:mokpo")["total"]["values"]
        self.assertEqual((view["records"], view["participants"]), (1, 7000))

    def test_coverage(self):
        """Silence is dormancy only where a party says that its log is complete."""
        self.one.submit({"kind": "agreement", "parties": ["CN:lianyungang", "KR:mokpo"], "relation_type": "sister", "established": "1993"})
        look = lambda as_of: {name: value for name, value in self.one.json("report", "dormancy", "--as-of", as_of)["total"]["values"].items() if name in ("active", "dormant", "not_known")}
        self.assertEqual(look("2023-01-01"), {"active": 1, "dormant": 0, "not_known": 0})
        self.assertEqual(look("2026-01-01"), {"active": 0, "dormant": 0, "not_known": 1})
        self.one.submit({"kind": "city", "city_id": "CN:lianyungang", "country": "CN", "coverage": [{"tie": "KR:mokpo", "from": "2000", "to": "2026", "extent": "complete"}]})
        self.assertEqual(look("2026-01-01"), {"active": 0, "dormant": 1, "not_known": 0})
        self.assertEqual(look("2029-01-01"), {"active": 0, "dormant": 0, "not_known": 1}, "past the coverage")

    def test_observers(self):
        """Who looks on makes no other tie of an event."""
        share = lambda *question: self.one.json("report", "multilateral", *question)["total"]["values"]["multilateral"]
        look = lambda: {name: self.one.json("report", "dormancy", "--as-of", "2020-01-01")["total"]["values"][name] for name in ("active", "dormant", "not_known")}
        self.one.submit({"kind": "agreement", "parties": ["CN:lianyungang", "KR:mokpo"], "relation_type": "sister", "established": "1993"})
        where = ("--from", "2019-05-03", "--to", "2019-05-03")
        count = lambda: self.one.json("report", "ties")["total"]["values"]["records"]
        before = count()
        watched = [{"city_id": "CN:lianyungang"}, {"city_id": "KR:mokpo"}, {"city_id": "KR:busan", "role": "observer"}]
        self.one.submit(harness.activity(900, start="2019-05-03", cities=watched, direction="CN:lianyungang>KR:mokpo"))
        self.assertEqual(share(*where), 0)
        self.assertEqual(look(), {"active": 1, "dormant": 0, "not_known": 0})
        self.assertEqual(count(), before + 1)
        self.assertEqual(self.one.json("report", "reciprocity", *where)["total"]["values"]["forth"], 1)
        took_part = [{"city_id": "CN:lianyungang"}, {"city_id": "KR:mokpo"}, {"city_id": "KR:busan"}]
        self.one.submit(harness.activity(901, start="2019-05-03", cities=took_part))
        self.assertGreater(share(*where), 0)

    def test_any_order_of_arrival(self):
        """Each city has its own words first; the answers are the same bytes."""
        harness.wait_for(lambda: self.other.total() == 120, "the partner holds all")
        numbers = iter(range(200, 1000))
        channels = ("own_site", "local_media", "none")

        def write(city, side, currency):
            made = [
                harness.activity(
                    number := next(numbers),
                    start=f"{2015 + number % 9}-{1 + number % 12:02}-{1 + number % 28:02}",
                    cities=["CN:lianyungang", "KR:mokpo"] + ["KR:busan"] * (number % 5 == 0),
                    direction=("CN:lianyungang>KR:mokpo", "KR:mokpo>CN:lianyungang", "mutual")[number % 3],
                    actors=[{"level": ("social", "sub_national")[number % 2], "kind": "municipal"}],
                    cost=[{"amount": 1000 * number, "currency": currency}],
                    publicity=[{"channel": channels[number % 3], "side": side, "date": "2024-01-01"}],
                )
                for _ in range(40)
            ]
            return city.submit(*made)

        ours, theirs = write(self.one, "CN:lianyungang", "CNY"), write(self.other, "KR:mokpo", "KRW")
        self.hold_alike(self.one, self.other, count=200)
        for number, record in enumerate(theirs[:30]):
            self.one.do("answer", record, "same") if number % 2 else self.one.do("answer", record, "differs", given=json.dumps({"participants": number}))
        for one, other in zip(ours[:5], theirs[:5]):
            self.one.do("link", one, other)
            self.other.do("link", one, other)
        self.hold_alike(self.one, self.other, count=200)
        harness.wait_for(lambda: self.other.json("report", "events")["repeated"] == self.one.json("report", "events")["repeated"] == 5, "the links are there")
        for line in self.one.json("report", "--list")["measures"]:
            by = [name for name in line["by"] if name != "partner"]
            for dimensions in ((), ("--by", by[0]), ("--by", f"{by[-1]},{by[0]}")):
                answers = []
                for city in (self.one, self.other):
                    found = city.json("report", line["measure"], *dimensions, "--as-of", "2026-01-01")
                    found.pop("completeness")
                    answers.append(json.dumps(found))
                self.assertEqual(*answers, f"{line['measure']} {dimensions}")

    def test_bad_questions(self):
        """One line that names what there is."""
        self.assertIn("dormancy", self.one.refuses(3, "report", "happiness", says="happiness"))
        self.assertIn("year", self.one.refuses(3, "report", "events", "--by", "colour", says="colour"))
        self.assertIn("country", self.one.refuses(3, "report", "cities", "--by", "form", says="form"))
        self.assertIn("sister-friendship", self.one.refuses(3, "report", "ties", "--preset", "cousins", says="cousins"))
        self.one.refuses(3, "report", "events", "--as-of", "2018-13", says="2018-13")
        self.one.refuses(3, "report", "events", "--by", "year,field,form", says="too many")
        self.one.refuses(3, "report", "events", "--by", "year,year", says="stands twice")
        self.one.refuses(2, "report", "dormancy", "--months", "0", says="--months")
        self.one.refuses(3, "report", "events", "--field", "alchemy", says="alchemy")


if __name__ == "__main__":
    harness.main()
