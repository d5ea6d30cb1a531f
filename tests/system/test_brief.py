#!/usr/bin/python3
"""The document for a council: whole in itself, in three languages, with the figures of the reports."""

import html.parser
import re
import zipfile

import harness
from harness import activity, wait_for

VOID = {"meta", "link", "br", "hr", "img", "line", "rect"}


class Page(html.parser.HTMLParser):
    """Elements that open and close in order, their texts, and what they would load."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.loads, self.count = [], [], [], {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.loads += [value for name, value in attributes if name in ("src", "href", "srcset", "data")]
        if tag not in VOID or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)


class Brief(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.one, self.other, self.space = self.pair()
        self.one.submit(
            {"kind": "agreement", "parties": ["CN:lianyungang", "KR:mokpo"], "relation_type": "sister", "established": "1993-07-01"},
            activity(1, start="2018-11-15", title="港口 <物流> & 研修", participants=40, cost=[{"amount": 123456, "currency": "CNY"}]),
            activity(2, start="2020-02", form="donation_relief", status="planned"),
            *(activity(number, start=f"{2000 + number}") for number in range(3, 20)),
        )
        wait_for(lambda: self.other.total() == 20, "the partner holds all")
        [self.event] = [name for name, record in self.other.records("--text", "研修").items()]
        self.other.do("answer", self.event, "differs", given='{"participants": 44, "title": "항만 물류 연수"}')
        wait_for(lambda: self.one.show(self.event)["state"] == "differs", "the answer is here")

    def page(self, city, *options, lang="en", as_of="2026-01-01"):
        path = self.folder / "brief.html"
        city.do("brief", "--as-of", as_of, "--lang", lang, "-o", path, *options)
        return Page(path.read_text("utf-8"))

    def test_whole_in_itself(self):
        page = self.page(self.one, "--partner", "목포")
        self.assertEqual(page.open, [], "every element is closed")
        self.assertEqual(page.loads, [], "nothing is loaded from anywhere")
        self.assertGreaterEqual(page.count["svg"], 3)
        self.assertGreaterEqual(page.count["table"], page.count["svg"], "each chart has its table")
        text = "\n".join(page.texts)
        for words in ("港口 <物流> & 研修", "항만 물류 연수", "1,234.56 CNY", "Differences still open", "participants", "What the records cannot tell", "planned, postponed"):
            self.assertIn(words, text)

    def test_languages(self):
        for lang, words in (("en", "Events over the years"), ("zh", "历年活动"), ("ko", "해마다의 행사")):
            text = "\n".join(self.page(self.one, lang=lang).texts)
            self.assertIn(words, text)
            self.assertNotRegex(text, r"%[a-z0-9]", "no directive is left")

    def test_same_at_both(self):
        """But for how complete each copy is."""
        pages = ["\n".join(self.page(city, "--city", "CN:lianyungang", "--city", "KR:mokpo").texts) for city in (self.one, self.other)]
        pages = [re.sub(r"Lianyungang and Mokpo: .*", "", page) for page in pages]
        self.assertEqual(*pages)

    def test_since(self):
        shown = "\n".join(self.page(self.one, "--since", "2010").texts)
        self.assertIn("From 2010-01-01 to", shown)
        self.assertIn("2019", shown)
        self.assertNotIn("2004", shown)

    def test_differences_in_words(self):
        """As `show` has them: no codes, no ids, in the language of the page."""
        [plan, visit] = self.one.submit(activity(30, start="2021-05", status="postponed"), activity(31, start="2021-06", form="sports_event", direction="CN:lianyungang>KR:mokpo"))
        wait_for(lambda: {plan, visit} <= set(self.other.records()), "the partner holds both")
        self.other.do("answer", plan, "differs", given='{"status": "cancelled", "fields": ["environment_ecology", "sports"]}')
        self.other.do("answer", visit, "differs", given='{"direction": "mutual", "cities": ["CN:lianyungang", "KR:mokpo", "KR:busan"]}')
        wait_for(lambda: {self.one.show(record)["state"] for record in (plan, visit)} == {"differs"}, "the answers are here")
        for lang in ("ko", "zh"):
            text = "\n".join(self.page(self.one, lang=lang).texts)
            for code in ("environment_ecology", "postponed", "cancelled", "CN:", "KR:", "participants.total", "mutual"):
                self.assertNotIn(code, text, lang)
        text = "\n".join(self.page(self.one, lang="ko").texts)
        for words in ("환경·생태", "연기", "취소", "롄윈강 → 목포시", "참가자"):
            self.assertIn(words, text)

    def test_ties_that_are_over(self):
        self.one.submit({"kind": "agreement", "parties": ["CN:lianyungang", "KR:yeosu"], "relation_type": "sister", "status": "ended", "established": "1996"}, activity(32, cities=["CN:lianyungang", "KR:yeosu"], start="2025-05"))
        text = "\n".join(self.page(self.one, "--city", "KR:yeosu").texts)
        self.assertIn("0 active", text)
        self.assertIn("1 ties are over", text)

    def test_an_observer_makes_no_third(self):
        self.one.submit(activity(33, cities=["CN:lianyungang", "KR:mokpo", {"city_id": "KR:busan", "role": "observer"}], start="2025-05-03"))
        self.assertNotIn("several cities met", "\n".join(self.page(self.one).texts))

    def test_as_of(self):
        """What came later is in no part of it, and told."""
        text = "\n".join(self.page(self.one, as_of="2010-12-31").texts)
        self.assertIn("From 2003-01-01 to 2010-12-31.", text)
        self.assertIn("What came after the date: 10 events", text)
        self.assertNotIn("研修", text.split("Differences still open")[0], "what is open still is of today")

    def test_about_when(self):
        self.one.submit(activity(34, start="2024~"))
        shown = "\n".join(self.page(self.one, "--since", "2023").texts)
        self.assertIn("From 2024-01-01 to 2024-12-31.", shown)

    def test_workbook(self):
        path = self.folder / "brief.xlsx"
        self.one.do("brief", "--partner", "KR:mokpo", "-o", path)
        with zipfile.ZipFile(path) as book:
            self.assertIsNone(book.testzip())
            self.assertGreaterEqual(sum(name.startswith("xl/worksheets/sheet") for name in book.namelist()), 5)
            self.assertTrue(any(name.startswith("xl/charts/") for name in book.namelist()))
            self.assertIn("항만 물류 연수", book.read("xl/sharedStrings.xml").decode("utf-8"))

    def test_refused(self):
        """Nothing half-written is left."""
        self.one.refuses(3, "brief", says="--output")
        self.one.refuses(2, "brief", "-o", self.folder / "brief.pdf", says=".html or .xlsx")
        self.one.refuses(3, "brief", "-o", self.folder / "brief.html", "--since", "2018-13", says="2018-13")
        self.one.refuses(3, "brief", "-o", self.folder / "brief.html", "--preset", "cousins", says="sister-friendship")
        self.one.refuses(1, "brief", "-o", self.folder / "nowhere" / "brief.html", says="nowhere")
        self.assertEqual(list(self.folder.glob("brief.*")), [])


if __name__ == "__main__":
    harness.main()
