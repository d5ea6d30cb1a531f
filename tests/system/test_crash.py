#!/usr/bin/python3
"""No acknowledged entry is ever lost: kill -9 in the middle of a stream of submits, again and again."""

import json
import threading

import harness
from harness import activity, wait_for

WRITERS = 4
ROUNDS = 4
ENOUGH = 25  # acknowledged in a round before the kill


class Crash(harness.TestCase):
    def write_until_refused(self, city, acknowledged, stop, first):
        number = first
        while not stop.is_set():
            done = city.run("submit", "-", given=json.dumps(activity(number)))
            if done.code:
                return
            acknowledged += done.lines()
            number += WRITERS

    def test_kill_during_submits(self):
        one, other, _ = self.pair()
        acknowledged = []
        for attempt in range(ROUNDS):
            stop, fresh = threading.Event(), []
            writers = [
                threading.Thread(target=self.write_until_refused, args=(one, fresh, stop, 10000 * attempt + k)) for k in range(WRITERS)
            ]
            for writer in writers:
                writer.start()
            try:
                wait_for(lambda f=fresh: len(f) >= ENOUGH, "enough are acknowledged", 60)
            finally:
                stop.set()
                one.kill()
                for writer in writers:
                    writer.join()
            acknowledged += fresh
            one.start()
            here = one.records()
            self.assertEqual([name for name in acknowledged if name not in here], [], "acknowledged, and gone after the restart")
        wait_for(lambda: set(acknowledged) <= set(other.records()), "the partner holds every acknowledged one", 60)
        self.hold_alike(one, other)
        one.do("verify")

    def test_kill_of_the_reader(self):
        """The partner dies while it takes in; it goes on where it stopped."""
        one, other, _ = self.pair()
        ids = one.submit(*(activity(number) for number in range(1000)))
        for _ in range(3):
            other.kill()
            ids += one.submit(*(activity(number) for number in range(1000)))
            other.start()
        self.hold_alike(one, other, count=len(ids))
        other.do("verify")


if __name__ == "__main__":
    harness.main()
