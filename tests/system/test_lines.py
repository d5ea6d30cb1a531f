#!/usr/bin/python3
"""Two cities on a bad line: far away, lossy, narrow, swallowing everything, coming and going. Real daemons in network
namespaces of their own; line.py stands between them."""

import json
import os
import random
import sys
import threading
import time

import harness
import line
from harness import activity, wait_for

LONG = bool(os.environ.get("TWINLOG_LONG"))
SEED = int(os.environ.get("TWINLOG_SEED") or random.SystemRandom().randrange(1 << 32))
LACKS = line.missing()


class Lines(harness.TestCase):
    def setUp(self):
        if LACKS:
            print(f"\n*** NOT TESTED: bad lines between real daemons: {LACKS} ***\n", file=sys.stderr, flush=True)
            self.skipTest(LACKS)
        super().setUp()
        print(f"seed {SEED} (TWINLOG_SEED repeats it)", flush=True)
        self.dice = random.Random(SEED)
        self.line = line.Line(self.dice)
        self.line.__enter__()
        self.addCleanup(self.line.__exit__)
        self.one = self.city("CN:lianyungang", address=f"{line.HOSTS[0]}:7401", within=self.line.within(0))
        self.other = self.city("KR:mokpo", address=f"{line.HOSTS[1]}:7401", within=self.line.within(1))
        self.one.meet(self.other)
        self.space = self.one.found("Lianyungang and Mokpo", self.other)

    def link(self, city):
        (peer,) = city.json("peer", "list")["peers"]
        return peer

    def test_far_and_lossy(self):
        """150 ms each way, 5 % lost, 1 Mbit/s: history comes, and what is new does not wait for all of it."""
        self.line.set(delay_ms=150, loss=0.05, rate=125000)
        self.other.stop()
        count = 6000 if LONG else 1500
        for first in range(0, count, 500):
            self.one.submit(*(activity(n, summary=f"{self.dice.randbytes(300).hex()}") for n in range(first, first + 500)))
        self.other.start()
        began = time.monotonic()
        wait_for(lambda: self.link(self.other).get("link") == "up", "they are linked", 60)
        wait_for(lambda: self.other.total() > 0, "history comes", 120)
        at = self.other.total()
        (fresh,) = self.other.submit(activity(9999), options=["--wait-for", "1"])
        print(f"an entry the other way, confirmed, with {self.other.total() - at} more of the history meanwhile", flush=True)
        self.assertIn(fresh, self.one.records())
        self.hold_alike(self.one, self.other, count=count + 1, seconds=240)
        took = time.monotonic() - began
        print(f"{count} records over 1 Mbit/s, 150 ms, 5 % lost: {took:.0f} s, {self.line.lost} of {self.line.carried} packets lost", flush=True)
        self.assertGreater(self.line.lost, 0)
        wait_for(lambda: not self.one.json("status")["spaces"][0].get("only_here"), "and its position says so", 60)

    def test_black_hole(self):
        """Packets vanish without a word: it is noticed, said, and over when the line is back."""
        self.one.submit(activity(1), options=["--wait-for", "1"])
        self.line.set(holes=(True, True))
        self.one.submit(activity(2))
        done = wait_for(
            lambda: next((d for d in [self.one.run("status", "--check", "--max-lag", "2s")] if d.code == 1), None),
            "a short patience says so before the link is given up",
            20,
        )
        self.assertEqual(self.one.run("status", "--check", "--max-lag", "1d").code, 0, "a long one not yet")
        self.assertIn("waits for", done.out.decode())
        wait_for(lambda: self.link(self.one).get("link") != "up", "silence ends the link", 60)
        text = self.one.do("status")
        self.assertIn("waits for a link to it", text)
        self.assertIn("next:", text)
        self.line.set()
        wait_for(lambda: self.other.total() == 2, "it goes on by itself", 60)
        wait_for(lambda: self.one.run("status", "--check", "--max-lag", "2s").code == 0, "all is well", 30)

    def test_one_way(self):
        """What one says arrives, what the other says does not: nobody believes that all is well."""
        self.one.submit(activity(1), options=["--wait-for", "1"])
        self.line.set(holes=(False, True))
        self.one.submit(activity(2))
        wait_for(lambda: self.one.run("status", "--check", "--max-lag", "1s").code == 1, "no confirmation comes back", 20)
        self.line.set()
        wait_for(lambda: self.one.run("status", "--check", "--max-lag", "1s").code == 0, "and then it does", 90)
        self.hold_alike(self.one, self.other, count=2)

    def test_flapping(self):
        """Up and down, longer and shorter than any time-out, while both write."""
        acknowledged, stop = [], threading.Event()

        def write(city, number):
            while not stop.is_set():
                number += 1
                acknowledged.extend(city.submit(activity(number)))
                stop.wait(0.1)

        threads = [threading.Thread(target=write, args=(city, 10000 * k)) for k, city in enumerate((self.one, self.other))]
        for thread in threads:
            thread.start()
        for _ in range(100 if LONG else 8):
            self.line.set(holes=(self.dice.random() < 0.7, self.dice.random() < 0.7))
            stop.wait(self.dice.choice((0.2, 1, 3)))
            self.line.set(delay_ms=self.dice.choice((0, 50)), loss=self.dice.choice((0, 0.1)))
            stop.wait(self.dice.choice((0.2, 1, 3)))
        stop.set()
        for thread in threads:
            thread.join()
        self.line.set()
        self.hold_alike(self.one, self.other, count=len(acknowledged), seconds=120)
        for city in (self.one, self.other):
            city.do("verify")
            wait_for(lambda c=city: not c.json("status")["spaces"][0].get("only_here"), "confirmed", 60)

    def test_budget(self):
        """A partner that may cost 20,000 bytes a second costs that, and gets everything all the same."""
        self.one.stop()
        with open(self.one.folder / "twinlogd.conf", "a", encoding="utf-8") as conf:
            conf.write("\nbudget = KR:mokpo 20k\n")
        self.one.start()
        records = [activity(n, summary=self.dice.randbytes(500).hex()) for n in range(300)]
        self.other.stop()
        for first in range(0, 300, 20):
            self.one.submit(*records[first : first + 20])
        before = self.link(self.one)["bytes_out"]
        self.other.start()
        began = time.monotonic()
        self.hold_alike(self.one, self.other, count=300, seconds=120)
        took, sent = time.monotonic() - began, self.link(self.one)["bytes_out"] - before
        print(f"{sent} bytes in {took:.1f} s under a budget of 20,000 a second", flush=True)
        self.assertGreater(took, (sent - 80000) / 20000, "not faster than that, but for what the purse held")
        self.assertGreater(sent, 120000)
        self.assertIn("at most 20000 bytes a second", self.one.do("status"))
        (back,) = self.other.submit(activity(1000), options=["--wait-for", "1"])
        self.assertIn(back, self.one.records())

    def test_hours(self):
        """Outside its hours there is no link; both sides say why and what comes next."""
        self.one.stop()
        now = time.localtime()
        until = (now.tm_hour * 60 + now.tm_min + 120) % 1440
        hours = f"{now.tm_hour:02}:{now.tm_min:02}-{until // 60:02}:{until % 60:02}"
        conf = self.one.folder / "twinlogd.conf"
        kept = conf.read_text("utf-8")
        conf.write_text(f"{kept}\nbudget = KR:mokpo 0 {hours}\n", "utf-8")
        self.one.start()
        self.one.submit(activity(1))
        text = self.one.do("status")
        self.assertIn("no link at this hour", text)
        self.assertIn("waits for the hours at which it may be linked", text)
        self.assertIn("it is dialled in", text)
        wait_for(lambda: "no link at this hour" in self.link(self.other).get("last_error", ""), "the partner is told why", 40)
        self.assertEqual(self.other.total(), 0)
        self.one.stop()
        conf.write_text(kept, "utf-8")
        self.one.start()
        wait_for(lambda: self.other.total() == 1, "it comes when they are over", 60)

    def test_nobody_can_be_dialled(self):
        """Two that only dial never meet; status says what is to be done."""
        first, second = self.city("CN:xiamen", listen=False), self.city("KR:busan", listen=False)
        first.meet(second)
        first.do("space", "create", "Never", "--member", second.id)
        (peer,) = first.json("peer", "list")["peers"]
        self.assertEqual(peer["link"], "none")
        self.assertIn("neither side can be dialled", json.dumps(peer))
        third = self.city("CN:nanjing")
        third.meet(first)
        space = third.found("Once", first)
        third.submit(activity(1, cities=("CN:nanjing", "CN:xiamen")), space=space, options=["--wait-for", "1"])
        third.stop()
        conf = third.folder / "twinlogd.conf"
        conf.write_text("\n".join(text for text in conf.read_text("utf-8").splitlines() if not text.startswith(("listen", "announce"))) + "\n", "utf-8")
        third.start()
        text = third.do("status")
        self.assertIn("neither side can be dialled", text)
        self.assertIn("has to listen", text)
        self.assertEqual(third.run("status", "--check", "--max-lag", "0s").code, 1)


if __name__ == "__main__":
    harness.main()
