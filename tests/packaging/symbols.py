"""A program with one provider of keys holds no code of the others, although its front door includes them all.

usage: symbols.py NM COMPILER [OPTION]...

Compiles one_provider.cpp with `environment`, where nothing of the other providers may be left, and with `standard`, where
all of them must be seen: else the names below are no longer theirs.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).with_name("one_provider.cpp")

# What the environment's provider stands on.
ITS_OWN = {"environment", "make_key", "key_text", "ending", "detail::unfit"}

OTHERS = {
    "assume_role", "cached", "chain", "container", "fixed", "instance", "process", "profile", "sso", "web_identity",
    "aws::sts", "aws::sso"
}


def names_in(provider, nm, command):
    with tempfile.TemporaryDirectory() as folder:
        made = f"{folder}/made.o"
        flags = ["-std=c++20", "-O1", "-ffunction-sections", f"-DPROVIDER={provider}", "-c", str(SOURCE), "-o", made]
        subprocess.run([*command, *flags], check=True)
        listed = subprocess.run([nm, "-C", made], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = set(re.findall(r"fargate::v\d+::credentials::((?:detail::)?\w+)", listed))
    found |= set(re.findall(r"fargate::v\d+::(aws::(?:sts|sso))\b", listed))
    return found, "fargate::" in listed


def main():
    nm, *command = sys.argv[1:]
    alone, any_alone = names_in("environment", nm, command)
    whole, _ = names_in("standard", nm, command)
    left_over = alone - ITS_OWN
    unseen = OTHERS - whole
    for name in sorted(left_over):
        print(f"FAILED: a program with `environment` alone holds {name}")
    for name in sorted(unseen):
        print(f"FAILED: a program with `standard` does not show {name}: is it still called so?")
    if not any_alone or "environment" not in alone:
        print("FAILED: nm shows nothing of the program's own provider")
        return 1
    return 1 if left_over or unseen else 0


if __name__ == "__main__":
    sys.exit(main())
