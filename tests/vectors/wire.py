"""Bytes: hashes, and messages written and read by hand (PROTOCOL, "Bytes")."""

import hashlib

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Refused(Exception):
    """Says by which error of the page."""


def domain(tag):
    return b"twinlog/" + tag.encode() + b"/1\0"


def H(tag, *parts, key=b""):
    return hashlib.blake2b(domain(tag) + b"".join(parts), digest_size=32, key=key).digest()


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
            out += varint(number << 3) + varint(one) if isinstance(one, int) else varint(number << 3 | BYTES) + varint(len(one)) + one
    return out


def take_varint(data, at):
    value = 0
    for count in range(10):
        if at >= len(data):
            raise Refused("MALFORMED")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value & 2**64 - 1, at
    raise Refused("MALFORMED")


def scan(data):
    """(field, wire type, value) as they stand."""
    at, found = 0, []
    while at < len(data):
        head, at = take_varint(data, at)
        number, wire = head >> 3, head & 7
        if number == 0 or wire not in (VARINT, FIXED64, BYTES, FIXED32):
            raise Refused("MALFORMED")
        value, at = take_varint(data, at) if wire in (VARINT, BYTES) else ({FIXED64: 8, FIXED32: 4}[wire], at)
        if wire != VARINT:
            end = at + value
            if end > len(data):
                raise Refused("MALFORMED")
            value, at = data[at:end], end
        found.append((number, wire, value))
    return found


# A schema maps a field to what it holds: "number", "bytes" or the schema of a submessage; in a list when repeated.


def decode(data, schema, once=False):
    """{field: value, list, or message}: the last of several scalars wins, submessages given twice are merged. once: what is
    no list may not stand twice."""
    parts, unknown = {}, False
    for number, wire, value in scan(data):
        if number not in schema:
            unknown = True
            continue
        kind = schema[number]
        if (wire == VARINT) != (kind == "number") or wire in (FIXED64, FIXED32):
            raise Refused("MALFORMED")
        parts.setdefault(number, []).append(value)
    found = {"unknown": unknown}
    for number, kind in schema.items():
        values = parts.get(number, [])
        if once and len(values) > 1 and not isinstance(kind, list):
            raise Refused("MALFORMED")
        if isinstance(kind, list):
            found[number] = [decode(value, kind[0], once) if isinstance(kind[0], dict) else value for value in values]
        elif isinstance(kind, dict):
            found[number] = decode(b"".join(values), kind, once) if values else None
        else:
            found[number] = values[-1] if values else (0 if kind == "number" else b"")
    return found


def encode(found, schema):
    out = b""
    for number in sorted(schema):
        kind, value = schema[number], found[number]
        inner = kind[0] if isinstance(kind, list) else kind
        if isinstance(inner, dict) and value is not None:
            # A submessage that is there is written, though it be empty.
            value = [encode(one, inner) for one in (value if isinstance(kind, list) else [value])]
        out += message((number, value)) if value is not None else b""
    return out


def has_unknown(found):
    values = [one for value in found.values() for one in (value if isinstance(value, list) else [value])]
    return found["unknown"] or any(has_unknown(one) for one in values if isinstance(one, dict))


def decode_strict(data, schema):
    found = decode(data, schema)
    if has_unknown(found) or encode(found, schema) != data:
        raise Refused("NOT_STRICT")
    return found
