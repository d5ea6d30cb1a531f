"""A bad line between two network namespaces: real packets of the kernel's own TCP, delayed, lost, squeezed or swallowed by
this process, which stands between two TUN devices. It does what `tc netem` does, and also where the kernel has no netem.

    with line.Line() as bad: bad.set(delay_ms=150, loss=0.05, rate=125000)

Needs root (or sudo rights by being root) and /dev/net/tun; `line.missing()` says what is not there."""

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
QUEUE_SECONDS = 2.0  # of its rate wait at the narrow place; more is lost, as in a modem
HOSTS = ("10.77.0.1", "10.77.0.2")


def missing():
    """What the machine lacks for such a line, in words; empty when nothing."""
    if os.geteuid() != 0:
        return "network namespaces take root"
    if not os.path.exists("/dev/net/tun"):
        return "the kernel has no /dev/net/tun"
    probe = subprocess.run(["unshare", "-n", "ip", "tuntap", "add", "dev", "t0", "mode", "tun"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else f"the kernel forbids it: {probe.stderr.decode().strip()}"


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Line:
    def __init__(self, dice=None):
        self.dice = dice or random.Random(1)
        self.names = [f"twinlog-{os.getpid()}-{side}" for side in "ab"]
        self.ends, self.over = [], threading.Event()
        self.carried = self.lost = 0
        self.set()

    def set(self, delay_ms=0, loss=0.0, rate=None, holes=(False, False)):
        """rate: bytes a second each way; holes: whether each direction (from the first end, from the second) swallows all."""
        self.how = (delay_ms / 1000, loss, rate, holes)

    def __enter__(self):
        for number, name in enumerate(self.names):
            ip("netns", "add", name)
            self.ends.append(self._tun(name))
            inside = ("netns", "exec", name, "ip")
            ip(*inside, "link", "set", "lo", "up")
            ip(*inside, "address", "add", HOSTS[number], "peer", HOSTS[1 - number], "dev", "line")
            ip(*inside, "link", "set", "line", "up")
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        for end in self.ends:
            os.close(end)
        for name in self.names:
            ip("netns", "delete", name)

    def within(self, side):
        """Words before a command that has to run at that end."""
        return ["ip", "netns", "exec", self.names[side]]

    def _tun(self, name):
        """A device in that namespace: the thread that enters it ends with this."""
        made = []

        def enter():
            with open(f"/run/netns/{name}", "rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"line", IFF_TUN | IFF_NO_PI))
            made.append(device)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return made[0]

    def _carry(self):
        waiting, number, free_at = [], 0, [0.0, 0.0]
        while not self.over.is_set():
            now = time.monotonic()
            while waiting and waiting[0][0] <= now:
                _, _, side, packet = heapq.heappop(waiting)
                try:
                    os.write(self.ends[1 - side], packet)
                    self.carried += 1
                except OSError:
                    self.lost += 1
            pause = min(0.05, max(0.0, waiting[0][0] - now)) if waiting else 0.05
            for end in select.select(self.ends, [], [], pause)[0]:
                side = self.ends.index(end)
                try:
                    packet = os.read(end, 65536)
                except BlockingIOError:
                    continue
                now = time.monotonic()
                delay, loss, rate, holes = self.how
                free_at[side] = max(now, free_at[side])
                full = rate is not None and free_at[side] - now > QUEUE_SECONDS
                if holes[side] or full or self.dice.random() < loss:
                    self.lost += 1
                    continue
                if rate is not None:
                    free_at[side] += len(packet) / rate
                number += 1
                heapq.heappush(waiting, (free_at[side] + delay, number, side, packet))
