#!/usr/bin/python3
"""Every file: of a size that a reader can hold in mind, finished, in UTF-8, and at home on any machine."""

import re

import lint

LINES_MAX = 600
# Longer files, each with the reason why it is not two.
LONGER = {"tests/unit/test_net_daemon.c": "two whole daemons in one process and one test a promise"}
DATA = (".csv", ".json", ".tsv")

# Spelled so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
# A path that holds only where it was written.
ELSEWHERE = re.compile(r"(?<![\w$}.-])/(home|ro" r"ot|wo" r"rk|us" r"r/local|U" r"sers)/\w")


def line_faults(text):
    if text is None:
        yield "is not UTF-8"
        return
    if UNFINISHED.search(text):
        yield "is unfinished: " + UNFINISHED.search(text).group()
    if ELSEWHERE.search(text):
        yield "names a path of one machine"
    if text.rstrip() != text:
        yield "ends in white space"


def is_text(path):
    return path.suffix in (".c", ".h", ".py", ".sh", ".proto", ".md", ".txt", ".json", ".in", ".service", ".po", "")


def check(root):
    faults = []
    for path in lint.files(root):
        if not is_text(path) or {"data", "corpus", "vectors"} & set(path.parts):
            continue
        count = 0
        for count, text in lint.lines(root, path):
            faults += [f"{path}:{count}: {fault}" for fault in line_faults(text)]
        if count > LINES_MAX and path.suffix not in DATA + (".po", ".md") and str(path) not in LONGER:
            faults.append(f"{path}:{count}: has more than {LINES_MAX} lines; split it by subject")
    return faults


SOUND = {"daemon/main.c": "int main(void)\n{\n}\n", "tests/data/x.csv": "a,b \n", "deploy/demo": "cd /tmp/x\n"}
PLANTED = [
    ({"proto/long.c": "\n" * (LINES_MAX + 1)}, "more than"),
    ({"proto/later.c": "/* TO" "DO: the rest */\n"}, "unfinished"),
    ({"tests/run": "cd /wo" "rk/main\n"}, "one machine"),
    ({"README.md": "It is good. \n"}, "white space"),
]

if __name__ == "__main__":
    lint.main(check, SOUND, PLANTED)
