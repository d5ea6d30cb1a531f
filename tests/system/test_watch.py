#!/usr/bin/python3
"""The feed of changes: what comes while one watches, over restarts of daemon and client, by whom it may be seen, and what
acts and erasures change."""

import json
import shutil
import signal
import subprocess
import threading

import harness
from harness import activity, wait_for
from test_clients import User


class Watch:
    """One that goes on until it is ended; its lines as they come."""

    def __init__(self, test, folder, *options):
        self.test, self.lines = test, []
        self.process = subprocess.Popen([harness.TWINLOG, "-D", str(folder), "watch", "--format", "jsonl", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        test.addCleanup(self.end)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def ids(self):
        return [line["id"] for line in self.lines]

    def tells(self, *records, what="the changes are told"):
        wait_for(lambda: set(records) <= set(self.ids()), what, 60)

    def end(self, how=signal.SIGINT):
        """What it said on stderr; it has to end clean."""
        if not self.process:
            return ""
        process, self.process = self.process, None
        process.send_signal(how)
        self.reader.join(30 * harness.PATIENCE)
        said = process.stderr.read().decode()
        code = process.wait(30 * harness.PATIENCE)
        process.stdout.close()
        process.stderr.close()
        if how == signal.SIGINT:
            self.test.assertEqual(code, 0, said)
        return said


class Changes(harness.TestCase):
    def told(self, city, *options):
        return [json.loads(line) for line in city.do("watch", "--once", "--format", "jsonl", *options).splitlines()]

    def now(self, city, *options):
        """The cursor of this moment."""
        return city.run("watch", "--once", *options).err.decode().split()[-1]

    def test_over_restarts(self):
        one, other, _ = self.pair()
        old = one.submit(activity(0))
        watch = Watch(self, one.folder)
        first = []
        # Watching begins at some moment; from its first line on nothing is left out.
        wait_for(lambda: first.extend(one.submit(activity(1))) or set(first) & set(watch.ids()), "a line comes")
        self.assertNotIn(old[0], watch.ids())
        one.kill()
        one.start()
        (second,) = one.submit(activity(2, title="中国画展 · 수묵화전"))
        (theirs,) = other.submit(activity(3), options=["--wait-for", "1"])
        watch.tells(second, theirs)
        one.stop()
        other.do("answer", second, "differs", "--start", "2001")
        one.start()
        wait_for(lambda: [line["record"]["state"] for line in watch.lines if line["id"] == second][-1] == "differs", "the answer is told", 60)
        told = [json.dumps(line, ensure_ascii=False) for line in watch.lines if line["id"] == second]
        self.assertTrue(all("中国画展 · 수묵화전" in text for text in told), told)
        cursor = watch.lines[0]["cursor"]
        self.assertEqual(self.told(one, "--cursor", watch.end().split()[-1]), [])
        # From a place in between: everything behind it, each as it stands now, and once.
        again = self.told(one, "--cursor", cursor)
        self.assertTrue({second, theirs} <= {line["id"] for line in again})
        self.assertEqual(len(again), len({line["id"] for line in again}))
        self.assertEqual(self.told(one, "--cursor", again[-1]["cursor"]), [])
        # All of them are what a list shows.
        everything = self.told(one, "--all")
        self.assertEqual({line["id"]: line["record"] for line in everything}, one.records())

    def test_pages_and_cursors(self):
        one, _, _ = self.pair()
        written = [id for at in range(0, 5000, 2500) for id in one.submit(*(activity(number) for number in range(at, at + 2500)))]
        everything = self.told(one, "--all")
        self.assertEqual([line["id"] for line in everything], written)
        middle = everything[2345]["cursor"]
        one.stop()
        one.start()
        self.assertEqual([line["id"] for line in self.told(one, "--cursor", middle)], written[2346:])
        one.refuses(3, "watch", "--cursor", middle, "--kind", "city", says="not a cursor")
        one.refuses(3, "watch", "--cursor", "00ff", says="not a cursor")
        one.refuses(3, "watch", "--cursor", "xyz", says="not a cursor")
        one.refuses(2, "watch", "--cursor", middle, "--all", says="--all")

    def test_filters_and_tables(self):
        one, other, _ = self.pair()
        cursor = self.now(one, "--form", "exhibition")
        (shown,) = one.submit(activity(1))
        one.submit(activity(2, form="delegation_visit"))
        self.assertEqual([line["id"] for line in self.told(one, "--cursor", cursor, "--form", "exhibition")], [shown])
        table = one.do("watch", "--all", "--once", "--lang", "ko").splitlines()
        self.assertEqual(len(table), 3, table)
        self.assertIn("롄윈강", table[1])
        sheet = one.do("watch", "--all", "--once", "--format", "csv").splitlines()
        self.assertEqual(sheet[0], "changed,id,state,date,cities,title,cursor")
        self.assertEqual(len(sheet), 3)

    def test_limited_to_spaces(self):
        one, other, seen = self.pair()
        third = self.city("KR:busan")
        one.meet(third)
        hidden = one.found("Hidden talks", third)
        reader = User(one, "reader", "--role", "reader", "--space", seen)
        watch = Watch(self, reader.file, "--all")
        whole = Watch(self, one.folder, "--all")
        (secret,) = one.submit(activity(2, cities=("CN:lianyungang", "KR:busan"), title="between two"), space=hidden)
        (open_id,) = one.submit(activity(1), space=seen)
        whole.tells(secret, open_id)
        watch.tells(open_id)
        self.assertEqual(set(watch.ids()), {open_id})
        self.assertNotIn(hidden, json.dumps(watch.lines))
        reader.refuses(3, "watch", "--space", hidden, says="not found")
        # A cursor of one who sees more is none of this reader's: told from the beginning, and only of its space.
        done = reader.run("watch", "--once", "--format", "jsonl", "--cursor", whole.lines[-1]["cursor"])
        self.assertIn("from the beginning", done.err.decode())
        self.assertEqual({json.loads(line)["id"] for line in done.lines()}, {open_id})

    def test_erased(self):
        one, other, _ = self.pair()
        (record, _) = one.submit(activity(1, title="A visitor's name"), activity(2), options=["--wait-for", "1"])
        cursors = {city: self.now(city) for city in (one, other)}
        one.do("erase", record)
        wait_for(lambda: "visitor" not in other.do("show", record), "Mokpo has erased")
        for city in (one, other):
            for _ in range(2):
                told = self.told(city, "--cursor", cursors[city])
                self.assertEqual([line["id"] for line in told], [record])
                self.assertEqual(told[0]["record"]["statements"][0]["standing"], "erased")
                self.assertNotIn("visitor", json.dumps(told))
                city.stop()
                city.start()

    def test_acts(self):
        one, two = self.city("CN:lianyungang"), self.city("KR:mokpo")
        three = self.city("KR:busan")
        for other in (two, three):
            one.meet(other)
        two.meet(three)
        space = one.found("Three cities", two, more=["--network"])
        (both,) = one.submit(activity(1), space=space)
        (of_two,) = two.submit(activity(2, cities=("KR:mokpo", "KR:busan")), space=space, options=["--wait-for", "1"])
        cursor = self.now(one)
        # A third city belongs: what names it has one party more.
        one.do("space", "add", space, three.id)
        wait_for(lambda: space in three.do("space", "list", "--format", "json"), "Busan is invited")
        three.do("space", "accept", space)
        wait_for(lambda: one.waited_for(space) == set(), "Busan has accepted", 60)
        for _ in range(2):
            told = self.told(one, "--cursor", cursor)
            self.assertEqual([line["id"] for line in told], [of_two])
            self.assertIn(three.id, [side["city"] for side in told[0]["record"]["statements"]])
            one.stop()
            one.start()
        # What a removed city said after its cut-off counts no more, so its record is gone.
        (late,) = two.submit(activity(3), space=space, options=["--wait-for", "1"])
        head = [version["bundle"] for version in one.json("history", of_two)["versions"]][-1]
        cursor = self.now(one)
        one.do("space", "remove", space, two.id, "--head", head)
        for _ in range(2):
            told = {line["id"]: line for line in self.told(one, "--cursor", cursor)}
            self.assertTrue(told[late]["gone"])
            self.assertNotIn("record", told[late])
            self.assertIn(both, told)
            one.stop()
            one.start()

    def test_an_older_copy(self):
        one, other, _ = self.pair()
        one.submit(activity(1))
        other.stop()  # it would give back what the copy lacks
        one.stop()
        shutil.copytree(one.folder, self.folder / "older", ignore=shutil.ignore_patterns("*.sock"))
        one.start()
        one.submit(activity(2))
        cursor = self.now(one)
        one.stop()
        shutil.rmtree(one.folder)
        shutil.copytree(self.folder / "older", one.folder)
        one.start()
        for _ in range(2):
            done = one.run("watch", "--once", "--format", "jsonl", "--cursor", cursor)
            self.assertIn("from the beginning", done.err.decode())
            self.assertEqual({json.loads(line)["id"] for line in done.lines()}, set(one.records()))
            # It grows past the place, which is then another one.
            one.submit(activity(4), activity(5))
            one.submit(activity(6))


if __name__ == "__main__":
    harness.main()
