#!/usr/bin/env python3
"""Counts with valgrind the instructions of a signature, of a signed call and of a launched run, and compares them with
instructions.json: more than 5 % above what is written there fails.

usage: instructions.py BENCH [--accept]     BENCH is the fargate_bench of an optimised build; --accept writes what it counted

Counts repeat where seconds do not, but they are of one compiler, one set of libraries and the code that these choose on what
valgrind takes for the processor, which has no instructions for SHA-256. So the file holds them by toolchain; where it has
none for this one, the test is skipped (77) and says what to run.
"""

import json
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FIGURES = HERE / "instructions.json"
GROWTH = 1.05
# What is counted, how often in the shorter and in the longer of two runs (the difference leaves out what only happens
# once), and how many of the thing one time is.
COUNTED = {
    "signature": ("signature.ours", 100, 600, 1),
    "signed call": ("call.ours", 50, 250, 1),
    "launched run": ("launch.ours", 1, 3, 250),
}


def output(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def toolchain(bench):
    """What the counts depend on, as a text: the compiler, which the program names, and the libraries it loads."""
    compiler = re.search(r"(GCC|clang)[^\n]*?(\d+\.\d+\.\d+)", output("readelf", "-p", ".comment", bench))
    made = [f"{compiler[1]} {compiler[2]}" if compiler else "a compiler", platform.machine()]
    for line in output("ldd", bench).splitlines():
        place = re.search(r"=> (\S*/lib(?:curl|crypto|c|stdc\+\+)\.so\S*)", line)
        if place:
            path = pathlib.Path(place[1]).resolve()
            version = re.search(r"(?:libcurl/|OpenSSL |GNU C Library [^\n]*?version |)(\d+\.\d+(?:\.\d+)?)", words(path))
            made.append(f"{path.name.split('.so')[0]} {version[1] if version else path.name}")
    return ", ".join(made[:2] + sorted(made[2:]))


def words(path):
    """The text of a library that names its version."""
    content = path.read_bytes()
    for mark in (rb"libcurl/\d+\.\d+\.\d+", rb"OpenSSL \d+\.\d+\.\d+", rb"GNU C Library [^\n]{0,80}version \d+\.\d+"):
        found = re.search(mark, content)
        if found:
            return found[0].decode()
    return path.name.split(".so.")[-1]


def count(bench, case, times):
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", bench, "repeat", case, str(times)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    found = re.search(r"Collected : (\d+)", ran.stdout)
    if ran.returncode != 0 or not found:
        sys.exit(f"valgrind counted nothing:\n{ran.stdout[-2000:]}")
    return int(found[1])


def main():
    accept = "--accept" in sys.argv[1:]
    programs = [each for each in sys.argv[1:] if each != "--accept"]
    if len(programs) != 1:
        sys.exit(__doc__)
    bench = programs[0]
    if shutil.which("valgrind") is None:
        print("SKIPPED: there is no valgrind")
        return 77
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    here = toolchain(bench)
    command = f"python3 {pathlib.Path(__file__).relative_to(HERE.parents[1])} {bench} --accept"
    if here not in figures and not accept:
        print(f"SKIPPED: there are no counts for {here}\nto write down those of now: {command}")
        return 77
    counted = {}
    grown = []
    for name, (case, few, many, each) in COUNTED.items():
        counted[name] = round((count(bench, case, many) - count(bench, case, few)) / (many - few) / each)
        before = figures.get(here, {}).get(name)
        compared = f", {counted[name] / before - 1:+.1%} against {before:,}" if before else ""
        print(f"{name}: {counted[name]:,} instructions{compared}", flush=True)
        if before and counted[name] > before * GROWTH:
            grown.append(name)
    if accept:
        figures[here] = counted
        FIGURES.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
        print(f"written to {FIGURES.name}: {here}")
        return 0
    if grown:
        print(f"more than 5 % has been added to: {', '.join(grown)}. If that is on purpose, write it down: {command}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
