"""Who belongs to a space: the numbered rules of PROTOCOL, "Acts", and the cut-offs of "Bundles"."""

import dataclasses

FOUND, ACCEPT, DECLINE, LEAVE, ADD, RENAME, APPOINT, REMOVE, CHANGE_KEY = range(1, 10)
NETWORK = 2


@dataclasses.dataclass(eq=False)
class Act:
    id: bytes
    number: int
    kind: int
    signer: bytes
    parents: list
    members: list  # (identity, city id, reader, the key that it brings)
    stewards: list
    subject: bytes
    bundles: list
    acts: list
    erasures: list
    extends: bytes
    key: bytes  # that verifies the signature
    new_key: bytes
    title: str
    template: int


class State:
    def __init__(self, acts, undone=False):
        self.acts = {act.id: act for act in acts}
        self.found = next(act for act in acts if act.kind == FOUND)
        self.ancestors = {}
        for act in acts:
            self.ancestors[act.id] = frozenset(act.parents).union(*(self.ancestors[parent] for parent in act.parents))
        self.all = frozenset(self.acts)
        self.valid = set()
        for act in sorted(acts, key=lambda act: (act.number, act.id)):  # rule 1
            if self.had_right(act) and (undone or not (self.shut_out(act) or self.city_id_taken(act))):
                self.valid.add(act.id)

    def closure(self, heads):
        heads = frozenset(heads)
        return heads.union(*(self.ancestors[head] for head in heads))

    def heads(self):
        return sorted(self.all - {parent for act in self.acts.values() for parent in act.parents})

    def knew(self, after, before):
        return before.id in self.ancestors[after.id]

    def held(self, within, *kinds):
        return [self.acts[one] for one in within if one in self.valid and self.acts[one].kind in kinds]

    def removals(self, identity, within):
        return [act for act in self.held(within, REMOVE) if act.subject == identity and not act.extends]

    # ---- Rules 2 to 6. ----

    def lives(self, act, identity, within):
        return all(self.knew(act, removal) for removal in self.removals(identity, within))

    def by(self, identity, kind, within):
        return [act for act in self.held(within, kind) if act.signer == identity]

    def under(self, identity, addition, within):
        if any(self.knew(leave, addition) for leave in self.by(identity, LEAVE, within)):
            return "left"
        declines = [act for act in self.by(identity, DECLINE, within) if self.knew(act, addition)]
        accepted = [act for act in self.by(identity, ACCEPT, within) if self.knew(act, addition)]
        if addition.kind == FOUND and addition.signer == identity:
            accepted.append(addition)
        if any(all(self.knew(act, decline) for decline in declines) for act in accepted):
            return "member"
        return "declined" if declines else "invited"

    def standing(self, identity, within):
        found = {}
        for addition in sorted(self.held(within, FOUND, ADD), key=lambda act: (act.number, act.id)):
            reader = [member[2] for member in addition.members if member[0] == identity]
            if reader and self.lives(addition, identity, within):
                found[self.under(identity, addition, within)] = reader[0]
        for standing in ("member", "invited", "declined", "left"):
            if standing in found:
                return standing, found[standing]
        return "removed", False

    def is_steward(self, identity, within):
        if self.standing(identity, within)[0] != "member":
            return False
        leaves = self.by(identity, LEAVE, within)
        return any(
            identity in act.stewards and self.lives(act, identity, within) and all(self.knew(act, leave) for leave in leaves)
            for act in self.held(within, FOUND, APPOINT)
        )

    def stewards(self, within):
        named = {one for act in self.held(within, FOUND, APPOINT) for one in act.stewards}
        return sum(self.is_steward(one, within) for one in named)

    def ever_member(self, identity):
        return self.found.signer == identity or bool(self.by(identity, ACCEPT, self.all))

    def title(self):
        return max(self.held(self.all, RENAME), key=lambda act: (act.number, act.id), default=self.found).title

    def had_right(self, act):
        known = self.ancestors[act.id]
        if act.kind in (FOUND, CHANGE_KEY):
            return act.kind == CHANGE_KEY or not act.parents
        standing = self.standing(act.signer, known)[0]
        if act.kind in (ACCEPT, DECLINE):
            return standing in ("member", "invited", "declined")
        if act.kind == LEAVE:
            return standing != "removed"
        if not self.is_steward(act.signer, known) or (act.kind != RENAME and self.found.template != NETWORK):
            return False
        if act.kind == APPOINT:
            return self.standing(act.stewards[0], known) == ("member", False) and self.stewards(known) < 9
        return act.kind != REMOVE or bool(act.extends) or not self.is_steward(act.subject, known)

    # ---- Rules 7 to 9. ----

    def city_id_taken(self, act):
        """The addition that has its city id."""
        if act.kind != ADD:
            return None
        identity, city_id = act.members[0][:2]
        earlier = [one for one in self.held(self.all, FOUND, ADD) if (one.number, one.id) < (act.number, act.id)]
        claims = [one for one in earlier if any(member[1] == city_id and member[0] != identity for member in one.members)]
        return min(claims, key=lambda one: (one.number, one.id), default=None)

    def brought(self, identity):
        """The keys of a city, with the act that brought each."""
        for act in self.acts.values():
            yield from ((member[3], act) for member in act.members if member[0] == identity)
            if act.kind == CHANGE_KEY and act.new_key and act.signer == identity:
                yield act.new_key, act

    def changes(self, identity):
        return [act for act in self.acts.values() if act.kind == CHANGE_KEY and act.new_key and act.signer == identity]

    def retires(self, change, key):
        return key != change.new_key and any(one == key and self.knew(change, act) for one, act in self.brought(change.signer))

    def naming(self, first):
        """The act and what extends it."""
        yield first
        for act in self.acts.values():
            if act.kind == first.kind and act.extends == first.id and self.knew(act, first):
                if act.signer == first.signer if act.kind == CHANGE_KEY else act.id in self.valid:
                    yield act

    def shut_out(self, act):
        """The changes of key that do."""
        if act.kind in (FOUND, CHANGE_KEY):
            return []
        retiring = [change for change in self.changes(act.signer) if self.retires(change, act.key)]
        return [change for change in retiring if not any(act.id in one.acts for one in self.naming(change))]

    def key_known(self, identity, named, key):
        return any(one == key and act.id in named for one, act in self.brought(identity))

    def cutoffs(self, identity, named, key):
        """Those a bundle has to pass, each with the heads below which it counts."""
        cuts = [act for act in self.removals(identity, self.all) if act.id not in named]
        cuts += [change for change in self.changes(identity) if self.retires(change, key)]
        return [(cut, sorted({head for one in self.naming(cut) for head in one.bundles})) for cut in cuts]

    # ---- "Who is sent what". ----

    def ended(self, identity, act):
        if self.standing(identity, self.ancestors[act.id])[0] in ("member", "invited"):
            return True
        additions = [one for one in self.held(self.all, FOUND, ADD) if any(member[0] == identity for member in one.members)]
        return act.kind == REMOVE and any(not self.knew(act, one) and not self.knew(one, act) for one in additions)

    def causes(self, act):
        """The first thing that undid it."""
        changes = sorted(self.shut_out(act), key=lambda one: (one.number, one.id))
        return (changes or [claim for claim in [self.city_id_taken(act)] if claim])[:1]

    def told(self, identity):
        if self.standing(identity, self.all)[0] in ("member", "invited"):
            return self.all
        ends = self.removals(identity, self.all) + self.by(identity, LEAVE, self.all) + self.by(identity, DECLINE, self.all)
        ends = [act for act in ends if self.ended(identity, act)]
        ends += [part for change in self.changes(identity) for part in self.naming(change)]
        once = State(list(self.acts.values()), undone=True)
        about = [act for act in self.acts.values() if any(member[0] == identity for member in act.members)]
        about += [act for act in self.acts.values() if act.kind == REMOVE and act.subject == identity and not act.extends]
        for act in about:
            if act.id not in self.valid and once.had_right(act):
                own = self.causes(act)
                ends += own or [cause for one in self.ancestors[act.id] for cause in self.causes(self.acts[one])]
        return self.closure(act.id for act in ends)
