"""A partner with the right keys that says what it is told to: the wire format of PROTOCOL by hand, for tests of manners."""

import hashlib
import os

import zmq
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from zmq.utils import z85

import rogue

HELLO, PING, DIGEST, HEADS, WANT, CREDIT, CHUNK, POSITIONS, ANNOUNCE, REFUSE, BUCKETS = 1, 2, 4, 5, 6, 7, 8, 11, 12, 13, 14
RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    """One field; numbers as varints, texts and bytes with their length, lists as repeated fields."""
    if isinstance(value, list):
        return b"".join(field(number, one) for one in value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(**fields):
    """message(f1=…, f2=…): in the order of the numbers, without defaults."""
    numbers = sorted((int(name[1:]), value) for name, value in fields.items())
    return b"".join(field(number, value) for number, value in numbers if value not in (0, b"", None, []))


def blake(tag, data, key=b""):
    return hashlib.blake2b(b"twinlog/" + tag.encode() + b"/1\0" + data, key=key, digest_size=32).digest()


def first(data, number):
    """The first value of a field that holds bytes."""
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        size, at = read_varint(data, at)
        if tag & 7 == 2:
            if tag >> 3 == number:
                return data[at : at + size]
            at += size
    return b""


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


class Keys:
    """What a seed derives (PROTOCOL, "Identity")."""

    def __init__(self, seed=None, index=0, recovery=None):
        seed = seed or os.urandom(32)
        derive = lambda tag: blake(tag, index.to_bytes(4, "big"), seed)
        self.city = ed25519.Ed25519PrivateKey.from_private_bytes(derive("city-key"))
        self.public = self.city.public_key().public_bytes(*RAW)
        secret = z85.encode(derive("transport-key"))
        self.pair = (zmq.curve_public(secret), secret)
        self.transport = z85.decode(self.pair[0])
        self.recovery = recovery or ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(*RAW)

    @property
    def identity(self):
        return blake("identity", self.public + self.recovery)

    def sign(self, kind, data):
        return self.city.sign(b"twinlog/" + kind.encode() + b"/1\0" + data)

    def card(self, city_id, addresses=()):
        """A SignedCard."""
        card = message(f1=self.public, f2=self.recovery, f3=self.public, f5=self.transport, f6=city_id, f8=list(addresses), f9=1)
        return message(f1=card, f2=self.sign("card", card))


def of_city(city):
    known = rogue.settings(city.folder / "keys" / "city.seed")
    card = first((city.folder / "card").read_bytes(), 1)
    return Keys(bytes.fromhex(known["seed"]), int(known["index"]), first(card, 2))


def hello(keys, card, other_transport):
    proof = keys.sign("hello", keys.transport + other_transport)
    return field(HELLO, message(f1=1, f2=1, f3=card, f4=proof))


class Partner(rogue.Rogue):
    """Linked to a city under another city's keys; greets at once."""

    def __init__(self, city, keys, card):
        server = rogue.server_key(city)
        super().__init__(f"tcp://{city.address}", server, keys.pair)
        self.say(hello(keys, card, z85.decode(server)))

    def tell(self, kind, **fields):
        self.say(field(kind, message(**fields)))

    def heard(self, milliseconds=1000):
        """Kinds of what comes until nothing comes for so long."""
        kinds = []
        while frames := self.hear(milliseconds):
            kinds.append(frames[0][0] >> 3)
        return kinds
