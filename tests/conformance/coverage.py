"""Every row of the tables in this folder names a test that exists; prints how many do.

A row is `| id | what it says | tests |`, and a test `folder/file: name of its TEST_CASE`; between several stands `<br>`.
In original_tests.md a row may instead say `replaced: ` and by which decision.
"""

import pathlib
import re
import sys


def tests_of(root):
    found = {}
    for path in sorted(root.glob("tests/**/*.test.cpp")):
        place = path.relative_to(root / "tests").as_posix().removesuffix(".test.cpp")
        text = path.read_text(encoding="utf-8")
        for case in re.finditer(r'^(?:TEST_CASE|SCENARIO)\(((?:\s*"(?:[^"\\]|\\.)*")+)', text, re.MULTILINE):
            parts = re.findall(r'"((?:[^"\\]|\\.)*)"', case.group(1))
            found[f"{place}: {''.join(parts)}".replace('\\"', '"')] = path
    return found


def rows_of(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if line.startswith("|") and cells[0] != "id" and set(line) - set("|-: "):
            yield number, cells


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    known = tests_of(root)
    missing = []
    for path in sorted(pathlib.Path(__file__).parent.glob("*.md")):
        covered = total = 0
        seen = set()
        for number, cells in rows_of(path):
            total += 1
            if len(cells) != 3:
                missing.append(f"{path.name}:{number}: {len(cells)} cells, want 3")
                continue
            row, says, tests = cells
            if row in seen:
                missing.append(f"{path.name}:{number}: {row} stands there twice")
            seen.add(row)
            if path.name == "original_tests.md" and tests.startswith("replaced: "):
                covered += 1
                continue
            unknown = [test for test in tests.split("<br>") if test not in known]
            covered += not unknown
            for test in unknown:
                missing.append(f"{path.name}:{number}: {row} ({says}): " + (f"no test {test}" if test else "no test"))
        print(f"{path.name}: {covered} / {total} rows with a test ({100 * covered // max(total, 1)} %)")
        if total == 0:
            missing.append(f"{path.name} has no rows")
    for line in missing:
        print(line)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
