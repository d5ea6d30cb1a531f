#!/usr/bin/python3
"""A city that gets out by a SOCKS5 proxy alone: links, a join, a proxy that goes away, refuses or is none. The proxy is
microsocks; without it this test says so and tests nothing."""

import contextlib
import shutil
import socket
import subprocess
import threading

import harness
from harness import activity, wait_for

MICROSOCKS = shutil.which("microsocks")


class Knows:
    """A proxy that knows one name, and what it was asked for: (kind of address, name, port) each time."""

    def __init__(self, name, target):
        self.name, self.target, self.address, self.asked = name.encode(), target, harness.free_address(), []
        host, port = self.address.rsplit(":", 1)
        self.server = socket.create_server((host, int(port)))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._one, args=(self.server.accept()[0],), daemon=True).start()

    def _one(self, near):
        with contextlib.suppress(OSError, IndexError), near:
            near.recv(3)
            near.sendall(b"\5\0")
            asked = near.recv(300)
            self.asked.append((asked[3], asked[5 : 5 + asked[4]], int.from_bytes(asked[-2:], "big")))
            if self.asked[-1][1] != self.name:
                return
            host, port = self.target.rsplit(":", 1)
            with socket.create_connection((host, int(port))) as far:
                near.sendall(b"\5\0\0\1" + bytes(6))
                back = threading.Thread(target=self._carry, args=(far, near), daemon=True)
                back.start()
                self._carry(near, far)
                back.join()

    @staticmethod
    def _carry(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.server.close()


@harness.unittest.skipUnless(MICROSOCKS, "microsocks is not installed; see deploy/install-packages")
class Proxy(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.running = []

    def tearDown(self):
        for proxy in self.running:
            proxy.kill()
            proxy.wait()
        super().tearDown()

    def socks(self, address, out, *more):
        """A proxy that listens at address and goes out from the host `out`."""
        host, port = address.rsplit(":", 1)
        with open(self.folder / "proxy.log", "ab") as log:
            proxy = subprocess.Popen([MICROSOCKS, "-i", host, "-p", port, "-b", out, *more], stdout=log, stderr=log)
        self.running.append(proxy)
        return proxy

    def end(self, proxy):
        proxy.kill()
        proxy.wait()
        self.running.remove(proxy)

    def behind(self, city_id, proxy):
        """A city that cannot be dialled and dials by the proxy alone."""
        made = self.city(city_id, listen=False)
        made.stop()
        with open(made.folder / "twinlogd.conf", "a", encoding="utf-8") as conf:
            conf.write(f"proxy = socks5://{proxy}\n")
        made.start()
        return made

    def up(self, city, of):
        return self.partner(city, of)["link"] == "up"

    def ends_at(self, port):
        """Hosts from which somebody is connected to that port, as the kernel has it."""
        hosts = set()
        with open("/proc/net/tcp", encoding="ascii") as table:
            for line in table.readlines()[1:]:
                local, remote, state = line.split()[1:4]
                if state == "01" and int(remote.split(":")[1], 16) == port:
                    hosts.add(".".join(str(byte) for byte in reversed(bytes.fromhex(local.split(":")[0]))))
        return hosts

    def test_links(self):
        proxy, out = harness.free_address(), "127.77.66.55"
        one = self.city("CN:lianyungang")
        other = self.behind("KR:mokpo", proxy)
        one.meet(other)
        # Nothing gets out before the proxy is there.
        wait_for(lambda: self.partner(other, one.id).get("last_error"), "it says that it gets nowhere")
        self.assertFalse(self.up(other, one.id))
        running = self.socks(proxy, out)
        wait_for(lambda: self.up(other, one.id), "linked by the proxy")
        self.assertEqual(self.ends_at(int(one.address.rsplit(":", 1)[1])), {out}, "the connection is the proxy's")
        space = one.found("Pair", other)
        (first,) = other.submit(activity(1), space=space, options=["--wait-for", "1"])
        (second,) = one.submit(activity(2), space=space, options=["--wait-for", "1"])
        # It goes away in the middle, and comes back.
        self.end(running)
        wait_for(lambda: not self.up(other, one.id), "the line is gone with it")
        (third,) = other.submit(activity(3), space=space)
        self.socks(proxy, out)
        wait_for(lambda: set(one.records("--space", space)) == {first, second, third}, "all has arrived", 60)
        self.assertEqual(self.ends_at(int(one.address.rsplit(":", 1)[1])), {out})

    def test_names(self):
        """A name goes to the proxy as it is: this machine need not resolve it, and cannot."""
        address = harness.free_address()
        port = int(address.rsplit(":", 1)[1])
        knows = Knows("city.invalid", address)
        self.addCleanup(knows.close)
        one = self.city("CN:lianyungang", address=address, announce=f"city.invalid:{port}")
        other = self.behind("KR:mokpo", knows.address)
        one.meet(other)
        wait_for(lambda: self.up(other, one.id), "linked by name")
        self.assertEqual(set(knows.asked), {(3, b"city.invalid", port)})

    def test_refuses(self):
        """A proxy that wants a password, one that does not answer as one: no link, and it is said."""
        strict, other_kind = harness.free_address(), harness.free_address()
        self.socks(strict, "0.0.0.0", "-u", "clerk", "-P", "word")
        silent = self.proxy(strict)
        silent.garble = lambda data: b"HTTP/1.0 400 no\r\n\r\n"
        one = self.city("CN:lianyungang")
        for city_id, proxy, why in (
            ("KR:mokpo", strict, "does not let this machine through"),
            ("KR:busan", silent.address, "does not answer as one"),
            ("KR:ulsan", other_kind, "cannot be reached"),
        ):
            city = self.behind(city_id, proxy)
            one.meet(city)
            wait_for(lambda c=city, w=why: w in self.partner(c, one.id).get("last_error", ""), why)
            self.assertFalse(self.up(city, one.id))
            self.assertEqual(city.run("status").code, 0)

    def test_join(self):
        proxy, out = harness.free_address(), "127.77.66.55"
        one = self.city("CN:lianyungang")
        other = self.behind("KR:mokpo", proxy)
        file = self.folder / "invitation"
        self.assertEqual(one.run("invite", other.id, "-o", file).code, 0)
        done = other.run("join", file, "--proxy", f"socks5://{proxy}", "--timeout", "3s")
        self.assertTrue(done.code or (self.folder / "invitation.answer").exists(), f"no proxy, no way: {done}")
        self.socks(proxy, out)
        space = other.do("join", file, "--proxy", f"socks5://{proxy}").split()[-1]
        (id_,) = other.submit(activity(1), space=space, options=["--wait-for", "1"])
        self.assertIn(id_, one.records("--space", space))


if __name__ == "__main__":
    harness.main()
