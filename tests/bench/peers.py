"""Other people's work beside ours, from PyPI, in virtual environments of their own: botocore and awscrt sign the same request,
and the original agent, which needs Python 3.8, launches the same runs."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

PACKAGES = {"botocore": "botocore", "awscrt": "awscrt"}

BODY = r"""
import datetime, json, sys, time
which, rounds = sys.argv[1], int(sys.argv[2])
body, token, target = b"b" * 1500, "t" * 1000, "AmazonEC2ContainerServiceV20141113.RunTask"
key, secret, host = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "ecs.us-east-1.amazonaws.com"
fields = {"Content-Type": "application/x-amz-json-1.1", "Host": host, "X-Amz-Target": target}
if which == "botocore":
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    signer = SigV4Auth(Credentials(key, secret, token), "ecs", "us-east-1")
    def sign():
        signer.add_auth(AWSRequest("POST", f"https://{host}/", headers=dict(fields), data=body))
else:
    import io
    from awscrt import auth, http
    provider = auth.AwsCredentialsProvider.new_static(key, secret, token)
    config = auth.AwsSigningConfig(algorithm=auth.AwsSigningAlgorithm.V4, signature_type=auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
                                   credentials_provider=provider, region="us-east-1", service="ecs")
    def sign():
        request = http.HttpRequest("POST", "/", http.HttpHeaders(list(fields.items())), io.BytesIO(body))
        auth.aws_sign_request(request, config).result()
for _ in range(50): sign()
for _ in range(rounds):
    began = time.process_time_ns()
    for _ in range(300): sign()
    print(json.dumps((time.process_time_ns() - began) / 300))
"""


def measure(out, found, rounds):
    """Adds to `found` what each of them takes for a signature; a peer that cannot be had is told in one line."""
    python = environment(out)
    floor = found["signature"]["straight_line"]["cpu_ns"]["median"]
    for name, package in PACKAGES.items():
        if python is None or run(python, "-m", "pip", "install", "-q", package).returncode != 0:
            print(f"{name} cannot be installed, and is left out")
            continue
        ran = run(python, "-c", BODY, name, str(rounds))
        if ran.returncode != 0:
            print(f"{name} does not sign, and is left out: {ran.stderr.strip().splitlines()[-1]}")
            continue
        taken = sorted(json.loads(line) for line in ran.stdout.splitlines())
        middle = statistics.median(taken)
        version = run(python, "-c", f"import importlib.metadata as m; print(m.version('{package}'))").stdout.strip()
        found["signature"][f"{name} {version}"] = {
            "cpu_ns": {"median": middle, "low": taken[len(taken) // 4], "high": taken[-1 - len(taken) // 4]}, "ratio": middle / floor}


def original(out):
    """A Python with the original agent; nothing, and one line that says why, where it cannot be had."""
    python = environment(out, "original", python38())
    if python is None:
        print("the original agent (prefect 0.13.19) is left out: it needs Python 3.8, which is not found as python3.8 or by pyenv")
    elif run(python, "-m", "pip", "install", "-q", "prefect==0.13.19", "boto3").returncode != 0:
        print("the original agent (prefect 0.13.19) cannot be installed, and is left out")
    else:
        return python
    return None


def python38():
    root = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    for each in [shutil.which("python3.8"), *sorted(root.glob("versions/3.8*/bin/python"))]:
        if each and run(each, "-c", "import venv").returncode == 0:
            return each
    return None


def environment(out, name="peers", python=sys.executable):
    place = pathlib.Path(out).resolve() / name
    made = place / "bin" / "python"
    return made if python and (made.exists() or run(python, "-m", "venv", str(place)).returncode == 0) else None


def run(*command):
    return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
