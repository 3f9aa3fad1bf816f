#!/usr/bin/env python3
"""Runs the tests that need other people's services.

    tests/peers/run.py PROGRAM [EXAMPLE]

PROGRAM is the compiled tests/peers, EXAMPLE the compiled examples/run_task_once. Python packages are installed once, from
tests/peers/requirements.txt, into a virtual environment below the directory FARGATE_PEERS_DIR (the build tree). Starts
moto's server on a free port of the loopback interface, lets boto3 prepare an account there, and runs PROGRAM and EXAMPLE
against it. Ends with their status; with 77, after a line that says why, where there is no Python to make a virtual
environment with.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
ODD_KEYS = ["plain.json", "a b+c&d=e?.txt", "dir//x", "\u00fcn\u00efcode/\u1234.txt", "pct%20lit", "star*(paren)!'",
            "$@:,;", "trailing/", "tilde~-._"]


def skip(why):
    print(f"########## SKIPPED: peers: {why} ##########", flush=True)
    sys.exit(SKIPPED)


def environment_with_packages():
    """The virtual environment's Python, made and filled when it is not there or other packages are asked for."""
    wanted = HERE / "requirements.txt"
    mark = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()
    if not os.environ.get("FARGATE_PEERS_DIR"):
        sys.exit("peers: FARGATE_PEERS_DIR is not set: name a directory of the build tree")
    root = pathlib.Path(os.environ["FARGATE_PEERS_DIR"]) / "python"
    python = root / "bin" / "python"
    done = root / "installed"
    if done.exists() and done.read_text() == mark and python.exists():
        return python
    try:
        import ensurepip  # noqa: F401  (Debian has it in a package of its own)
        import venv
    except ImportError:
        skip("this Python cannot make virtual environments: install python3-venv")
    print(f"peers: installing {', '.join(wanted.read_text().split())} into {root}", flush=True)
    venv.create(root, with_pip=True, clear=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted], check=True)
    done.write_text(mark)
    return python


def start_moto(python, log):
    """Starts the server on a port that the system chooses; its first line tells which."""
    server = subprocess.Popen([python, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                              text=True, env={**os.environ, **KEYS})
    line = server.stdout.readline().strip()
    if not line.startswith("http://"):
        server.kill()
        sys.exit(f"peers: moto did not start: {line}")
    return server, line


def serve():
    """Inside the virtual environment: moto on a free port, until the process that started it closes our input or ends."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
    server.serve_forever()


def prepare(url):
    """Inside the virtual environment: what boto3 puts into the account."""
    import boto3

    def client(name):
        return boto3.client(name, endpoint_url=url, region_name=REGION)

    tags = [{"Key": "fargate-peers", "Value": "yes"}]
    s3 = client("s3")
    s3.create_bucket(Bucket="fargate-peers", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket="fargate-peers", Tagging={"TagSet": tags})
    for key in ODD_KEYS:
        s3.put_object(Bucket="fargate-peers", Key=key, Body=key.encode() + b"\n" + bytes(range(256)))
    client("ecs").create_cluster(clusterName="fargate-peers", tags=[{"key": "fargate-peers", "value": "yes"}])
    other = [{"key": "other", "value": "tags"}]  # moto's GetResources breaks on a cluster without any
    client("ecs").create_cluster(clusterName="fargate-example", tags=other)
    client("ecs").register_task_definition(
        family="fargate-example", requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
        containerDefinitions=[{"name": "flow", "image": "i", "memory": 512}])
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})  # else moto's RunTask breaks
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    print(subnet, group)


def run_example(example, url, subnet, group, environment):
    """The example program: follows a task to its end, and fails with one line when nothing can be run."""
    def run(cluster):
        ran = subprocess.run([example, cluster, "fargate-example:1", subnet, "--security-groups", group, "--wait"],
                             env={**environment, "AWS_ENDPOINT_URL": url, "AWS_REGION": REGION}, text=True,
                             capture_output=True, timeout=120)
        print(ran.stdout + ran.stderr, end="")
        return ran

    ran = run("fargate-example")
    lines = ran.stdout.splitlines() or [""]
    good = lines[0].startswith("arn:aws:ecs:") and lines[-2:] == ["STOPPED", "flow: exit code 0"]
    good = good and ran.returncode == 0 and ran.stderr == ""
    refused = run("no-such-cluster")
    good = good and refused.returncode == 1 and refused.stdout == "" and len(refused.stderr.splitlines()) == 1
    print("peers: the example " + ("behaves" if good else "MISBEHAVES"), flush=True)
    return good


def main(program, example=None):
    python = environment_with_packages()
    with tempfile.TemporaryFile("w+") as log:
        server, url = start_moto(python, log)
        try:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
            environment.update(KEYS)
            prepared = subprocess.run([python, __file__, "--prepare", url], env=environment, text=True, check=True,
                                      stdout=subprocess.PIPE)
            subnet, group = prepared.stdout.split()
            tested = subprocess.run([program], env={**environment, "FARGATE_MOTO_ENDPOINT": url,
                                                    "FARGATE_MOTO_SUBNET": subnet, "FARGATE_MOTO_GROUP": group})
            good = tested.returncode == 0
            if example is not None:
                good = run_example(example, url, subnet, group, environment) and good
        finally:
            server.stdin.close()
            server.wait()
        if not good:
            log.seek(0)
            print("peers: the end of moto's log:\n" + log.read()[-6000:], flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments == ["--serve"]:
        serve()
    elif arguments[:1] == ["--prepare"]:
        prepare(arguments[1])
    elif len(arguments) in (1, 2):
        sys.exit(main(*arguments))
    else:
        sys.exit(__doc__)
