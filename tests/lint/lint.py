"""What the lint tests share: the files that are ours, and proof that each check finds what it is there for.

A check is a function from the root of a source tree to a list of faults, each "path:line: what". Called plainly, a
script checks the tree it stands in. With --self-test it plants each fault of its list in a small tree of its own and
fails unless the check finds exactly that one, and nothing in the tree without faults.
"""

import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("include", "proto", "socks", "daemon", "client", "verifier", "tests", "deploy", ".ci")
TOP_FILES = ("CMakeLists.txt", "CMakePresets.json", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")


def files(root, *suffixes):
    """Our files under root with one of the suffixes (all, when none is given), as paths relative to it, sorted."""
    found = [root / name for name in TOP_FILES if (root / name).is_file()]
    for folder in FOLDERS:
        found += [path for path in (root / folder).rglob("*") if path.is_file()]
    relative = (path.relative_to(root) for path in found)
    return sorted(path for path in relative if "__pycache__" not in path.parts and (not suffixes or path.suffix in suffixes))


def lines(root, path):
    """(number, text) of each line; None in place of a text that is no UTF-8."""
    for number, raw in enumerate((root / path).read_bytes().splitlines(), 1):
        try:
            yield number, raw.decode("utf-8")
        except UnicodeDecodeError:
            yield number, None


def in_tree(contents, check):
    """What check says of a tree that holds just these files."""
    with tempfile.TemporaryDirectory(prefix="lint-") as folder:
        root = pathlib.Path(folder)
        for name, text in contents.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        return check(root)


def self_test(check, sound, planted):
    """sound: {path: text} without a fault. planted: [({path: text} beside the sound ones, words of the fault found)]."""
    wrong = [f"finds a fault where there is none: {fault}" for fault in in_tree(sound, check)]
    for contents, words in planted:
        found = in_tree({**sound, **contents}, check)
        if len(found) != 1 or words not in found[0]:
            wrong.append(f"planted {sorted(contents)}: expected one fault with {words!r}, found {found}")
    return wrong


def main(check, sound, planted):
    if sys.argv[1:] == ["--self-test"]:
        faults = self_test(check, sound, planted)
        done = f"finds all {len(planted)} planted faults"
    else:
        faults = check(ROOT)
        done = "no fault"
    for fault in faults:
        print(fault)
    print(done if not faults else f"{len(faults)} faults")
    sys.exit(1 if faults else 0)
