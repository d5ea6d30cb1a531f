#!/usr/bin/python3
"""Client keys, made and unmade while the daemon runs: roles, spaces, offices, the audit trail, and who asks too much."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import threading

import zmq

import harness
from harness import activity, wait_for


class User:
    """Who speaks with a settings file of its own."""

    def __init__(self, city, name, *options):
        self.city, self.name, self.file = city, name, city.folder.parent / f"{name}.conf"
        city.do("user", "add", name, "-o", self.file, *options)

    def run(self, *arguments, given=None):
        return harness.run([harness.TWINLOG, "-D", self.file, *arguments], given)

    def do(self, *arguments, given=None):
        done = self.run(*arguments, given=given)
        self.city.test.assertEqual(done.code, 0, done)
        return done.out.decode("utf-8")

    def json(self, *arguments):
        return json.loads(self.do(*arguments, "--format", "json"))

    def refuses(self, code, *arguments, given=None, says=""):
        done = self.run(*arguments, given=given)
        text = done.err.decode("utf-8")
        self.city.test.assertEqual(done.code, code, done)
        self.city.test.assertEqual(text.count("\n"), 1, f"not one line: {done}")
        self.city.test.assertIn(says, text)


class Clients(harness.TestCase):
    def test_roles(self):
        one, other, _ = self.pair()
        (id_,) = one.submit(activity(1))
        clerk = User(one, "clerk", "--role", "clerk")
        reader = User(one, "읽는이", "--role", "reader")
        auditor = User(one, "审计", "--role", "auditor")
        entry = json.dumps(activity(2))
        self.assertEqual(len(clerk.do("submit", "-", given=entry).split()), 1)
        for user in (clerk, reader, auditor):
            self.assertEqual(user.json("show", id_)["id"], id_)
            for act in (("peer", "remove", other.id), ("space", "create", "x", "--member", other.id), ("user", "list"), ("user", "add", "x", "--role", "admin", "-o", self.folder / "x")):
                user.refuses(4, *act, says="not permitted")
        for user in (reader, auditor):
            user.refuses(4, "submit", "-", given=entry)
            user.refuses(4, "erase", id_, "--reason", "personal_data", "--yes")
        for user in (clerk, reader):
            user.refuses(4, "verify")
            user.refuses(4, "audit")
        auditor.do("verify")
        auditor.do("audit", "--verify")

    def test_removed_at_the_next_message(self):
        one, _, _ = self.pair()
        clerk = User(one, "clerk", "--role", "clerk")
        # A program that stays connected over the removal.
        program = subprocess.Popen([harness.TWINLOG, "-D", clerk.file, "submit", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        program.stdin.write((json.dumps(activity(1)) + "\n").encode())
        program.stdin.flush()
        one.do("user", "remove", "clerk")
        out, err = program.communicate((json.dumps(activity(2)) + "\n").encode(), timeout=60 * harness.PATIENCE)
        self.assertEqual(program.returncode, 4, (out, err))
        clerk.refuses(4, "list", says="key is not known")
        one.refuses(3, "user", "remove", "clerk", says="not found")
        one.refuses(4, "user", "remove", "admin", says="last administrator")
        # What was removed stays so over a restart, and what was added too.
        second = User(one, "second", "--role", "reader")
        one.stop()
        one.start()
        clerk.refuses(4, "list")
        second.do("list")

    def asked(self, city, name):
        """How many requests of the client have arrived."""
        return next(user["requests"] for user in city.json("user", "list")["users"] if user["name"] == name)

    def held(self, user, *arguments, given=None):
        """A command that goes on while the test does."""
        process = subprocess.Popen([harness.TWINLOG, "-D", user.file, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.communicate()))
        if given:
            process.stdin.write(given.encode())
        process.stdin.close()
        process.stdin = None
        return process

    def shut_out(self, process):
        """Told so at once, and nothing else; its answer."""
        out, err = process.communicate(timeout=60 * harness.PATIENCE)
        self.assertEqual(process.returncode, 4, (out, err))
        self.assertIn("key is not known", err.decode())
        return out.decode()

    def test_removed_while_it_waits(self):
        """What comes after the removal is told neither to one who follows changes nor to one who waits for a partner."""
        one, other, _ = self.pair()
        reader = User(one, "reader", "--role", "reader")
        clerk = User(one, "clerk", "--role", "clerk")
        other.stop()
        watch = self.held(reader, "watch", "--format", "jsonl")
        wait_for(lambda: self.asked(one, "reader") == 2, "it knows where it stands, and waits for what comes")
        waits = self.held(clerk, "submit", "-", "--wait-for", "1", given=json.dumps(activity(1)))
        wait_for(lambda: self.asked(one, "clerk") == 2, "it has submitted, and waits for a partner")
        wait_for(lambda: self.asked(one, "reader") == 3, "it was told, and waits again")
        for name in ("reader", "clerk"):
            one.do("user", "remove", name)
        one.submit(activity(2))
        other.start()
        self.hold_alike(one, other, count=2)
        (told,) = self.shut_out(watch).splitlines()
        self.assertEqual(json.loads(told)["id"] in self.shut_out(waits), True, "the clerk's own alone")

    def test_limited_to_spaces(self):
        one, other, seen = self.pair()
        third = self.city("KR:busan")
        one.meet(third)
        hidden = one.found("Hidden talks", third)
        (open_id,) = one.submit(activity(1), space=seen)
        (secret,) = one.submit(activity(2, cities=("CN:lianyungang", "KR:busan"), title="between two"), space=hidden)
        clerk = User(one, "clerk", "--role", "clerk", "--space", seen)
        auditor = User(one, "auditor", "--role", "auditor", "--space", seen)
        for user in (clerk, auditor):
            self.assertEqual([record["id"] for record in user.json("list")["records"]], [open_id])
            user.refuses(3, "show", secret, says="not found")
            user.refuses(3, "show", secret[:8], says="not found")
            user.refuses(3, "list", "--space", hidden)
            user.refuses(3, "space", "show", hidden)
            for text in (user.do("status", "--format", "json"), user.do("space", "list", "--format", "json"), user.do("peer", "list", "--format", "json"), user.do("list", "--format", "json")):
                for word in (hidden, "Hidden", "busan", secret):
                    self.assertNotIn(word, text)
        clerk.refuses(3, "submit", "-", "--space", hidden, given=json.dumps(activity(3)))
        clerk.refuses(3, "answer", secret, "same")
        clerk.refuses(3, "withdraw", secret)
        clerk.refuses(3, "erase", secret, "--reason", "personal_data", "--yes")
        # Without a space named only its own can be meant.
        (id_,) = clerk.do("submit", "-", given=json.dumps(activity(4))).split()
        self.assertEqual(one.show(id_)["space"], seen)
        proof = self.folder / "proof"
        auditor.do("export", "--proof", proof)
        self.assertNotIn(bytes.fromhex(hidden), proof.read_bytes())
        self.assertIn(bytes.fromhex(seen), proof.read_bytes())
        auditor.refuses(4, "audit")
        auditor.refuses(4, "verify")
        auditor.refuses(3, "courier", "write", self.folder / "file", "--to", third.id)

    def test_limited_hears_nothing_of_the_whole(self):
        one, other, seen = self.pair()
        third = self.city("KR:busan")
        one.meet(third)
        one.found("Hidden talks", third)
        one.submit(activity(1), space=seen)
        auditor = User(one, "auditor", "--role", "auditor", "--space", seen)
        whole, narrow = one.json("status"), auditor.json("status")
        for key in ("commit", "store_bytes", "disk_free_bytes", "held_ms"):
            self.assertIn(key, whole)
            self.assertNotIn(key, narrow)
        (partner,) = narrow["peers"]
        self.assertEqual(partner["city"], other.id)
        for key in ("refused", "bytes_in", "bytes_out"):
            self.assertIn(key, whole["peers"][0])
            self.assertNotIn(key, partner)
        self.assertEqual(partner["last_heard"][16:], ":00.000Z", "to the minute: what is said of other spaces does not move it")

    def test_limited_while_another_space_is_withheld(self):
        """After a restore a space is shown once a partner has told what was erased: each client is told of its own."""
        one, other, seen = self.pair()
        third = self.city("KR:busan")
        one.meet(third)
        hidden = one.found("Hidden talks", third)
        (id_,) = one.submit(activity(1), space=seen, options=["--wait-for", "1"])
        clerk = User(one, "clerk", "--role", "clerk", "--space", seen)
        kept = self.folder / "kept.backup"
        self.assertEqual(harness.run([harness.TWINLOGD, "backup", one.folder, kept]).code, 0)
        third.stop()
        one.stop()
        shutil.move(one.folder, self.folder / "lost")
        self.assertEqual(harness.run([harness.TWINLOGD, "restore", kept, one.folder]).code, 0)
        one.start(wait=False)
        wait_for(lambda: one.run("status").code == 0, "Lianyungang answers")
        wait_for(lambda: clerk.run("list").code == 0, "Mokpo has told what was erased")
        self.assertIn("restored from a backup", one.do("status"), "the other space is withheld still")
        one.refuses(1, "list", says="restored from a backup")
        self.assertEqual([record["id"] for record in clerk.json("list")["records"]], [id_])
        self.assertNotIn("restored from a backup", clerk.do("status"))
        self.assertNotIn(hidden, clerk.do("status", "--format", "json"))

    def test_office(self):
        one, _, _ = self.pair()
        bound = User(one, "clerk", "--role", "clerk", "--office", "외사판공실 国际科")
        free = User(one, "free", "--role", "clerk")
        (id_,) = bound.do("submit", "-", given=json.dumps(activity(1))).split()
        self.assertIn("외사판공실 国际科", one.do("show", id_))
        bound.refuses(4, "submit", "-", given=json.dumps(activity(2, office="Mayor")), says="office")
        (id_,) = free.do("submit", "-", given=json.dumps(activity(3))).split()
        self.assertIn("free", one.do("show", id_))
        one.stop()
        one.start()
        bound.refuses(4, "submit", "-", given=json.dumps(activity(4, office="Mayor")), says="office")

    def test_audit(self):
        one, other, space = self.pair()
        clerk = User(one, "clerk", "--role", "clerk")
        reader = User(one, "reader", "--role", "reader")
        (id_,) = clerk.do("submit", "-", given=json.dumps(activity(1, title="A visitor's name"))).split()
        reader.refuses(4, "peer", "remove", other.id)
        one.do("peer", "verify", other.id)
        one.do("user", "remove", "reader")
        trail = one.json("audit", "--last", "0")
        text = json.dumps(trail)
        self.assertNotIn("visitor", text)
        kinds = [entry["kind"] for entry in trail["entries"]]
        for kind in ("wrote", "asked", "refused", "user_added", "user_removed"):
            self.assertIn(kind, kinds)
        (wrote,) = [entry for entry in trail["entries"] if entry["kind"] == "wrote"]
        self.assertEqual([writer["name"] for writer in wrote["writers"]], ["clerk"])
        self.assertEqual(wrote["space"], space)
        self.assertEqual([entry["number"] for entry in trail["entries"]], list(range(1, len(kinds) + 1)))
        # Asking writes nothing; a head noted earlier is found later, and one that never was is not.
        one.do("audit", "--verify", "--head", trail["head"])
        one.submit(activity(2))
        one.do("audit", "--verify", "--head", trail["head"])
        one.refuses(1, "audit", "--verify", "--head", "00" * 32, "--format", "json")
        one.stop()
        self.assertIn(str(len(kinds) + 1), harness.run([harness.TWINLOGD, "verify", one.folder]).out.decode())
        self.damage(one, id_)

    def damage(self, city, _):
        """One byte of an entry is changed in the store's file: the chain tells."""
        path = city.folder / "data" / "data.mdb"
        data = bytearray(path.read_bytes())
        name = b"\x32\x06reader"  # AuditEntry.name
        self.assertIn(name, data)
        at = -1
        while (at := data.find(name, at + 1)) >= 0:
            data[at + 2] ^= 1
        path.write_bytes(data)
        done = harness.run([harness.TWINLOGD, "verify", city.folder])
        self.assertEqual(done.code, 1, done)
        self.assertIn("audit", done.err.decode())
        city.start()
        city.refuses(1, "audit", "--verify", "--format", "json", says="does not match its hash")

    def test_added_wrongly(self):
        one, _, _ = self.pair()
        User(one, "clerk", "--role", "clerk")
        again = self.folder / "again"
        one.refuses(3, "user", "add", "clerk", "--role", "reader", "-o", again, says="stands twice")
        self.assertFalse(again.exists(), "a key that is registered nowhere is not left behind")
        one.refuses(3, "user", "add", "x", "--role", "king", "-o", again, says="king")
        one.refuses(2, "user", "add", "x", "-o", again, says="--role")
        one.refuses(3, "user", "add", "x", "--role", "clerk", "--space", "00", "-o", again)
        one.refuses(3, "user", "add", "a;b", "--role", "clerk", "-o", again)
        again.write_text("mine")
        one.refuses(1, "user", "add", "x", "--role", "clerk", "-o", again, says="exists already")
        self.assertEqual(again.read_text(), "mine")
        self.assertEqual([user["name"] for user in one.json("user", "list")["users"]], ["admin", "clerk"])
        self.assertEqual((one.folder.parent / "clerk.conf").stat().st_mode & 0o777, 0o600)

    def test_no_handshake(self):
        """A server key that is not the daemon's is told from a line that was cut once, as by a daemon that stops."""
        one, _, _ = self.pair()
        settings = (one.folder / "client.conf").read_text("utf-8")
        public, _ = zmq.curve_keypair()
        wrong = one.folder / "wrong.conf"
        wrong.write_text(re.sub("^server = .*$", lambda _: f"server = {public.decode()}", settings, flags=re.M), "utf-8")
        done = harness.run([harness.TWINLOG, "-D", wrong, "list"])
        self.assertEqual(done.code, 4, done)
        self.assertIn(b"the key is not known there", done.err)
        held = []
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def accept():
                listener.accept()[0].close()
                with contextlib.suppress(OSError):
                    while True:
                        held.append(listener.accept()[0])
            threading.Thread(target=accept, daemon=True).start()
            silent = one.folder / "silent.conf"
            endpoint = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
            silent.write_text(re.sub("^endpoint = .*$", f"endpoint = {endpoint}", settings, flags=re.M), "utf-8")
            done = harness.run([harness.TWINLOG, "-D", silent, "list"])
        self.assertEqual(done.code, 5, done)
        self.assertIn(b"cannot be reached", done.err)
        self.assertTrue(held, "the second connection was held")


if __name__ == "__main__":
    harness.main()
