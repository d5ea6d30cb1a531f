#!/usr/bin/python3
"""A machine put back to an old copy of its folder, and one city on two machines: nothing is lost, nothing is frozen."""

import shutil

import harness
from harness import activity, wait_for


class Restored(harness.TestCase):
    def copy(self, city):
        """Of its folder, taken while it is stopped."""
        city.stop()
        kept = city.folder.with_suffix(".old")
        shutil.copytree(city.folder, kept, ignore=shutil.ignore_patterns("*.sock"))
        city.start()
        return kept

    def put_back(self, city, kept):
        city.kill()
        shutil.rmtree(city.folder)
        shutil.copytree(kept, city.folder)

    def test_writes_on_at_once(self):
        one, other, _ = self.pair()
        (before,) = one.submit(activity(1), options=["--wait-for", "1"])
        kept = self.copy(one)
        after = one.submit(*(activity(number) for number in range(2, 7)), options=["--wait-for", "1"])
        self.put_back(one, kept)
        other.stop()
        one.start()
        self.assertEqual(set(one.records()), {before}, "the old copy knows only what it knew")
        branch = one.submit(*(activity(number) for number in range(7, 10)))
        other.start()
        self.hold_alike(one, other, count=9)
        self.assertEqual(set(one.records()), {before, *after, *branch})
        (joined,) = one.submit(activity(10), options=["--wait-for", "1"])
        self.assertIn(joined, other.records())
        for city in (one, other):
            city.do("verify")

    def test_two_versions_of_one_statement(self):
        one, other, _ = self.pair()
        (record,) = one.submit(activity(1), options=["--wait-for", "1"])
        kept = self.copy(one)
        one.do("amend", record, given='{"title": "as the first machine had it"}')
        wait_for(lambda: "first machine" in other.do("show", record), "Mokpo has the first")
        self.put_back(one, kept)
        other.stop()
        one.start()
        one.do("amend", record, given='{"title": "as the restored machine has it"}')
        other.start()
        self.hold_alike(one, other, count=1)
        wait_for(
            lambda: all(city.show(record)["statements"][0].get("conflict") for city in (one, other)),
            "both show that Lianyungang has two current versions",
        )
        one.do("amend", record, given='{"title": "settled"}')
        wait_for(lambda: not other.show(record)["statements"][0].get("conflict"), "the next version settles it")
        self.assertIn("settled", other.do("show", record))
        self.hold_alike(one, other, count=1)


if __name__ == "__main__":
    harness.main()
