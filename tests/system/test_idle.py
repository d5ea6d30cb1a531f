#!/usr/bin/python3
"""What programs weigh: a daemon with nothing to do is small, asleep, and silent on its links; a client given a long text needs
no more than for a short one."""

import json
import os
import subprocess
import threading

import harness
from harness import activity, wait_for

RSS_MAX_KIB = 15 * 1024
WATCHED_SECONDS = 10
CPU_MAX_SECONDS = 0.05
MESSAGES_MAX_PER_SECOND = 2
LONG_TEXT = 30000


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

    def peak_kib(self, city, lines):
        """What `twinlog submit` takes at most for so many lines, the text itself not counted."""
        text = self.folder / "text.jsonl"
        text.write_text("".join(json.dumps(activity(number), ensure_ascii=False) + "\n" for number in range(lines)), "utf-8")
        client = subprocess.Popen(
            [harness.TWINLOG, "-D", city.folder, "submit", text], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(client.pid, 0)
        client.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(client.returncode, 0)
        return used.ru_maxrss - text.stat().st_size // 1024

    def test_long_text(self):
        one, _, _ = self.pair()
        short, long = self.peak_kib(one, 3000), self.peak_kib(one, LONG_TEXT)
        print(f"submit: {short} KiB for 3000 lines, {long} KiB for {LONG_TEXT}", flush=True)
        self.assertLess(long, 1.8 * short)


if __name__ == "__main__":
    harness.main()
