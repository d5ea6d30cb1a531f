#!/usr/bin/python3
"""Every text that the commands show is there in Chinese and Korean, with the same directives; none is left over."""

import re
import subprocess
import tempfile

import lint

LANGUAGES = ("zh_CN", "ko")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
ENTRY = re.compile(r'^msgid ((?:"(?:[^"\\]|\\.)*"\s*)+)msgstr ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
ERROR = re.compile(r'X\([A-Z0-9_]+, \d,\s*((?:"(?:[^"\\]|\\.)*"[\s\\\\]*)+)\)')


def joined(quoted):
    return "".join(TEXT.findall(quoted))


def entries(text):
    return {joined(msgid): joined(msgstr) for msgid, msgstr in ENTRY.findall(text) if joined(msgid)}


def shown(root):
    """What the sources mark for translation, and the texts of errors."""
    sources = [str(path) for path in lint.files(root, ".c", ".h") if str(path).startswith("client/")]
    done = subprocess.run(["xgettext", "--from-code=UTF-8", "-k_", "-kN_", "-o", "-", *sources], cwd=root, capture_output=True, text=True, check=True)
    found = set(entries(done.stdout))
    header = root / "include/twinlog/error.h"
    if header.is_file():
        found |= {joined(text) for text in ERROR.findall(header.read_text("utf-8"))}
    return found


def check(root):
    faults = []
    wanted = shown(root)
    for language in LANGUAGES:
        name = f"client/po/{language}.po"
        known = entries((root / name).read_text("utf-8"))
        faults += [f"{name}:1: nothing for {text!r}" for text in sorted(wanted) if not known.get(text)]
        faults += [f"{name}:1: nobody says {text!r} any more" for text in sorted(set(known) - wanted)]
        with tempfile.NamedTemporaryFile() as out:
            done = subprocess.run(["msgfmt", "--check-format", "-o", out.name, name], cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            faults.append(f"{name}:1: {done.stderr.strip().splitlines()[0]}")
    return faults


def catalogue(text, done):
    return f'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n#, c-format\nmsgid "{text}"\nmsgstr "{done}"\n'


SOUND = {"client/a.c": 'const char *a = N_("%d cities");\n', **{f"client/po/{language}.po": catalogue("%d cities", "%d 个城市") for language in LANGUAGES}}
PLANTED = [
    ({"client/po/ko.po": catalogue("%d cities", "")}, "nothing for"),
    ({"client/po/ko.po": catalogue("%d cities", "%d") + catalogue("gone", "없음")[len(catalogue("", "")) - 20 :].split("\n\n", 1)[-1]}, "nobody says"),
    ({"client/po/zh_CN.po": catalogue("%d cities", "%s 个城市")}, "client/po/zh_CN.po"),
    ({"client/b.c": 'const char *b = N_("a line\\n");\n', "client/po/ko.po": catalogue("%d cities", "%d") + '\nmsgid "a line\\n"\nmsgstr "한 줄\\n"\n'}, "nothing for 'a line"),
]

if __name__ == "__main__":
    lint.main(check, SOUND, PLANTED)
