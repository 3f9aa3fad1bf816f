"""AWS's mock of the metadata service of EC2 instances, version 2 only; imds.test.cpp fetches the role's key from it.

Its own example key ended in 2020, so there are two: one as it comes, and one with a key that is good for a day.
"""

import datetime
import json
import tempfile

import installed
import servers

KEY = {"Code": "Success", "LastUpdated": "2024-01-02T03:04:05Z", "Type": "AWS-HMAC", "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
       "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "Token": "TOKEN/of+the=instance=="}
ROLE = "fargate-peers-role"
TREE = "/latest/meta-data/iam/security-credentials"


def settings(expiration):
    return json.dumps({"metadata": {
        "paths": {"iam-security-credentials": f"{TREE}/{ROLE}"},
        "values": {"iam-security-credentials-role": ROLE, "iam-security-credentials": {**KEY, "Expiration": expiration}}}})


def run(program):
    mock = installed.go_program("ec2-metadata-mock")
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    expiration = tomorrow.strftime("%Y-%m-%dT%H:%M:%SZ")
    with tempfile.TemporaryDirectory() as folder:
        def command(settings_file):
            return lambda port: [mock, "--imdsv2", "--hostname", "127.0.0.1", "--port", str(port), "-c", settings_file]

        as_it_comes = command(servers.written(folder, "as-it-comes.json", "{}"))
        good_for_a_day = command(servers.written(folder, "good.json", settings(expiration)))
        how = {"env": servers.environment(HOME=folder), "cwd": folder}
        with servers.running("ec2-metadata-mock", as_it_comes, **how) as (ended, ended_good):
            with servers.running("ec2-metadata-mock", good_for_a_day, **how) as (port, good):
                good[0] = ended_good[0] = servers.tested(
                    program, "imds", AWS_EC2_METADATA_DISABLED="false", FARGATE_IMDS=f"http://127.0.0.1:{port}",
                    FARGATE_IMDS_ENDED=f"http://127.0.0.1:{ended}", FARGATE_IMDS_EXPIRATION=expiration)
                return good[0]
