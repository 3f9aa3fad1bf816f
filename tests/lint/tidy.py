"""clang-tidy 14 finds nothing in the headers, the examples and the program. Exit status 77 where it is not there.

usage: tidy.py GENERATED [FILE]...

GENERATED is the folder of what the build makes for the program; files are looked at instead of all.
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import tree

OPTIONS = ["-std=c++20", "-Iinclude", "-Iexamples", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow"]


def find():
    for name in ("clang-tidy-14", "clang-tidy"):
        program = shutil.which(name)
        if program and " version 14." in subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout:
            return program
    return None


def main():
    program = find()
    if program is None:
        print("SKIPPED: there is no clang-tidy 14, and other versions know other checks")
        return 77
    root = pathlib.Path(__file__).resolve().parents[2]

    generated, *asked = sys.argv[1:]
    how = ["--quiet", f"--config-file={root / '.clang-tidy'}", "--header-filter=/include/fargate/|/examples/"]

    def look(file):
        done = subprocess.run(
            [program, *how, file, "--", *OPTIONS, f"-isystem{generated}", "-xc++"], cwd=root,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stdout + ("" if done.returncode == 0 else done.stderr)

    with tempfile.TemporaryDirectory() as folder:
        everything = pathlib.Path(folder, "everything.cpp")
        headers = [path for path in tree.cxx(root) if path.parts[:2] == ("include", "fargate")]
        everything.write_text("".join(f"#include <{path.relative_to('include')}>\n" for path in headers), encoding="utf-8")
        sources = [str(path) for path in tree.cxx(root) if path.parts[0] == "examples" and path.suffix == ".cpp"]
        files = asked or [str(everything), *sources]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(look, files))
    for _, said in results:
        print(said, end="")
    return 1 if any(status for status, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
