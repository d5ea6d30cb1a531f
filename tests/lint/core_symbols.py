#!/usr/bin/python3
"""The core calls no clock, socket, file or random source: what its objects leave undefined is looked at, so that no
macro or inline function hides a call.

    core_symbols.py CORE.a COMPILER [--self-test]

Allowed are symbols of our own libraries below it (seal_random and the key makers excepted), of the C library those
that compute, and what compilers and sanitizers add.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

COMPUTES = set(
    """hex_encode abort bsearch calloc free malloc memchr memcmp memcpy memmove memset qsort qsort_r realloc reallocarray snprintf
    strchr strcmp strcpy strcspn strdup strlen strncmp strncpy strndup strnlen strrchr strspn strstr strtok_r strtoul
    strtoull vsnprintf""".split()
)
ADDED = re.compile(r"^(__assert_fail|__stack_chk_fail|__.*_chk|__(asan|ubsan|tsan|lsan|sanitizer|sancov)_\w+|_GLOBAL_OFFSET_TABLE_|__tls_get_addr)$")
BELOW = re.compile(r"^(seal|twinlog|hash|handle|arena|bytes|codec|codelist|edtf|ids|places|text|validate|utf8)_\w+$")
NEVER = re.compile(r"^seal_(random|transport_pair|init|slots_draw)$")


def symbols(archive, *options):
    output = subprocess.run(["nm", *options, str(archive)], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1] for line in output.splitlines() if line.strip() and not line.endswith(":")}


def check(archive):
    undefined = symbols(archive, "--undefined-only") - symbols(archive, "--defined-only")
    faults = []
    for name in sorted(undefined):
        if NEVER.match(name):
            faults.append(f"the core calls {name}: randomness has to come in with the events")
        elif name not in COMPUTES and not ADDED.match(name) and not BELOW.match(name):
            faults.append(f"the core calls {name}, which is not below it or does more than compute")
    return faults


PLANTED = {
    "clock": "#include <time.h>\nlong f(void); long f(void) { return (long)time(NULL); }",
    "monotonic clock": "#include <time.h>\nint f(struct timespec *t); int f(struct timespec *t) { return clock_gettime(1, t); }",
    "socket": "#include <sys/socket.h>\nint f(void); int f(void) { return socket(AF_INET, SOCK_STREAM, 0); }",
    "file": "#include <stdio.h>\nvoid f(void); void f(void) { FILE *x = fopen(\"x\", \"r\"); if (x) fclose(x); }",
    "random": "#include <stdlib.h>\nint f(void); int f(void) { return rand(); }",
    "seal_random": "void seal_random(void *, unsigned long); void f(void); void f(void) { int x; seal_random(&x, sizeof x); }",
    "seal_slots_draw": "void seal_slots_draw(void); void f(void); void f(void) { seal_slots_draw(); }",
    "upward": "void store_close(void *); void f(void); void f(void) { store_close(0); }",
}
SOUND = "#include <string.h>\nvoid seal_wipe(void *, unsigned long);\nvoid g(char *p); void g(char *p) { seal_wipe(p, strlen(p)); }"


def faults_of(compiler, text):
    with tempfile.TemporaryDirectory(prefix="lint-") as folder:
        source, built, archive = (pathlib.Path(folder) / name for name in ("x.c", "x.o", "x.a"))
        source.write_text(text + "\n")
        subprocess.run([compiler, "-O0", "-c", str(source), "-o", str(built)], check=True)
        subprocess.run(["ar", "rc", str(archive), str(built)], check=True)
        return check(archive)


def self_test(compiler):
    wrong = [f"finds a fault where there is none: {fault}" for fault in faults_of(compiler, SOUND)]
    return wrong + [f"does not find: {what}" for what, text in PLANTED.items() if not faults_of(compiler, text)]


def main():
    archive, compiler = sys.argv[1:3]
    faults = self_test(compiler) if "--self-test" in sys.argv[3:] else check(archive)
    print("\n".join(faults) or "no fault")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
