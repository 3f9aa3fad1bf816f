#!/usr/bin/env python3
"""Makes the single headers beside this script from include/fargate: a pure function of the tree.

usage: amalgamate.py            writes single_include/fargate/{agent,sigv4}.hpp
       amalgamate.py --check    compares them byte for byte, writes nothing, and fails when they differ

A header's own includes are replaced by the text of what they name, each once and before its first user; the standard
library's and the dependencies' are gathered at the top. Include guards stay, so that a translation unit may see the
tree and a single header.
"""

import argparse
import pathlib
import re
import sys

DOORS = ("agent.hpp", "sigv4.hpp")
WIDTH = 120
DIRECTIVE = re.compile(r"\s*#\s*(\w+)")
INCLUDE = re.compile(r"\s*#\s*include\s*(<([^>]+)>|\S*)")


class refused(Exception):
    """The tree cannot be put into one file; the message says which line stands in the way."""


def amalgamate(root, door):
    """The text of the single header for one front door of the tree at `root`."""
    tree = root / "include"
    gathered = set()
    sections = []
    seen = {}

    def visit(name, at):
        if seen.get(name) == "open":
            raise refused(f"{at}: <{name}> is included in a circle")
        if name in seen:
            return
        if name.startswith("fargate/testing/"):
            raise refused(f"{at}: <{name}>: testing/ is never part of a single header")
        try:
            lines = (tree / name).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            raise refused(f"{at}: there is no <{name}>") from None
        seen[name] = "open"
        kept = []
        depth = 0
        for number, line in enumerate(lines, 1):
            here = f"include/{name}:{number}"
            word = DIRECTIVE.match(line)
            word = word.group(1) if word else ""
            if word in ("if", "ifdef", "ifndef"):
                depth += 1
            elif word == "endif":
                depth -= 1
            elif word == "include":
                whole, target = INCLUDE.match(line).groups()
                if target is None:
                    raise refused(f"{here}: {whole} is not an include by full path")
                # Depth 1 is the include guard; deeper, a condition decides and the line stays where it is.
                if target.startswith("fargate/"):
                    if depth > 1:
                        raise refused(f"{here}: <{target}> is included under a condition")
                    visit(target, here)
                    continue
                if depth == 1:
                    gathered.add(target)
                    continue
            kept.append(line)
        sections.append((name, re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")))
        seen[name] = "done"

    visit(f"fargate/{door}", f"include/fargate/{door}")
    return "\n\n".join([
        banner(root, door),
        "\n".join(f"#include <{name}>" for name in sorted(gathered)),
        *(f"{ruler(name)}\n\n{text}" for name, text in sections),
    ]) + "\n"


def ruler(name):
    return f"// ---- {name} ".ljust(WIDTH, "-")


def banner(root, door):
    version = re.search(r'FARGATE_VERSION_STRING "(.*)"', (root / "include/fargate/version.hpp").read_text(encoding="utf-8"))
    text = [
        f"fargate {version.group(1)}: <fargate/{door}> and all that it includes, in one file.",
        "Made by single_include/amalgamate.py from include/fargate; changes belong there.",
        "", *(root / "LICENSE").read_text(encoding="utf-8").splitlines(),
    ]
    return "\n".join(f"// {line}".rstrip() for line in text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[1], help="the tree")
    asked = parser.parse_args()
    stale = []
    for door in DOORS:
        path = asked.root / "single_include/fargate" / door
        try:
            made = amalgamate(asked.root, door).encode()
        except refused as why:
            print(why, file=sys.stderr)
            return 1
        if asked.check:
            if not path.is_file() or path.read_bytes() != made:
                stale.append(path.relative_to(asked.root))
        elif not path.is_file() or path.read_bytes() != made:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(made)
            print(f"wrote {path.relative_to(asked.root)}")
    if stale:
        print(f"{' and '.join(map(str, stale))}: not what the tree makes; mend with: python3 single_include/amalgamate.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
