#!/usr/bin/python3
"""Every row of the threat model, and every row of tests/README.md that says which promise is shown by what, names a test,
and every test that is named is there. What a test shows only a reader can judge."""

import re

import lint

PAGES = ("SECURITY.md", "tests/README.md")
HEADS = ("| who, and what they try |", "| promise | test |")
NAMED = re.compile(r"`([^`]+)`")


def places(name):
    """Where the test of that name may lie; a trailing / is a folder. Nothing: it is no name of a test."""
    if name in ("fuzz", "sim", "laws", "vectors"):
        return [f"tests/{name}/"]
    if name.startswith("deploy/"):
        return [name]
    folder, slash, rest = name.partition("/")
    rest = rest if slash else name
    if name == "system/drill":
        return ["deploy/drill"]
    if folder == "system" or not slash and rest.endswith(".py"):
        return [f"tests/system/{rest.removesuffix('.py')}.py"]
    if folder in ("unit", "laws"):
        return [f"tests/{folder}/{rest}.c"]
    if folder == "bench":
        return [f"tests/bench/{rest}", f"tests/bench/{rest}.py", f"tests/bench/bench_{rest}.c", f"tests/bench/bench_{rest}.py"]
    if folder == "fuzz" or not slash and rest.startswith("net_"):
        return [f"tests/fuzz/fuzz_{rest.removeprefix('fuzz_')}.c"]
    if not slash and rest.startswith("test_"):
        return [f"tests/unit/{rest}.c"]
    return []


def row_faults(root, row):
    cells = [cell.strip() for cell in row.strip().strip("|").split(" | ")]
    names = [name for name in NAMED.findall(cells[-1]) if places(name)]
    if not names and "`twinlogd verify`" not in cells[-1]:
        yield "no test is named"
    for name in names:
        if not any((root / place).exists() for place in places(name)):
            yield f"there is no test {name}"


def check(root):
    faults = []
    for page in PAGES:
        inside = False
        if not (root / page).is_file():
            continue
        for number, text in lint.lines(root, page):
            text = text or ""
            inside = text.startswith(HEADS) or (inside and text.startswith("|"))
            if inside and not text.startswith((*HEADS, "| ---")):
                faults += [f"{page}:{number}: {fault}" for fault in row_faults(root, text)]
    return faults


HEAD = HEADS[0] + " stands | proof |\n| --- | --- | --- |\n"
SOUND = {"SECURITY.md": HEAD + "| a | b `x/y` | `unit/test_a`, `system/test_b` (c), `fuzz` |\n", "tests/unit/test_a.c": "", "tests/system/test_b.py": "", "tests/fuzz/fuzz_x.c": ""}
PLANTED = [
    ({"SECURITY.md": HEAD + "| a | b | `unit/test_c` |\n"}, "there is no test unit/test_c"),
    ({"SECURITY.md": HEAD + "| a | b `unit/test_a` | it is so |\n"}, "no test is named"),
    ({"tests/README.md": HEADS[1] + "\n| --- | --- |\n| a | `system/test_c.py` |\n"}, "there is no test system/test_c.py"),
    ({"tests/README.md": HEADS[1] + "\n| --- | --- |\n| a | `fuzz/y`, `unit/test_a` |\n"}, "there is no test fuzz/y"),
]

if __name__ == "__main__":
    lint.main(check, SOUND, PLANTED)
