#!/usr/bin/python3
"""A key file under a passphrase: from a descriptor, from the service manager, on a terminal; and nobody to ask."""

import os
import pty
import shutil

import harness
from harness import run

WORD = "연운항 连云港 — long enough"


class Locked(harness.TestCase):
    def with_fd(self, *arguments, says=WORD):
        return harness.run_with_words(harness.TWINLOGD, *arguments, says=says)

    def test_locked(self):
        folder = self.folder / "mokpo"
        done = self.with_fd("init", folder, "--city", "KR:mokpo", "--passphrase")
        self.assertEqual(done.code, 0, done)
        seed = (folder / "keys" / "city.seed").read_text()
        self.assertIn("locked = ", seed)
        self.assertNotIn("seed = ", seed.replace("city.seed", ""))
        done = self.with_fd("check", folder)
        self.assertEqual(done.code, 0, done)
        for words, code, says in ((WORD + "!", 4, "not opened by that passphrase"), ("", 4, "")):
            done = self.with_fd("check", folder, says=words)
            self.assertEqual((done.code, done.err.count(b"\n")), (code, 1), done)
            self.assertIn(says, done.err.decode())
        # No descriptor, no credential, no terminal.
        done = run(["setsid", "-w", harness.TWINLOGD, "check", folder])
        self.assertEqual((done.code, done.err.count(b"\n")), (4, 1), done)
        self.assertIn("is locked with a passphrase", done.err.decode())
        # What needs no key asks nobody.
        for command in (("verify", folder), ("backup", folder, self.folder / "backup")):
            done = run(["setsid", "-w", harness.TWINLOGD, *command])
            self.assertEqual(done.code, 0, done)
        # Another one, then none.
        done = self.with_fd("passphrase", folder, says=WORD + "\nsecond")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.with_fd("check", folder).code, 4)
        done = self.with_fd("passphrase", "--remove", folder, says="second")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(run([harness.TWINLOGD, "check", folder]).code, 0)

    def test_changed_bytes(self):
        folder = self.folder / "mokpo"
        self.with_fd("init", folder, "--city", "KR:mokpo", "--passphrase")
        path = folder / "keys" / "city.seed"
        text = path.read_text()
        at = text.index("locked = ") + 9
        for index in (at, at + 40, at + 100, at + 170):
            changed = text[:index] + ("0" if text[index] != "0" else "1") + text[index + 1 :]
            path.write_text(changed)
            self.assertEqual(self.with_fd("check", folder).code, 4)
        path.write_text(text.replace("effort = 2 ", "effort = 999999 "))
        self.assertEqual(self.with_fd("check", folder).code, 3)

    def test_credentials(self):
        city = self.city("KR:mokpo", listen=False)
        city.stop()
        done = self.with_fd("passphrase", city.folder, says=WORD)
        self.assertEqual(done.code, 0, done)
        credentials = self.folder / "credentials"
        credentials.mkdir(mode=0o700)
        (credentials / "passphrase").write_text(WORD + "\n")
        os.environ["CREDENTIALS_DIRECTORY"] = str(credentials)
        self.addCleanup(os.environ.pop, "CREDENTIALS_DIRECTORY")
        city.start()
        city.do("status")
        city.stop()
        # The key file itself may come that way too.
        (city.folder / "keys" / "city.seed").rename(credentials / "city.seed")
        city.start()
        city.do("status")
        # A backup then has no key in it, and says so; what it brings back runs with the credential.
        done = harness.run([harness.TWINLOGD, "backup", city.folder, self.folder / "kept"])
        self.assertEqual(done.code, 0, done)
        self.assertIn(b"key is not in the folder", done.out)
        self.assertNotIn((credentials / "city.seed").read_bytes(), (self.folder / "kept").read_bytes())
        city.stop()
        shutil.rmtree(city.folder)
        done = harness.run([harness.TWINLOGD, "restore", self.folder / "kept", city.folder])
        self.assertEqual(done.code, 0, done)
        city.start()
        city.do("status")

    def test_terminal(self):
        folder = self.folder / "mokpo"
        self.with_fd("init", folder, "--city", "KR:mokpo", "--passphrase", says="typed")
        child, terminal = pty.fork()
        if child == 0:
            os.execv(harness.TWINLOGD, [harness.TWINLOGD, "check", str(folder)])
        rest = self.answered(child, terminal, lambda shown: b"passphrase" in shown and b": " in shown, b"typed")
        self.assertIn(b"sound", rest)


if __name__ == "__main__":
    harness.main()
