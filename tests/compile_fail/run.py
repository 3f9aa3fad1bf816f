"""One program that must not compile, for reasons that the compiler's message must name.

usage: run.py FILE COMPILER [OPTION]...

Every line `// expect: text` of the file is text that the message must hold. With MENDED defined the file must compile, so
that it fails for no other reason.
"""

import os
import pathlib
import subprocess
import sys


def compiled(command):
    done = subprocess.run(
        command, env={**os.environ, "LC_ALL": "C"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode == 0, done.stdout


def main():
    file, *command = sys.argv[1:]
    expected = [
        line.removeprefix("// expect: ")
        for line in pathlib.Path(file).read_text(encoding="utf-8").splitlines() if line.startswith("// expect: ")
    ]
    command += ["-std=c++20", "-fsyntax-only", file]
    fine, said = compiled([*command, "-DMENDED"])
    if not fine:
        print(f"{said}\nFAILED: the mended program does not compile either")
        return 1
    fine, said = compiled(command)
    missing = [text for text in expected if text not in said]
    if fine:
        print("FAILED: it compiles")
    for text in missing:
        print(f"{said}\nFAILED: the compiler does not say: {text}")
    return 1 if fine or missing or not expected else 0


if __name__ == "__main__":
    sys.exit(main())
