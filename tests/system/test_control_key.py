#!/usr/bin/python3
"""The key that clients know their daemon by changes: the old one serves until every client keeps the new one in its file,
so that none is cut off; who is away holds it up, and a cut at any step leaves what goes on."""

import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading

import harness
from harness import activity, run, wait_for
from test_clients import User
from test_watch import Watch

IN_USE = "the new control key is in use"
BUILD = pathlib.Path(os.environ["TWINLOGD"]).parents[1]


def named(path, name):
    """The value of that line of a settings file; None: no such line."""
    found = re.search(rf"^{name} = (.*)$", pathlib.Path(path).read_text(), re.M)
    return found and found[1]


class ControlKey(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.tcp = f"tcp://{harness.free_address()}"
        self.one = self.city("KR:mokpo", listen=False)
        self.one.stop()
        with open(self.one.folder / "twinlogd.conf", "a", encoding="utf-8") as conf:
            conf.write(f"\ncontrol = {self.tcp}\n")
        self.one.start()
        self.settings = self.one.folder / "client.conf"
        self.safe = self.folder / "recovery"
        (self.one.folder / "recovery.txt").replace(self.safe)

    def space(self):
        two = self.city("CN:lianyungang")
        self.one.meet(two)
        return self.one.found("Pair", two)

    def user(self, name, role="clerk", over_tcp=True):
        return User(self.one, name, "--role", role, *(["--endpoint", self.tcp] if over_tcp else []))

    def rekey(self, *options, code=0):
        command = [harness.TWINLOGD, "rekey", self.one.folder, "--recovery", self.safe, "--control", *options]
        done = run(command)
        self.assertEqual(done.code, code, done)
        if (self.one.folder / "recovery.txt").exists():
            (self.one.folder / "recovery.txt").replace(self.safe)
        return done.out.decode() + done.err.decode()

    def announce(self):
        self.one.stop()
        self.assertIn("once every client has it", self.rekey())
        self.one.start()

    def having(self):
        """Who is known to keep the key to come; None: there is none."""
        users = self.one.json("user", "list")["users"]
        return {user["name"] for user in users if user["has_server_next"]} if "has_server_next" in users[0] else None

    def in_use(self, times=1):
        return self.one.log.read_text("utf-8", "replace").count(IN_USE) >= times

    def test_nobody_is_cut_off(self):
        space = self.space()
        clerk, reader, away = self.user("clerk"), self.user("reader", "reader", over_tcp=False), self.user("away", "auditor")
        limited = User(self.one, "limited", "--role", "reader", "--space", space)
        old = named(self.settings, "server")
        copied = self.folder / "copied.conf"
        shutil.copy(clerk.file, copied)
        watch = Watch(self, reader.file)
        wait_for(lambda: self.one.json("user", "list")["users"][2]["requests"] > 0, "the reader watches")
        self.announce()
        wait_for(lambda: named(reader.file, "server_next"), "one that was connected hears of it")
        new = named(reader.file, "server_next")
        self.assertEqual((named(reader.file, "server"), reader.file.stat().st_mode & 0o777), (old, 0o600))
        clerk.do("list")
        limited.do("list")
        self.assertEqual(self.having(), {"admin", "clerk", "reader", "limited"})
        for path in (self.settings, clerk.file, limited.file):
            self.assertEqual((named(path, "server"), named(path, "server_next")), (old, new))
        self.assertIn("has the new key", self.one.do("user", "list"))
        # What was said outlasts a restart; and a user who is added meanwhile has it from the beginning.
        late = self.user("late")
        self.assertEqual(named(late.file, "server_next"), new)
        late.do("list")
        self.one.stop()
        self.one.start()
        self.assertEqual(self.having(), {"admin", "clerk", "reader", "limited", "late"})
        self.assertFalse(self.in_use(), "one is away")
        # Writes and a watch go on while the key turns: each record once.
        text = "".join(harness.json.dumps(activity(i, title=f"turn {i}")) + "\n" for i in range(6000))
        writing = threading.Thread(target=lambda: clerk.do("submit", "-", "--space", space, given=text))
        writing.start()
        wait_for(lambda: self.one.total("--space", space) > 0, "writing is under way")
        away.do("status")
        wait_for(self.in_use, "nobody lacks it")
        writing.join()
        wait_for(lambda: len(set(watch.ids())) == 6000, "the watch goes on", 120)
        self.assertEqual(self.one.total("--space", space), 6000)
        self.assertIsNone(self.having())
        for user in (clerk, reader, away, limited, late):
            user.do("list", "--limit", "1")
            self.assertEqual((named(user.file, "server"), named(user.file, "server_next")), (new, None))
        self.assertEqual(named(self.settings, "server"), new)
        # The old one is no way in any more, and nothing serves under it.
        done = run([harness.TWINLOG, "-D", copied, "list"])
        self.assertEqual((done.code, done.err.count(b"\n")), (4, 1), done)
        # And once more, with a restart in between.
        self.one.stop()
        self.one.start()
        self.announce()
        for user in (clerk, away, limited, late):
            user.do("list", "--limit", "1")
        wait_for(lambda: self.in_use(2), "the watch has heard of it, and nobody lacks it")
        clerk.do("list", "--limit", "1")
        self.assertNotIn(named(clerk.file, "server"), (old, new))
        watch.end()

    def test_operator_waits_no_longer(self):
        clerk, gone = self.user("clerk"), self.user("gone")
        self.rekey(code=1)  # not while it runs
        self.one.stop()
        self.rekey("--finish", code=1)
        self.one.start()
        self.announce()
        clerk.do("list")
        self.one.stop()
        self.assertIn("has a new control key", self.rekey(), "asked for again, it is the same")
        new = re.search(r"^server = (.*)$", self.rekey("--finish"), re.M)[1]
        self.one.start()
        clerk.do("list")
        self.assertEqual(named(clerk.file, "server"), new)
        self.assertEqual(gone.run("list").code, 4)
        gone.file.write_text(gone.file.read_text().replace(named(gone.file, "server"), new))
        gone.do("list")
        # Or it goes, and the others wait no longer.
        self.announce()
        clerk.do("list")
        self.assertEqual(self.having(), {"admin", "clerk"})
        self.one.do("user", "remove", "gone")
        wait_for(lambda: self.in_use(), "nobody lacks it")
        clerk.do("list")

    def test_older_copies(self):
        """A backup of after the change has the key; a folder of before gets it from the recovery file."""
        copy, backup, back = self.folder / "copy", self.folder / "backup", self.folder / "back"
        self.one.stop()
        shutil.copytree(self.one.folder, copy, ignore=shutil.ignore_patterns("*.sock"))
        self.one.start()
        self.announce()
        wait_for(self.in_use, "only the administrator is there")
        self.one.do("list")
        new = named(self.settings, "server")
        self.one.stop()
        for change in ((), ("--remove",)):  # with all that there is to lock
            self.assertEqual(harness.run_with_words(harness.TWINLOGD, "passphrase", *change, self.one.folder, says="a word").code, 0)
        self.assertEqual(run([harness.TWINLOGD, "backup", self.one.folder, backup]).code, 0)
        self.assertEqual(run([harness.TWINLOGD, "restore", backup, back]).code, 0)
        shutil.rmtree(self.one.folder)
        shutil.copytree(back, self.one.folder)
        self.one.start()
        self.assertEqual(named(self.settings, "server"), new)
        self.one.stop()
        shutil.rmtree(self.one.folder)
        shutil.copytree(copy, self.one.folder)
        said = self.rekey()
        self.assertIn("was older than the recovery file", said)
        self.assertIn(f"server = {new}\n", said)
        self.settings.write_text(self.settings.read_text().replace(named(self.settings, "server"), new))
        self.one.start()

    def test_file_that_cannot_be_written(self):
        """The command says so, and the daemon waits; put in by hand the line is as good."""
        place = self.folder / "place"
        place.mkdir()
        clerk = self.user("clerk")
        shutil.move(clerk.file, place / "clerk.conf")
        (place / "clerk.conf").chmod(0o644)
        place.chmod(0o555)
        self.folder.chmod(0o755)
        who = {"user": 65534} if os.getuid() == 0 else {}
        command = [harness.TWINLOG, "-D", place / "clerk.conf", "list"]
        self.announce()
        done = run(command, **who)
        self.assertEqual((done.code, done.err.count(b"\n")), (0, 1), done)
        line = re.search(rb"server_next = \S{40}$", done.err, re.M)[0].decode()
        self.assertEqual(self.having(), {"admin"})
        place.chmod(0o755)
        with open(place / "clerk.conf", "a", encoding="utf-8") as file:
            file.write(line + "\n")
        place.chmod(0o555)
        done = run(command, **who)
        self.assertEqual((done.code, done.err), (0, b""), done)
        wait_for(self.in_use, "it has it")
        done = run(command, **who)
        self.assertEqual((done.code, done.err), (0, b""), done)
        self.assertEqual(named(place / "clerk.conf", "server_next"), line.split()[-1], "as it was")
        place.chmod(0o755)

    @harness.unittest.skipIf(harness.PATIENCE > 1, "a library under AddressSanitizer is not loaded into another program")
    def test_a_program_that_keeps_its_own(self):
        """Settings that a program hands over are the program's to keep; its connection follows by itself."""
        clerk = self.user("clerk")
        library = ctypes.CDLL(str(next(BUILD.rglob("libtwinlog.so"))))
        for name in ("twinlog_server_key", "twinlog_server_key_next"):
            getattr(library, name).restype = ctypes.c_char_p

        class Settings(ctypes.Structure):
            _fields_ = [(name, ctypes.c_char_p) for name in ("endpoint", "server", "public", "secret", "next")]

        def connect(server, following=None):
            connection = ctypes.c_void_p()
            settings = Settings(self.tcp.encode(), server, *(named(clerk.file, name).encode() for name in ("public", "secret")), following)
            return library.twinlog_connect(ctypes.byref(settings), ctypes.byref(connection), None), connection

        def ask(connection):
            text = ctypes.c_void_p()
            code = library.twinlog_status(connection, ctypes.byref(text), None)
            library.twinlog_free(text)
            return code

        old = named(clerk.file, "server").encode()
        self.announce()
        code, connection = connect(old)
        self.assertEqual((code, ask(connection)), (0, 0))
        new = library.twinlog_server_key_next(connection)
        self.assertEqual((len(new), library.twinlog_server_key(connection)), (40, old))
        self.assertEqual(self.having(), {"admin"}, "told, and not kept yet")
        library.twinlog_server_key_kept(connection)
        wait_for(self.in_use, "all keep it")
        wait_for(lambda: ask(connection) == 0, "the connection follows")
        self.assertEqual((library.twinlog_server_key(connection), library.twinlog_server_key_next(connection)), (new, None))
        library.twinlog_close(connection)
        code, connection = connect(old, new)
        self.assertEqual((code, library.twinlog_server_key(connection)), (0, new))
        library.twinlog_close(connection)
        self.assertNotEqual(connect(old)[0], 0)

    @harness.unittest.skipIf(harness.PATIENCE > 1, "a preloaded library and AddressSanitizer do not go together")
    def test_cut_off(self):
        """The command is killed before each sync, and the daemon when it takes the key into use."""
        built = self.folder / "bad_disk.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", built, pathlib.Path(__file__).with_name("bad_disk.c"), "-ldl"], check=True)
        steps, server_key = 0, self.one.folder / "clients" / "server.key"
        for step in range(1, 40):
            before = named(self.settings, "server")
            self.one.stop()
            env = {**os.environ, "LD_PRELOAD": str(built), "BAD_DISK_KILL": str(step)}
            killed = run([harness.TWINLOGD, "rekey", self.one.folder, "--recovery", self.safe, "--control"], crash_ok=True, env=env)
            if killed.code == 0:
                break
            self.assertEqual(killed.code, -signal.SIGKILL, killed)
            steps += 1
            if (self.one.folder / "keys" / "next.seed").exists():
                ran = run([harness.TWINLOGD, "run", self.one.folder], seconds=20)
                self.assertTrue(ran.code == 4 and b"not finished" in ran.err, ran)
                for other in ("--transport", None):
                    refused = run([harness.TWINLOGD, "rekey", self.one.folder, "--recovery", self.safe, *([other] if other else [])])
                    self.assertTrue(refused.code == 4 and b"rekey --control" in refused.err, refused)
            self.rekey()
            was = server_key.read_bytes() if server_key.exists() else b""
            self.one.start(wait=False)

            def turned(was=was):
                return server_key.exists() and server_key.read_bytes() != was

            # The administrator is the only client: heard, it makes the key turn, and the daemon is killed at once.
            wait_for(lambda: turned() or (self.one.run("list") and turned()), "the new key is noted as in use")
            self.one.kill()
            self.one.start()
            self.assertNotEqual(named(self.settings, "server"), before)
        self.assertGreater(steps, 4)


if __name__ == "__main__":
    harness.main()
