#!/usr/bin/python3
"""The mirror in a real PostgreSQL of the test's own: first fill, live changes, kills of either side, erasures, two spaces,
tables of others, three scripts; every time the tables are what the daemon lists."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import harness
from harness import activity, wait_for
from test_clients import User

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
SMALL = ("cities", "participants", "fields", "money")


class Postgres:
    """One cluster, on a socket of its own. It refuses to run as root, so then it runs as the user that its package made."""

    def __init__(self, test):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mirror-"))
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.running = False
        test.addCleanup(self.end)
        self.tool("initdb", "-D", self.folder / "data", "-U", "mirror", "-A", "trust", "-E", "UTF8", "--no-locale")
        with open(self.folder / "data" / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\n")
        self.start()
        self.url = f"postgresql:///postgres?host={self.folder}&user=mirror"

    def tool(self, name, *arguments, given=None, check=True):
        done = subprocess.run([str(word) for word in (POSTGRES / name, *arguments)], input=given, capture_output=True, text=True, check=False, cwd="/", **self.user)
        if check and done.returncode:
            raise AssertionError(f"{name}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        self.tool("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "start")
        self.running = True

    def stop(self, how="fast"):
        self.running = False
        self.tool("pg_ctl", "-D", self.folder / "data", "-m", how, "-w", "stop")

    def end(self):
        if self.running:
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, text, schema="public"):
        """Rows as lists of texts."""
        told = self.tool("psql", "-h", self.folder, "-U", "mirror", "-d", "postgres", "-qAtX", "-F", "\x1f", "-R", "\x1e", "-v", "ON_ERROR_STOP=1", given=f"set search_path to {schema};\n{text}")
        return [row.split("\x1f") for row in told.rstrip("\n").split("\x1e")] if told.strip() else []

    def in_schema(self, name):
        self.sql(f"create schema {name}")
        return f"{self.url}&options=-csearch_path%3D{name}"


class Mirror(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.postgres = Postgres(self)
        self.going = []

    def tearDown(self):
        for process in self.going:
            process.kill()
            process.communicate()
        super().tearDown()

    def follow(self, city, *options, url=None):
        folder = getattr(city, "folder", None) or city.file
        process = subprocess.Popen([harness.TWINLOG, "-D", str(folder), "mirror", url or self.postgres.url, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.going.append(process)
        return process

    def once(self, city, *options, url=None):
        return city.do("mirror", url or self.postgres.url, "--once", *options, seconds=300)

    def states(self, schema="public"):
        return dict(self.postgres.sql("select record, state from records", schema))

    def alike(self, city, schema="public", *filters):
        """Whether the tables say what the daemon lists."""
        held = city.records(*filters)
        if self.states(schema) != {id: record["state"] for id, record in held.items()}:
            return False
        words = {(record, side["city"], side["standing"], side.get("version", "")) for record, one in held.items() for side in one["statements"]}
        rows = {tuple(row) for row in self.postgres.sql("select record, city, standing, coalesce(leaf, '') from statements", schema)}
        for table in SMALL:
            [[strays]] = self.postgres.sql(f"select count(*) from {table} where record not in (select record from records)", schema)
            self.assertEqual(strays, "0", table)
        return rows == words

    # -- what is mirrored --

    def test_rows(self):
        one, other, _ = self.pair()
        (record,) = one.submit(
            activity(
                1,
                title="중국 서화전 · 中国画展 «Ink»\\N",
                fields=["culture_arts", "tourism"],
                start="2018-11~",
                end="2018-12-03",
                participants={"total": 40, "private": 12, "by_side": [{"city_id": "KR:mokpo", "count": 15}]},
                cost=[{"amount": 1250000, "currency": "KRW", "payer": "KR:mokpo"}],
                trade=[{"value": 99, "currency": "CNY", "from": "CN:lianyungang", "to": "KR:mokpo"}],
                summary="첫째 줄\n第二行\t끝",
            ),
            options=["--wait-for", "1"],
        )
        (tie,) = one.submit({"kind": "agreement", "parties": ["CN:lianyungang", "KR:mokpo"], "relation_type": "sister", "status": "in_force", "established": "1993-07-01"})
        self.assertIn("2", self.once(one))
        sql = self.postgres.sql
        self.assertEqual(sql(f"select kind, title, start, \"end\", first_day, last_day, status, events, lead from records where record = '{record}'"), [["activity", "중국 서화전 · 中国画展 «Ink»\\N", "2018-11~", "2018-12-03", "2018-10-01", "2018-12-31", "held", "1", "CN:lianyungang"]])
        self.assertEqual(sql(f"select kind, relation_type, start, first_day, status from records where record = '{tie}'"), [["agreement", "sister", "1993-07-01", "1993-07-01", "in_force"]])
        self.assertEqual(sql(f"select body->'summaries'->0->>'text' from statements where record = '{record}' and city = 'CN:lianyungang'"), [["첫째 줄\n第二行\t끝"]])
        self.assertEqual(sorted(sql(f"select field from fields where record = '{record}'")), [["culture_arts"], ["tourism"]])
        self.assertEqual(sorted(sql(f"select city, said_by from cities where record = '{record}'")), [["CN:lianyungang", "CN:lianyungang"], ["KR:mokpo", "CN:lianyungang"]])
        self.assertEqual(sql(f"select side, total, private from participants where record = '{record}' order by side nulls first"), [["", "40", "12"], ["KR:mokpo", "15", ""]])
        self.assertEqual(sql(f"select kind, amount, currency, payer, \"from\", \"to\" from money where record = '{record}' order by kind"), [["cost", "1250000", "KRW", "KR:mokpo", "", ""], ["trade", "99", "CNY", "", "CN:lianyungang", "KR:mokpo"]])
        other.do("answer", record, "same")
        other.do("answer", tie, "differs", "--established", "1992-11-01")
        wait_for(lambda: one.show(record)["state"] == "agreed" and one.show(tie)["state"] == "differs", "the answers are here")
        self.once(one)
        self.assertTrue(self.alike(one))
        self.assertEqual(sql(f"select city, start from statements where record = '{tie}' order by city"), [["CN:lianyungang", "1993-07-01"], ["KR:mokpo", "1992-11-01"]])

    def test_live_and_killed(self):
        one, other, _ = self.pair()
        one.submit(*(activity(number) for number in range(3000)))
        mirror = self.follow(one)
        wait_for(lambda: self.postgres.sql("select to_regclass('records')") == [["records"]] and self.postgres.sql("select count(*) > 0 from records") == [["t"]], "the first rows are there")
        mirror.kill()
        mirror.wait()
        mirror = self.follow(one)
        wait_for(lambda: self.alike(one), "the fill goes on", 60)
        for turn in range(4):
            (mine,) = one.submit(activity(turn))
            one.do("amend", mine, "--start", "2003")
            one.kill() if turn % 2 else one.stop()
            one.start()
            other.submit(activity(turn), options=["--wait-for", "1"])
            if turn == 2:
                mirror.kill()
                mirror.wait()
                one.do("withdraw", mine)
                mirror = self.follow(one)
            wait_for(lambda: self.alike(one), "live", 60)
        # The database dies like a machine, and comes back.
        self.postgres.stop("immediate")
        one.submit(activity(77), activity(78))
        self.assertIn(b"database", mirror.stderr.readline())
        self.postgres.start()
        wait_for(lambda: self.alike(one), "it went on by itself", 60)
        mirror.send_signal(signal.SIGINT)
        self.assertEqual(mirror.wait(30 * harness.PATIENCE), 0)
        # Two at once do each other no harm.
        pair = [self.follow(one), self.follow(one)]
        one.submit(*(activity(number) for number in range(500)))
        wait_for(lambda: self.alike(one), "two mirrors of one database", 60)
        self.assertTrue(all(process.poll() is None for process in pair))

    def test_erased(self):
        one, other, _ = self.pair()
        (record, _) = one.submit(activity(1, title="A visitor's name", cost=[{"amount": 5, "currency": "KRW"}]), activity(2), options=["--wait-for", "1"])
        self.once(other)
        dump = lambda: json.dumps([self.postgres.sql(f"select * from {table}") for table in ("records", "statements", *SMALL)])
        self.assertIn("visitor", dump())
        one.do("erase", record)
        wait_for(lambda: "visitor" not in other.do("show", record), "Mokpo has erased")
        self.once(other)
        self.assertNotIn("visitor", dump())
        self.assertEqual(self.postgres.sql(f"select standing, body is null from statements where record = '{record}' and city = 'CN:lianyungang'"), [["erased", "t"]])
        self.assertEqual(self.postgres.sql("select count(*) from money"), [["0"]])
        self.assertTrue(self.alike(other))

    def test_spaces(self):
        one, other, seen = self.pair()
        third = self.city("KR:busan")
        one.meet(third)
        hidden = one.found("Hidden talks", third)
        (secret,) = one.submit(activity(2, cities=("CN:lianyungang", "KR:busan")), space=hidden)
        (open_id,) = one.submit(activity(1), space=seen)
        self.once(one)
        self.assertEqual(set(self.states()), {secret, open_id})
        self.once(one, "--space", hidden, url=self.postgres.in_schema("hidden"))
        self.assertEqual(set(self.states("hidden")), {secret})
        one.refuses(1, "mirror", self.postgres.url, "--once", "--space", hidden, says="other spaces")
        other.refuses(1, "mirror", self.postgres.url, "--once", says="another city")
        # A reader limited to one space mirrors that, and what it may see no longer goes.
        reader = User(one, "reader", "--role", "reader", "--space", seen)
        limited = self.postgres.in_schema("limited")
        reader.do("mirror", limited, "--once")
        self.assertEqual(set(self.states("limited")), {open_id})
        reader.do("mirror", self.postgres.url, "--once")
        self.assertEqual(set(self.states()), {open_id})
        self.assertEqual(self.postgres.sql("select count(*) from statements where record not in (select record from records)"), [["0"]])

    # -- what goes wrong --

    def test_tables_of_others(self):
        one, _, _ = self.pair()
        one.submit(activity(1))
        url = self.postgres.in_schema("theirs")
        self.postgres.sql("create table cities (name text); insert into cities values ('Mokpo')", "theirs")
        one.refuses(1, "mirror", url, "--once", says="cities: is a table that no mirror made")
        one.refuses(1, "mirror", url, says="cities: is a table that no mirror made")
        self.assertEqual(self.postgres.sql("select * from cities", "theirs"), [["Mokpo"]])
        url = self.postgres.in_schema("strange")
        self.postgres.sql("create table twinlog_mirror (x text)", "strange")
        one.refuses(1, "mirror", url, "--once", says="no mirror made")
        self.once(one)
        self.postgres.sql("update twinlog_mirror set version = 99")
        one.refuses(1, "mirror", self.postgres.url, "--once", says="another version")

    def test_database_away(self):
        one, _, _ = self.pair()
        self.postgres.stop()
        one.refuses(5, "mirror", self.postgres.url, "--once", says="the database cannot be reached")
        one.submit(activity(1))
        mirror = self.follow(one)
        self.assertIn(b"the database cannot be reached", mirror.stderr.readline())
        self.postgres.start()
        wait_for(lambda: self.postgres.sql("select to_regclass('records')") == [["records"]] and self.alike(one), "it is tried again", 60)
        one.refuses(1, "mirror", f"{self.postgres.url}&dbname=nowhere", says="nowhere")
        # What leads nowhere is told at once, and not shown: there may be a password in it.
        for url in ("postgresql://[", "foo", "postgresql://user:secret@[", "hots=secret"):
            self.assertNotIn("secret", one.refuses(2, "mirror", url, says="postgresql://USER@HOST/DATABASE"))

    def test_an_older_copy(self):
        one, other, _ = self.pair()
        one.submit(activity(1), activity(2))
        other.stop()
        one.stop()
        shutil.copytree(one.folder, self.folder / "older", ignore=shutil.ignore_patterns("*.sock"))
        one.start()
        lost = one.submit(activity(3), activity(4))
        self.once(one)
        self.assertEqual(len(self.states()), 4)
        one.stop()
        shutil.rmtree(one.folder)
        shutil.copytree(self.folder / "older", one.folder)
        one.start()
        one.submit(activity(5))
        self.once(one)
        self.assertTrue(self.alike(one))
        self.assertFalse(set(lost) & set(self.states()))

    def test_first_fill(self):
        """Many pages. TWINLOG_MIRROR_RECORDS=100000 on a machine that does nothing else tells how fast."""
        one, _, _ = self.pair()
        count = int(os.environ.get("TWINLOG_MIRROR_RECORDS", "10000"))
        for first in range(0, count, 5000):
            one.submit(*(activity(number, summary="목포시와 롄윈강시가 함께 연 전시회 " * 4) for number in range(first, first + 5000)))
        begun = time.monotonic()
        self.once(one)
        seconds = time.monotonic() - begun
        print(f"{count} records in {seconds:.2f} s: {count / seconds:.0f} a second")
        self.assertEqual(self.postgres.sql("select count(*), count(distinct title) from records"), [[str(count), str(count)]])
        self.assertEqual(self.postgres.sql("select count(*) from statements"), [[str(2 * count)]])
        self.assertEqual(self.postgres.sql("select count(*) from pg_indexes where schemaname = 'public'"), [["6"]])
        self.assertIn("0 ", self.once(one))


if __name__ == "__main__":
    harness.main()
