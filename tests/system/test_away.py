#!/usr/bin/python3
"""A daemon that was away while 10,000 records came; a line that breaks while it catches up; a city that only dials."""

import harness
from harness import activity, wait_for


class Away(harness.TestCase):
    def test_ten_thousand_meanwhile(self):
        one, other, space = self.pair()
        one.submit(activity(0), options=["--wait-for", "1"])
        other.stop()
        for first in range(0, 10000, 2000):
            one.submit(*(activity(number) for number in range(first, first + 2000)), space=space)
        self.assertEqual(one.total(), 10001)
        self.assertEqual(one.json("status")["spaces"][0]["only_here"], 10000)
        other.start()
        wait_for(lambda: other.total() == 10001, "all have come", 120)
        wait_for(lambda: not one.json("status")["spaces"][0].get("only_here"), "the partner's position says so", 60)
        self.assertEqual(one.records().keys(), other.records().keys())

    def test_a_line_that_breaks(self):
        other = self.city("KR:mokpo")
        proxy = self.proxy(other.address)
        other.stop()
        conf = other.folder / "twinlogd.conf"
        conf.write_text(conf.read_text("utf-8").replace(f"announce = tcp://{other.address}", f"announce = tcp://{proxy.address}"), "utf-8")
        other.start()
        one = self.city("CN:lianyungang", listen=False)
        one.meet(other)
        one.found("Lianyungang and Mokpo", other)
        ids = []
        for _ in range(5):
            ids += one.submit(*(activity(number) for number in range(1000)))
            proxy.cut()
        wait_for(lambda: other.total() == len(ids), "all have come although the line broke", 120)

    def test_a_city_that_only_dials(self):
        other = self.city("KR:mokpo")
        one = self.city("CN:lianyungang", listen=False)
        one.meet(other)
        one.found("Lianyungang and Mokpo", other)
        (record,) = one.submit(activity(1), options=["--wait-for", "1"])
        (answer,) = other.submit(activity(2), options=["--wait-for", "1"])
        self.assertEqual({record, answer}, set(one.records()))
        for city in (one, other):
            city.kill()
            city.start()
        (third,) = other.submit(activity(3))
        wait_for(lambda: third in one.records(), "it dialled again", 60)


if __name__ == "__main__":
    harness.main()
