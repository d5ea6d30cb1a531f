"""Real daemons on loopback, each test in a folder and on an address of its own.

A test is a unittest.TestCase that makes cities with self.city(...) and ends in harness.main(). Nothing here sleeps for
something to happen: wait_for(condition, what) looks until it holds and fails at a deadline. TWINLOGD and TWINLOG name
the two programs under test, TWINLOG_PATIENCE stretches deadlines for builds that are slow on purpose.
"""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

TWINLOGD = os.environ["TWINLOGD"]
TWINLOG = os.environ["TWINLOG"]
PATIENCE = float(os.environ.get("TWINLOG_PATIENCE", "1"))
LOOK_AGAIN_SECONDS = 0.02
# What the sanitizers end a process with; never an answer of ours.
CRASHED = ("Sanitizer", "runtime error:", "Assertion")


def wait_for(condition, what, seconds=30):
    """Returns the first true answer of condition; AssertionError at the deadline."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * PATIENCE:.0f} s in vain: {what}")
        threading.Event().wait(LOOK_AGAIN_SECONDS)


def free_address():
    """HOST:PORT that nobody has: a host of 127.0.0.0/8 drawn for it, so that tests side by side do not meet."""
    host = ".".join(["127"] + [str(random.SystemRandom().randint(1, 250)) for _ in range(3)])
    with socket.socket() as probe:
        probe.bind((host, 0))
        return f"{host}:{probe.getsockname()[1]}"


class Done:
    """A command that has ended."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def lines(self):
        return self.out.decode("utf-8").splitlines()

    def __str__(self):
        out, err = self.out.decode("utf-8", "replace"), self.err.decode("utf-8", "replace")
        return f"{' '.join(map(str, self.arguments))} -> {self.code}\n{out[-3000:]}\n{err[-3000:]}"


def run(arguments, given=None, seconds=60, crash_ok=False, **more):
    given = given.encode("utf-8") if isinstance(given, str) else given
    stdin = {"input": given} if given is not None else {"stdin": subprocess.DEVNULL}
    ended = subprocess.run([str(x) for x in arguments], capture_output=True, timeout=seconds * PATIENCE, check=False, **stdin, **more)
    done = Done(arguments, ended.returncode, ended.stdout, ended.stderr)
    if not crash_ok and (ended.returncode < 0 or any(word.encode() in ended.stderr for word in CRASHED)):
        raise AssertionError(f"crashed: {done}")
    return done


def run_with_words(program, *arguments, says, **more):
    """The program with these lines behind --passphrase-fd, and no terminal to ask."""
    reader, writer = os.pipe()
    os.write(writer, says.encode("utf-8") + b"\n")
    os.close(writer)
    try:
        return run(["setsid", "-w", program, *arguments, "--passphrase-fd", str(reader)], pass_fds=(reader,), **more)
    finally:
        os.close(reader)


class City:
    """One city: its folder, its daemon (running or not), its client commands."""

    def __init__(self, test, city_id, folder, listen=True, announce=None, control=None, address=None, within=()):
        self.test, self.id, self.folder = test, city_id, pathlib.Path(folder)
        self.address = (address or free_address()) if listen else None
        self.within = list(within)  # words before the daemon's command
        self.process, self.log = None, self.folder.with_suffix(".log")
        options = ["--city", city_id]
        if listen:
            options += ["--listen", f"tcp://{self.address}", "--announce", f"tcp://{announce or self.address}"]
        done = run([TWINLOGD, "init", self.folder, *options])
        test.assertEqual(done.code, 0, done)
        if control:
            with open(self.folder / "twinlogd.conf", "a", encoding="utf-8") as conf:
                conf.write(f"\ncontrol = {control}\n")
        self.start()

    # -- the daemon --

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.within, TWINLOGD, "run", str(self.folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            wait_for(self.ready, f"{self.id} is ready")

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon of {self.id} ended with {self.process.returncode}: {self.log_text()}")
        return (self.folder / "control.sock").exists() and self.run("status").code == 0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30 * PATIENCE)
        self.process = None
        self.test.assertEqual(code, 0, f"{self.id} ended with {code}: {self.log_text()}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def log_text(self):
        return self.log.read_text("utf-8", "replace")[-4000:] if self.log.exists() else ""

    def check_log(self):
        text = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
        for word in CRASHED:
            if word in text:
                raise AssertionError(f"{self.id} has {word!r} in its log: {text[-6000:]}")

    # -- its client --

    def run(self, *arguments, given=None, **more):
        return run([TWINLOG, "-D", self.folder, *arguments], given, **more)

    def do(self, *arguments, given=None, **more):
        """A command that has to work; its output as text."""
        done = self.run(*arguments, given=given, **more)
        self.test.assertEqual(done.code, 0, done)
        return done.out.decode("utf-8")

    def refuses(self, code, *arguments, given=None, says=""):
        """A command that has to be refused: that exit code, one line on stderr, those words in it."""
        done = self.run(*arguments, given=given)
        self.test.assertEqual(done.code, code, done)
        text = done.err.decode("utf-8")
        self.test.assertEqual(text.count("\n"), 1, f"not one line: {done}")
        self.test.assertIn(says, text, str(done))
        return text

    def json(self, *arguments, given=None):
        return json.loads(self.do(*arguments, "--format", "json", given=given))

    def submit(self, *records, space=None, options=()):
        """Ids of the records written."""
        text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        where = ["--space", space] if space else []
        return self.do("submit", "-", *where, *options, given=text, seconds=300).split()

    def records(self, *filters):
        """All records, by id, page by page."""
        found, cursor = {}, None
        while True:
            page = self.json("list", *filters, "--limit", "1000", *(["--cursor", cursor] if cursor else []))
            found.update((record["id"], record) for record in page["records"])
            cursor = page.get("cursor")
            if not cursor:
                return found

    def total(self, *filters):
        return self.json("list", *filters, "--limit", "1")["total"]

    def show(self, record):
        return self.json("show", record)

    # -- with other cities --

    def meet(self, other):
        """Both add the other's card."""
        for one, two in ((self, other), (other, self)):
            card = self.folder.parent / f"{two.id.replace(':', '-')}.card"
            card.write_bytes(two.run("card").out)
            one.do("peer", "add", card)

    def found(self, title, *members, readers=(), more=()):
        """A space that all its members have accepted; its id."""
        options = [option for member in members for option in ("--member", member.id)]
        options += [option for reader in readers for option in ("--reader", reader.id)]
        space = self.do("space", "create", title, *options, *more).split()[-1]
        for member in (*members, *readers):
            wait_for(lambda m=member: space in m.do("space", "list", "--format", "json"), f"{member.id} is invited to {title}")
            member.do("space", "accept", space)
        wait_for(lambda: self.waited_for(space) == set(), f"{self.id} knows that all have accepted {title}", 60)
        return space

    def waited_for(self, space):
        """Whose answer to its invitation to the space is not known here."""
        shown = self.json("space", "show", space)
        return {member["city"] for member in shown["members"] if member["standing"] == "invited"}


class Proxy:
    """A line between two daemons that can be cut, garbled and counted."""

    def __init__(self, target):
        self.target, self.address = target, free_address()
        self.garble = None  # a function of bytes, or None
        self.chunks = 0
        self.open_pairs, self.lock = [], threading.Lock()
        host, port = self.address.rsplit(":", 1)
        self.server = socket.create_server((host, int(port)))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.server.accept()
                host, port = self.target.rsplit(":", 1)
                try:
                    far = socket.create_connection((host, int(port)))
                except OSError:
                    near.close()
                    continue
                with self.lock:
                    self.open_pairs.append((near, far))
                for one, two in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, two), daemon=True).start()

    def _carry(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.chunks += 1
                garble = self.garble
                sink.sendall(garble(data) if garble else data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Ends what is open; new connections are let through."""
        with self.lock:
            pairs, self.open_pairs = self.open_pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.server.close()
        self.cut()


class TestCase(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-"))
        self.cities, self.proxies = [], []

    def tearDown(self):
        for city in self.cities:
            if city.process and city.process.poll() is None:
                city.process.kill()
                city.process.wait()
        for proxy in self.proxies:
            proxy.close()
        logs = [city for city in self.cities]
        try:
            for city in logs:
                city.check_log()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def city(self, city_id, **more):
        made = City(self, city_id, self.folder / city_id.split(":")[1], **more)
        self.cities.append(made)
        return made

    def answered(self, child, terminal, asks, word):
        """What a program on a terminal of its own says once it was given the word that it asked for. asks: whether what it
        showed is the question. It has to end well, and not to show the word."""
        shown = b""

        def asked():
            nonlocal shown
            shown += os.read(terminal, 1024)
            return asks(shown)

        wait_for(asked, "it asks")
        os.write(terminal, word + b"\n")
        rest = b""
        try:
            while data := os.read(terminal, 1024):
                rest += data
        except OSError:
            pass
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, rest)
        self.assertNotIn(word, rest, "what is typed is not shown")
        return rest

    def partner(self, city, of):
        """What the city tells of that partner."""
        [found] = [peer for peer in city.json("peer", "list")["peers"] if peer["city"] == of]
        return found

    def linked(self, *pairs):
        """Waits until each city of (city, city id) speaks with that partner."""
        for city, of in pairs:
            wait_for(lambda c=city, o=of: self.partner(c, o)["link"] == "up", f"{city.id} is linked to {of}")

    def proxy(self, target):
        made = Proxy(target)
        self.proxies.append(made)
        return made

    def pair(self, **more):
        """Two cities that share a pair space; (one, other, space)."""
        one, other = self.city("CN:lianyungang", **more), self.city("KR:mokpo")
        one.meet(other)
        return one, other, one.found("Lianyungang and Mokpo", other)

    def hold_alike(self, *cities, count=None, seconds=60):
        """Waits until all cities hold the same records in the same words (and that many)."""

        def words(city):
            return {
                name: (record["state"], sorted(side.get("version", "") for side in record["statements"]))
                for name, record in city.records().items()
            }

        def alike():
            first = words(cities[0])
            return (count is None or len(first) == count) and all(words(city) == first for city in cities[1:])

        wait_for(alike, f"{[city.id for city in cities]} hold the same {count or ''} records", seconds)


def activity(number=0, cities=("CN:lianyungang", "KR:mokpo"), **more):
    """A sound record, told apart from others by its number."""
    return {
        "kind": "activity",
        "cities": list(cities),
        "fields": ["culture_arts"],
        "form": "exhibition",
        "start": f"{1994 + number % 30}-{1 + number % 12:02}",
        "title": f"exhibition {number}",
        **more,
    }


def main():
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])
