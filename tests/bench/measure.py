#!/usr/bin/env python3
"""Measures ours beside its floors, prints tables, and writes and draws what it found.

usage: measure.py [--quick] [--peers] [--out FOLDER] [--compiler COMPILER] BENCH [AGENT]

BENCH is fargate_bench and AGENT is fargate-agent, both of an optimised build. The cases of a group take turns, so that a machine
that changes its speed changes all of them; what is told is the median of the rounds and their quartiles, and the median of
the ratios of neighbours. CPU and memory are the operating system's own figures.
"""

import argparse
import json
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import agents  # noqa: E402
import compile as compiling  # noqa: E402
import peers  # noqa: E402
import plots  # noqa: E402
import size  # noqa: E402

TITLES = {
    "signature": "one RunTask signature: a body of 1,500 bytes, a token of 1,000, the key known",
    "call": "one signed RunTask over a kept loopback connection, an answer of 2.3 KB",
    "launch": "250 flow runs launched, with Prefect and ECS in memory",
}
NAMES = {
    "ours": "ours",
    "straight_line": "straight line by hand",
    "straight_line_evp": "straight line by hand, EVP",
    "bare_libcurl": "bare libcurl, signed beforehand, unread",
}
FLOORS = {"signature": "straight_line", "call": "bare_libcurl"}


def lines(*command):
    ran = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in ran.stdout.splitlines()]


def spread(values):
    ordered = sorted(values)
    quartile = len(ordered) // 4
    return {"median": statistics.median(ordered), "low": ordered[quartile], "high": ordered[-1 - quartile]}


def peak_kib(*command):
    """The most memory that a process of its own held."""
    child = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL);"
             "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    return lines(sys.executable, "-c", child, *command)[0]


def measured(bench, group, rounds, instructions):
    taken = lines(bench, "rounds", group, rounds)
    floor = FLOORS.get(group)
    steps = lines(bench, "steps", group)[0] if instructions and floor else {}
    made = {}
    for name in taken[0]:
        made[name] = {"cpu_ns": spread([each[name] for each in taken])}
        if floor:
            made[name]["ratio"] = statistics.median(each[name] / each[floor] for each in taken)
        if steps.get(name, -1) > 0:
            made[name]["instructions"] = steps[name]
        if group != "launch":
            made[name]["peak_kib"] = peak_kib(bench, "repeat", f"{group}.{name}", 100)
    return made


def time_text(nanoseconds):
    return f"{nanoseconds:,.0f} ns" if nanoseconds < 10_000 else f"{nanoseconds / 1000:,.1f} µs" if nanoseconds < 1e7 else f"{nanoseconds / 1e6:,.1f} ms"


def table(group, cases):
    print(f"\n{TITLES[group][0].upper()}{TITLES[group][1:]}\n")
    print("| | CPU, median | quartiles | ratio | instructions | peak memory |\n|---|---|---|---|---|---|")
    for name, each in cases.items():
        cpu = each["cpu_ns"]
        ratio = f"{each['ratio']:.2f} ×" if "ratio" in each else ""
        steps = f"{each['instructions']:,}" if "instructions" in each else ""
        peak = f"{each['peak_kib'] / 1024:.1f} MB" if "peak_kib" in each else ""
        print(f"| {NAMES.get(name, name)} | {time_text(cpu['median'])} | {time_text(cpu['low'])} to {time_text(cpu['high'])} | {ratio} | {steps} | {peak} |")


def latency_table(found):
    print("\nFrom the queue to RunTask, with AWS 300 ms away\n")
    print("| | workers | flow runs a second | p50 | p99 |\n|---|---|---|---|---|")
    for name, each in found.items():
        print(f"| `{name}` | {each['workers']} | {each['runs_per_s']:.1f} | {each['p50_ms'] / 1000:.2f} s | {each['p99_ms'] / 1000:.2f} s |")


def machine(bench):
    def first(pattern, text):
        found = re.search(pattern, text, re.MULTILINE)
        return found[1].strip() if found else "unknown"

    comment = subprocess.run(["readelf", "-p", ".comment", bench], stdout=subprocess.PIPE, text=True, check=False).stdout
    linked = subprocess.run(["ldd", bench], stdout=subprocess.PIPE, text=True, check=False).stdout
    versions = {}
    for name, mark in {"libcurl": rb"libcurl/(\d+\.\d+\.\d+)", "OpenSSL": rb"OpenSSL (\d+\.\d+\.\d+)"}.items():
        path = first(rf"=> (\S*/{'libcurl' if name == 'libcurl' else 'libcrypto'}\.so\S*)", linked)
        found = re.search(mark, pathlib.Path(path).read_bytes()) if path != "unknown" else None
        versions[name] = found[1].decode() if found else "unknown"
    return {
        "processor": first(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text()),
        "system": f"{platform.system()} {platform.machine()}",
        "compiler": first(r"((?:GCC|clang).*)$", comment),
        **versions,
    }


def main():
    options = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    options.add_argument("--quick", action="store_true")
    options.add_argument("--peers", action="store_true")
    options.add_argument("--out", type=pathlib.Path)
    options.add_argument("--compiler", default="c++")
    options.add_argument("bench")
    options.add_argument("agent", nargs="?")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = asked.out or pathlib.Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        found = {"machine": machine(asked.bench)}
        for group in TITLES:
            rounds = {True: 2, False: 25 if group != "launch" else 7}[asked.quick]
            found[group] = measured(asked.bench, group, rounds, not asked.quick)
        if asked.peers:
            peers.measure(out, found, 2 if asked.quick else 15)
        for group in TITLES:
            table(group, found[group])
        runs = 250e9 / found["launch"]["ours"]["cpu_ns"]["median"]
        print(f"\n{runs:,.0f} flow runs launched in a second of one core, the fakes' work included")
        found["latency"] = lines(asked.bench, "latency", 20 if asked.quick else 100)[0]
        latency_table(found["latency"])
        if asked.agent:
            found["agents"] = agents.measure(asked.bench, asked.agent, peers.original(out) if asked.peers else None, asked.quick)
            agents.table(found["agents"])
            found["agent_bytes"] = stripped_size(asked.agent, scratch)
            print(f"\nthe program, stripped, is {found['agent_bytes'] / 1e6:.2f} MB long")
        if not asked.quick:
            found["size"] = size.report(asked.compiler)
            found["compile"] = compiling.report(5, asked.compiler)
        print("\n" + ", ".join(f"{name}: {value}" for name, value in found["machine"].items()))
        (out / "figures.json").write_text(json.dumps(found, indent=2) + "\n")
        plots.draw(out, found, TITLES, NAMES)
        if asked.out:
            print(f"written to {out}/figures.json")
    return 0


def stripped_size(program, scratch):
    made = pathlib.Path(scratch) / "stripped"
    subprocess.run(["strip", "-o", made, program], check=True)
    return made.stat().st_size


if __name__ == "__main__":
    sys.exit(main())
