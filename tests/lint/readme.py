"""The README's first program is examples/minimal_agent.cpp, to the letter, and stands on its first screen."""

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
    return 0


if __name__ == "__main__":
    sys.exit(main())
