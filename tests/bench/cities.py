"""Daemons of two cities to measure, and what is asked of them."""

import atexit
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
HOME = ROOT / "build" / "bench"
TWINLOGD, TWINLOG = BUILD / "daemon" / "twinlogd", BUILD / "client" / "cli" / "twinlog"
START_SECONDS = 60


def program_path(name):
    return BUILD / "tests" / "bench" / name


def program(name, *arguments):
    done = subprocess.run([program_path(name), *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench: {name} {arguments}: {done.stderr}")
    return json.loads(done.stdout)


def records(count, form, path):
    """The same records in each form: jsonl, csv, ldif."""
    with open(path, "wb") as out:
        subprocess.run([program_path("bench_records"), "--count", str(count), "--format", form], stdout=out, check=True)
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class City:
    def __init__(self, city_id, listen):
        self.id, self.folder, self.process = city_id, HOME / city_id.split(":")[1], None
        options = ["--listen", f"tcp://127.0.0.1:{free_port()}"] if listen else []
        self.run(TWINLOGD, "init", self.folder, "--city", city_id, *options)
        self.control = f"tcp://127.0.0.1:{free_port()}"
        with open(self.folder / "twinlogd.conf", "a", encoding="utf-8") as conf:
            conf.write(f"\ncontrol = {self.control}\n")
        # The same client over tcp: a folder that differs in its endpoint alone.
        self.tcp = self.folder.with_suffix(".tcp")
        shutil.copytree(self.folder / "clients", self.tcp / "clients")
        settings = (self.folder / "client.conf").read_text("utf-8").splitlines()
        lines = [f"endpoint = {self.control}" if line.startswith("endpoint") else line for line in settings]
        (self.tcp / "client.conf").write_text("\n".join(lines) + "\n", "utf-8")

    @staticmethod
    def run(*arguments, given=None):
        done = subprocess.run([str(x) for x in arguments], stdin=given, capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"bench: {' '.join(map(str, arguments))}: {done.stderr.decode()}")
        return done.stdout

    def do(self, *arguments, given=None):
        return self.run(TWINLOG, "-D", self.folder, *arguments, given=given)

    def submit(self, path):
        with open(path, "rb") as lines:
            self.do("submit", "-", given=lines)

    def start(self):
        """Seconds until the daemon answers."""
        log = open(self.folder.with_suffix(".log"), "ab")
        begun = time.monotonic()
        self.process = subprocess.Popen([TWINLOGD, "run", self.folder], stderr=log, stdout=log)
        log.close()
        atexit.register(self.process.kill)  # when the bench ends early; does nothing to one that has ended
        while subprocess.run([TWINLOG, "-D", self.folder, "status"], capture_output=True, check=False).returncode:
            if self.process.poll() is not None or time.monotonic() - begun > START_SECONDS:
                sys.exit(f"bench: the daemon of {self.id} does not start")
        return time.monotonic() - begun

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(30):
            sys.exit(f"bench: the daemon of {self.id} did not end cleanly")
        self.process = None

    def memory(self):
        """Bytes that are its own: without the pages of the store, which the kernel may take back."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))

    def sent(self):
        return sum(peer["bytes_out"] for peer in json.loads(self.do("status", "--format", "json"))["peers"])


def tie():
    """A fresh pair of cities, the second one stopped after it has joined."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    one, other = City("CN:lianyungang", True), City("KR:mokpo", False)
    for city in (one, other):
        city.start()
    for city, partner in ((one, other), (other, one)):
        card = HOME / "card"
        card.write_bytes(partner.do("card"))
        city.do("peer", "add", card)
    space = one.do("space", "create", "bench", "--member", other.id).decode().split()[-1]
    deadline = time.monotonic() + START_SECONDS
    while space not in other.do("space", "list", "--format", "json").decode():
        if time.monotonic() > deadline:
            sys.exit("bench: no invitation came")
    other.do("space", "accept", space)
    other.stop()
    return one, other


def build():
    for command in (["cmake", "--preset", "release"], ["cmake", "--build", "--preset", "release"]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stdout[-3000:] + done.stderr[-3000:])


def processors():
    return len(os.sched_getaffinity(0))
