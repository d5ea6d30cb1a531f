"""What follows from the statements on one record: PROTOCOL, "What follows from the statements"."""

import dataclasses

import judging
from wire import H, decode

STATEMENT, CONFIRMATION, DENIAL, WITHDRAWAL = 1, 2, 3, 4
FIELDS = ("cities", "start", "end", "fields", "form", "direction", "mode", "participants", "status", "relation")
NUMBERS = {"form": 4, "mode": 5, "direction": 7}


@dataclasses.dataclass(eq=False)
class Word:
    city: object
    leaf: bytes
    clock: int
    envelope: dict
    body: bytes
    erased: bool

    def __post_init__(self):
        self.operation, self.version = self.envelope[1], self.envelope[5]
        self.replaces, self.answers = self.envelope[6], self.envelope[7]
        self.cities, self.report = self.envelope[8], bool(self.envelope[9])
        self.void = not self.erased and judging.body_rule(self.operation, self.envelope[2], self.cities, self.body) != 0

    def order(self):
        return self.version, self.clock, self.leaf

    def values(self):
        """What it says, by the names of FIELDS; absent ones left out."""
        if self.erased or self.void:
            return None
        activity = decode(self.body, judging.BODY)[10]
        found = {name: activity[number] for name, number in NUMBERS.items() if activity[number]}
        found["cities"] = {city[1] for city in activity[1]}
        found["fields"] = set(activity[3])
        found["status"] = activity[6] or b"held"
        found.update({name: judging.date(activity[number]) for name, number in (("start", 8), ("end", 9)) if activity[number]})
        if activity[12] and activity[12][1]:
            found["participants"] = activity[12][1][1]
        return found


def word_of(space, city, clock, envelope, salt, body, erased):
    leaf = H("leaf", space, city.identity, envelope, H("body", salt, body))
    return Word(city, leaf, clock, judging.envelope_of(envelope), body, erased)


def differing(a, b):
    for name in FIELDS:
        if name not in a or name not in b:
            continue
        if name in ("start", "end"):
            if not judging.dates_match(a[name], b[name]):
                yield name
        elif a[name] != b[name] and not (name == "status" and {a[name], b[name]} == {b"planned", b"held"}):
            yield name


def days(values):
    spans = [judging.span(values[name]) for name in ("start", "end") if name in values]
    return max(last for _, last in spans) - spans[0][0]


class Side:
    def __init__(self, city, words, party):
        self.city, self.party = city, party
        self.word = max(words, key=Word.order, default=None)
        first = words[0] if words else None
        same = lambda a, b: (a.operation, a.body, a.report, a.answers) == (b.operation, b.body, b.report, b.answers)  # noqa: E731
        self.conflict = any(not same(first, one) or one.erased or first.erased for one in words[1:])
        self.spoken = bool(self.word) and not self.word.void and not self.word.report
        self.means = self.values = None
        self.outdated = False


class Record:
    def __init__(self, opener, words, state, city_ids):
        self.words, self.state, self.opener = words, state, opener
        self.by_leaf = {word.leaf: word for word in words}
        replaced = {(leaf, word.city.identity) for word in words for leaf in word.replaces}
        self.current = [word for word in words if (word.leaf, word.city.identity) not in replaced]
        parties = self.parties(city_ids)
        cities = {word.city.identity: word.city for word in self.current}
        cities.update({city.identity: city for city in parties})
        self.sides = []
        for city in sorted(cities.values(), key=lambda city: city.city_id):
            own = [word for word in self.current if word.city is city]
            self.sides.append(Side(city, own, city in parties))
        for side in self.sides:
            self.stand(side)
        for side in self.sides:
            side.outdated = self.is_outdated(side)
        self.speaking = [side for side in self.sides if side.party and side.spoken]

    def may_be_party(self, city):
        return self.state.ever_member(city.identity) and not self.state.standing(city.identity, self.state.all)[1]

    def parties(self, city_ids):
        own = [word for word in self.words if word.city is self.opener]
        current = max((word for word in own if word in self.current), key=Word.order, default=None)
        statements = [word for word in own if word.operation == STATEMENT]
        naming = current if current and current.operation == STATEMENT else max(statements, key=Word.order, default=None)
        found = [city_ids[name] for name in naming.cities if name in city_ids] if naming else []
        for word in self.words:
            answered = self.by_leaf.get(word.answers)
            if answered in statements and not word.report and word.city.city_id in answered.cities:
                found.append(word.city)
        return [city for city in found if self.may_be_party(city)]

    def answered(self, word):
        found = self.by_leaf.get(word.answers)
        return found if found and found.operation == STATEMENT and not found.void else None

    def stand(self, side):
        word = side.word
        if word and not word.void:
            side.means = word if word.operation == STATEMENT else self.answered(word) if word.operation == CONFIRMATION else None
            side.values = side.means.values() if side.means else None
        if not word:
            side.standing = "none"
        elif word.void:
            side.standing = "none" if side.party else "reports"
        elif word.operation == WITHDRAWAL:
            side.standing = "withdrew"
        elif word.report or not side.party:
            side.standing = "reports"
        elif word.operation == DENIAL:
            side.standing = "denies"
        elif side.means and side.means.erased:
            side.standing = "erased"
        else:
            side.standing = "states" if word.operation == STATEMENT else "confirms"

    @staticmethod
    def confirm_each_other(a, b):
        pairs = ((a, b), (b, a))
        return all(one.standing == "confirms" and one.means and one.means.city is other.city for one, other in pairs)

    def is_outdated(self, side):
        if not (side.word and side.word.operation == CONFIRMATION and side.means) or side.means in self.current:
            return False
        author = next((one for one in self.sides if one.city is side.means.city), None)
        alike = any(w.city is side.means.city and w.operation == STATEMENT and w.body == side.means.body for w in self.current)
        return not alike and not (author and self.confirm_each_other(side, author))

    def differences(self):
        found = set()
        valued = [side for side in self.speaking if side.values]
        for i, a in enumerate(valued):
            for b in valued[i + 1 :]:
                if not self.confirm_each_other(a, b):
                    found |= set(differing(a.values, b.values))
        return [name for name in FIELDS if name in found]

    def verdict(self):
        parties = [side for side in self.sides if side.party]
        if self.speaking and all(side.standing == "withdrew" for side in self.speaking):
            return "withdrawn"
        if not self.speaking:
            return "reported"
        if any(side.standing == "denies" for side in self.speaking):
            return "denied"
        if self.differences():
            return "differs"
        settled = [side for side in self.speaking if side.values or side.standing == "erased"]
        return "agreed" if len(parties) >= 2 and len(settled) == len(parties) else "one_sided"

    def lead(self):
        order = lambda side: (side.city is not self.opener, side.city.city_id)  # noqa: E731
        valued = sorted((side for side in self.speaking if side.values), key=order)
        if valued and self.verdict() == "agreed":
            return min(valued, key=lambda side: days(side.values)).means
        valued = valued or sorted((side for side in self.sides if side.values), key=order)
        return valued[0].means if valued else None
