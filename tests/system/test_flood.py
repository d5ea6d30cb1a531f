#!/usr/bin/python3
"""One client asks without end: it is slowed and shown, and the others go on."""

import json
import subprocess
import threading
import time

import harness
from harness import activity


class Flood(harness.TestCase):
    def test_harms_nobody_else(self):
        one, _, space = self.pair()
        ids = one.submit(*(activity(number) for number in range(300)), space=space)
        hostile = self.folder / "hostile.conf"
        one.do("user", "add", "hostile", "--role", "reader", "-o", hostile)
        ended = threading.Event()

        def flood():
            while not ended.is_set():
                subprocess.run([harness.TWINLOG, "-D", hostile, "verify"], capture_output=True, check=False)
                subprocess.run([harness.TWINLOG, "-D", hostile, "list", "--limit", "1000"], capture_output=True, check=False)

        threads = [threading.Thread(target=flood) for _ in range(12)]
        for thread in threads:
            thread.start()
        try:
            # Writes and reads of the others are answered meanwhile, each well within a call's time-out.
            slowest = 0.0
            for number in range(20):
                begun = time.monotonic()
                (id_,) = one.submit(activity(1000 + number), space=space)
                self.assertEqual(one.show(id_)["id"], id_)
                slowest = max(slowest, time.monotonic() - begun)
            self.assertLess(slowest, 30 * harness.PATIENCE)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        users = {user["name"]: user for user in one.json("user", "list")["users"]}
        self.assertGreater(users["hostile"]["refused"], 0, "beyond its role, refused and counted")
        self.assertGreater(users["hostile"]["requests"], users["hostile"]["refused"])
        self.assertEqual(users["admin"]["refused"], 0)
        refused = [entry for entry in one.json("audit", "--last", "0")["entries"] if entry["kind"] == "refused"]
        self.assertEqual(len(refused), 1, "told once a minute, so that the trail is no flood either")
        self.assertEqual(one.total(), len(ids) + 20)
        self.assertIn("hostile", json.dumps(users))


if __name__ == "__main__":
    harness.main()
