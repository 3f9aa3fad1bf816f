#!/usr/bin/env python3
"""Measures what including ours costs a compiler, beside what the standard and the dependencies' headers cost it.

usage: compile.py [--rounds N] [--json FILE] COMPILER [FLAG]...

Cases and yardsticks take turns. CPU, the system's part included, and peak memory are the operating system's figures for the
compiler and all that it starts; what is told is the median of the rounds, their quartiles, and the median of the ratios of
neighbours. Without FLAGs it is -O0.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"

AGENT_MAIN = """#include <cstdio>
int main() {
    fargate::service::signals signals;
    fargate::%s;
    auto const ended = agent.start(signals.token());
    if (!ended) std::fprintf(stderr, "%%s\\n", ended.error().message.c_str());
    return ended ? 0 : 1;
}
"""

LIBRARIES = """#include <nlohmann/json.hpp>
#include <curl/curl.h>
#include <openssl/evp.h>
#include <string>
int main(int, char* words[]) {
    auto document = nlohmann::json::parse(words[1], nullptr, false);
    document["count"] = 1;
    std::string const body = document.dump();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(body.data(), body.size(), digest, &size, EVP_sha256(), nullptr);
    CURL* const handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_URL, words[2]);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
    auto const done = curl_easy_perform(handle);
    curl_easy_cleanup(handle);
    return done == CURLE_OK && size == 32 ? 0 : 1;
}
"""


def named_by(door):
    """The includes of a front door and of all ours behind it that are not ours."""
    found, seen, waiting = set(), set(), [door]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for each in re.findall(r"^#include <([^>]+)>", (INCLUDE / name).read_text(encoding="utf-8"), re.MULTILINE):
            waiting.append(each) if each.startswith("fargate/") else found.add(each)
    return "".join(f"#include <{each}>\n" for each in sorted(found))


def cases():
    """Name, what it is, its text, its yardstick, and how many times that it may take, where a limit is set."""
    yield "fwd", "`fwd.hpp`", "#include <fargate/fwd.hpp>\n", None, None
    yield "sigv4_named", "what `sigv4.hpp` names of the standard library and OpenSSL", named_by("fargate/sigv4.hpp"), None, None
    yield "sigv4", "`sigv4.hpp`", "#include <fargate/sigv4.hpp>\n", "sigv4_named", 1.5
    yield "libraries", "nlohmann/json, libcurl and OpenSSL included and used by hand", LIBRARIES, None, None
    yield "agent", "`agent.hpp`, included", "#include <fargate/agent.hpp>\n", "libraries", 1.15
    used = AGENT_MAIN % 'agent<> agent{{.region_name = "us-east-1", .kwargs = {{"cpu", "256"}}}}'
    yield "agent_used", "`agent.hpp`, an agent made and started", "#include <fargate/agent.hpp>\n" + used, "libraries", 1.3
    used = AGENT_MAIN % 'compiled_agent agent{{{"region_name", "us-east-1"}, {"cpu", "256"}}}'
    yield "compiled_used", "`compiled.hpp`, an agent made and started", "#include <fargate/compiled.hpp>\n" + used, "libraries", None
    yield "compiled", "the one unit behind it", "#define FARGATE_COMPILED\n#include <fargate/compiled.hpp>\n", "libraries", None


def spread(values):
    ordered = sorted(values)
    quartile = len(ordered) // 4
    return {"median": statistics.median(ordered), "low": ordered[quartile], "high": ordered[-1 - quartile]}


def compiled(command):
    """CPU seconds and peak KiB of a command; it must succeed."""
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(child, 0)
    if status != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss


def measure(rounds, compiler, *flags):
    made = {name: {"title": title, "limit": limit} for name, title, _, _, limit in cases()}
    taken = {name: [] for name in made}
    with tempfile.TemporaryDirectory() as folder:
        for name, _, text, _, _ in cases():
            pathlib.Path(folder, f"{name}.cpp").write_text(text, encoding="utf-8")
        for _ in range(rounds):
            for name in made:
                command = [compiler, "-std=c++20", f"-I{INCLUDE}", *(flags or ["-O0"]), "-c", f"{folder}/{name}.cpp", "-o"]
                taken[name].append(compiled([*command, f"{folder}/made.o"]))
    for name, _, _, yardstick, _ in cases():
        made[name]["cpu_s"] = spread([cpu for cpu, _ in taken[name]])
        made[name]["peak_kib"] = max(peak for _, peak in taken[name])
        if yardstick:
            made[name]["ratio"] = statistics.median(ours[0] / theirs[0] for ours, theirs in zip(taken[name], taken[yardstick]))
    return made


def table(found):
    print("\nWhat a compiler takes, of CPU and memory\n")
    print("| | CPU, median | quartiles | ratio | at most | peak memory |\n|---|---|---|---|---|---|")
    for each in found.values():
        cpu = each["cpu_s"]
        ratio = f"{each['ratio']:.2f} ×" if "ratio" in each else ""
        limit = f"{each['limit']} ×" if each["limit"] else ""
        print(f"| {each['title']} | {cpu['median']:.2f} s | {cpu['low']:.2f} to {cpu['high']:.2f} s | {ratio} | {limit} | {each['peak_kib'] / 1024:.0f} MB |")


def report(rounds, compiler, *flags):
    found = measure(rounds, compiler, *flags)
    table(found)
    return found


def main():
    options = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", type=pathlib.Path)
    options.add_argument("compiler")
    options.add_argument("flags", nargs=argparse.REMAINDER)
    asked = options.parse_args()
    found = report(asked.rounds, asked.compiler, *asked.flags)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
