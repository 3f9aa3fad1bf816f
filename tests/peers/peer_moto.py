"""moto: ECS, STS, S3 and the tagging API in memory.

boto3 prepares the account, and a second one that is reached by a role alone; moto.test.cpp calls its services, and
moto_roles.test.cpp gets its keys as a program without any does. The example program follows a task to its end.
"""

import subprocess
import sys
import tempfile
import threading

import servers

REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
ODD_KEYS = ["plain.json", "a b+c&d=e?.txt", "dir//x", "\u00fcn\u00efcode/\u1234.txt", "pct%20lit", "star*(paren)!'",
            "$@:,;", "trailing/", "tilde~-._"]
ROLE = "arn:aws:iam::111122223333:role/fargate-peers"
CONFIG = f"""\
[profile by-role]
role_arn = {ROLE}
source_profile = with-key
role_session_name = by-role
duration_seconds = 900
external_id = peers

[profile by-two-roles]
role_arn = {ROLE}
source_profile = by-role
role_session_name = by-two

[profile by-token]
role_arn = {ROLE}
web_identity_token_file = FOLDER/token
role_session_name = by-token
"""
CREDENTIALS = """\
[with-key]
aws_access_key_id = testing
aws_secret_access_key = testing
"""


def start(log):
    """Starts the server on a port that the system chooses; its first line tells which."""
    server = subprocess.Popen([sys.executable, "-B", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                              text=True, env=servers.environment(**KEYS))
    line = server.stdout.readline().strip()
    if not line.startswith("http://"):
        server.kill()
        servers.print_end("moto", log)
        sys.exit(f"peers: moto did not start: {line}")
    return server, line


def serve():
    """moto on a free port, until the process that started it closes our input or ends."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
    server.serve_forever()


def prepare(url):
    """What boto3 puts into the accounts; a subnet and a security group of the first."""
    import boto3

    def client(name, id="testing", secret="testing", token=None):
        return boto3.client(name, endpoint_url=url, region_name=REGION, aws_access_key_id=id, aws_secret_access_key=secret,
                            aws_session_token=token)

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

    key = client("sts").assume_role(RoleArn=ROLE, RoleSessionName="boto3")["Credentials"]
    theirs = client("ecs", key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])
    theirs.create_cluster(clusterName="of-the-role", tags=other)
    return subnet, group


def run_example(example, url, subnet, group):
    """The example program: follows a task to its end, and fails with one line when nothing can be run."""
    def run(cluster):
        ran = subprocess.run([example, cluster, "fargate-example:1", subnet, "--security-groups", group, "--wait"],
                             env=servers.environment(**KEYS, AWS_ENDPOINT_URL=url, AWS_REGION=REGION), text=True,
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


def run_roles(program, url):
    """The cases that find their keys in the shared files and in the environment."""
    with tempfile.TemporaryDirectory() as folder:
        return servers.tested(
            program, "moto_roles", FARGATE_MOTO_ENDPOINT=url, FARGATE_MOTO_ROLE=ROLE, AWS_ENDPOINT_URL=url, AWS_REGION=REGION,
            FARGATE_MOTO_TOKEN=servers.written(folder, "token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwZWVycyJ9.\n"),
            AWS_CONFIG_FILE=servers.written(folder, "config", CONFIG.replace("FOLDER", folder)),
            AWS_SHARED_CREDENTIALS_FILE=servers.written(folder, "credentials", CREDENTIALS))


def run(program, example=None):
    with tempfile.TemporaryFile("w+") as log:
        server, url = start(log)
        good = False
        try:
            subnet, group = prepare(url)
            good = servers.tested(program, "moto", **KEYS, FARGATE_MOTO_ENDPOINT=url, FARGATE_MOTO_SUBNET=subnet,
                                  FARGATE_MOTO_GROUP=group)
            good = run_roles(program, url) and good
            if example is not None:
                good = run_example(example, url, subnet, group) and good
        finally:
            server.stdin.close()
            server.wait()
            if not good:
                servers.print_end("moto", log)
        return good


if __name__ == "__main__":
    serve()
