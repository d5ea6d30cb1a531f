#!/usr/bin/python3
"""A client's key under a passphrase: asked for on a terminal, or taken from a descriptor, a file or a credential; a wrong
one is one line and exit 4."""

import os
import pty
import re

import harness
from harness import activity, run

WORD = "말은 바람 like 纸"


class ClientKey(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.one = self.city("KR:mokpo", listen=False)
        self.words = self.folder / "words"
        self.words.write_text(WORD + "\n", "utf-8")

    def with_fd(self, *command, says=WORD):
        return harness.run_with_words(harness.TWINLOG, *command, says=says)

    def alone(self, *command, **environment):
        """Without a terminal, with that environment alone."""
        kept = {name: value for name, value in os.environ.items() if name not in ("TWINLOG_PASSPHRASE_FILE", "CREDENTIALS_DIRECTORY")}
        return run(["setsid", "-w", harness.TWINLOG, *command], env={**kept, **environment})

    def locked(self, name="minsu", role="clerk"):
        path = self.folder / f"{name}.conf"
        done = self.with_fd("-D", self.one.folder, "user", "add", name, "--role", role, "--passphrase", "-o", path)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        return path

    def refused(self, done, says):
        self.assertEqual((done.code, done.err.count(b"\n"), done.out), (4, 1, b""), done)
        self.assertIn(says, done.err.decode())

    def test_created_locked(self):
        path = self.locked()
        text = path.read_text()
        self.assertRegex(text, r"locked = [0-9a-f]{176}\neffort = \d+ \d+\n")
        self.assertNotIn("secret =", text)
        self.assertIn("minsu", [user["name"] for user in self.one.json("user", "list")["users"]])
        self.assertEqual(self.with_fd("-D", path, "list").code, 0)
        for wrong in (WORD + "!", "x"):
            self.refused(self.with_fd("-D", path, "list", says=wrong), "not opened by that passphrase")
        self.refused(self.alone("-D", path, "list"), "nobody to ask")
        # By a file, by a credential; the descriptor goes first.
        self.assertEqual(self.alone("-D", path, "list", TWINLOG_PASSPHRASE_FILE=str(self.words)).code, 0)
        credentials = self.folder / "credentials"
        credentials.mkdir()
        (credentials / "passphrase").write_text(WORD, "utf-8")
        self.assertEqual(self.alone("-D", path, "list", CREDENTIALS_DIRECTORY=str(credentials)).code, 0)
        (credentials / "passphrase").write_text("another\n")
        self.refused(self.alone("-D", path, "list", CREDENTIALS_DIRECTORY=str(credentials)), "not opened by that passphrase")
        self.assertEqual(self.alone("-D", path, "list", TWINLOG_PASSPHRASE_FILE=str(self.words), CREDENTIALS_DIRECTORY=str(credentials)).code, 0)
        (self.folder / "another").write_text("another\n")
        both = {**os.environ, "TWINLOG_PASSPHRASE_FILE": str(self.folder / "another"), "CREDENTIALS_DIRECTORY": str(credentials)}
        self.assertEqual(harness.run_with_words(harness.TWINLOG, "-D", path, "list", says=WORD, env=both).code, 0)
        done = self.alone("-D", path, "list", TWINLOG_PASSPHRASE_FILE=str(self.folder / "none"))
        self.assertEqual((done.code, done.err.count(b"\n")), (1, 1), done)
        # It writes as any client, and its trail tells so.
        two = self.city("CN:lianyungang")
        self.one.meet(two)
        space = self.one.found("Pair", two)
        record = self.folder / "record.json"
        record.write_text(harness.json.dumps(activity(1)))
        done = self.alone("-D", path, "submit", record, "--space", space, TWINLOG_PASSPHRASE_FILE=str(self.words))
        self.assertEqual(done.code, 0, done)
        self.assertIn("minsu", str(self.one.json("audit", "--last", "0")["entries"]))

    def test_locked_later(self):
        path = self.folder / "eun.conf"
        self.one.do("user", "add", "eun", "--role", "reader", "-o", path, "--office", "국제협력과")
        before = path.read_text()
        self.assertEqual(self.with_fd("user", "passphrase", path).code, 0)
        after = path.read_text()
        drop = re.compile(r"^(secret|locked|effort) = .*\n", re.M)
        self.assertEqual(drop.sub("", after), drop.sub("", before), "the rest of the file stays")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.refused(self.alone("-D", path, "list"), "nobody to ask")
        # Another one, which asks for the old one first; then none.
        self.refused(self.with_fd("user", "passphrase", path, says="wrong\nsecond"), "not opened by that passphrase")
        self.assertEqual(path.read_text(), after)
        self.assertEqual(self.with_fd("user", "passphrase", path, says=WORD + "\nsecond").code, 0)
        self.refused(self.with_fd("-D", path, "list"), "not opened by that passphrase")
        self.assertEqual(self.with_fd("user", "passphrase", path, "--remove", says="second").code, 0)
        self.assertEqual(path.read_text(), before)
        self.assertEqual(self.alone("-D", path, "list").code, 0)
        # The administrator's key in the folder; what is made with it is another key.
        key = self.one.folder / "clients" / "admin.key"
        self.assertEqual(self.with_fd("user", "passphrase", key).code, 0)
        self.refused(self.alone("-D", self.one.folder, "user", "list"), "nobody to ask")
        done = self.with_fd("-D", self.one.folder, "user", "add", "third", "--role", "reader", "-o", self.folder / "third.conf")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.alone("-D", self.folder / "third.conf", "list").code, 0)
        self.assertEqual(self.with_fd("user", "passphrase", "--remove", key).code, 0)

    def test_changed_bytes(self):
        path = self.locked()
        text = path.read_text()
        at = text.index("locked = ") + 9
        for index in (at, at + 40, at + 100, at + 175):
            path.write_text(text[:index] + ("0" if text[index] != "0" else "1") + text[index + 1 :])
            self.refused(self.with_fd("-D", path, "list"), "not opened by that passphrase")
        for old, new, code in (("effort = ", "effort = 9999 ", 3), ("locked = ", "locked = 00", 3), ("locked", "secret", 1), ("effort", "effect", 3)):
            path.write_text(text.replace(old, new, 1))
            done = self.with_fd("-D", path, "list")
            self.assertEqual((done.code in (1, 3), done.err.count(b"\n")), (True, 1), done)
        done = self.with_fd("user", "passphrase", self.folder / "none")
        self.assertEqual((done.code, done.err.count(b"\n")), (1, 1), done)
        done = self.with_fd("-D", self.one.folder, "user", "add", "x", "--role", "reader", "--passphrase", "-o", self.folder / "x", says="")
        self.assertEqual((done.code, done.err.count(b"\n"), (self.folder / "x").exists()), (3, 1, False), done)

    def test_terminal(self):
        path = self.locked()
        child, terminal = pty.fork()
        if child == 0:
            os.execve(harness.TWINLOG, [harness.TWINLOG, "-D", str(path), "--lang", "ko", "list", "--format", "json"], dict(os.environ))
        rest = self.answered(child, terminal, lambda shown: "암호: ".encode() in shown, WORD.encode())
        self.assertIn(b"records", rest)


if __name__ == "__main__":
    harness.main()
