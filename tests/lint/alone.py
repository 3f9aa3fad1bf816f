"""Every header compiles alone: each is read by the compiler as a translation unit of its own, and no code is made of it.

usage: alone.py COMPILER [HEADER]...

The headers are named as users include them; with none, all are read but the one that needs ICU.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

import tree

OPTIONS = ["-std=c++20", "-fsyntax-only", "-Iinclude", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
LEFT_OUT = {"fargate/text/icu_transliteration.hpp"}


def main():
    compiler, *asked = sys.argv[1:]
    root = pathlib.Path(__file__).resolve().parents[2]
    headers = [path.relative_to("include").as_posix() for path in tree.cxx(root) if path.parts[:2] == ("include", "fargate")]
    headers = asked or [header for header in headers if header not in LEFT_OUT]

    def read(header):
        done = subprocess.run(
            [compiler, *OPTIONS, "-xc++", "-"], cwd=root, input=f"#include <{header}>\n",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return "" if done.returncode == 0 else f"FAILED: {header} does not compile alone\n{done.stdout}"

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = [each for each in pool.map(read, headers) if each]
    print(*said, sep="", end="")
    print(f"{len(headers) - len(said)} of {len(headers)} headers compile alone")
    return 1 if said or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
