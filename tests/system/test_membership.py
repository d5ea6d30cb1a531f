#!/usr/bin/python3
"""Who belongs: cities are added, leave, come back, are removed and cut off at once; what counts of a removed one; nothing of
a space reaches who is not in it."""

import harness
from harness import activity, wait_for

ONE, TWO, THREE = "CN:lianyungang", "KR:mokpo", "CN:xiamen"


class Membership(harness.TestCase):
    def three(self, **more):
        cities = [self.city(ONE), self.city(TWO, **more), self.city(THREE)]
        for index, city in enumerate(cities):
            for other in cities[index + 1 :]:
                city.meet(other)
        return cities

    def member(self, city, space, of):
        """What that city knows of it; nothing while it knows nothing of the space."""
        done = city.run("space", "show", space, "--json")
        members = harness.json.loads(done.out)["members"] if done.code == 0 else []
        [found] = [member for member in members if member["city"] == of] or [{}]
        return found

    def stands(self, city, space, of, standing):
        wait_for(lambda: self.member(city, space, of).get("standing") == standing, f"{of} is {standing} at {city.id}")

    def records(self, city, space):
        return set(city.records("--space", space))

    def test_added_left_and_back(self):
        one, two, three = self.three()
        space = one.found("Network", two, more=["--network"])
        (first,) = one.submit(activity(1), space=space)
        wait_for(lambda: self.records(two, space) == {first}, "the member has it")
        one.do("space", "add", space, THREE)
        self.stands(three, space, THREE, "invited")
        self.assertEqual(self.records(three, space), set(), "nothing before it accepts")
        self.assertIn("샤먼", three.run("space", "show", space, "--lang", "ko").out.decode())
        three.do("space", "accept", space)
        wait_for(lambda: self.records(three, space) == {first}, "then everything, the past included")
        (second,) = three.submit(activity(2, (ONE, THREE)), space=space)
        wait_for(lambda: self.records(two, space) == {first, second}, "and it speaks")
        # It leaves: what it said stays, nothing more comes.
        three.do("space", "leave", space)
        for city in (one, two):
            self.stands(city, space, THREE, "left")
            self.assertEqual(self.records(city, space), {first, second})
        (third,) = one.submit(activity(3), space=space, options=["--wait-for", "1"])
        three.refuses(4, "submit", "--space", space, "-", given=harness.json.dumps(activity(9)))
        three.refuses(4, "space", "accept", space, says="no invitation is open")
        three.refuses(4, "space", "leave", space)
        self.assertEqual(self.records(three, space), {first, second})
        # And comes back by being added and accepting.
        one.do("space", "add", space, THREE, "--reader")
        self.stands(three, space, THREE, "invited")
        self.assertEqual(self.records(three, space), {first, second}, "invited again is not in again")
        three.do("space", "accept", space)
        wait_for(lambda: self.records(three, space) == {first, second, third}, "what it missed comes")
        three.refuses(4, "submit", "--space", space, "-", given=harness.json.dumps(activity(9)), says="reader")
        one.do("space", "add", space, THREE)
        three.do("space", "accept", space) if self.member(three, space, THREE)["standing"] == "invited" else None
        info = self.member(two, space, THREE)
        self.assertEqual(info["signed_by_city"], THREE, "by its own signature, since when it accepted")
        self.assertTrue(info["since"])

    def test_told_by_one_who_came_back(self):
        """Who knows of a member only that it left learns from itself that it is back, when nobody else can say so."""
        one, two, three = self.three()
        space = one.found("Network", two, three, more=["--network"])
        one.do("space", "appoint", space, TWO)
        wait_for(lambda: self.member(two, space, TWO).get("steward"), "appointed")
        one.do("space", "leave", space)
        for city in (two, three):
            self.stands(city, space, ONE, "left")
        three.do("peer", "remove", TWO)
        three.stop()
        two.do("space", "add", space, ONE)
        self.stands(one, space, ONE, "invited")
        one.do("space", "accept", space)
        (first,) = one.submit(activity(1), space=space)
        three.start()
        self.stands(three, space, ONE, "member")
        wait_for(lambda: self.records(three, space) == {first}, "its words as well")

    def test_added_again_by_a_stranger(self):
        """Who is outside is told nothing of those who came since, and yet hears from one of them that it is invited."""
        one, two, three = self.three()
        space = one.found("Network", two, more=["--network"])
        (first,) = two.submit(activity(1), space=space, options=["--wait-for", "1"])
        one.do("space", "remove", space, TWO)
        self.stands(two, space, TWO, "removed")
        one.do("space", "add", space, THREE)
        self.stands(three, space, THREE, "invited")
        three.do("space", "accept", space)
        one.do("space", "appoint", space, THREE)
        wait_for(lambda: self.member(three, space, THREE).get("steward"), "appointed")
        (second,) = three.submit(activity(2), space=space, options=["--wait-for", "1"])
        self.assertEqual(self.member(two, space, THREE), {}, "who came since is not known to it")
        one.stop()
        three.do("space", "add", space, TWO)
        self.stands(two, space, TWO, "invited")
        self.assertEqual(self.records(two, space), {first}, "invited again is not in again")
        two.do("space", "accept", space)
        wait_for(lambda: self.records(two, space) == {first, second}, "what it missed comes")

    def test_newcomer_speaks_for_itself(self):
        """A member hears of another that came while it was away from that one alone."""
        one, two, three = self.three()
        space = one.found("Network", two, more=["--network"])
        two.stop()
        one.do("space", "add", space, THREE)
        self.stands(three, space, THREE, "invited")
        three.do("space", "accept", space)
        (first,) = three.submit(activity(1), space=space, options=["--wait-for", "1"])
        one.stop()
        two.start()
        self.stands(two, space, THREE, "member")
        wait_for(lambda: self.records(two, space) == {first}, "its words as well")

    def test_only_stewards(self):
        one, two, three = self.three()
        space = one.found("Network", two, more=["--network"])
        for command in (("add", space, THREE), ("remove", space, ONE), ("appoint", space, TWO), ("rename", space, "Mine")):
            two.refuses(4, "space", *command, says="steward")
        one.refuses(4, "space", "remove", space, ONE, says="only by leaving")
        one.refuses(3, "space", "add", space, TWO, says="belongs to the space already")
        one.refuses(3, "space", "add", space, THREE, "--as", TWO, says="another city goes by that id")
        one.refuses(4, "space", "appoint", space, THREE)
        one.refuses(3, "space", "rename", space, "")
        one.do("space", "rename", space, "木浦与厦门 · 목포")
        one.do("space", "appoint", space, "목포")
        wait_for(lambda: self.member(two, space, TWO).get("steward"), "appointed")
        two.do("space", "add", space, "厦门", "--reader")
        self.stands(three, space, THREE, "invited")
        self.assertEqual(three.json("space", "show", space)["title"], "木浦与厦门 · 목포")
        three.do("space", "decline", space)
        self.stands(one, space, THREE, "declined")
        three.do("space", "accept", space)
        self.stands(one, space, THREE, "member")
        pair = one.found("Pair", three)
        one.refuses(4, "space", "add", pair, TWO, says="found a new one")

    def test_removed_and_what_counts(self):
        one, two, three = self.three()
        space = one.found("Network", two, three)
        (first,) = two.submit(activity(1, (TWO, THREE)), space=space)
        wait_for(lambda: self.records(one, space) == self.records(three, space) == {first}, "all have it")
        # What it writes while its lines are down is not known to who removes it.
        for city in (one, three):
            city.stop()
        (late,) = two.submit(activity(2, (TWO, THREE)), space=space)
        bundle = two.show(late)["statements"][0]["bundle"]
        two.stop()
        for city in (one, three):
            city.start()
        one.do("space", "remove", space, TWO)
        self.stands(three, space, TWO, "removed")
        (secret,) = one.submit(activity(3), space=space, options=["--wait-for", "1"])
        two.start()
        self.stands(two, space, TWO, "removed")
        two.refuses(4, "submit", "--space", space, "-", given=harness.json.dumps(activity(9)))
        self.assertEqual(self.records(two, space) & {secret}, set())
        for city in (one, three):
            self.assertEqual(self.records(city, space), {first, secret}, "what came late changes nothing")
        one.refuses(3, "space", "remove", space, TWO, says="not in the space any more")
        # A steward lets it count after all; it comes when the city belongs again.
        one.do("space", "remove", space, TWO, "--extend", "--head", bundle)
        one.do("space", "add", space, TWO)
        self.stands(two, space, TWO, "invited")
        self.assertEqual(self.records(two, space) & {secret}, set(), "not before it accepts")
        two.do("space", "accept", space)
        for city in (one, two, three):
            wait_for(lambda c=city: self.records(c, space) == {first, late, secret}, "all alike again")

    def test_cut_in_the_middle_of_a_stream(self):
        """Removed while a long stream runs to it: the stream ends, and nothing comes by others either."""
        proxied = self.city(TWO, listen=False)
        one, three = self.city(ONE), self.city(THREE)
        one.meet(three)
        space = one.found("Network", three, more=["--network"])
        for batch in range(20):
            one.submit(*(activity(n, (ONE, THREE), summary="길" * 400) for n in range(batch * 500, batch * 500 + 500)), space=space)
        for city in (one, three):
            city.meet(proxied)
        one.do("space", "add", space, TWO)
        self.stands(proxied, space, TWO, "invited")
        proxied.do("space", "accept", space)
        wait_for(lambda: proxied.total("--space", space) > 0, "the stream has begun", 60)
        one.do("space", "remove", space, TWO)
        self.stands(proxied, space, TWO, "removed")
        held = proxied.total("--space", space)
        (secret,) = one.submit(activity(1), space=space, options=["--wait-for", "1"])
        for city in (one, three):
            city.stop()
            city.start()
        wait_for(lambda: all(peer["link"] == "up" for peer in proxied.json("peer", "list")["peers"]), "linked anew")
        # A window of 4 MiB, at 1.4 KB a record: all that may have been on the line, or looked at, when the removal came.
        self.assertLessEqual(proxied.total("--space", space), held + 3000, "what was on the line may still arrive")
        self.assertNotIn(secret, self.records(proxied, space))
        file = self.folder / "courier"
        one.do("courier", "write", file, "--to", TWO)
        proxied.do("courier", "read", file)
        self.assertNotIn(secret, self.records(proxied, space), "nor by file")
        acts = proxied.json("space", "show", space)["acts"]
        one.do("space", "rename", space, "After")
        self.stands(three, space, THREE, "member")
        wait_for(lambda: three.json("space", "show", space)["title"] == "After", "members hear of it")
        self.assertEqual(proxied.json("space", "show", space)["acts"], acts, "who was removed learns of nothing later")


if __name__ == "__main__":
    harness.main()
