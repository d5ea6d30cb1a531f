#!/usr/bin/python3
"""One door per library: who may include what, and nobody includes upward (ARCHITECTURE)."""

import re

import lint

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')

# Libraries: headers that begin so, and where they may be included.
DOORS = {
    "zmq.h": ("daemon/net/", "client/lib/", "tests/unit/test_net_", "tests/bench/"),
    "protobuf-c/": ("proto/",),
    "lmdb.h": ("daemon/store/", "tests/unit/test_store_", "tests/bench/"),
    "sodium.h": ("daemon/seal/",),
    "zstd.h": ("daemon/net/",),
    "roaring/": ("daemon/view/",),
    "unicode/": ("proto/", "daemon/view/", "client/"),
    "jansson.h": ("client/",),
    "libsmartcols/": ("client/cli/",),
    "libintl.h": ("client/",),
    "xlsxwriter.h": ("client/cli/",),
    "zip.h": ("client/cli/",),
    "expat.h": ("client/cli/",),
    "libpq-fe.h": ("client/cli/",),
    "cmocka.h": ("tests/unit/", "tests/laws/"),
}
# These have a single file as their door.
ONE_FILE = ("zstd.h", "xlsxwriter.h", "zip.h", "expat.h", "libpq-fe.h")

SYSTEM = set(
    """assert ctype errno float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbool
    stddef stdint stdio stdlib stdnoreturn string time wchar wctype arpa/inet sys/syscall dirent dlfcn fcntl fnmatch getopt glob grp
    langinfo libgen netdb netinet/in netinet/tcp poll pthread pwd regex sched strings sys/epoll sys/eventfd sys/file
    sys/mman sys/random sys/resource sys/select sys/signalfd sys/socket sys/stat sys/statvfs sys/time sys/timerfd
    sys/types sys/uio sys/un sys/utsname sys/wait syslog termios sys/ioctl unistd malloc endian byteswap""".split()
)

# Layers: what each may include beside itself and include/twinlog. The longest folder that fits a file is its layer.
LAYERS = {
    "include/twinlog/": (),
    "proto/": (),
    "daemon/seal/": ("proto/",),
    "daemon/store/": ("proto/", "daemon/seal/"),
    "daemon/core/": ("proto/", "daemon/seal/"),
    "daemon/view/": ("proto/", "daemon/seal/", "daemon/store/", "daemon/core/"),
    "daemon/net/": ("proto/", "socks/", "daemon/seal/", "daemon/store/", "daemon/core/", "daemon/view/"),
    "daemon/": ("proto/", "daemon/seal/", "daemon/store/", "daemon/core/", "daemon/view/", "daemon/net/"),
    "client/lib/": ("proto/", "socks/", "daemon/seal/"),
    "client/cli/": ("proto/", "daemon/seal/", "client/lib/"),
    "socks/": (),
    "client/example/": (),
    "verifier/": ("proto/", "daemon/seal/", "daemon/core/"),
}
# The core is pure: of the C library it knows only what computes.
# stdio and stdarg for snprintf alone: core_symbols.py sees to it that nothing else of them is called.
CORE_SYSTEM = {"assert", "stdio", "stdarg", "stdatomic", "limits", "inttypes", "stdbool", "stddef", "stdint", "stdlib", "string"}


def layer_of(path):
    fits = [folder for folder in LAYERS if path.startswith(folder)]
    return max(fits, key=len) if fits else None


def own_headers(root):
    """Name as written in an include -> path. A name that stands for two files is a fault of its own."""
    known, faults = {}, []
    for path in map(str, lint.files(root, ".h")):
        name = path[len("include/") :] if path.startswith("include/") else path.rsplit("/", 1)[-1]
        if name in known and not path.startswith("tests/"):
            faults.append(f"{path}:1: has the same name as {known[name]}")
        known.setdefault(name, path)
    return known, faults


def library_fault(path, name):
    for begin, doors in DOORS.items():
        if name.startswith(begin):
            return None if path.startswith(doors) else f"includes {name}, whose door is {' or '.join(doors)}"
    stem = name[:-2] if name.endswith(".h") else name
    if stem not in SYSTEM:
        return f"includes {name}, a library that has no door yet"
    if path.startswith("daemon/core/") and stem not in CORE_SYSTEM:
        return f"includes {name}, but the core only computes"
    return None


def layer_fault(path, target):
    layer = layer_of(path)
    if layer is None or target is None:
        return None
    below = layer_of(target)
    if below is None:
        return f"includes {target}, which is of no layer"
    if below in (layer, "include/twinlog/") or below in LAYERS[layer]:
        return None
    return f"includes upward: {target}"


def check(root):
    headers, faults = own_headers(root)
    users = {name: set() for name in ONE_FILE}
    for path in map(str, lint.files(root, ".c", ".h")):
        for number, text in lint.lines(root, path):
            match = INCLUDE.match(text or "")
            if not match:
                continue
            bracket, name = match.groups()
            if name in users:
                users[name].add(path)
            beside = path.rsplit("/", 1)[0] + "/" + name
            if name.endswith(".pb-c.h") or name in ("cities_csv.h", "codelists_table.h", "text_hans.h"):
                fault = layer_fault(path, "proto/" + name)
            elif bracket == '"' and (root / beside).is_file():
                fault = layer_fault(path, beside)
            elif name in headers:
                fault = layer_fault(path, headers[name])
            else:
                fault = library_fault(path, name)
            if fault:
                faults.append(f"{path}:{number}: {fault}")
    faults += [f"{name}: has one file as its door, not {sorted(paths)}" for name, paths in users.items() if len(paths) > 1]
    return faults


SOUND = {
    "include/twinlog/error.h": "#include <stddef.h>\n",
    "proto/ids.h": '#include "twinlog/error.h"\n#include <protobuf-c/protobuf-c.h>\n',
    "daemon/seal/seal.c": '#include <sodium.h>\n#include "ids.h"\n',
    "daemon/core/node.h": '#include "ids.h"\n#include "log.pb-c.h"\n#include <string.h>\n',
    "daemon/net/zip.c": '#include <zstd.h>\n#include "node.h"\n',
    "client/cli/main.c": "#include <jansson.h>\n#include <libsmartcols/libsmartcols.h>\n",
}
PLANTED = [
    ({"daemon/net/link.c": "#include <sodium.h>\n"}, "whose door is daemon/seal/"),
    ({"proto/codec.c": "#  include <lmdb.h>\n"}, "whose door is daemon/store/"),
    ({"daemon/net/second.c": "#include <zstd.h>\n"}, "has one file as its door"),
    ({"client/cli/fetch.c": "#include <curl/curl.h>\n"}, "no door yet"),
    ({"daemon/core/node.c": "#include <time.h>\n"}, "the core only computes"),
    ({"daemon/core/acts.c": "#include <zmq.h>\n"}, "whose door is daemon/net/"),
    ({"proto/text.c": '#include "node.h"\n'}, "includes upward: daemon/core/node.h"),
    ({"daemon/store/store.c": '#include "node.h"\n'}, "includes upward"),
    ({"client/lib/client.c": '#include "node.h"\n'}, "includes upward"),
    ({"include/twinlog/client.h": '#include "control.pb-c.h"\n'}, "includes upward"),
    ({"verifier/main.c": '#include "store.h"\n', "daemon/store/store.h": "\n"}, "includes upward: daemon/store/store.h"),
    ({"daemon/view/node.h": "\n"}, "same name as daemon/core/node.h"),
]

if __name__ == "__main__":
    lint.main(check, SOUND, PLANTED)
