#!/usr/bin/env python3
"""Runs the tests that need other people's programs.

    tests/peers/run.py moto PROGRAM [EXAMPLE]    moto's ECS, STS, S3 and tagging
    tests/peers/run.py versitygw PROGRAM         an S3 server that verifies signatures and keeps checksums
    tests/peers/run.py imds PROGRAM              AWS's mock of the metadata service of EC2 instances
    tests/peers/run.py openmetrics METRICS       Prometheus' parser of what an agent tells of itself
    tests/peers/run.py signatures SIGNER         botocore's signatures, over requests drawn at random

PROGRAM is the compiled tests/peers/*.test.cpp, EXAMPLE the compiled examples/run_task_once, SIGNER the compiled
tests/peers/signer.cpp, METRICS the compiled tests/peers/metrics.cpp. What each needs is installed once, below the directory FARGATE_PEERS_DIR (the build tree):
installed.py says what, and from where. Servers listen on free ports of the loopback interface and end with the test.
Ends with 0 when all is well; with 77, after a line that says why, where what is needed cannot be had.
"""

import importlib
import os
import sys

import installed

PEERS = ["moto", "versitygw", "imds", "openmetrics", "signatures"]


def main(peer, *programs):
    python = installed.python()
    if os.path.realpath(sys.prefix) != os.path.realpath(python.parent.parent):
        os.execv(python, [python, "-B", __file__, peer, *programs])
    return 0 if importlib.import_module("peer_" + peer).run(*programs) else 1


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in PEERS:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
