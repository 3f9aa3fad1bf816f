"""Starts other people's servers on free ports of the loopback interface, and ends them."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

STARTS_WITHIN = 60  # seconds


def environment(**more):
    """Ours without what it says about AWS, and with what is given."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        ours.pop(name, None)
        ours.pop(name.lower(), None)
    return {**ours, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true", **more}


def free_port():
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return tried.getsockname()[1]


def listens(port, server):
    """Waits until something listens there; false when the server ends before."""
    end = time.monotonic() + STARTS_WITHIN
    while server.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return server.poll() is None
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def running(name, command, **how):
    """Runs `command(port)` on a port that was free a moment ago, and on another when it was taken since. Yields the
    port; prints the end of what the server said when the test fails."""
    with tempfile.TemporaryFile("w+") as log:
        for _ in range(5):
            port = free_port()
            server = subprocess.Popen(command(port), stdin=subprocess.DEVNULL, stdout=log, stderr=log, **how)
            if listens(port, server):
                break
            server.kill()
            server.wait()
        else:
            print_end(name, log)
            sys.exit(f"peers: {name} does not start")
        good = [False]
        try:
            yield port, good
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            if not good[0]:
                print_end(name, log)


def print_end(name, log):
    log.flush()
    log.seek(0)
    print(f"peers: the end of what {name} said:\n" + log.read()[-6000:], flush=True)


def tested(program, name, **variables):
    """Runs the cases of tests/peers/<name>.test.cpp; true when they pass."""
    command = [program, "--filenames-as-tags", f"[#{name}.test]"]
    ran = subprocess.run(command, env=environment(**variables), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    print(ran.stdout, end="", flush=True)
    return ran.returncode == 0 and "No tests ran" not in ran.stdout and "SKIPPED" not in ran.stdout


def written(folder, name, text):
    """The path of a new file of that text."""
    path = pathlib.Path(folder) / name
    path.write_text(text)
    return str(path)
