#!/usr/bin/python3
"""A partner that is far behind costs a bounded part of memory, whether it takes in slowly or nothing at all, while the city goes
on writing; and it catches up once it can. TWINLOG_LONG: a million records behind."""

import os
import signal
import time

import harness
from harness import activity, wait_for

LONG = bool(os.environ.get("TWINLOG_LONG"))
SANITIZED = harness.PATIENCE > 1
RECORDS = 1000000 if LONG else 20000
PIECE = 20000
WATCHED_SECONDS = 60 if LONG else 8
# What one link may hold: a window of 4 MiB at the start, packed, 8 MiB that its pipe does not take, and the pages of what is
# packed at the moment.
GROWTH_MAX_KIB = 24 * 1024


def own_kib(city):
    """What is the daemon's own, without the pages of the store."""
    with open(f"/proc/{city.process.pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))


class Lag(harness.TestCase):
    def budget(self, city, line):
        conf = city.folder / "twinlogd.conf"
        kept = [other for other in conf.read_text("utf-8").splitlines() if not other.startswith("budget")]
        conf.write_text("\n".join([*kept, line, ""]), "utf-8")

    def watch(self, what):
        """The most that the first city's memory grew over what it held alone, while it goes on writing."""
        most, until = 0, time.monotonic() + WATCHED_SECONDS
        while time.monotonic() < until:
            self.one.submit(activity(self.written))
            self.written += 1
            most = max(most, own_kib(self.one) - self.alone)
        print(f"{what}: {most} KiB more than {self.alone}, {self.written} records", flush=True)
        if not SANITIZED:
            self.assertLess(most, GROWTH_MAX_KIB, what)

    def test_far_behind(self):
        self.one, self.other = self.city("CN:lianyungang"), self.city("KR:mokpo", listen=False)
        self.one.meet(self.other)
        self.one.found("Lianyungang and Mokpo", self.other)
        self.other.stop()
        for first in range(0, RECORDS, PIECE):
            self.one.submit(*(activity(n, summary=f"{n * 2654435761 % 2**64:x}") for n in range(first, first + PIECE)))
        self.written = RECORDS
        # Started anew, so that nothing it used before hides what it takes now.
        self.one.stop()
        self.one.start(wait=False)
        wait_for(self.one.ready, "it is ready with all of them", 120)
        self.assertEqual(self.one.total(), RECORDS)
        self.one.submit(activity(self.written))
        self.written += 1
        self.alone = own_kib(self.one)
        self.watch("alone")

        self.budget(self.other, "budget = CN:lianyungang 20k")
        self.other.start()
        wait_for(lambda: self.other.total() > 0, "the first records come", 60)
        self.watch("a partner that takes in slowly")
        self.assertLess(self.other.total(), self.written, "it is behind")

        self.other.process.send_signal(signal.SIGSTOP)
        self.watch("a partner that takes in nothing")
        self.other.process.send_signal(signal.SIGCONT)

        self.other.stop()
        self.budget(self.other, "")
        self.other.start()
        wait_for(lambda: self.other.total() == self.written, "it has caught up", 300)
        self.watch("a partner that keeps up")


if __name__ == "__main__":
    harness.main()
