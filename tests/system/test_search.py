#!/usr/bin/python3
"""Text as people look for it: parts of words in three scripts, one's own and the partner's, gone once erased."""

import ctypes
import json
import pathlib

import harness
from harness import activity, wait_for


class Search(harness.TestCase):
    def found(self, city, text, *filters):
        return [record["id"] for record in city.json("search", text, *filters)["records"]]

    def test_three_scripts(self):
        one, other, _ = self.pair()
        titles = ("中韩友好城市书法交流展", "목포·롄윈강 청소년 축구 교류전", "Café of Friendship, opened in Mokpo")
        ids = [one.submit(activity(number, title=title))[0] for number, title in enumerate(titles)]
        wait_for(lambda: set(other.records()) == set(ids), "Mokpo reads them all")
        for city in (one, other):
            for text, hits in (
                ("书法", (0,)), ("書法", (0,)), ("교류", (1,)), ("축구 교류", (1,)), ("friend", (2,)), ("ＣＡＦＥ", (2,)),
                ("交流", (0,)), ("没有这个", ()), ("open", (2,)),
            ):
                self.assertEqual(sorted(self.found(city, text)), sorted(ids[i] for i in hits), text)
            self.assertEqual(self.found(city, "书法", "--from", "2030"), [])
            self.assertEqual(self.found(city, "书法"), [r["id"] for r in city.json("list", "--text", "書法")["records"]])
            self.assertIn("«书法»交流", city.do("search", "書法"))
            self.assertIn("«Friend»ship", city.do("search", "friend"))

        # What the partner says counts too, and what is erased is found no more.
        other.do("answer", ids[0], "differs", given=json.dumps({"title": "서예 교류전"}))
        wait_for(lambda: self.found(one, "서예") == [ids[0]], "Lianyungang finds Mokpo's words")
        self.assertIn("«서예»", one.do("search", "서예"))
        one.do("erase", ids[2], "--reason", "personal_data")
        self.assertEqual(self.found(one, "friend"), [])
        wait_for(lambda: self.found(other, "friend") == [], "gone in Mokpo")
        one.stop()
        one.start()
        self.assertEqual(self.found(one, "书法"), [ids[0]])
        self.assertEqual(self.found(one, "friend"), [])

    def test_nothing_to_look_for(self):
        one, _, _ = self.pair()
        one.refuses(3, "search", "…", says="text")
        one.refuses(2, "search")


    def test_no_such_region(self):
        """A code that nobody knows is refused, with those that are known; it never passes for an empty list."""
        one, _, _ = self.pair()
        id = one.submit(activity(1))[0]
        for command in (("list",), ("search", "a"), ("report", "ties")):
            line = one.refuses(3, *command, "--country", "XX", says="--country: 'XX'")
            self.assertIn("CN", line)
            self.assertIn("KR", line)
            line = one.refuses(3, *command, "--subdivision", "CN-QQ", says="--subdivision: 'CN-QQ'")
            self.assertIn("CN-JS", line)
            self.assertNotIn("KR-46", line)
            one.refuses(3, *command, "--subdivision", "Jiangsu", says="KR-46")
        for country in ("CN", "kr", "한국", "中国", "Republic of Korea"):
            self.assertEqual([r["id"] for r in one.json("list", "--country", country)["records"]], [id], country)
        for subdivision in ("CN-JS", "kr-46"):
            self.assertEqual([r["id"] for r in one.json("list", "--subdivision", subdivision)["records"]], [id])
        for option in (("--country", "JP"), ("--country", "ZZ"), ("--subdivision", "KR-11")):
            self.assertEqual(one.json("list", *option)["records"], [], option)
        # Codes that there are, and no city with them: an empty list, and a sentence that says why.
        for subdivision in ("CN-XZ", "kr-50", "JP-13", "DE-BY"):
            done = one.run("list", "--subdivision", subdivision, "--format", "json")
            self.assertEqual((done.code, json.loads(done.out)["records"]), (0, []), done)
            self.assertIn(subdivision.upper(), done.err.decode())
        for wrong in ("KR-99", "QQ-1", "JP13", "JP-1234", "CN-"):
            one.refuses(3, "list", "--subdivision", wrong, says=wrong)
        # A record with a code that there is not.
        for field, wrong in (("country", "XX"), ("country", "kr"), ("country", "KOR"), ("subdivision", "XX-1"), ("subdivision", "KR46"), ("subdivision", "KR-46000")):
            record = {"kind": "city", "city_id": "JP:osaka", "country": "JP", field: wrong}
            one.refuses(3, "submit", "-", given=json.dumps(record), says=wrong)
        one.submit({"kind": "city", "city_id": "JP:osaka", "country": "JP", "subdivision": "JP-27"})

    @harness.unittest.skipIf(harness.PATIENCE > 1, "a library under AddressSanitizer is not loaded into another program")
    def test_no_such_region_asked_by_a_program(self):
        one, _, _ = self.pair()
        library = ctypes.CDLL(str(next(pathlib.Path(harness.TWINLOGD).parents[1].rglob("libtwinlog.so"))))
        library.twinlog_error_text.restype = ctypes.c_char_p
        connection, text = ctypes.c_void_p(), ctypes.c_void_p()
        self.assertEqual(library.twinlog_open(str(one.folder).encode(), ctypes.byref(connection), None), 0)

        def ask(filter):
            code = library.twinlog_list(connection, json.dumps(filter).encode(), 10, None, ctypes.byref(text), None)
            return library.twinlog_error_text(code).decode() if code else ""

        for filter in ({"countries": ["XX"]}, {"countries": ["cn"]}, {"countries": ["K"]}, {"countries": ["CN", "대한민국"]}, {"subdivisions": ["CN"]}, {"subdivisions": ["XX-1"]}):
            self.assertIn("code", ask(filter), filter)
        for filter in ({"countries": ["CN", "KR"]}, {"countries": ["ZZ"]}, {"subdivisions": ["CN-XZ"]}):
            self.assertEqual(ask(filter), "", filter)
        library.twinlog_close(connection)


if __name__ == "__main__":
    harness.main()
