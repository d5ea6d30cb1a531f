#!/usr/bin/python3
"""Every C file looks as .clang-format says; `clang-format -i FILE` makes it so."""

import shutil
import subprocess

import lint


def check(root):
    sources = [str(path) for path in lint.files(root, ".c", ".h")]
    if not (root / ".clang-format").is_file():
        shutil.copy(lint.ROOT / ".clang-format", root)
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *sources], cwd=root, capture_output=True, text=True, check=False)
    found = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "-Wclang-format-violations" in line})
    if done.returncode and not found:
        return [done.stderr.strip()]
    return [f"{path}:1: is not formatted; run clang-format -i {path}" for path in found]


SOUND = {"proto/a.c": "int a(void)\n{\n\treturn 0;\n}\n"}
PLANTED = [({"proto/b.c": "int b(void) {\n  return 0;\n}\n"}, "proto/b.c")]

if __name__ == "__main__":
    lint.main(check, SOUND, PLANTED)
