"""Every C++ file is laid out as clang-format 14 does it. Exit status 77 where that version is not there.

usage: format.py [--fix]
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

import tree


def find():
    for name in ("clang-format-14", "clang-format"):
        program = shutil.which(name)
        if program and " version 14." in subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout:
            return program
    return None


def main():
    program = find()
    if program is None:
        print("SKIPPED: there is no clang-format 14, and other versions break lines elsewhere")
        return 77
    root = pathlib.Path(__file__).resolve().parents[2]
    if "--fix" in sys.argv[1:]:
        return subprocess.run([program, "-i", *map(str, tree.cxx(root))], cwd=root, check=False).returncode

    # Compared as text, because --dry-run reports the end comment of every `namespace a::inline b` and would not change it.
    def differs(path):
        made = subprocess.run([program, str(path)], cwd=root, capture_output=True, check=True).stdout
        return made != (root / path).read_bytes()

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        files = list(tree.cxx(root))
        wrong = [path for path, other in zip(files, pool.map(differs, files)) if other]
    for path in wrong:
        print(f"{path}: not laid out as clang-format does it")
    status = 1 if wrong else 0
    if status:
        print(f"mend it with: python3 {pathlib.Path(__file__).resolve().relative_to(root)} --fix")
    return status


if __name__ == "__main__":
    sys.exit(main())
