#!/usr/bin/python3
"""A daemon with nothing to do: small, asleep, and silent on its links."""

import os
import threading

import harness
from harness import activity, wait_for

RSS_MAX_KIB = 15 * 1024
WATCHED_SECONDS = 10
CPU_MAX_SECONDS = 0.05
MESSAGES_MAX_PER_SECOND = 2


class Idle(harness.TestCase):
    def cpu_seconds(self, city):
        with open(f"/proc/{city.process.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kib(self, city):
        with open(f"/proc/{city.process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def test_idle(self):
        other = self.city("KR:mokpo")
        proxy = self.proxy(other.address)
        other.stop()
        conf = other.folder / "twinlogd.conf"
        conf.write_text(conf.read_text("utf-8").replace(f"announce = tcp://{other.address}", f"announce = tcp://{proxy.address}"), "utf-8")
        other.start()
        one = self.city("CN:lianyungang", listen=False)
        one.meet(other)
        one.found("Lianyungang and Mokpo", other)
        one.submit(*(activity(number) for number in range(100)), options=["--wait-for", "1"])
        self.hold_alike(one, other, count=100)
        quiet = threading.Event()

        def messages_in(seconds):
            before = proxy.chunks
            quiet.wait(seconds)
            return proxy.chunks - before

        wait_for(lambda: messages_in(1) == 0, "the last positions are exchanged")
        before = [self.cpu_seconds(city) for city in (one, other)]
        messages = messages_in(WATCHED_SECONDS)
        spent = [self.cpu_seconds(city) - used for city, used in zip((one, other), before)]
        sizes = [self.resident_kib(city) for city in (one, other)]
        print(f"idle: {sizes} KiB resident, {spent} s of CPU and {messages} messages in {WATCHED_SECONDS} s", flush=True)
        self.assertLessEqual(messages, MESSAGES_MAX_PER_SECOND * WATCHED_SECONDS)
        self.assertLessEqual(max(spent), CPU_MAX_SECONDS)
        self.assertLessEqual(max(sizes), RSS_MAX_KIB)


if __name__ == "__main__":
    harness.main()
