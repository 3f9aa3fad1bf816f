"""The files of the project: what git tracks or would track, or everything outside build trees where git is not there."""

import os
import pathlib
import subprocess

IGNORED = {".git", "build", "__pycache__"}
CXX = {".hpp", ".cpp", ".h"}


def files(root):
    """Paths relative to `root`, sorted."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
    ).stdout if (root / ".git").exists() else b""
    names = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    if not names:
        for folder, folders, inside in os.walk(root):
            folders[:] = [each for each in folders if each not in IGNORED]
            names += [os.path.relpath(os.path.join(folder, name), root) for name in inside]
    return sorted(path for path in map(pathlib.PurePosixPath, names) if (root / path).is_file())


def cxx(root):
    """The C++ that people write here; the single headers are made from it."""
    return [path for path in files(root) if path.suffix in CXX and path.parts[0] != "single_include"]
