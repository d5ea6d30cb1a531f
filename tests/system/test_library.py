#!/usr/bin/python3
"""The library as somebody else uses it: installed, found by pkg-config, linked to an example, talking to a daemon."""

import json
import os
import pathlib
import re
import subprocess

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["TWINLOGD"]).parents[1]


class Library(harness.TestCase):
    def test_example(self):
        prefix, program = self.folder / "prefix", self.folder / "log_visit"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, capture_output=True)
        [found] = prefix.rglob("twinlog.pc")
        environment = {**os.environ, "PKG_CONFIG_PATH": str(found.parent)}
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "twinlog"], env=environment, check=True, capture_output=True, text=True).stdout.split()
        subprocess.run(["cc", "-std=c17", "-Wall", "-Wextra", "-Werror", ROOT / "client/example/log_visit.c", *flags, "-o", program], check=True)
        one, other, _ = self.pair()
        environment["LD_LIBRARY_PATH"] = str(found.parent.parent)
        done = harness.run([program, other.folder, "CN:lianyungang"], env=environment)
        self.assertEqual(done.code, 0, done)
        record = json.loads(done.out)
        harness.wait_for(lambda: record["id"] in one.records(), "the partner reads what the example wrote")
        done = harness.run([program, other.folder, "nowhere"], env=environment)
        self.assertEqual(done.code, 3, done)
        symbols = subprocess.run(["nm", "-D", "--defined-only", *found.parent.parent.glob("libtwinlog.so")], check=True, capture_output=True, text=True).stdout
        self.assertEqual({line.split()[-1].split("@")[0] for line in symbols.splitlines()} - {"TWINLOG_0"}, shown())
        for installed in ("bin/twinlogd", "bin/twinlog", "share/locale/ko/LC_MESSAGES/twinlog.mo", "share/man/man1/twinlog-submit.1"):
            self.assertTrue((prefix / installed).exists(), installed)
        text = harness.run([prefix / "bin/twinlog", "--lang", "zh", "--help"]).out.decode()
        self.assertIn("登记活动", text, "speaks Chinese where it is installed")


def shown():
    """The functions that the public headers declare."""
    text = "".join((ROOT / "include/twinlog" / name).read_text("utf-8") for name in ("client.h", "error.h"))
    return {word for word in re.findall(r"\b(twinlog_[a-z_]+)\(", text)}


if __name__ == "__main__":
    harness.main()
