"""Partners and clients that misbehave: the right keys and wrong bytes, wrong keys, or no ZeroMQ at all."""

import hashlib
import re
import socket
import time

import zmq
from zmq.utils import z85


def settings(path):
    """key = value lines."""
    return dict(re.findall(r"^([a-z]+) = (.*)$", path.read_text("utf-8"), re.MULTILINE))


def transport_pair(city):
    """The CURVE keys that a city's seed derives (PROTOCOL, "Identity"): for one who plays a known partner."""
    known = settings(city.folder / "keys" / "city.seed")
    derived = hashlib.blake2b(
        b"twinlog/transport-key/1\0" + int(known["index"]).to_bytes(4, "big"), key=bytes.fromhex(known["seed"]), digest_size=32
    )
    secret = z85.encode(derived.digest())
    return zmq.curve_public(secret), secret


def client_pair(city):
    known = settings(city.folder / "clients" / "admin.key")
    return known["public"].encode(), known["secret"].encode()


def server_key(city):
    return settings(city.folder / "client.conf")["server"].encode()


class Rogue:
    """A DEALER that says whatever it is told to say."""

    def __init__(self, endpoint, server, pair):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.curve_serverkey = server
        self.socket.curve_publickey, self.socket.curve_secretkey = pair
        self.monitor = self.socket.get_monitor_socket()
        self.socket.connect(endpoint)

    def events(self, milliseconds):
        """Names of what happens to the connection in that time; who is refused tries again and again."""
        names, deadline = [], time.monotonic() + milliseconds / 1000
        while self.monitor.poll(max(0, int(1000 * (deadline - time.monotonic())))):
            number = int.from_bytes(self.monitor.recv_multipart()[0][:2], "little")
            names.append(zmq.Event(number).name)
        return names

    def say(self, *frames):
        self.socket.send_multipart(frames)

    def hear(self, milliseconds):
        return self.socket.recv_multipart() if self.socket.poll(milliseconds) else None

    def close(self):
        self.socket.disable_monitor()
        self.context.destroy(linger=0)


def shout(address, data):
    """Bytes on a plain connection; what comes back until the other end closes or is silent for a moment."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.settimeout(0.3)
        heard = b""
        try:
            line.sendall(data)
            while part := line.recv(65536):
                heard += part
        except OSError:
            pass
        return heard
