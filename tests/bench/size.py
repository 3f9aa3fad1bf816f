#!/usr/bin/env python3
"""Measures how long small programs are, stripped, and fails when one is longer than it may be.

usage: size.py COMPILER

Each is built as the program of a Release is, which is small, and with -O2 besides. The limits are of the first. It fails, too,
when more of nlohmann's is in one than a value and the reader of text.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = ["-Os", "-DNDEBUG", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"]
# A second reader, a writer beside ours, and what reads and writes binary formats.
NOT_WANTED = re.compile(r"nlohmann::[^(]*detail::(serializer|json_sax_dom\w*|binary_\w+)\b")
PROGRAMS = {
    "sign": ("signs", 60_000, ["-lcrypto"]),
    "run_task": ("signs and calls RunTask", 250_000, ["-lcurl", "-lcrypto"]),
}


def built(compiler, source, flags, libraries, folder):
    """How long it is, stripped, and what it holds of nlohmann's that is not wanted."""
    made = f"{folder}/made"
    subprocess.run([compiler, "-std=c++20", f"-I{ROOT}/include", *flags, str(source), *libraries, "-o", made], check=True)
    names = subprocess.run(["nm", "-C", made], stdout=subprocess.PIPE, text=True, check=True).stdout
    subprocess.run(["strip", made], check=True)
    return pathlib.Path(made).stat().st_size, sorted({each[1] for each in NOT_WANTED.finditer(names)})


def measure(compiler):
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (title, limit, libraries) in PROGRAMS.items():
            source = ROOT / "tests/bench/size" / f"{name}.cpp"
            small, not_wanted = built(compiler, source, SMALL, libraries, folder)
            fast, _ = built(compiler, source, ["-O2", *SMALL[1:]], libraries, folder)
            found[name] = {"title": title, "limit": limit, "small": small, "fast": fast, "not_wanted": not_wanted}
    return found


def table(found):
    print("\nHow long a program is, stripped\n")
    print("| a program that | -Os | at most | -O2 |\n|---|---|---|---|")
    for each in found.values():
        print(f"| {each['title']} | {each['small'] / 1000:.1f} kB | {each['limit'] / 1000:.0f} kB | {each['fast'] / 1000:.1f} kB |")


def report(compiler):
    found = measure(compiler)
    table(found)
    return found


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 2
    found = report(sys.argv[1])
    failed = False
    for each in found.values():
        if each["small"] > each["limit"]:
            failed = True
            print(f"FAILED: a program that {each['title']} is {each['small']} bytes long; nm --size-sort --demangle tells why")
        if each["not_wanted"]:
            failed = True
            print(f"FAILED: a program that {each['title']} holds nlohmann's {', '.join(each['not_wanted'])}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
