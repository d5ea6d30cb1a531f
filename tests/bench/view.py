"""Lists, text, memory and start of a daemon with many records, beside PostgreSQL with the same rows and indexes. DuckDB is not
in Debian, so it is left out."""

import pathlib
import re
import statistics
import time

import cities
import peers
from cities import HOME, program

# What bench_view asks, as SQL: the page, and what the answer's total is.
QUERIES = {
    "all": ("true", "date, event_id"),
    "city_form": ("(city_a = 'CN:lianyungang' or city_b = 'CN:lianyungang') and form = 'exhibition'", "date, event_id"),
    "years_field": (
        "(city_a like 'KR:%' or city_b like 'KR:%') and field = 'culture_arts' and date >= '2010' and date < '2020'",
        "date desc, event_id",
    ),
    "deep": ("true", "date, event_id"),
    "text_zh": ("(description like '%釜山%' or note like '%釜山%')", "date, event_id"),
    "text_ko": ("(description like '%목포%' or note like '%목포%')", "date, event_id"),
    "text_none": ("(description like '%没有%' or note like '%没有%')", "date, event_id"),
}
# What another client asks for again and again while one waits for acknowledgements.
BESIDE = {
    "nobody": (),
    "by_year": ("report", "events", "year"),
    "two_ways": ("report", "events", "form", "field"),
    "money": ("report", "cost"),
    "ties": ("report", "ties", "partner"),
    "match": ("match",),
}
# Not in slices yet: shown, without a floor.
BESIDE_WHOLE = {"text": ("text", "釜山"), "by_city": ("sort", "city")}
BESIDE_SECONDS = 4
DEEP = 300000
PAGE = 50
# As in run: (name, ceiling, that it is one, what it is).
FLOORS = (
    ("list_ms", 0.6, True, "filter, sort and first page, less the line (ms, the slowest of three)"),
    ("deep_of_first", 1.2, True, "a deep page / the first"),
    ("text_ms", 8.0, True, "two characters in all titles and summaries (ms, the slowest of three)"),
    ("held_up_ms", 5.0, True, "99th of a hundred acknowledgements while a report or duplicates are reckoned, less that with nobody asking (ms, the worst of five)"),
    ("held_ms", 5.0, True, "999th of a thousand times that such a reader held the daemon's loop, in its own time (ms, the worst of five)"),
    ("anonymous_bytes", 100.0, True, "memory beside LMDB's pages (bytes a record)"),
    ("start_seconds", 0.4, True, "from the start to ready (s)"),
)


def memory(pid):
    """Bytes of memory of its own, and of files."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text("ascii")
    return {name: int(re.search(rf"Rss{name}:\s+(\d+)", text).group(1)) * 1024 for name in ("Anon", "File")}


def sql_ms(postgres, query, rounds):
    """The latency that pgbench sees, in milliseconds."""
    script = postgres.folder / "list.sql"
    script.write_text(query.replace(":", "' || chr(58) || '") + ";\n", "utf-8")
    script.chmod(0o644)
    told = postgres.client("pgbench", "-n", "-M", "prepared", "-c", 1, "-t", rounds, "-f", script, "postgres")
    return float(re.search(r"latency average = (\S+) ms", told).group(1))


def beside(folder, rounds):
    """The figures of bench_beside for each, in the median of rounds that take turns."""
    variants = {**BESIDE, **BESIDE_WHOLE}
    found = {name: [] for name in variants}
    for _ in range(rounds):
        for name, asked in variants.items():
            found[name].append(program("bench_beside", folder, BESIDE_SECONDS, *asked))
    return {name: {key: statistics.median(one[key] for one in seen) for key in seen[0]} for name, seen in found.items()}


def measure(chosen, results):
    records, rounds = chosen.records, 100 * chosen.rounds
    one, _ = cities.tie()
    empty = memory(one.process.pid)
    one.submit(cities.records(records, "jsonl", HOME / "records.jsonl"))
    seen = program("bench_view", one.folder, rounds)
    loaded = memory(one.process.pid)
    acknowledged = beside(one.folder, chosen.rounds)
    one.stop()
    starts = []
    for _ in range(3):
        begun = time.monotonic()
        one.start()
        starts.append(time.monotonic() - begun)
        program("bench_view", one.folder, 10)
        again = memory(one.process.pid)
        one.stop()
    postgres = peers.Postgres(HOME / "postgres", cities.free_port())
    sheet = cities.records(records, "csv", HOME / "records.csv")
    sheet.chmod(0o644)
    postgres.copy_seconds(sheet)
    postgres.sql("create index on record (form); create index on record (date, event_id); vacuum analyze record")
    sql = {}
    for name, (where, order) in QUERIES.items():
        few = 3 if name.startswith("text") or name == "deep" else 20
        offset = f" offset {min(DEEP, records // 3)}" if name == "deep" else ""
        sql[name] = {
            "page_ms": sql_ms(postgres, f"select * from record where {where} order by {order} limit {PAGE}{offset}", few),
            "count_ms": sql_ms(postgres, f"select count(*) from record where {where}", few),
        }
    postgres.stop()
    lists = ("all", "city_form", "years_field")
    texts = ("text_zh", "text_ko", "text_none")
    results.update({
        "view_records": records,
        "view_seen": seen,
        "view_sql": sql,
        "view_beside": acknowledged,
        "held_up_ms": max(acknowledged[name]["p99_ms"] for name in BESIDE if name != "nobody") - acknowledged["nobody"]["p99_ms"],
        "held_ms": max(acknowledged[name]["held_p999_ms"] for name in BESIDE),
        "view_empty": empty,
        "view_loaded": loaded,
        "view_restarted": again,
        "list_ms": max(seen[name]["ms"] for name in lists) - seen["line_ms"],
        "deep_of_first": seen["deep"]["ms"] / seen["all"]["ms"],
        "text_ms": max(seen[name]["ms"] for name in texts) - seen["line_ms"],
        "anonymous_bytes": (again["Anon"] - empty["Anon"]) / records,
        "start_seconds": statistics.median(starts),
    })


def show(results):
    if "view_seen" not in results:
        return
    seen, sql = results["view_seen"], results["view_sql"]
    print(f"{results['view_records']:,} records; the line takes {seen['line_ms']:.3f} ms of each")
    for name in QUERIES:
        ours, theirs = seen[name]["ms"], sql[name]
        both = theirs["page_ms"] + theirs["count_ms"]
        print(
            f"{name:12}{seen[name]['total']:9,} {ours:9.3f} ms   PostgreSQL page {theirs['page_ms']:9.3f}, count {theirs['count_ms']:9.3f} ms"
            f"   {both / ours:9.1f} times as fast"
        )
    for name, seen in results["view_beside"].items():
        print(
            f"{name:12} acknowledged in {seen['median_ms']:.3f} ms, 99th of a hundred {seen['p99_ms']:.3f}, longest {seen['most_ms']:.3f}"
            + (f"; what is asked takes {seen['asked_ms']:.1f} ms and holds the loop for {seen['held_p999_ms']:.0f} ms, at most {seen['held_most_ms']:.0f}" if seen["asked"] else "")
        )
    for name in ("view_empty", "view_loaded", "view_restarted"):
        print(f"{name[5:]:12}{results[name]['Anon'] / 2**20:9.1f} MiB of its own, {results[name]['File'] / 2**20:.1f} of files")
