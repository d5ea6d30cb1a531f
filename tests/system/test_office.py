#!/usr/bin/python3
"""Sheets as offices keep them, brought in as a new user would: heads in Korean and Chinese, workbooks and three
encodings, a map that is proposed, corrected and used, questions on a terminal; and files that mean harm."""

import csv
import io
import json
import os
import pty
import select
import subprocess
import time
import zipfile

import harness
import workbook
from workbook import Date, Formula, Rich

KOREAN = [
    ["목포시 국제교류 현황"],
    ["(단위: 천원)"],
    ["연번", "교류일자", "국가", "상대도시", "분야", "구분", "교류형태", "사업명", "참가\n인원", "소요예산", "비고", "담당자"],
    [1, Date("2018-11-15", 4), "중국", Rich("롄윈강", "시", phonetic="ㄹㅇㄱ"), "문화예술", "방문", "축제공연", "롄윈강 문화공연단 파견", "32명", 12500, "항구축제", "총무과"],
    [2, "2018. 11. 15. ~ 11. 17.", None, "샤먼시", "체육", "초청", "축구대회", "청소년 축구 교류전", 24, 8300, None, "총무과"],
    [3, Date("2019-03-01", 3), None, "렌윈강", "행정", None, "대표단 방문", "시장단 방문", Formula("SUM(A1)", "12"), "1,200", None, "총무과"],
    [],
    [4, "2019년 5월", "중국", "가상시", "경제", "방문", "투자설명회", "투자설명회 개최", 5, None, None, "총무과"],
    [5, "2019.13.1", "중국", "롄윈강시", "관광", "방문", "관광홍보", "없는 달", 5, None, None, "총무과"],
    ["합계", None, None, None, None, None, None, None, 78, 22000],
]
CHINESE = [
    ["2018年对外友好交往情况统计表"],
    ["序号", "时间", "国别", "友好城市", "领域", "来访/出访", "活动形式", "活动名称", "人数", "经费（万元）", "承办单位", "备注"],
    [1, Date("2018-11-15", 2), "韩国", "木浦市", "文化艺术", "来访", "节庆演出", "木浦市艺术团来访演出", "32人", 3.5, "市文广新局", None],
    [2, "2018年9月3日~9月8日", "韩国", "木浦", "教育培训", "出访", "学校交流", "中学生赴木浦研学", 40, 12, "市教育局", None],
    [3, "2019年", "韩国", "木浦市", "经贸投资/旅游", "互访", "经贸洽谈", "港口合作洽谈", "8人次", None, "市商务局", "年度合计"],
]


def as_csv(rows, encoding):
    """What Excel saves of such a sheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        cells = []
        for value in row:
            if isinstance(value, Date):
                value = value.day.isoformat() if value.look != 3 else f"{value.day.year}년 {value.day.month}월"
            elif isinstance(value, Rich):
                value = "".join(value.runs)
            elif isinstance(value, Formula):
                value = value.value
            cells.append("" if value is None else value)
        writer.writerow(cells or [""] * 12)
    return out.getvalue().encode(encoding)


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, city, *arguments):
        self.master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "xterm"}
        self.process = subprocess.Popen([harness.TWINLOG, "-D", str(city.folder), *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave, env=environment, close_fds=True)
        os.close(slave)
        self.text = ""

    def until(self, words, seconds=60):
        deadline = time.monotonic() + seconds * harness.PATIENCE
        while words not in self.text:
            ready, _, _ = select.select([self.master], [], [], 0.2)
            if ready:
                try:
                    self.text += os.read(self.master, 65536).decode("utf-8", "replace")
                except OSError:
                    break
            if time.monotonic() > deadline:
                break
        if words not in self.text:
            raise AssertionError(f"no {words!r} in {self.text[-3000:]}")

    def say(self, text):
        os.write(self.master, text.encode() + b"\n")

    def end(self):
        try:
            while data := os.read(self.master, 65536):
                self.text += data.decode("utf-8", "replace")
        except OSError:
            pass  # a terminal that nobody writes to any more
        os.close(self.master)
        return self.process.wait(60 * harness.PATIENCE)


class Office(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.chinese, self.korean, self.space = self.pair()

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def draft(self, city, path, name, **values):
        """The map that is proposed, with a name, and the values that a person would have to add."""
        proposed = json.loads(city.do("import", path, "--draft-map"))
        self.assertEqual(proposed["name"], "")
        proposed["name"] = name
        for column, more in values.items():
            proposed["values"].setdefault(column, {}).update(more)
        return self.file(f"{name}.map", json.dumps(proposed, ensure_ascii=False).encode()), proposed

    def bodies(self, city):
        lines = city.do("export", "-", "--format", "jsonl", "--kind", "activity").splitlines()
        words = [side["body"] for line in lines for side in json.loads(line)["statements"] if side.get("self") and "body" in side]
        return {body["external_id"]: body for body in words}

    def test_korean_workbook_on_a_terminal(self):
        book = self.file("교류.xlsx", workbook.make({"교류 대장": KOREAN, "참고": [["x"]]}, merged=["C4:C6", "A1:L1"]))
        done = self.korean.run("import", book, "--yes")
        self.assertEqual(done.code, 3, done)
        self.assertIn("--draft-map", done.err.decode(), "says what to do with heads that nobody knows")
        mapped, proposed = self.draft(self.korean, book, "목포 교류 대장", form={"관광홍보": "delegation_visit"})
        self.assertEqual(proposed["head"], 3)
        self.assertEqual(
            proposed["columns"],
            {"연번": "event_id", "교류일자": "date", "국가": "country_b", "상대도시": "city_b", "분야": "field", "구분": "direction", "교류형태": "form", "사업명": "title"}
            | {"참가\n인원": "participants", "소요예산": {"column": "cost", "unit": "천원"}, "비고": "note", "담당자": ""},
        )
        self.assertEqual(proposed["fixed"]["city_a"], "KR:mokpo")
        self.assertEqual(proposed["values"]["direction"], {"방문": "outbound", "초청": "inbound"})
        for answer, total in (("n", 0), ("y", 4)):
            terminal = Terminal(self.korean, "import", book, "--map", mapped, "--own")
            terminal.until("[y/N]")
            self.assertIn("6 rows; 4 new, 0 changed, 0 unchanged, 2 refused", terminal.text)
            self.assertIn("CN:gasang-", terminal.text, "lists the stubs")
            terminal.say(answer)
            self.assertEqual(terminal.end(), 3 if total else 0, terminal.text)
            self.assertEqual(terminal.text.count("2019.13.1"), 1, "told once")
            self.assertEqual(self.korean.total("--kind", "activity"), total)
        refused = list(csv.DictReader(io.StringIO((self.folder / "교류.xlsx.refused.csv").read_text("utf-8-sig"))))
        self.assertEqual([(row["line"], row["reason"].split(":")[0]) for row in refused], [("9", "교류일자"), ("10", "상대도시")], "by row and the office's own heads")
        found = self.bodies(self.korean)
        first, second, third = (found[f"목포 교류 대장/{number}"] for number in (1, 2, 3))
        self.assertEqual((first["start"], first["direction"], first["participants"]["total"]), ("2018-11-15", "KR:mokpo>CN:lianyungang", 32))
        self.assertEqual(first["cost"], [{"amount": 12500000, "currency": "KRW", "payer": "KR:mokpo"}])
        self.assertEqual((second["start"], second["end"], second["cities"][1]["city_id"], second["direction"]), ("2018-11-15", "2018-11-17", "CN:xiamen", "CN:xiamen>KR:mokpo"))
        self.assertEqual((third["start"], third["cities"][1]["city_id"], third["participants"]["total"]), ("2019-03", "CN:lianyungang", 12), "no more precise than it shows")
        # Twice adds nothing, a changed row is an amendment, and the same sheet in CP949 is the same sheet.
        again = json.loads(self.korean.run("import", book, "--map", mapped, "--own", "--yes", "--json").out)
        self.assertEqual((again["new"], again["changed"], again["unchanged"]), (0, 0, 4), again)
        sheet = self.file("교류.csv", as_csv(KOREAN, "cp949"))
        again = json.loads(self.korean.run("import", sheet, "--map", mapped, "--own", "--yes", "--json").out)
        self.assertEqual((again["new"], again["changed"], again["unchanged"]), (0, 0, 4), again)
        changed = [list(row) for row in KOREAN]
        changed[3][8] = "35명"
        book.write_bytes(workbook.make({"교류 대장": changed}, merged=["C4:C6"]))
        again = json.loads(self.korean.run("import", book, "--map", mapped, "--own", "--yes", "--json").out)
        self.assertEqual((again["new"], again["changed"], again["unchanged"]), (0, 1, 3), again)
        self.assertEqual(self.bodies(self.korean)["목포 교류 대장/1"]["participants"]["total"], 35)

    def test_chinese_sheets(self):
        book = self.file("交往.xlsx", workbook.make({"Sheet1": [["x"]], "台账": CHINESE}, inline=True, from_1904=True))
        proposed = json.loads(self.chinese.do("import", book, "--sheet", "台账", "--draft-map"))
        self.assertEqual(proposed["columns"]["经费（万元）"], {"column": "cost", "unit": "万元"})
        self.assertEqual(proposed["values"]["field"], {"文化艺术": "culture_arts", "教育培训": "education_training", "经贸投资": "economy_trade_investment", "旅游": "tourism"})
        proposed["name"] = "连云港2018"
        mapped = self.file("map", json.dumps(proposed, ensure_ascii=False).encode())
        self.chinese.do("import", book, "--sheet", "台账", "--map", mapped, "--own", "--yes")
        found = self.bodies(self.chinese)
        self.assertEqual(found["连云港2018/1"]["start"], "2018-11-15")
        self.assertEqual(found["连云港2018/1"]["cost"], [{"amount": 3500000, "currency": "CNY", "payer": "CN:lianyungang"}])
        self.assertEqual((found["连云港2018/2"]["start"], found["连云港2018/2"]["end"]), ("2018-09-03", "2018-09-08"))
        self.assertEqual((found["连云港2018/3"]["start"], found["连云港2018/3"]["fields"], found["连云港2018/3"]["direction"]), ("2019", ["economy_trade_investment", "tourism"], "mutual"))
        for encoding in ("gb18030", "utf-8-sig", "utf-8"):
            sheet = self.file(f"{encoding}.csv", as_csv(CHINESE, encoding))
            again = json.loads(self.chinese.run("import", sheet, "--map", mapped, "--own", "--yes", "--json").out)
            self.assertEqual((again["new"], again["changed"], again["unchanged"], again["refused"]), (0, 0, 3, 0), encoding)
        self.assertEqual(json.loads(self.chinese.do("import", self.folder / "gb18030.csv", "--draft-map")), json.loads(self.chinese.do("import", self.folder / "utf-8.csv", "--draft-map")))

    def test_likely_duplicates(self):
        """What the partner has logged already is pointed at, and nothing is decided."""
        self.korean.submit(harness.activity(cities=["KR:mokpo", "CN:lianyungang"], start="2018-11", form="festival_performance", title="문화공연단"))
        self.hold_alike(self.chinese, self.korean, count=1)
        book = self.file("zh.xlsx", workbook.make({"s": CHINESE}))
        mapped, _ = self.draft(self.chinese, book, "连云港2018")
        plan = json.loads(self.chinese.do("import", book, "--map", mapped, "--own", "--dry-run", "--json"))
        [likely] = plan["likely_duplicates"]
        self.assertEqual((likely["line"], likely["title"]), (3, "문화공연단"))
        self.assertEqual(self.chinese.total(), 1, "a dry run writes nothing")

    def test_encoding_question(self):
        sheet = self.file("unclear.csv", b"date,city_a,city_b,field,form,description\n2001,CN:jinan,KR:suwon,sports,exhibition,\xb0\xa1\xb0\xa2\n")
        done = self.chinese.run("import", sheet, "--yes")
        self.assertEqual(done.code, 6, done)
        terminal = Terminal(self.chinese, "import", sheet, "--lang", "ko")
        terminal.until("CP949")
        self.assertIn("啊阿", terminal.text)
        terminal.until("가각")
        number = next(line.split()[0] for line in terminal.text.splitlines() if line.strip().endswith("CP949"))
        terminal.say(number)
        terminal.until("[y/N]")
        terminal.say("y")
        self.assertEqual(terminal.end(), 0, terminal.text)
        self.assertIn("가각", self.chinese.do("list"))

    def test_a_map_needs_no_space(self):
        """It is proposed, and nothing is written: in several spaces, and in none."""
        book = self.file("book.xlsx", workbook.make({"현황": KOREAN}))
        proposed = json.loads(self.korean.do("import", book, "--draft-map"))
        second = self.chinese.found("Second", self.korean)
        self.assertEqual(json.loads(self.korean.do("import", book, "--draft-map")), proposed)
        self.assertEqual(json.loads(self.korean.do("import", book, "--draft-map", "--space", second)), proposed)
        self.korean.refuses(2, "import", book, "--yes", says="--space")
        alone = json.loads(self.city("KR:busan", listen=False).do("import", book, "--draft-map"))
        self.assertEqual((alone["columns"], alone["fixed"]["city_a"], proposed["fixed"]["city_a"]), (proposed["columns"], "", "KR:mokpo"))

    def test_stubs_of_names(self):
        """A name that no list knows is one city, in whatever order the sheets come, and the same at the next import."""
        head = "event_id,date,city_a,city_b,country_b,field,form\n"
        sheets = ["A1,2001,CN:lianyungang,가상시,한국,sports,exhibition\nA2,2002,CN:lianyungang,Hammerfest,노르웨이,sports,exhibition\n", "B1,2003,CN:lianyungang,가상,KR,sports,exhibition\nB2,2004,CN:lianyungang,架空市,中国,sports,exhibition\n"]
        other = self.chinese.found("Other order", self.korean)
        stubs = []
        for space, order in ((self.space, (0, 1)), (other, (1, 0))):
            made = set()
            for number in order:
                path = self.file(f"{number}.csv", (head + sheets[number]).encode())
                done = json.loads(self.chinese.do("import", path, "--space", space, "--yes", "--json"))
                made |= {stub["id"] for stub in done["stubs"]}
                again = json.loads(self.chinese.do("import", path, "--space", space, "--yes", "--json"))
                self.assertEqual((again["new"], again["changed"], again["stubs"]), (0, 0, []))
            stubs.append(made)
        self.assertEqual(stubs[0], stubs[1])
        self.assertEqual(len(stubs[0]), 3)
        self.assertIn("NO:hammerfest", stubs[0])

    def test_maps_that_do_not_fit(self):
        book = self.file("zh.xlsx", workbook.make({"s": CHINESE}))
        sound = json.loads(self.chinese.do("import", book, "--draft-map")) | {"name": "x"}
        for change, says in (
            ({"name": ""}, "name"),
            ({"kind": "visits"}, "visits"),
            ({"columns": {"没有": "date"}}, "没有"),
            ({"columns": {"序号": "nothing"}}, "nothing"),
            ({"columns": {"序号": "event_id"}}, "date"),
            ({"values": {"field": 1}}, "field"),
            ({"fixed": {"city_b": 1}}, "city_b"),
            ({"more": 1}, "more"),
            ({"head": 0}, "head"),
            ({"columns": {"序号": {"column": "cost", "unit": "头"}}}, "头"),
        ):
            mapped = self.file("map", json.dumps(sound | change).encode())
            done = self.chinese.run("import", book, "--map", mapped, "--yes")
            self.assertEqual(done.code, 3, f"{change}: {done}")
            self.assertIn(says, done.err.decode().splitlines()[0])
        self.chinese.refuses(3, "import", book, "--map", self.file("map", b"{"), "--yes")
        self.chinese.refuses(3, "import", book, "--map", self.file("map", b"[]"), "--yes")
        undecided = sound | {"values": {**sound["values"], "form": {"经贸洽谈": "", "学校交流": "school_exchange"}}}
        done = self.chinese.run("import", book, "--map", self.file("map", json.dumps(undecided).encode()), "--dry-run")
        self.assertIn("'经贸洽谈'", done.err.decode(), "a value that is not decided is not guessed")
        self.assertEqual(self.chinese.total(), 0)

    def test_ambiguous_names(self):
        path = self.file("a.csv", "date,city_a,city_b,country_b,field,form\n2001,CN:jinan,Anyang,,sports,exhibition\n2002,CN:jinan,Anyang,Korea,sports,exhibition\n".encode())
        done = self.chinese.run("import", path, "--yes")
        self.assertEqual(done.code, 3, done)
        self.assertIn("Anyang (CN:anyang, KR:anyang)", done.err.decode(), "names the candidates")
        self.assertEqual(self.chinese.total("--kind", "activity"), 1)

    def test_limits_of_workbooks(self):
        """At the limit it is read, and one past it refused: columns, elements within elements, the size of a cell."""
        good = workbook.make({"s": CHINESE})
        nested = "<worksheet>{}{}</worksheet>"
        for limit, make in (
            (256, lambda count: workbook.make({"s": [["x"] * count]})),
            (64, lambda count: workbook.repacked(good, sheet1=lambda text: nested.format("<a>" * (count - 1), "</a>" * (count - 1)))),
            (65536, lambda count: workbook.make({"s": [["x" * count]]}, inline=True)),
            (65536, lambda count: workbook.make({"s": [["x" * count]]})),
        ):
            for count in (limit, limit + 1):
                done = self.chinese.run("import", self.file("limit.xlsx", make(count)), "--yes")
                self.assertEqual(done.code, 3, done)
                self.assertEqual("too " in done.err.decode(), count > limit, f"{count}: {done}")

    def test_hostile_workbooks(self):
        good = workbook.make({"s": CHINESE})
        cell = "<row r='1'>" + "<c r='A1' t='s'><v>0</v></c>" + "</row>"
        laughs = "<!DOCTYPE sst [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY {chr(98 + i)} '{'&' + chr(97 + i) + ';' * 1}{('&' + chr(97 + i) + ';') * 9}'>" for i in range(9)) + "]><sst><si><t>&j;</t></si></sst>"
        wide = "<worksheet><sheetData><row r='1'>" + "<c t='str'><v>x</v></c>" * 1000000 + "</row></sheetData></worksheet>"
        many = io.BytesIO()
        with zipfile.ZipFile(many, "w") as archive:
            for number in range(5000):
                archive.writestr(f"xl/{number}.xml", "")
        hostile = {
            "laughs": workbook.repacked(good, sharedStrings=lambda text: laughs),
            "external": workbook.repacked(good, sheet1=lambda text: "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><worksheet/>"),
            "columns": workbook.repacked(good, sheet1=lambda text: wide),
            "far": workbook.repacked(good, sheet1=lambda text: text.replace("A1", "ZZZZZZ1")),
            "bomb": workbook.repacked(good, sheet1=lambda text: "<worksheet><!--" + " " * 50_000_000 + "--><sheetData/></worksheet>"),
            "deep": workbook.repacked(good, sheet1=lambda text: "<a>" * 100000),
            "rows": workbook.repacked(good, sheet1=lambda text: text.replace("<row r='2'>", "<row r='1048577'>").replace("2'", "1048577'")),
            "backwards": workbook.repacked(good, sheet1=lambda text: text.replace("<row r='2'>", "<row r='1'>")),
            "strings": workbook.repacked(good, sheet1=lambda text: text.replace("<v>1</v>", "<v>999999</v>")),
            "parts": many.getvalue(),
            "cut": good[: len(good) // 2],
            "empty": b"PK\x05\x06" + bytes(18),
            "no workbook": workbook.pack({"a.txt": "x"}),
            "old": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096),
            "cell": workbook.repacked(good, sheet1=lambda text: f"<worksheet><sheetData>{cell.replace('<v>0</v>', '<v>' + '9' * 100000 + '</v>')}</sheetData></worksheet>"),
        }
        for name, content in hostile.items():
            path = self.file("harm.xlsx", content)
            if name == "empty":
                continue
            started = time.monotonic()
            done = self.chinese.run("import", path, "--yes")
            self.assertEqual(done.code, 3, f"{name}: {done}")
            self.assertEqual(len(done.err.decode().splitlines()), 1, f"{name}: {done}")
            print(f"{name}: {time.monotonic() - started:.2f} s: {done.err.decode().strip()}", flush=True)
        done = self.chinese.run("import", self.file("good.xlsx", workbook.make({"台账": CHINESE, "说明": []})), "--sheet", "nothing")
        self.assertEqual((done.code, done.err.decode().splitlines()[1].strip()), (3, "its sheets: 台账, 说明"))
        self.chinese.refuses(3, "import", self.file("text.csv", b"a,b\n"), "--sheet", "s")
        self.assertEqual(self.chinese.total(), 0, "nothing half-written")
        self.assertEqual(list(self.folder.glob("*.refused.csv")), [])


if __name__ == "__main__":
    harness.main()
