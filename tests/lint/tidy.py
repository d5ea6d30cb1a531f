#!/usr/bin/python3
"""clang-tidy over every source that is ours, as .clang-tidy says, on all processors.

    tidy.py BUILD_FOLDER [--self-test]

A file that was found sound is not looked at again until it, a header of ours that it includes, a message, its command line
or .clang-tidy changes: the findings are kept by a digest of all of that in BUILD_FOLDER/tidy.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import lint


PLANTED = {
    "bugprone-suspicious-semicolon": "int f(int x);\nint f(int x)\n{\n\tif (x > 2);\n\t\tx++;\n\treturn x;\n}\n",
    "clang-analyzer-core.NullDereference": "int f(int *p);\nint f(int *p)\n{\n\treturn p ? 0 : *p;\n}\n",
    "clang-analyzer-unix.Malloc": "#include <stdlib.h>\nint f(void);\nint f(void)\n{\n\tchar *p = malloc(2);\n\treturn p != NULL;\n}\n",
    "cert-err34-c": "#include <stdlib.h>\nint f(const char *p);\nint f(const char *p)\n{\n\treturn atoi(p);\n}\n",
}


def tidy(build, source):
    command = ["clang-tidy", "--quiet", f"--config-file={lint.ROOT / '.clang-tidy'}", "-p", str(build), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or (done.stderr.strip() if done.returncode else "")


def common_digest():
    """What every file depends on; the headers made of the messages are seen through them."""
    digest = hashlib.sha256((lint.ROOT / ".clang-tidy").read_bytes())
    for path in lint.files(lint.ROOT, ".proto"):
        digest.update((lint.ROOT / path).read_bytes())
    return digest.digest()


def included(build, command):
    """The file and the headers of ours that it includes, as the compiler says."""
    words = iter(shlex.split(command))
    asked = []
    for word in words:
        if word in ("-o", "-MT", "-MF"):
            next(words)
        elif word not in ("-c", "-MD", "ccache"):
            asked.append(word)
    done = subprocess.run(asked + ["-MM"], cwd=build, capture_output=True, text=True, check=True)
    return [pathlib.Path(build, name) for name in done.stdout.split(":", 1)[1].replace("\\\n", " ").split()]


def entries(build):
    """Own sources of the build with their command lines; generated files are the generators' business."""
    own = set(lint.files(lint.ROOT, ".c"))
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(lint.ROOT) and path.relative_to(lint.ROOT) in own:
            yield path, entry["command"]


def check(build):
    kept = build / "tidy"
    kept.mkdir(exist_ok=True)
    common = common_digest()

    def one(entry):
        path, command = entry
        digest = hashlib.sha256(common + command.encode())
        for part in included(build, command):
            digest.update(part.read_bytes())
        name = digest.hexdigest()
        if (kept / name).exists():
            return ""
        found = tidy(build, path)
        if not found:
            (kept / name).touch()
        return found

    unique = {path: command for path, command in entries(build)}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return len(unique), [found for found in pool.map(one, unique.items()) if found]


def self_test():
    """Each planted fault is found by the check that is there for it."""
    wrong = []
    with tempfile.TemporaryDirectory(prefix="lint-") as folder:
        build = pathlib.Path(folder)
        for name, text in PLANTED.items():
            source = build / "planted.c"
            source.write_text(text)
            command = f"cc -std=c17 -c {source}"
            (build / "compile_commands.json").write_text(json.dumps([{"directory": folder, "file": str(source), "command": command}]))
            found = tidy(build, source)
            if name not in found:
                wrong.append(f"does not find {name}: {found}")
    return len(PLANTED), wrong


def main():
    count, faults = self_test() if "--self-test" in sys.argv[2:] else check(pathlib.Path(sys.argv[1]).resolve())
    print("\n".join(faults))
    print(f"looked at {count} files, faults in {len(faults)}")
    sys.exit(1 if faults or not count else 0)


if __name__ == "__main__":
    main()
