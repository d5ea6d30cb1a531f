#!/usr/bin/python3
"""Processes that end or stand still at any moment, and disks that fail: nothing acknowledged is lost. The long form
(TWINLOG_LONG) goes on for many more rounds. The seed is printed."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import threading

import harness
from harness import TWINLOGD, activity, wait_for

LONG = bool(os.environ.get("TWINLOG_LONG"))
SEED = int(os.environ.get("TWINLOG_SEED") or random.SystemRandom().randrange(1 << 32))
SANITIZED = harness.PATIENCE > 1
HERE = pathlib.Path(__file__).resolve().parent


class Faults(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(SEED)
        print(f"seed {SEED} (TWINLOG_SEED repeats it)", flush=True)

    # -- writing all the while --

    def write(self, city, acknowledged, stop, first):
        number = first
        while not stop.is_set():
            number += 1
            done = city.run("submit", "-", given=json.dumps(activity(number, title=f"entry {number}")))
            if done.code == 0:
                acknowledged += [(name, number) for name in done.lines()]
            else:
                stop.wait(0.05)

    def writers(self, *cities):
        stop, acknowledged = threading.Event(), []
        threads = [
            threading.Thread(target=self.write, args=(city, acknowledged, stop, 100000 * (k + 1))) for k, city in enumerate(cities) for _ in "12"
        ]
        for thread in threads:
            thread.start()

        def end():
            stop.set()
            for thread in threads:
                thread.join()
            return acknowledged

        return acknowledged, end

    def all_there(self, acknowledged, *cities):
        """Every acknowledged entry, in its words, at every city."""
        wanted = dict(acknowledged)
        for city in cities:
            wait_for(lambda c=city: wanted.keys() <= c.records().keys(), f"{city.id} holds all {len(wanted)} that were acknowledged", 120)
            held = city.records()
            for name, number in wanted.items():
                self.assertIn(f"entry {number}", json.dumps(held[name]), f"seed {SEED}")
        self.hold_alike(*cities)
        for city in cities:
            city.do("verify")

    # -- processes --

    def test_kill_and_stop_at_any_moment(self):
        one, other, _ = self.pair()
        rounds = 200 if LONG else 8
        acknowledged, end = self.writers(one, other)
        kills = stops = 0
        try:
            for _ in range(rounds):
                victim = self.dice.choice((one, other))
                threading.Event().wait(self.dice.uniform(0, 0.8))
                if self.dice.random() < 0.5:
                    victim.kill()
                    kills += 1
                    if self.dice.random() < 0.3:
                        threading.Event().wait(self.dice.uniform(0, 1))
                    victim.start()
                else:
                    victim.process.send_signal(signal.SIGSTOP)
                    stops += 1
                    threading.Event().wait(self.dice.uniform(0, 1.5))
                    victim.process.send_signal(signal.SIGCONT)
        finally:
            for city in (one, other):
                if city.process and city.process.poll() is None:
                    city.process.send_signal(signal.SIGCONT)
            end()
        print(f"{kills} kills, {stops} halts, {len(acknowledged)} acknowledged", flush=True)
        self.assertGreater(len(acknowledged), rounds)
        self.all_there(acknowledged, one, other)

    # -- disks --

    def library(self):
        """The interposed library, built once a run."""
        built = self.folder / "bad_disk.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", built, HERE / "bad_disk.c", "-ldl"], check=True)
        return built

    def start_on_bad_disk(self, city, **how):
        env = {**os.environ, "LD_PRELOAD": str(self.bad_disk), **{f"BAD_DISK_{name.upper()}": str(value) for name, value in how.items()}}
        with open(city.log, "ab") as log:
            city.process = subprocess.Popen([TWINLOGD, "run", str(city.folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)

    @harness.unittest.skipIf(SANITIZED, "a preloaded library and AddressSanitizer do not go together")
    def test_disk_errors(self):
        """The n-th write or sync of the data file fails: the process ends, and the store has all that was acknowledged."""
        self.bad_disk = self.library()
        one, other, _ = self.pair()
        everything, ended = [], 0
        # A write that fails; a sync that fails; one that fails although all is on the disk; a write cut short; no room.
        kinds = ({"write": "EIO"}, {"sync": "EIO"}, {"sync": "EIO", "late": 1}, {"short": 1, "write": "EIO"}, {"write": "ENOSPC"})
        for number in range(60 if LONG else len(kinds)):
            how = kinds[number % len(kinds)]
            after = self.dice.randrange(1, 60)
            one.stop()
            before = len(one.log_text())
            self.start_on_bad_disk(one, after=after, **how)
            acknowledged, end = self.writers(one)
            try:
                wait_for(lambda: one.process.poll() is not None or len(acknowledged) > 400, f"the disk fails: {how} after {after}", 60)
            finally:
                end()
            everything += acknowledged
            print(f"round {number}: {how} after {after}: {len(acknowledged)} acknowledged, ended with {one.process.poll()}", flush=True)
            if one.process.poll() is not None:
                ended += 1
                self.assertEqual(one.process.poll(), 1, "it ends by itself, with a word")
                # A disk that fails before the daemon is ready is told with the file.
                log = one.log_text()[before:]
                self.assertTrue("ending, nothing acknowledged is lost" in log or "/data" in log.splitlines()[-1], log)
            else:
                one.kill()
            one.start()
            here = one.records()
            self.assertEqual([name for name, _ in everything if name not in here], [], f"acknowledged, and gone; seed {SEED}")
        self.assertGreater(ended, 0, "some disk did fail")
        self.all_there(everything, one, other)

    def test_disk_that_comes_and_goes(self):
        """A small disk that is full time and again, and has room again."""
        disk = self.folder / "disk"
        disk.mkdir()
        as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        mount = lambda *options: subprocess.run([*as_root, "mount", *options], check=True)
        mount("-t", "tmpfs", "-o", f"size=5m,mode=0700,uid={os.geteuid()}", "none", disk)
        try:
            one = harness.City(self, "CN:lianyungang", disk / "lianyungang")
            one.log = self.folder / "full.log"
            self.cities.append(one)
            other = self.city("KR:mokpo")
            one.meet(other)
            one.found("Lianyungang and Mokpo", other)
            acknowledged, end = self.writers(one)
            try:
                for _ in range(20 if LONG else 4):
                    weight = disk / "weight"
                    free = shutil.disk_usage(disk).free
                    weight.write_bytes(bytes(max(0, free - self.dice.randrange(0, 20000))))
                    done = wait_for(
                        lambda: next((d for d in [one.run("submit", "-", given=json.dumps(activity(1, summary="x" * 1900)))] if d.code), None),
                        "it says that the disk is full",
                    )
                    self.assertIn("disk is full", done.err.decode())
                    self.assertEqual(one.run("status", "--check").code, 1, "and status is not green")
                    weight.unlink()
                    mount("-o", f"remount,size={max(5, 4 + shutil.disk_usage(disk).used // (1 << 20) + 1)}m", disk)
                    if one.process.poll() is not None:
                        one.start()
                    wait_for(lambda: one.run("submit", "-", given=json.dumps(activity(1))).code == 0, "it goes on")
            finally:
                end()
            self.all_there(acknowledged, one, other)
        finally:
            for city in self.cities:
                if city.process and city.process.poll() is None:
                    city.process.kill()
                    city.process.wait()
            subprocess.run([*as_root, "umount", "-l", disk], check=True)


if __name__ == "__main__":
    harness.main()
