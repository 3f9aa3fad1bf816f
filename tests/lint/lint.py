"""Checks the shape of the tree: which floor looks into which, guards, names, lengths, and what must not be there.

usage: lint.py [ROOT]     prints one line per offence and fails when there is one
"""

import pathlib
import re
import sys

import tree

# A floor sees those below it. Floors of one number do not see each other; files of one folder do, downward.
FLOORS = {
    "core": 0, "text": 1, "crypto": 1, "sigv4": 2, "system": 2, "http": 3, "json": 3, "retry": 4, "aws": 5,
    "credentials": 7, "prefect": 7, "deploy": 8, "service": 9, "testing": 99,
}
# Files of a floor that stand higher than their neighbours.
STOREYS = {"aws/ecs": 6, "aws/s3": 6, "aws/sso": 6, "aws/sts": 6, "aws/tagging": 6}
# Files that lie in no floor. The doors are for users: only a higher door or testing/ goes through one.
FRONT = {"version": -1, "fwd": 0.5, "sigv4": 2.5, "aws": 7.5, "agent": 10, "compiled": 10.5, "throwing": 11}
DOORS = {"sigv4", "aws", "agent", "compiled", "throwing"}
# Edges that the numbers would allow and the design does not.
APART = {("prefect", "aws")}

DEPLOY = FLOORS["deploy"]
COSTLY = {"iostream", "regex", "sstream", "format", "filesystem", "functional"}
QUARANTINE = {"curl": "http/curl*.hpp", "openssl": "crypto/openssl.hpp", "nlohmann": "json/json.hpp", "unicode": "text/icu_transliteration.hpp"}
LONGEST = 400
LONGEST_TEST = 800
UNMIRRORED = {
    "archetypes", "bench", "chaos", "compile_fail", "conformance", "examples", "fuzz", "lint", "model", "noexcept", "odr", "packaging", "peers", "program",
    "scenarios", "support", "vectors",
}
INCLUDE = re.compile(r"^\s*#\s*include\s*([<\"])([^>\"]+)[>\"]", re.MULTILINE)


def place(header):
    """(folder, height) of a path below include/fargate; None for one that has no place."""
    path = pathlib.PurePosixPath(header)
    name = str(path.with_suffix(""))
    if len(path.parts) == 1:
        return ("", FRONT[name]) if name in FRONT else None
    if path.parts[0] not in FLOORS:
        return None
    return path.parts[0], STOREYS.get(name, FLOORS[path.parts[0]])


def edge(header, target, exists):
    """Why `header` must not include `target`; both below include/fargate."""
    here, there = place(header), place(target)
    if not exists(target):
        return "there is no such header"
    if there is None:
        return "its floor is not in the table of tests/lint/lint.py"
    if there[0] == "testing" and here[0] != "testing":
        return "testing/ is for users: no floor includes it"
    if here[0] == there[0] != "":
        return "it lies higher in the same folder" if there[1] > here[1] else None
    if here[0] and here[0] != "testing" and target.removesuffix(".hpp") in DOORS:
        return "a front door is for users: include the floor's own file"
    if there[1] > here[1]:
        return f"upward: {place_name(header, here)} does not see {place_name(target, there)}"
    if there[1] == here[1]:
        return f"sideways: {place_name(header, here)} does not see {place_name(target, there)}"
    if (here[0], there[0]) in APART:
        return f"{here[0]} does not see {there[0]}"
    return None


def place_name(header, where):
    return f"{where[0] or header} ({where[1]})"


def guard_of(path):
    parts = path.parts[1:] if path.parts[0] == "include" else ("fargate",) + path.parts
    return re.sub(r"[^A-Z0-9]+", "_", "/".join(parts).upper())


def check_guard(path, text):
    guard = guard_of(path)
    lines = [line for line in text.splitlines() if line.strip()]
    if lines[:2] != [f"#ifndef {guard}", f"#define {guard}"] or lines[-1] != "#endif":
        yield f"{path}: has not the include guard {guard} around all of it"


def check_header(path, text, exists):
    """The rules of include/fargate."""
    header = str(path.relative_to("include/fargate"))
    here = place(header)
    if here is None:
        yield f"{path}: its floor is not in the table of tests/lint/lint.py"
        return
    for mark, target in INCLUDE.findall(text):
        if target.startswith("fargate/") and mark == "<":
            why = edge(header, target.removeprefix("fargate/"), exists)
            if why:
                yield f"{path}: includes <{target}>: {why}"
            continue
        if mark == '"':
            yield f'{path}: includes "{target}": own headers are included as <fargate/floor/file.hpp>'
        if target in COSTLY and here[1] < DEPLOY:
            yield f"{path}: includes <{target}>: too costly below deploy/"
        allowed = QUARANTINE.get(target.split("/")[0]) if "/" in target else None
        if allowed is not None and not path.match(allowed):
            yield f"{path}: includes <{target}>: only {allowed} may"
    for macro in re.findall(r"^\s*#\s*define\s+(\w+)", text, re.MULTILINE):
        if not macro.startswith("FARGATE_"):
            yield f"{path}: defines {macro}: macros begin with FARGATE_"
    for name in re.findall(r"^namespace (fargate\S*)", text, re.MULTILINE):
        if not name.startswith("fargate::inline"):
            yield f"{path}: opens namespace {name}: it is fargate::inline v0"


def check_mirror(path, text, exists, names):
    """A test lies where its header lies, is named after it (x.test.cpp, or x_topic.test.cpp where one file is too long) and
    includes it first; or it runs a file of tests/vectors and is named after that."""
    folder = path.parent.relative_to("tests")
    if folder.parts and folder.parts[0] in UNMIRRORED:
        return
    story = path.name.removesuffix(".test.cpp")
    words = story.split("_")
    mirrored = [folder / ("_".join(words[:count]) + ".hpp") for count in range(len(words), 0, -1)]
    header = next((each for each in mirrored if exists(str(each))), None)
    first = INCLUDE.search(text)
    if header is None:
        data = story.replace("_", "-") + ".json"
        if data not in names:
            yield f"{path}: mirrors nothing: there is neither include/fargate/{mirrored[0]} nor tests/vectors/{data}"
    elif first is None or first.group(2) != f"fargate/{header}":
        yield f"{path}: the first include of a test is the header under test, <fargate/{header}>"


def check_text(root, path, text, names):
    """The rules of every file."""
    for number, line in enumerate(text.splitlines(), 1):
        at = f"{path}:{number}"
        if str(root) in line:
            yield f"{at}: names a folder of this machine"
        if re.search(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b", line):
            yield f"{at}: leaves something to do"
        if line.rstrip() != line:
            yield f"{at}: ends in spaces"
        for named in re.findall(r"[\w./-]*\w\.md\b", line):
            if pathlib.PurePosixPath(named).name not in names:
                yield f"{at}: names {named}, which is not in this tree"
    if text and not text.endswith("\n"):
        yield f"{path}: does not end in a newline"


def check(root):
    """All offences of the tree at `root`, one line each."""
    root = pathlib.Path(root).resolve()
    paths = tree.files(root)
    names = {path.name for path in paths}
    headers = {str(path.relative_to("include/fargate")) for path in paths if path.parts[:2] == ("include", "fargate")}
    for path in paths:
        if path.parts[:2] == ("tests", "vectors") or path.parts[:3] == ("tests", "fuzz", "corpus") or path.parts[0] == "single_include" and path.suffix == ".hpp":
            continue
        try:
            text = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        yield from check_text(root, path, text, names)
        if path.suffix in tree.CXX:
            length, longest = text.count("\n"), LONGEST_TEST if path.name.endswith(".test.cpp") else LONGEST
            if length > longest:
                yield f"{path}: {length} lines: past {longest} it is two files"
        if path.suffix == ".hpp" and path.parts[0] in ("include", "tests"):
            yield from check_guard(path, text)
        if path.parts[:2] == ("include", "fargate"):
            yield from check_header(path, text, headers.__contains__)
        if path.parts[0] == "tests" and path.name.endswith(".test.cpp"):
            yield from check_mirror(path, text, headers.__contains__, names)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    offences = list(check(root))
    for offence in offences:
        print(offence)
    print(f"{len(offences)} offences" if offences else "clean")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
