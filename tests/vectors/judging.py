"""What is refused, and which bodies are void: PROTOCOL, "Cards", "Acts", "Bundles", "Bodies", "Erasures"."""

import calendar
import datetime
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from wire import H, Refused, decode, decode_strict, domain, scan

NAME = {1: "bytes", 2: "bytes", 3: "number"}
CARD = {1: "bytes", 2: "bytes", 3: "bytes", 4: "bytes", 5: "bytes", 6: "bytes", 7: [NAME], 8: ["bytes"], 9: "number", 10: "bytes",
        11: "bytes"}  # fmt: skip
SIGNED = {1: "bytes", 2: "bytes"}
SIGNED_ACT = {**SIGNED, 3: "bytes"}
MEMBER = {1: "bytes", 2: "bytes", 3: "bytes", 4: "number", 5: "bytes", 6: "bytes", 7: "bytes"}
ACT = {1: "bytes", 2: "bytes", 3: ["bytes"], 4: "number", 5: "number", 6: "number", 10: "bytes", 11: "number", 12: "bytes", 13: [MEMBER],
       14: ["bytes"], 15: "bytes", 16: {1: ["bytes"], 2: ["bytes"], 3: ["bytes"]}, 17: "bytes", 18: "bytes", 19: "bytes"}  # fmt: skip
LEAF = {1: "bytes", 2: "bytes", 3: "bytes", 4: "bytes"}
BUNDLE = {1: "bytes", 2: "bytes", 3: [LEAF]}
HEADER = {1: "bytes", 2: "bytes", 3: ["bytes"], 4: "number", 5: ["bytes"], 6: "number", 7: "number", 8: "bytes"}
ENVELOPE = {1: "number", 2: "number", 3: "bytes", 4: "bytes", 5: "number", 6: ["bytes"], 7: "bytes", 8: ["bytes"], 9: "number"}
ERASURE = {1: "bytes", 2: "bytes", 3: "bytes", 4: "bytes", 5: "number", 6: "bytes", 7: "bytes", 8: "number"}


def need(condition, error="MALFORMED"):
    if not condition:
        raise Refused(error)


def need_signature(key, kind, data, signature):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, domain(kind) + data)
    except InvalidSignature:
        raise Refused("BAD_SIGNATURE") from None


def need_sorted(ids, most):
    need(len(ids) <= most, "TOO_MANY")
    need(all(len(one) == 32 for one in ids))
    need(all(a < b for a, b in zip(ids, ids[1:])), "NOT_STRICT")


def is_city_id(text):
    return len(text) <= 64 and bool(re.fullmatch(rb"[A-Z]{2}:(?:[a-z0-9_-][a-z0-9_-]*|@[a-z0-9_-]+)", text))


def is_text(data):
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


# ---- Objects. ----


def is_address(address):
    match = re.fullmatch(rb"tcp://(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z_][0-9A-Za-z._-]*):([1-9]\d{0,4})", address)
    return bool(match) and len(match[1]) <= 253 and int(match[2]) <= 65535


def open_card(data, keys):
    outer = decode_strict(data, SIGNED)
    card = decode_strict(outer[1], CARD)
    founding, recovery, key, grant = (card[number] for number in (1, 2, 3, 4))
    need(all(len(one) == 32 for one in (founding, recovery, key, card[5])))
    need(len(card[11]) in (0, 32))
    need(card[11] != card[5], "NOT_STRICT")
    need(is_city_id(card[6]), "BAD_CITY_ID")
    need(len(card[7]) <= 64 and len(card[8]) <= 8, "TOO_MANY")
    for name in card[7]:
        need(is_text(name[2]) and not any(ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0 for one in name[2].decode()), "BAD_TEXT")
        need(re.fullmatch(rb"[A-Za-z][A-Za-z0-9-]{0,34}", name[1]), "BAD_LANG")
    need(all(is_address(address) for address in card[8]), "BAD_FIELD")
    if key == founding:
        need(not grant and not card[10], "NOT_STRICT")
    else:
        need(len(card[10]) in (0, 32))
        need_signature(recovery, "grant", H("identity", founding, recovery) + key + card[10], grant)
    need_signature(key, "card", outer[1], outer[2])


def open_act(data, keys):
    """Of the kinds that carry nothing: the others are made by the vectors of acts."""
    outer = decode_strict(data, SIGNED_ACT)
    act = decode_strict(outer[1], ACT)
    need(len(outer[2]) == 64 and len(outer[3]) in (0, 64) and 1 <= act[6] <= 9 and len(act[1]) == len(act[2]) == 32)
    need(act[3] and act[4] >= 2)
    need_sorted(act[3], 32)
    if act[6] in (2, 3, 4):
        need(not any(act[number] for number in (10, 11, 12, 13, 14, 15, 16, 17, 18, 19)))


def envelope_of(data):
    return decode_strict(data, ENVELOPE)


def need_envelope(data, city):
    envelope = decode_strict(data, ENVELOPE)
    operation, kind, opener, record = (envelope[number] for number in (1, 2, 3, 4))
    need(operation and kind and envelope[5])
    need(1 <= len(record) <= 64 if kind == 3 else len(record) == 16)
    need(len(opener) in (0, 32))
    need(not opener or (kind != 3 and opener != city), "NOT_STRICT")
    need_sorted(envelope[6], 32)
    need(len(envelope[7]) in (0, 32))
    cities = envelope[8]
    need(all(1 <= len(one) <= 64 for one in cities))
    need(all(a < b for a, b in zip(cities, cities[1:])), "NOT_STRICT")


def open_bundle(data, keys):
    need(len(data) <= 262144 + 34 * 4096, "TOO_LARGE")
    outer = decode_strict(data, BUNDLE)
    need(len(data) - 34 * sum(len(leaf[4]) == 32 for leaf in outer[3]) <= 262144, "TOO_LARGE")
    header = decode_strict(outer[1], HEADER)
    need(len(header[1]) == len(header[2]) == 32)
    need_sorted(header[3], 32)
    need_sorted(header[5], 32)
    need(header[5] and header[4] and (not header[3]) == (header[4] == 1) and header[6] < 2**48)
    need_signature(keys["bundle"], "bundle", outer[1], outer[2])
    need(outer[3])
    need(header[7] == len(outer[3]), "BAD_HASH")
    hashes = []
    for leaf in outer[3]:
        need(len(leaf[1]) <= 8192 and len(leaf[3]) <= 65536, "TOO_LARGE")
        need(len(leaf[4]) == 32 and not leaf[2] and not leaf[3] if leaf[4] else len(leaf[2]) == 16)
        hashes.append(H("leaf", header[1], header[2], leaf[1], leaf[4] or H("body", leaf[2], leaf[3])))
        need_envelope(leaf[1], header[2])
    need(header[8] == H("leaves", *hashes), "BAD_HASH")


def open_erasure(data, keys):
    outer = decode_strict(data, SIGNED)
    need(len(outer[2]) == 64)
    erasure = decode_strict(outer[1], ERASURE)
    need(all(len(erasure[number]) == 32 for number in (1, 2, 3, 4, 6)))
    need(erasure[5] < 4096 and erasure[8] < 2**48 and re.fullmatch(rb"[a-z0-9_]{1,64}", erasure[7]))


OPEN = {"card": open_card, "act": open_act, "bundle": open_bundle, "erasure": open_erasure}

# ---- Dates. ----

EPOCH = datetime.date(1970, 1, 1)
YEAR, MONTH, DAY = 1, 2, 3


def date(text):
    """(first day, last day, precision, approximate), or None."""
    match = re.fullmatch(rb"([1-9]\d{3})(?:-(\d\d)(?:-(\d\d))?)?(~?)", text)
    if not match:
        return None
    year, month, day = (int(part) if part else None for part in match.groups()[:3])
    try:
        first = datetime.date(year, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return None
    last_month = month or 12
    last = first if day else datetime.date(year, last_month, calendar.monthrange(year, last_month)[1])
    return (first - EPOCH).days, (last - EPOCH).days, DAY if day else MONTH if month else YEAR, bool(match[4])


def unit(days, precision, moved):
    """The first day of the unit that lies so many units after the one with this day."""
    at = EPOCH + datetime.timedelta(days=days)
    if precision == YEAR:
        return (datetime.date(at.year + moved, 1, 1) - EPOCH).days
    if precision == MONTH:
        months = at.year * 12 + at.month - 1 + moved
        return (datetime.date(months // 12, months % 12 + 1, 1) - EPOCH).days
    return days + moved


def span(date):
    """First and last day, ~ applied."""
    first, last, precision, approximate = date
    return (unit(first, precision, -1), unit(last, precision, 2) - 1) if approximate else (first, last)


def dates_match(a, b):
    coarser = min(a[2], b[2])
    spans = [(unit(first, coarser, 0), unit(last, coarser, 1) - 1) for first, last in (span(a), span(b))]
    return spans[0][0] <= spans[1][1] and spans[1][0] <= spans[0][1]


# ---- Bodies. Each message as its fields in the order of the page: (number, name, what), where what is a maximal size of a
# text, "date", ("size", n), a list with its limit, or the fields of a submessage. "!" at the end of a name: needed.

C = 64
SOURCE = [(1, "title", 1000), (2, "uri", 1000)]
TEXTS = lambda size: (64, [(1, "lang", 35), (2, "text", size)])  # noqa: E731
QUOTES = (64, [(1, "by", 200), (2, "date", "date"), (3, "relation_type", C), (4, "note", 2000), (5, "source", SOURCE)])
ACTIVITY = [
    (1, "cities", (32, [(1, "city_id!", C), (2, "role", C)], 2)),
    (2, "actors", (16, [(1, "level", C), (2, "kind", C), (3, "org", 200), (4, "role", C)])),
    (3, "fields", (3, C)), (3, "fields!", None), (4, "form!", C), (5, "mode", C), (6, "status", C), (7, "direction", 129),
    (8, "start", "date"), (9, "end", ("until", 8)), (10, "titles", TEXTS(200)), (11, "summaries", TEXTS(2000)),
    (12, "participants", [(3, "by_side", (32, [(1, "city_id", C)]))]),
    (14, "cost", (64, [(2, "currency", C), (3, "payer", C)])),
    (15, "trade", (64, [(2, "currency", C), (3, "from", C), (4, "to", C)])),
    (16, "publicity", (64, [(1, "channel", C), (2, "side", C), (3, "uri", 1000), (4, "date", "date")])),
    (17, "friction", (64, C)), (18, "result", 2000), (19, "agreements", (64, ("size", 16))), (20, "quotes", QUOTES),
    (21, "source", SOURCE), (22, "external_id", 128), (23, "disclosure", C),
]  # fmt: skip
AGREEMENT = [
    (1, "parties", (32, C)), (1, "parties!", None), (2, "relation_type!", C), (3, "status", C), (4, "established", "date"), (5, "place", 200),
    (6, "titles", TEXTS(200)), (7, "fields", (64, C)), (8, "approvals", (64, [(1, "body_kind", C), (2, "date", "date")])),
    (9, "renewal_due", "date"), (10, "cost_rule", C), (11, "supersedes", ("size", 16)),
    (12, "document", [(1, "sha256", ("size", 32)), (2, "uri", 1000)]), (13, "quotes", QUOTES), (14, "source", SOURCE), (15, "external_id", 128),
]  # fmt: skip
CITY = [
    (1, "city_id!", C), (2, "names", (64, [(1, "lang", 35), (2, "text", 200), (3, "kind", C)])), (3, "country", C), (4, "subdivision", C),
    (5, "level", C), (6, "parent", 200), (7, "wikidata", C), (8, "latitude", C), (9, "longitude", C), (11, "succeeds", (64, C)),
    (12, "succeeded_by", (64, C)),
    (13, "coverage", (64, [(1, "tie", C), (2, "from", "date"), (3, "to", ("until", 2)), (4, "extent", C)])),
    (14, "source", SOURCE), (15, "external_id", 128),
]  # fmt: skip
LINK = [(1, "same_event_as", (64, [(1, "space", ("size", 32)), (2, "handle!", ("size", 16))]))]
CONTENTS = {10: ACTIVITY, 11: AGREEMENT, 12: CITY, 13: LINK}


def schema_of(fields):
    schema = {}
    for number, _, what in fields:
        if isinstance(what, list):
            schema[number] = schema_of(what)
        elif isinstance(what, tuple) and isinstance(what[0], int):
            schema[number] = [schema_of(what[1]) if isinstance(what[1], list) else "bytes"]
        elif what is not None:
            schema[number] = "bytes"
    return schema


BODY = {1: "bytes", 2: "bytes", 3: "bytes", **{number: schema_of(fields) for number, fields in CONTENTS.items()}}
# What no rule looks at has a wire type all the same.
COUNT = {1: "number"}
BODY[10][13] = "number"
BODY[10][12].update({1: COUNT, 2: COUNT})
BODY[10][12][3][0][2] = "number"
BODY[10][14][0][1] = "number"
BODY[10][15][0][1] = "number"
BODY[12][10] = COUNT


class Void(Exception):
    pass


def void_if(condition, rule):
    if condition:
        raise Void(rule)


def look(value, what, needed):
    if isinstance(what, int):
        void_if(not is_text(value), 3)
        void_if(len(value) > what, 4)
    elif what == "date":
        void_if(value and not date(value), 5)
    elif what[0] == "size":
        void_if(value and len(value) != what[1], 8)
    void_if(needed and not value, 6)


def walk(found, fields):
    for number, name, what in fields:
        value = found[number]
        if what is None:
            void_if(len(value) < (2 if name == "parties!" else 1), 6)
        elif isinstance(what, list):
            if value is not None:
                walk(value, what)
        elif isinstance(what, tuple) and what[0] == "until":
            void_if(value and not date(value), 5)
            void_if(value and found[what[1]] and date(value)[1] < date(found[what[1]])[0], 5)
        elif isinstance(what, tuple) and isinstance(what[0], int):
            void_if(len(value) > what[0], 4)
            void_if(len(what) > 2 and len(value) < what[2], 6)
            for one in value:
                if isinstance(what[1], list):
                    walk(one or {}, what[1])
                else:
                    look(one, what[1], True)
        else:
            look(value, what, name.endswith("!"))


def content_of(data):
    """The number of the content that stands in the body; 0 for none."""
    return next((number for number, _, _ in scan(data) if number in CONTENTS), 0)


def cities_named(content, found):
    if content == 10:
        return sorted({one[1] for one in found[1] if one[2] != b"observer"})
    return sorted(set(found[1])) if content == 11 else [found[1]] if content == 12 else []


def judge(operation, kind, cities, data):
    try:
        body = decode(data, BODY, once=True)
        if sum(number in CONTENTS for number, _, _ in scan(data)) > 1:
            raise Refused("MALFORMED")
    except Refused:
        raise Void(1) from None
    content = content_of(data)
    wanted = {1: {1: 10, 2: 11, 3: 12}.get(kind), 2: 0, 3: 0, 4: 0, 5: 13}.get(operation)
    void_if(wanted is not None and content != wanted, 2)
    look(body[1], 200, False)
    look(body[2], ("size", 16), False)
    look(body[3], 2000, False)
    if content:
        walk(body[content], CONTENTS[content])
    named = cities_named(content, body[content]) if content and kind == content - 9 else []
    void_if(operation == 1 and kind <= 3 and named != cities, 7)


def body_rule(operation, kind, cities, data):
    try:
        judge(operation, kind, cities, data)
    except Void as void:
        return void.args[0]
    return 0
