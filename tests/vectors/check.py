#!/usr/bin/python3
"""The vectors reckoned anew from proto/PROTOCOL.md alone: messages written byte by byte, no library of the project.

Every line of vectors.txt gives inputs and what has to come out. Of cards, acts and bundles the bytes themselves are made
here, signature included (Ed25519 is deterministic), so that equal bytes prove encoding, hashes and signatures at once.
"""

import calendar
import datetime
import hashlib
import pathlib
import re
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

VECTORS = pathlib.Path(__file__).with_name("vectors.txt")
RAW = {"encoding": serialization.Encoding.Raw, "format": serialization.PublicFormat.Raw}

# ---- PROTOCOL, "Bytes" ----


def domain(tag):
    return b"twinlog/" + tag.encode() + b"/1\0"


def H(tag, *parts, key=b""):
    return hashlib.blake2b(domain(tag) + b"".join(parts), digest_size=32, key=key).digest()


def sign(seed, kind, data):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(domain(kind) + data)


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def message(*fields):
    """(number, value) in order; ints are varints, bytes are lengths; what is empty or 0 is left out, but in a list."""
    out = b""
    for number, value in fields:
        for one in value if isinstance(value, list) else [value] if value else []:
            out += varint(number << 3) + varint(one) if isinstance(one, int) else varint(number << 3 | 2) + varint(len(one)) + one
    return out


def fields(data):
    """What a message holds: (number, value) in the order found."""
    at, found = 0, []

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        head = number()
        value = number()
        if head & 7 == 2:
            at, value = at + value, data[at : at + value]
        found.append((head >> 3, value))
    return found


# ---- "Identity" ----


class City:
    def __init__(self, seed, recovery_seed, city_id):
        self.city_id = city_id.encode()
        self.seed = H("city-key", bytes(4), key=seed)
        self.transport = H("transport-key", bytes(4), key=seed)
        self.import_secret = H("import", bytes(4), key=seed)
        self.recovery_seed = recovery_seed
        self.public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes(**RAW)
        self.recovery = Ed25519PrivateKey.from_private_bytes(recovery_seed).public_key().public_bytes(**RAW)
        self.transport_public = X25519PrivateKey.from_private_bytes(self.transport).public_key().public_bytes(**RAW)
        self.identity = H("identity", self.public, self.recovery)

    def fingerprint(self):
        digits = str(int.from_bytes(self.identity[:25], "big") % 10**60).zfill(60)
        return "-".join(digits[i : i + 5] for i in range(0, 60, 5))

    def member(self):
        return message((1, self.public), (2, self.recovery), (3, self.city_id))


CITIES, SPACE = {}, {}


def check_city(line):
    city = City(line.hex("city_seed"), line.hex("recovery_seed"), line["city_id"])
    CITIES[line["name"]] = city
    return {
        "city_key": city.public,
        "transport_key": city.transport_public,
        "recovery_key": city.recovery,
        "import_secret": city.import_secret,
        "identity": city.identity,
        "fingerprint": city.fingerprint(),
    }


def check_card(line):
    city = CITIES[line["city"]]
    name = message((1, line["lang"].encode()), (2, line.hex("text")))
    card = message((1, city.public), (2, city.recovery), (3, city.public), (5, city.transport_public), (6, city.city_id), (7, [name]), (8, [line.hex("address")]), (9, int(line["serial"])))
    return {"bytes": message((1, card), (2, sign(city.seed, "card", card)))}


def check_strict(line):
    known = {1, 2}
    return {"verdict": "accepted" if {number for number, _ in fields(line.hex("card"))} <= known else "refused"}


# ---- "Acts" ----


def signed_act(city, act):
    return {"bytes": message((1, act), (2, sign(city.seed, "act", act))), "id": H("act", act)}


def check_found(line):
    members = [CITIES[name] for name in line["members"].split(",")]
    signer = CITIES[line["signer"]]
    act = message((2, signer.identity), (4, 1), (5, int(line["clock"])), (6, 1), (10, line.hex("nonce")), (11, 1), (12, line.hex("title")), (13, [city.member() for city in members]), (14, [signer.identity]))
    made = signed_act(signer, act)
    SPACE["id"] = made["id"]
    return made


def check_accept(line):
    signer = CITIES[line["signer"]]
    act = message((1, SPACE["id"]), (2, signer.identity), (3, [SPACE["id"]]), (4, 2), (5, int(line["clock"])), (6, 2))
    made = signed_act(signer, act)
    SPACE["accepted"] = made["id"]
    return made


def check_acts_digest(line):
    return {"digest": H("acts", SPACE["accepted"])}


# ---- "Records" ----


def check_record(line):
    opener = CITIES[line["opener"]].identity if line["opener"] else bytes(32)
    return {"handle": H("record", SPACE["id"], bytes([int(line["kind"])]), opener, line.hex("name"))[:16]}


def check_import(line):
    sheet, row = line["sheet"].encode(), line["row"].encode()
    head = b"".join(int(number).to_bytes(4, "big") for number in (line["kind"], line["nth"], len(sheet)))
    return {"name": H("import", SPACE["id"], head, sheet, row, key=CITIES[line["city"]].import_secret)[:16]}


def check_request(line):
    return {"name": H("record-id", SPACE["id"], line.hex("request"))[:16]}


# ---- "Bundles" ----

LEAF = {}


def check_leaf(line):
    cities = [city.encode() for city in line["cities"].split(",")]
    envelope = message((1, int(line["operation"])), (2, int(line["kind"])), (4, line.hex("name")), (5, int(line["version"])), (8, cities))
    activity = message((1, [message((1, city)) for city in cities]), (3, [line["field"].encode()]), (4, line["form"].encode()), (8, line["start"].encode()))
    body, salt = message((10, activity)), line.hex("salt")
    leaf = H("leaf", SPACE["id"], CITIES[line["city"]].identity, envelope, H("body", salt, body))
    LEAF.update(hash=leaf, bytes=message((1, envelope), (2, salt), (3, body)))
    return {"leaf": leaf}


def check_bundle(line):
    city = CITIES[line["city"]]
    header = message((1, SPACE["id"]), (2, city.identity), (4, 1), (5, [SPACE["accepted"]]), (6, int(line["clock"])), (7, 1), (8, H("leaves", LEAF["hash"])))
    LEAF["bundle"] = H("bundle", header)
    return {"bytes": message((1, header), (2, sign(city.seed, "bundle", header)), (3, [LEAF["bytes"]])), "id": LEAF["bundle"]}


def check_heads_digest(line):
    return {"digest": H("heads", CITIES[line["city"]].identity, b"\1", LEAF["bundle"])}


# ---- "Bodies" ----


def date(text):
    """(first day, last day, precision, approximate), or None."""
    match = re.fullmatch(r"([1-9]\d{3})(?:-(\d\d)(?:-(\d\d))?)?(~?)", text)
    if not match:
        return None
    year, month, day = (int(part) if part else None for part in match.groups()[:3])
    try:
        first = datetime.date(year, month or 1, day or 1)
    except ValueError:
        return None
    last_month = month or 12
    last = first if day else datetime.date(year, last_month, calendar.monthrange(year, last_month)[1])
    epoch = datetime.date(1970, 1, 1)
    return (first - epoch).days, (last - epoch).days, 1 + (month is not None) + (day is not None), bool(match[4])


def check_date(line):
    found = date(line["text"])
    if not found:
        return {"verdict": "refused"}
    return dict(zip(("first", "last", "precision", "approximate"), (str(int(value)) for value in found)))


def rule(body):
    """The number of the first rule that the body of a statement about an activity of these two cities breaks."""
    named = [b"CN:xiamen", b"KR:mokpo"]
    top = fields(body)
    contents = [number for number, _ in top if number in (10, 11, 12, 13)]
    if contents != [10]:
        return 2
    activity = fields(dict(top)[10])
    note, token = dict(top).get(3, b""), dict(top).get(2, b"")
    texts = [note] + [value for _, value in activity if isinstance(value, bytes)]
    try:
        if any("\0" in text.decode() for text in texts[:1]):
            return 3
    except UnicodeDecodeError:
        return 3
    if len(note) > 2000:
        return 4
    start, end = (dict(activity).get(number, b"").decode() for number in (8, 9))
    if (start and not date(start)) or (end and not date(end)) or (start and end and date(end)[1] < date(start)[0]):
        return 5
    cities = [dict(fields(value))[1] for number, value in activity if number == 1]
    if len(cities) < 2 or 3 not in dict(activity) or 4 not in dict(activity):
        return 6
    if sorted(cities) != named:
        return 7
    return 8 if token and len(token) != 16 else 0


def check_body(line):
    return {"rule": str(rule(line.hex("body")))}


class Line(dict):
    def __init__(self, text):
        self.kind, *pairs = text.split(" ")
        super().__init__(pair.split("=", 1) for pair in pairs)

    def hex(self, name):
        return bytes.fromhex(self[name])


def main():
    faults = lines = 0
    for number, text in enumerate(VECTORS.read_text("utf-8").splitlines(), 1):
        line = Line(text)
        lines += 1
        for name, value in globals()[f"check_{line.kind}"](line).items():
            found = value.hex() if isinstance(value, bytes) else value
            if found != line.get(name):
                print(f"line {number}, {line.kind}: {name} is {found}, the vector says {line.get(name)}", file=sys.stderr)
                faults += 1
    print(f"{lines} vectors, {faults} faults")
    return 1 if faults or lines < 40 else 0


sys.exit(main())
