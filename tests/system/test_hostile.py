#!/usr/bin/python3
"""Garbage, wrong keys and outsized messages on either endpoint: refused, while other links go on unharmed."""

import random

import zmq

import harness
import rogue
from harness import activity, wait_for

MESSAGE_MAX = 1024 * 1024
SEED = random.SystemRandom().randrange(1 << 32)


class Hostile(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(SEED)
        print(f"seed {SEED}", flush=True)
        self.control = f"tcp://{harness.free_address()}"
        self.one, self.other, _ = self.pair(control=self.control)

    def unharmed(self):
        """The link between the two carries, the daemon answers."""
        (record,) = self.one.submit(activity(self.dice.randrange(1000)), options=["--wait-for", "1"])
        self.assertIn(record, self.other.records())
        self.assertIsNone(self.one.process.poll())

    def noise(self):
        """Frames of all kinds of wrong: empty, random, cut and bent messages, wrong wire types, deep lengths."""
        for size in (0, 1, 2, 3, 17, 100, 4096, 70000):
            yield self.dice.randbytes(size)
        hello = b"\x0a\x10\x08\x01\x10\x01\x1a\x04abcd\x22\x04abcd"
        for cut in range(len(hello)):
            yield hello[:cut]
        for _ in range(200):
            bent = bytearray(hello)
            bent[self.dice.randrange(len(bent))] ^= 1 << self.dice.randrange(8)
            yield bytes(bent)
        for field in range(1, 32):
            yield bytes([field << 3 & 0x7F | 2, 0x80, 0x80, 0x80, 0x80, 0x08])
            yield bytes([field << 3 & 0x7F]) + b"\xff" * 12
            yield bytes([field << 3 & 0x7F | 2, 4]) + self.dice.randbytes(4)

    def speak(self, endpoint, server, pair, frames):
        """Says each; a new connection whenever the old one was closed on it."""
        line = rogue.Rogue(endpoint, server, pair)
        try:
            for frame in frames:
                line.say(frame)
            line.events(300)
        finally:
            line.close()

    def test_plain_garbage(self):
        for address in (self.one.address, self.control[len("tcp://") :]):
            for data in (b"", b"GET / HTTP/1.1\r\n\r\n", bytes(300), b"\xff" * 4096, b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(60)):
                rogue.shout(address, data)
            for _ in range(20):
                rogue.shout(address, self.dice.randbytes(self.dice.randrange(1, 3000)))
        self.unharmed()

    def test_unknown_key(self):
        for endpoint in (f"tcp://{self.one.address}", self.control):
            line = rogue.Rogue(endpoint, rogue.server_key(self.one), zmq.curve_keypair())
            line.say(b"let me in")
            self.assertIsNone(line.hear(1000), "nobody with an unknown key is heard")
            self.assertNotIn("HANDSHAKE_SUCCEEDED", line.events(100))
            line.close()
        self.unharmed()

    def test_wrong_server_key(self):
        line = rogue.Rogue(self.control, zmq.curve_keypair()[0], rogue.client_pair(self.one))
        self.assertNotIn("HANDSHAKE_SUCCEEDED", line.events(500))
        line.close()
        self.unharmed()

    def test_garbled_partner(self):
        """A known partner whose machine talks nonsense."""
        broken = self.city("CN:xiamen")
        broken.meet(self.one)
        broken.stop()
        pair = rogue.transport_pair(broken)
        self.speak(f"tcp://{self.one.address}", rogue.server_key(self.one), pair, self.noise())
        self.unharmed()
        wait_for(
            lambda: any(peer["city"] == broken.id and peer.get("refused") for peer in self.one.json("peer", "list")["peers"]),
            "the status tells that messages of that partner were refused",
        )
        broken.start()
        wait_for(
            lambda: any(p["city"] == broken.id and p.get("link") == "up" for p in self.one.json("peer", "list")["peers"]),
            "it is welcome again once it talks sense",
            60,
        )

    def test_garbled_client(self):
        self.speak(self.control, rogue.server_key(self.one), rogue.client_pair(self.one), self.noise())
        self.unharmed()

    def test_oversized(self):
        broken = self.city("CN:xiamen")
        broken.meet(self.one)
        broken.stop()
        lines = (
            (f"tcp://{self.one.address}", rogue.transport_pair(broken)),
            (self.control, rogue.client_pair(self.one)),
        )
        for endpoint, pair in lines:
            for size in (MESSAGE_MAX, MESSAGE_MAX + 1, 40 * MESSAGE_MAX):
                self.speak(endpoint, rogue.server_key(self.one), pair, [bytes(size)])
        self.unharmed()

    def test_many_frames_and_many_connections(self):
        lines = [rogue.Rogue(self.control, rogue.server_key(self.one), rogue.client_pair(self.one)) for _ in range(50)]
        for line in lines:
            line.say(*[b"frame"] * 100)
        self.unharmed()
        for line in lines:
            line.close()
        self.unharmed()

    def test_a_line_that_garbles(self):
        """What is bent on the way is caught by CURVE; the link is made anew and catches up."""
        third = self.city("CN:xiamen")
        proxy = self.proxy(third.address)
        third.stop()
        conf = third.folder / "twinlogd.conf"
        conf.write_text(conf.read_text("utf-8").replace(f"announce = tcp://{third.address}", f"announce = tcp://{proxy.address}"), "utf-8")
        third.start()
        dialler = self.city("KR:busan", listen=False)
        dialler.meet(third)
        space = dialler.found("Busan and Xiamen", third)

        def bend(data):
            bent = bytearray(data)
            if self.dice.random() < 0.1:
                bent[self.dice.randrange(len(bent))] ^= 1 << self.dice.randrange(8)
            return bytes(bent)

        proxy.garble = bend
        ids = dialler.submit(*(activity(n, cities=("KR:busan", "CN:xiamen")) for n in range(2000)), space=space)
        wait_for(lambda: proxy.chunks > 30, "the line has carried something")
        proxy.garble = None
        proxy.cut()
        wait_for(lambda: third.total() == len(ids), "all have come", 120)
        third.do("verify")


if __name__ == "__main__":
    harness.main()
