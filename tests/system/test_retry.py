#!/usr/bin/python3
"""A submit that is handed in again after a time-out, a crash or a restart is one record."""

import json
import secrets
import signal
import time

import harness
from harness import activity, wait_for


def request_id():
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(10)}"


class Retry(harness.TestCase):
    def test_the_same_request_again(self):
        one, other, _ = self.pair()
        entry = activity(1, request=request_id())
        first = one.submit(entry)
        self.assertEqual(one.submit(entry), first)
        one.kill()
        one.start()
        self.assertEqual(one.submit(entry), first, "known after a crash as well")
        self.hold_alike(one, other, count=1)
        self.assertEqual(len(one.json("history", first[0])["versions"]), 1)

    def test_a_daemon_that_does_not_answer(self):
        one, other, _ = self.pair()
        entry = activity(2, request=request_id())
        one.process.send_signal(signal.SIGSTOP)
        try:
            done = one.run("submit", "-", "--timeout", "1s", given=json.dumps(entry))
            self.assertEqual(done.code, 5, done)
        finally:
            one.process.send_signal(signal.SIGCONT)
        (record,) = one.submit(entry)
        wait_for(lambda: record in other.records(), "the partner reads it")
        self.hold_alike(one, other, count=1)
        self.assertEqual(len(one.json("history", record)["versions"]), 1)

    def test_a_daemon_that_dies_before_it_answers(self):
        one, other, _ = self.pair()
        entries = [activity(number, request=request_id()) for number in range(40)]
        for entry in entries[:20]:
            one.process.send_signal(signal.SIGSTOP)
            one.kill() if entry is entries[10] else one.process.send_signal(signal.SIGCONT)
            if not one.process:
                one.start()
            one.submit(entry)
        ids = one.submit(*entries)
        self.assertEqual(len(set(ids)), 40)
        self.hold_alike(one, other, count=40)


if __name__ == "__main__":
    harness.main()
