"""versitygw: an S3 server over a folder, which verifies every signature and keeps the checksums that objects came with.

boto3 puts the objects, under the odd keys that tests/vectors/botocore-requests.json asks for and once for each kind of
checksum; versitygw.test.cpp reads them.
"""

import json
import pathlib
import tempfile

import installed
import servers

REGION = "eu-west-1"
BUCKET = "fargate-peers"
ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
CHECKSUMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]
VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "botocore-requests.json"


def odd_keys():
    """The keys of the recorded GetObject calls of one bucket."""
    cases = json.loads(VECTORS.read_text())["cases"]
    return [case["params"]["Key"] for case in cases if case["name"].startswith("get_object key ")]


def unfit(key):
    """Why a store of files cannot hold an object of this key, or None."""
    if key.startswith("../"):
        return "as a file's path it leaves the bucket"
    if key.endswith("/"):
        return "it is a folder's name there, and a folder holds no bytes"
    return None


def prepare(url):
    """What boto3 puts: the objects' keys, each with the checksum that it was put with, if any."""
    import boto3
    import botocore.config

    s3 = boto3.client("s3", endpoint_url=url, region_name=REGION, aws_access_key_id=ID, aws_secret_access_key=SECRET,
                      config=botocore.config.Config(request_checksum_calculation="when_required"))
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    objects = []

    def put(key, checksum=None):
        how = {"ChecksumAlgorithm": checksum} if checksum else {}
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode() + b"\n" + bytes(range(256)), ContentType="text/x-odd", **how)
        objects.append({"key": key, "checksum": checksum or ""})

    for number, key in enumerate(odd_keys()):
        why = unfit(key)
        if why is None:
            put(key, ([None] + CHECKSUMS)[number % 6])
        else:
            print(f"peers: versitygw: not put: {key!r}: {why}", flush=True)
    for checksum in CHECKSUMS:
        put("checksum/" + checksum, checksum)
    return objects


def run(program):
    server = installed.go_program("versitygw")
    with tempfile.TemporaryDirectory() as folder:
        store = pathlib.Path(folder) / "store"
        store.mkdir()
        secrets = servers.environment(ROOT_ACCESS_KEY=ID, ROOT_SECRET_KEY=SECRET, VGW_REGION=REGION)

        def command(port):
            return [server, "--port", f"127.0.0.1:{port}", "posix", str(store)]

        with servers.running("versitygw", command, env=secrets, cwd=folder) as (port, good):
            url = f"http://127.0.0.1:{port}"
            objects = servers.written(folder, "objects.json", json.dumps({"objects": prepare(url)}))
            good[0] = servers.tested(program, "versitygw", AWS_ACCESS_KEY_ID=ID, AWS_SECRET_ACCESS_KEY=SECRET,
                                     FARGATE_VERSITYGW=url, FARGATE_VERSITYGW_OBJECTS=objects)
            return good[0]
