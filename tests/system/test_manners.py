#!/usr/bin/python3
"""Partners that know the keys and have no manners: they flood, never read, never credit, stand at the door by the
hundred. Memory stays bounded, and the partner next to them gets on as if they were not there."""

import os
import random
import socket
import struct
import threading
import time

import zmq

import harness
import partner as wire
import rogue
from harness import activity, wait_for

SEED = random.SystemRandom().randrange(1 << 32)
SANITIZED = harness.PATIENCE > 1
RSS_GROWTH_MAX_KIB = 120 * 1024
FLOOD_SECONDS = 4


def resident_kib(city):
    with open(f"/proc/{city.process.pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def descriptors(city):
    return len(os.listdir(f"/proc/{city.process.pid}/fd"))


class Manners(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(SEED)
        print(f"seed {SEED}", flush=True)
        self.lines = []

    def tearDown(self):
        for line in self.lines:
            line.close()
        super().tearDown()

    def three(self, records=0):
        """Two cities that get on with each other, and a third in their space whose keys fall into bad hands."""
        self.one, self.other, self.bad = self.city("CN:lianyungang"), self.city("KR:mokpo"), self.city("KR:busan")
        for first, second in ((self.one, self.other), (self.one, self.bad)):
            first.meet(second)
        self.space = self.one.found("Three", self.other, self.bad)
        for number in range(0, records, 500):
            self.one.submit(*(activity(n, summary="s" * 1500) for n in range(number, number + 500)), space=self.space)
        wait_for(lambda: self.other.total() == records, "Mokpo holds all", 120)
        self.card = (self.bad.folder / "card").read_bytes()
        self.keys = wire.of_city(self.bad)
        self.bad.stop()

    def linked(self):
        line = wire.Partner(self.one, self.keys, self.card)
        self.lines.append(line)
        self.assertIn(1, line.heard(500), "it greets back")
        return line

    def next_to_it(self):
        """Seconds that an entry takes to the good partner and back."""
        began = time.monotonic()
        self.one.submit(activity(self.dice.randrange(1000)), space=self.space, options=["--wait-for", "1"])
        return time.monotonic() - began

    def endures(self, flood, what):
        """While it floods, entries go through and memory stays bounded."""
        before, quiet = resident_kib(self.one), self.next_to_it()
        stop = threading.Event()

        def run():
            while not stop.is_set():
                flood()

        thread = threading.Thread(target=run)
        thread.start()
        took, peak, until = [], 0, time.monotonic() + FLOOD_SECONDS
        try:
            while time.monotonic() < until:
                took.append(self.next_to_it())
                peak = max(peak, resident_kib(self.one) - before)
        finally:
            stop.set()
            thread.join()
        print(f"{what}: alone {quiet:.2f} s, beside it {max(took):.2f} s at most in {len(took)} rounds, {peak} KiB more", flush=True)
        if not SANITIZED:
            self.assertLess(peak, RSS_GROWTH_MAX_KIB, what)
        self.assertIsNone(self.one.process.poll())

    def test_floods(self):
        self.three()
        space, fake = bytes.fromhex(self.space), [os.urandom(32) for _ in range(6000)]
        city, one = self.keys.identity, wire.of_city(self.one).identity
        self.assertEqual(city.hex(), self.one.json("peer", "list")["peers"][-1]["identity"])
        heads = wire.message(f1=space, f2=fake[:100], f3=[wire.message(f1=city, f2=fake)] * 3, f5=1)
        counter = [int(time.time())]

        def position():
            counter[0] += 1
            # In order, or it would be refused before anything is looked at.
            named = dict([(self.dice.randbytes(32), fake[:1]) for _ in range(10)] + [(one, sorted(fake[:5000]))])
            cities = [wire.message(f1=name, f2=named[name]) for name in sorted(named)]
            body = wire.message(f1=space, f2=city, f3=counter[0], f4=counter[0], f6=int(time.time() * 1000), f7=cities)
            return wire.message(f1=wire.message(f1=body, f2=self.keys.sign("position", body)))

        floods = {
            "pings": lambda: wire.field(wire.PING, wire.message(f1=7)),
            "unknown messages": lambda: wire.field(900, os.urandom(500)),
            "heads": lambda: wire.field(wire.HEADS, heads),
            "announcements": lambda: wire.field(wire.ANNOUNCE, wire.message(f1=space, f2=city, f3=fake)),
            "wishes": lambda: wire.field(wire.WANT, wire.message(f1=space, f2=one, f3=fake[:128], f4=counter[0], f5=1 << 40)),
            "wishes for acts": lambda: wire.field(wire.WANT, wire.message(f1=space, f4=counter[0], f5=1 << 40)),
            "buckets": lambda: wire.field(wire.BUCKETS, wire.message(f1=space, f2=os.urandom(8192), f3=1)),
            "digests": lambda: wire.field(wire.DIGEST, wire.message(f1=space, f2=fake[0], f3=fake[1], f4=fake[2])),
            "positions": lambda: wire.field(wire.POSITIONS, position()),
            "greetings": lambda: wire.hello(self.keys, self.card, zmq.utils.z85.decode(rogue.server_key(self.one))),
            "chunks nobody asked for": lambda: wire.field(wire.CHUNK, wire.message(f1=space, f2=city, f4=os.urandom(200000), f5=1 << 20)),
            "junk": lambda: os.urandom(self.dice.randrange(1, 3000)),
        }
        for what, make in floods.items():
            line = self.linked()
            frames = [make() for _ in range(40)]

            def flood(line=line, frames=frames):
                counter[0] += 1
                for frame in frames:
                    try:
                        line.socket.send(frame, zmq.DONTWAIT)
                    except zmq.Again:
                        time.sleep(0.001)  # the line is full: that is how fast it goes

            self.endures(flood, what)
            line.close()
            self.lines.remove(line)

    def test_never_reads(self):
        """It asks for everything, over and over, on four lines, and reads and credits nothing."""
        self.three(records=4000)
        one, space = wire.of_city(self.one).identity, bytes.fromhex(self.space)
        lines = [self.linked() for _ in range(4)]
        streams = [1]

        def flood():
            streams[0] += 1
            for line in lines:
                for city in (one, b""):
                    try:
                        line.socket.send(wire.field(wire.WANT, wire.message(f1=space, f2=city, f4=streams[0], f5=1 << 40)), zmq.DONTWAIT)
                        line.socket.send(wire.field(wire.PING, wire.message(f1=1)), zmq.DONTWAIT)
                    except zmq.Again:
                        time.sleep(0.001)

        self.endures(flood, "never reads")

    def test_slow_reader_catches_up(self):
        """One that takes its time and credits what it read gets everything; meanwhile nothing piles up."""
        self.three(records=3000)
        before = resident_kib(self.one)
        line = self.linked()
        space, one = bytes.fromhex(self.space), wire.of_city(self.one).identity
        line.tell(wire.WANT, f1=space, f2=one, f4=1, f5=100000)
        heard, last = 0, False
        deadline = time.monotonic() + 60 * harness.PATIENCE
        while not last and time.monotonic() < deadline:
            frames = line.hear(1000)
            if not frames or frames[0][0] >> 3 != wire.CHUNK:
                continue
            heard += len(wire.first(frames[0], wire.CHUNK))
            last = frames[0].endswith(b"\x30\x01")  # Chunk.last
            line.tell(wire.CREDIT, f1=1, f2=256 * 1024)
        self.assertTrue(last, "the stream came to its end")
        self.assertGreater(heard, 10000)
        if not SANITIZED:
            self.assertLess(resident_kib(self.one) - before, RSS_GROWTH_MAX_KIB)

    def test_crowd_at_the_door(self):
        """Raw connections by the hundred, silent or stopped in the middle of the handshake: partners and clients get through."""
        self.three()
        host, port = self.one.address.rsplit(":", 1)
        before, crowd = descriptors(self.one), []
        greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00CURVE" + bytes(15) + b"\x00" + bytes(31)
        stop = threading.Event()

        def come():
            while not stop.is_set():
                try:
                    line = socket.create_connection((host, int(port)), timeout=1)
                    if self.dice.random() < 0.5:
                        line.sendall(greeting[: self.dice.randrange(len(greeting))])
                    crowd.append(line)
                except OSError:
                    stop.wait(0.01)
                if len(crowd) > 1500:
                    crowd.pop(0).close()

        threads = [threading.Thread(target=come) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            wait_for(lambda: len(crowd) > 600, "there is a crowd")
            self.assertLess(descriptors(self.one), before + 700, "not all of them are let stand")
            self.next_to_it()
            # A partner that comes only now, from the same host as the crowd.
            self.other.kill()
            self.other.start()
            wait_for(lambda: self.next_to_it() > 0, "it got through", 60)
            self.bad.start()
            wait_for(
                lambda: any(p["city"] == self.bad.id and p.get("link") == "up" for p in self.one.json("peer", "list")["peers"]),
                "and so does another",
                60,
            )
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            for line in crowd:
                line.close()
        wait_for(lambda: descriptors(self.one) < before + 40, "they are all gone", 30)

    def test_silent_after_the_handshake(self):
        """Known keys, finished handshakes, and not a word."""
        self.three()
        before = descriptors(self.one)
        lines = [rogue.Rogue(f"tcp://{self.one.address}", rogue.server_key(self.one), self.keys.pair) for _ in range(30)]
        self.lines += lines
        wait_for(lambda: descriptors(self.one) >= before + 25, "they stand there")
        self.next_to_it()
        wait_for(lambda: sum("DISCONNECTED" in line.events(10) for line in lines) > 0, "they are shown out", 40)

    def test_dropped_means_cut(self):
        """Whoever is dropped loses the connection, too, and hears why before."""
        self.three()
        line = self.linked()
        line.say(b"\xff\xff\xff")
        self.assertIn(wire.REFUSE, line.heard(2000))
        wait_for(lambda: "DISCONNECTED" in line.events(100), "it is cut off")

    def test_who_comes_back_is_left_alone(self):
        """A connection gets the descriptor of the one before it, which is found to be gone only later."""
        one, other = self.city("CN:lianyungang", listen=False), self.city("KR:mokpo")
        one.meet(other)
        one.stop()
        before = len(one.log_text())
        one.start()
        time.sleep(12)  # a heartbeat to the old connection, and a moment more
        self.assertNotIn("the connection was cut", one.log_text()[before:])

    def test_many_partners(self):
        """Three hundred links, dialled and dialled in, on few descriptors."""
        one = self.city("CN:lianyungang")
        before, context, sockets, dealers = descriptors(one), zmq.Context(), [], []
        context.max_sockets = 4000
        keys = [wire.Keys() for _ in range(300)]
        dialled = 100
        try:
            for number, key in enumerate(keys):
                addresses = []
                if number < dialled:
                    router = context.socket(zmq.ROUTER)
                    router.linger, router.curve_server, router.curve_secretkey = 0, True, key.pair[1]
                    addresses = [f"tcp://127.0.0.1:{router.bind_to_random_port('tcp://127.0.0.1')}"]
                    sockets.append((router, key))
                card = self.folder / "card"
                card.write_bytes(key.card(f"KR:town{number}", addresses))
                one.do("peer", "add", card)

            def linked(least):
                for router, key in sockets:
                    while router.poll(0):
                        route, frame = router.recv_multipart()[:2]
                        if frame[0] >> 3 == wire.HELLO:
                            greeting = wire.hello(key, key.card(f"KR:town{keys.index(key)}", [router.last_endpoint]), wire.of_city(one).transport)
                            router.send_multipart([route, greeting])
                return sum(peer.get("link") == "up" for peer in one.json("peer", "list")["peers"]) >= least

            wait_for(lambda: linked(dialled), "those that are dialled", 120)
            # One after the other, since more than 64 of one host that have not greeted are too many; and without long waits, since
            # they do not answer when they are asked whether they are there still.
            for number, key in enumerate(keys[dialled:], dialled):
                dealer = context.socket(zmq.DEALER)
                dealer.linger, dealer.curve_serverkey = 0, rogue.server_key(one)
                dealer.curve_publickey, dealer.curve_secretkey = key.pair
                dealer.connect(f"tcp://{one.address}")
                dealer.send(wire.hello(key, key.card(f"KR:town{number}", []), wire.of_city(one).transport))
                dealers.append(dealer)
                if number % 50 == 49:
                    wait_for(lambda: linked(len(dealers)), "those that dial in", 20)
            wait_for(lambda: linked(300), "all are linked", 30)
            used = descriptors(one) - before
            print(f"300 links ({dialled} of them dialled): {used} descriptors, {resident_kib(one)} KiB", flush=True)
            self.assertLessEqual(used, 4 * dialled + 200 + 50)
        finally:
            context.destroy(linger=0)

    def test_reset_in_the_middle(self):
        """Connections that end by a reset leave nothing behind."""
        self.three()
        host, port = self.one.address.rsplit(":", 1)
        before = descriptors(self.one)
        for _ in range(300):
            line = socket.create_connection((host, int(port)))
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.sendall(self.dice.randbytes(self.dice.randrange(1, 70)))
            line.close()
        self.next_to_it()
        wait_for(lambda: descriptors(self.one) < before + 40, "they are all gone")


if __name__ == "__main__":
    harness.main()
