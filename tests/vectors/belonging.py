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
    members: list  # (identity, city id, reader)
    stewards: list
    subject: bytes
    bundles: list
    acts: list
    extends: bytes
    key: bytes  # that verifies the signature
    founding: bytes  # of the signer
    new_key: bytes
    title: str
    template: int


class State:
    def __init__(self, acts):
        self.acts = {act.id: act for act in acts}
        self.found = next(act for act in acts if act.kind == FOUND)
        self.ancestors = {}
        for act in acts:
            self.ancestors[act.id] = frozenset(act.parents).union(*(self.ancestors[parent] for parent in act.parents))
        self.all = frozenset(self.acts)
        self.valid = set()
        for act in sorted(acts, key=lambda act: (act.number, act.id)):  # rule 1
            if not self.key_retired(act) and self.had_right(act) and not self.city_id_taken(act):
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

    # ---- Rules 2 to 7. ----

    def under(self, identity, addition, within):
        own = [act for act in self.held(within, FOUND, ACCEPT, DECLINE, LEAVE) if act.signer == identity]
        ends = [act for act in own if act.kind in (DECLINE, LEAVE)]
        accepted = [act for act in own if act is addition or (act.kind == ACCEPT and self.knew(act, addition))]
        if any(not any(not self.knew(act, end) for end in ends) for act in accepted):
            return "member"
        if accepted:
            return "left"
        return "declined" if any(end.kind == DECLINE and self.knew(end, addition) for end in ends) else "invited"

    def standing(self, identity, within):
        found = {}
        for addition in self.held(within, FOUND, ADD):
            reader = [reader for one, _, reader in addition.members if one == identity]
            if reader and all(self.knew(addition, removal) for removal in self.removals(identity, within)):
                found[self.under(identity, addition, within)] = reader[0]
        for standing in ("member", "left", "declined", "invited"):
            if standing in found:
                return standing, found[standing]
        return "removed", False

    def is_steward(self, identity, within):
        named = any(identity in act.stewards for act in self.held(within, FOUND, APPOINT))
        return named and self.standing(identity, within)[0] == "member"

    def stewards(self, within):
        named = {one for act in self.held(within, FOUND, APPOINT) for one in act.stewards}
        return sum(self.is_steward(one, within) for one in named)

    def ever_member(self, identity):
        spoke = any(act.signer == identity for act in self.held(self.all, FOUND, ACCEPT))
        return spoke or self.standing(identity, self.all)[0] == "member"

    def title(self):
        return max(self.held(self.all, RENAME), key=lambda act: (act.number, act.id), default=self.found).title

    def had_right(self, act):
        known = self.ancestors[act.id]
        if act.kind in (FOUND, CHANGE_KEY):
            return act.kind == CHANGE_KEY or not act.parents
        if act.kind in (ACCEPT, DECLINE, LEAVE):
            return self.standing(act.signer, known)[0] != "removed"
        if not self.is_steward(act.signer, known) or (act.kind != RENAME and self.found.template != NETWORK):
            return False
        if act.kind == APPOINT:
            return self.standing(act.stewards[0], known) == ("member", False) and self.stewards(known) < 9
        return act.kind != REMOVE or bool(act.extends) or not self.is_steward(act.subject, known)

    # ---- Rules 8 to 10. ----

    def city_id_taken(self, act):
        if act.kind != ADD:
            return False
        identity, city_id, _ = act.members[0]
        earlier = [one for one in self.held(self.all, FOUND, ADD) if (one.number, one.id) < (act.number, act.id)]
        return any(held == city_id and other != identity for one in earlier for other, held, _ in one.members)

    def changes(self, identity):
        return [act for act in self.acts.values() if act.kind == CHANGE_KEY and act.new_key and act.signer == identity]

    def retires(self, change, key):
        before = [change.founding] + [one.new_key for one in self.changes(change.signer) if self.knew(change, one)]
        return key in before and key != change.new_key

    def naming(self, first):
        """The act and what extends it."""
        yield first
        for act in self.acts.values():
            if act.kind == first.kind and act.extends == first.id and self.knew(act, first):
                if act.signer == first.signer if act.kind == CHANGE_KEY else act.id in self.valid:
                    yield act

    def key_retired(self, act):
        if act.kind == CHANGE_KEY:
            return False
        for change in self.changes(act.signer):
            reached = self.closure(head for one in self.naming(change) for head in one.acts)
            if self.retires(change, act.key) and not self.knew(change, act) and act.id not in reached:
                return True
        return False

    def cut_off(self, identity, named, key):
        """The heads below which a bundle still counts; None when nothing cuts it off."""
        cuts = [act for act in self.removals(identity, self.all) if act.id not in named]
        cuts += [change for change in self.changes(identity) if self.retires(change, key)]
        return sorted({head for cut in cuts for one in self.naming(cut) for head in one.bundles}) if cuts else None
