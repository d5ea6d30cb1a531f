#!/usr/bin/python3
"""The public headers compile alone, in C17 and in C++, without a warning and whichever comes first."""

import subprocess

import lint

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
LANGUAGES = {"C17": ["-x", "c", "-std=c17"], "C++17": ["-x", "c++", "-std=c++17"]}


def check(root):
    faults = []
    for path in sorted((root / "include").rglob("*.h")):
        name = path.relative_to(root / "include")
        # Twice: an include guard is part of compiling alone.
        text = f'#include "{name}"\n#include "{name}"\nextern int compiled_alone;\n'
        for language, options in LANGUAGES.items():
            command = ["clang", *options, *WARNINGS, "-I", str(root / "include"), "-"]
            done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
            if done.returncode:
                faults.append(f"{name}:1: does not compile alone as {language}: {done.stderr.strip()}")
    return faults


SOUND = {"include/twinlog/a.h": "#ifndef A\n#define A\n#include <stddef.h>\nsize_t a(void);\n#endif\n"}
PLANTED = [
    ({"include/twinlog/b.h": "#ifndef B\n#define B\n#ifdef __cplusplus\nextern size_t b;\n#endif\n#endif\n"}, "as C++17"),
    ({"include/twinlog/c.h": "#ifndef C\n#define C\n#ifndef __cplusplus\nsize_t c(void);\n#endif\n#endif\n"}, "as C17"),
    ({"include/twinlog/d.h": "#ifndef __cplusplus\nstruct d { int x; };\n#endif\n"}, "as C17"),
]

if __name__ == "__main__":
    lint.main(check, SOUND, PLANTED)
