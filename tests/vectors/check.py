#!/usr/bin/python3
"""The vectors reckoned anew from proto/PROTOCOL.md alone: messages written and read byte by byte, no library of the project.

Every line of vectors.txt gives inputs and what has to come out. Of cards, acts, bundles, erasures and positions the bytes
themselves are made here, signature included (Ed25519 is deterministic), so that equal bytes prove encoding, hashes and
signatures at once. What has to be refused is read by a strict decoder and judged by the numbered rules of the page.
"""

import pathlib
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import belonging
import judging
import statements
from wire import H, Refused, domain, message

VECTORS = pathlib.Path(__file__).with_name("vectors.txt")
RAW = {"encoding": serialization.Encoding.Raw, "format": serialization.PublicFormat.Raw}
FEWEST = 300  # lines; a file cut short proves nothing


def number4(number):
    return int(number).to_bytes(4, "big")


# ---- "Identity" ----


class Key:
    def __init__(self, seed):
        self.secret = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self.secret.public_key().public_bytes(**RAW)

    def sign(self, kind, data):
        return self.secret.sign(domain(kind) + data)


class City:
    def __init__(self, seed, recovery_seed, city_id):
        self.city_id = city_id.encode()
        self.keys = [Key(H("city-key", number4(index), key=seed)) for index in (0, 1)]
        self.recovery = Key(recovery_seed)
        secrets = [X25519PrivateKey.from_private_bytes(H("transport-key", number4(index), key=seed)) for index in (0, 1)]
        self.transport = [secret.public_key().public_bytes(**RAW) for secret in secrets]
        self.import_secret = H("import", number4(0), key=seed)
        self.identity = H("identity", self.keys[0].public, self.recovery.public)

    def fingerprint(self):
        digits = str(int.from_bytes(self.identity[:25], "big") % 10**60).zfill(60)
        return "-".join(digits[i : i + 5] for i in range(0, 60, 5))

    def member(self, reader, shown=0):
        key = self.keys[shown].public if shown else b""
        grant = self.recovery.sign("grant", self.identity + key) if shown else b""
        keys = (self.keys[0].public, self.recovery.public)
        return message((1, keys[0]), (2, keys[1]), (3, self.city_id), (4, int(reader)), (5, key), (6, grant))


CITIES = {}


def city_of(line, name="city"):
    return CITIES[line[name]]


def check_city(line):
    city = CITIES[line["name"]] = City(line.hex("city_seed"), line.hex("recovery_seed"), line["city_id"])
    return {
        "city_key": city.keys[0].public,
        "next_city_key": city.keys[1].public,
        "transport_key": city.transport[0],
        "recovery_key": city.recovery.public,
        "import_secret": city.import_secret,
        "identity": city.identity,
        "fingerprint": city.fingerprint(),
    }


def signed(key, kind, data, *more):
    return message((1, data), (2, key.sign(kind, data)), *more)


def check_card(line):
    city, index = city_of(line), int(line["index"])
    key = city.keys[index]
    name = message((1, line["lang"].encode()), (2, line.hex("text")))
    grant = city.recovery.sign("grant", city.identity + key.public) if index else b""
    card = message(
        (1, city.keys[0].public), (2, city.recovery.public), (3, key.public), (4, grant), (5, city.transport[index]),
        (6, city.city_id), (7, [name]), (8, [line.hex("address")]), (9, int(line["serial"])),
    )  # fmt: skip
    return {"bytes": signed(key, "card", card)}


def check_hello(line):
    own, other = city_of(line, "from"), city_of(line, "to")
    return {"proof": own.keys[0].sign("hello", own.transport[0] + other.transport[0])}


def check_city_id(line):
    return {"verdict": "stands" if judging.is_city_id(line.hex("text")) else "refused"}


# ---- "Acts" ----

ACTS, SPACES = {}, {}


def member_of(name):
    """The city, how it is added, and the key that its card shows."""
    reader, shown = name.endswith("/reader"), int(name.endswith("/next"))
    return CITIES[name.split("/")[0]], reader, shown


def check_act(line):
    lists = ("parents", "members", "stewards", "acts", "bundles", "erasures")
    names = {name: line[name].split(",") if name in line else [] for name in lists}
    signer, found = city_of(line, "signer"), int(line["kind"]) == belonging.FOUND
    ids = {name: sorted(ACTS[act].id for act in names[name]) for name in ("parents", "acts")}
    stewards = sorted(CITIES[name].identity for name in names["stewards"])
    members = [member_of(name) for name in names["members"]]
    bundles, erasures = ([bytes([int(number)]) * 32 for number in names[name]] for name in ("bundles", "erasures"))
    counts = message((1, bundles), (2, ids["acts"]), (3, erasures))
    subject = CITIES[line["subject"]].identity if "subject" in line else b""
    extends = ACTS[line["extends"]].id if "extends" in line else b""
    number = 1 + max([ACTS[name].number for name in names["parents"]], default=0)
    new_key = signer.keys[1].public if "new_key" in line else b""
    act = message(
        (1, b"" if found else SPACES[line["name"][0]][0].id), (2, signer.identity), (3, ids["parents"]), (4, number),
        (5, int(line["clock"])), (6, int(line["kind"])), (10, bytes(range(1, 17)) if found else b""), (11, int(line.get("template", 0))),
        (12, line.hex("title") if "title" in line else b""), (13, [city.member(reader, shown) for city, reader, shown in members]),
        (14, stewards), (15, subject), (16, counts), (17, extends), (18, new_key),
        (19, CITIES[line["second"]].keys[0].public if "second" in line else b""),
    )  # fmt: skip
    key = (signer.keys + [signer.recovery])[int(line["key"])]
    signature = key.sign("act", act)
    second = CITIES[line["by_second"]].keys[0].sign("act-second", act + signature) if "by_second" in line else b""
    made = belonging.Act(
        id=H("act", act, signature), number=number, kind=int(line["kind"]), signer=signer.identity, parents=ids["parents"],
        members=[(city.identity, city.city_id, reader, city.keys[shown].public) for city, reader, shown in members], stewards=stewards,
        subject=subject, bundles=bundles, acts=ids["acts"], erasures=erasures, extends=extends, key=key.public, new_key=new_key,
        title=line.get("title", ""), template=int(line.get("template", 0)),
    )  # fmt: skip
    ACTS[line["name"]] = made
    SPACES.setdefault(line["name"][0], []).append(made)
    return {"number": str(number), "bytes": message((1, act), (2, signature), (3, second)), "id": made.id}


def state_of(line):
    return belonging.State(SPACES[line["of"][0]])


def check_standing(line):
    state, identity = state_of(line), line.hex("identity")
    standing, reader = state.standing(identity, state.all)
    return {
        "standing": standing,
        "reader": str(int(reader)),
        "steward": str(int(state.is_steward(identity, state.all))),
        "ever": str(int(state.ever_member(identity))),
    }


def check_title(line):
    return {"title": state_of(line).title()}


def check_acts_digest(line):
    return {"digest": H("acts", *state_of(line).heads())}


def name_of(act):
    return next(name for name, one in ACTS.items() if one is act)


def check_bundle_of(line):
    first = line["acts"].split(",")[0][0]
    state, city = belonging.State(SPACES[first]), city_of(line)
    named, key = state.closure(ACTS[name].id for name in line["acts"].split(",")), city.keys[int(line["key"])].public
    standing, reader = state.standing(city.identity, named)
    known = state.key_known(city.identity, named, key)
    cuts = state.cutoffs(city.identity, named, key)
    return {
        "verdict": "OK" if known else "BAD_SIGNATURE",
        "may_speak": str(int(known and standing == "member" and not reader)),
        "cutoffs": "".join(f"{name_of(cut)}:{''.join(f'{head[0]:02x}' for head in heads)}," for cut, heads in cuts),
    }


def check_told(line):
    state = state_of(line)
    told = state.told(city_of(line).identity)
    return {"acts": "".join(f"{name_of(act)}," for act in SPACES[line["of"][0]] if act.id in told)}


# ---- "Records" ----


def pair():
    return SPACES["p"][0].id


def pair_head():
    return belonging.State(SPACES["p"]).heads()[0]


def check_record(line):
    opener = CITIES[line["opener"]].identity if line["opener"] else bytes(32)
    return {"handle": H("record", pair(), bytes([int(line["kind"])]), opener, line.hex("name"))[:16]}


def check_import(line):
    sheet, row = line["sheet"].encode(), line["row"].encode()
    head = [number4(number) for number in (line["kind"], line["nth"], len(sheet))]
    return {"name": H("import", pair(), *head, sheet, row, key=city_of(line).import_secret)[:16]}


def check_request(line):
    return {"name": H("record-id", pair(), line.hex("request"))[:16]}


# ---- "Bundles", "Erasures", "Positions" ----

LEAF, ERASED = {}, []


def check_leaf(line):
    cities = [city.encode() for city in line["cities"].split(",")]
    envelope = message((1, int(line["operation"])), (2, int(line["kind"])), (4, line.hex("name")), (5, int(line["version"])), (8, cities))
    body, salt = line.hex("body"), line.hex("salt")
    content = H("body", salt, body)
    LEAF["hash"] = H("leaf", pair(), city_of(line).identity, envelope, content)
    LEAF["bytes"] = message((1, envelope), (2, salt), (3, body))
    LEAF["stripped"] = message((1, envelope), (4, content))
    return {"leaf": LEAF["hash"]}


def check_bundle(line):
    city = city_of(line)
    header = message(
        (1, pair()), (2, city.identity), (4, 1), (5, [pair_head()]), (6, int(line["clock"])), (7, 1), (8, H("leaves", LEAF["hash"]))
    )  # fmt: skip
    LEAF["bundle"], LEAF["header"], LEAF["city"] = H("bundle", header, city.keys[0].sign("bundle", header)), header, city
    return {"bytes": signed(city.keys[0], "bundle", header, (3, [LEAF["bytes"]])), "id": LEAF["bundle"]}


def check_stripped(line):
    return {"bytes": signed(LEAF["city"].keys[0], "bundle", LEAF["header"], (3, [LEAF["stripped"]]))}


def check_heads_digest(line):
    return {"digest": H("heads", city_of(line).identity, b"\1", LEAF["bundle"])}


def check_erasure(line):
    city = city_of(line)
    erasure = message(
        (1, pair()), (2, city.identity), (3, city.identity), (4, LEAF["bundle"]), (5, 0), (6, LEAF["hash"]), (7, line["reason"].encode()),
        (8, int(line["clock"])),
    )  # fmt: skip
    ERASED.append(H("erasure", erasure, city.keys[0].sign("erasure", erasure)))
    return {"bytes": signed(city.keys[0], "erasure", erasure), "id": ERASED[-1]}


def check_erasures_digest(line):
    buckets = [sorted(one for one in ERASED if one[0] == first) for first in range(256)]
    return {"digest": H("erasures", *(H("erasure-bucket", *ids) if ids else bytes(32) for ids in buckets))}


def check_position(line):
    city = city_of(line)
    heads = message((1, city.identity), (2, [LEAF["bundle"]]))
    position = message(
        (1, pair()), (2, city.identity), (3, int(line["machine"])), (4, int(line["counter"])), (6, int(line["time"])), (7, [heads]),
        (8, [pair_head()]),
    )  # fmt: skip
    return {"bytes": signed(city.keys[0], "position", position)}


def check_open(line):
    keys = {"bundle": CITIES["mokpo"].keys[0].public}
    try:
        judging.OPEN[line["object"]](line.hex("bytes"), keys)
    except Refused as refused:
        return {"verdict": str(refused)}
    return {"verdict": "OK"}


# ---- "Bodies" ----


def check_date(line):
    found = judging.date(line["text"].encode())
    if not found:
        return {"verdict": "refused"}
    return dict(zip(("first", "last", "precision", "approximate"), (str(int(value)) for value in found)))


def check_match(line):
    a, b = (judging.date(line[name].encode()) for name in "ab")
    return {"verdict": "match" if judging.dates_match(a, b) else "differs"}


def check_body(line):
    cities = [city.encode() for city in line["cities"].split(",") if city]
    return {"rule": str(judging.body_rule(int(line["operation"]), int(line["kind"]), cities, line.hex("body")))}


# ---- "What follows from the statements" ----

WORDS = {}


def check_word(line):
    space, named = SPACES["s"][0].id, ("envelope", "salt", "body")
    word = statements.word_of(space, city_of(line), int(line["clock"]), *(line.hex(name) for name in named), line["erased"] == "1")
    WORDS.setdefault(line["record"], []).append(word)
    return {"leaf": word.leaf}


def check_state(line):
    words, state = WORDS[line["record"]], belonging.State(SPACES["s"])
    named = {city_id: identity for act in state.held(state.all, belonging.FOUND, belonging.ADD) for identity, city_id, *_ in act.members}
    city_ids = {city.city_id: city for city in CITIES.values() if named.get(city.city_id) == city.identity}
    record = statements.Record(words[0].city, words, state, city_ids)
    lead, sides = record.lead(), []
    for side in record.sides:
        marks = [side.city.city_id.decode(), side.standing, "party" if side.party else "other"]
        sides.append(":".join(marks + ["conflict"] * side.conflict + ["outdated"] * side.outdated) + ",")
    return {
        "state": record.verdict(),
        "differing": "".join(f"{name}," for name in record.differences()),
        "lead": lead.leaf if lead else b"",
        "sides": "".join(sides),
    }


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
    return 1 if faults or lines < FEWEST else 0


sys.exit(main())
