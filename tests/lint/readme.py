"""The README's first program is examples/minimal_agent.cpp, to the letter, and stands on its first screen; and its table of
what keeps each run to one task has every option of the program."""

import pathlib
import re
import sys


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    readme = (root / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^```cpp\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    wanted = (root / "examples/minimal_agent.cpp").read_text(encoding="utf-8")
    if block is None or block.group(1) != wanted:
        print("README.md: the first cpp block differs from examples/minimal_agent.cpp: copy that file into it")
        return 1
    for command in ("examples/demo", "tests/run"):
        if command not in "\n".join(readme.splitlines()[:30]):
            print(f"README.md: {command} does not stand in its first 30 lines")
            return 1
    figures = (root / "examples/fargate-agent/figures.cpp").read_text(encoding="utf-8")
    rows = re.findall(r'^    \{"(\w+)", "(\w*)", ', figures, re.MULTILINE)
    if not rows:
        print("tests/lint/readme.py: finds no options in examples/fargate-agent/figures.cpp")
        return 1
    for name, unit in rows:
        option, keyword = ("--", name) if unit else ("--no-", f"{name}=false")
        row = f"| `{option}{name.replace('_', '-')}` | `{keyword}` | "
        if row not in readme:
            print(f"README.md: there is no row that begins {row}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
