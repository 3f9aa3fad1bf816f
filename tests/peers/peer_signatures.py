"""Compares our signatures with botocore's and with those of oracle.py, over requests drawn at random.

The other side is the compiled tests/peers/signer.cpp. FARGATE_SEED replays a run by the number that it printed, FARGATE_CASES says
how many requests are drawn (2000, and a quarter as many whole S3 calls), FARGATE_CASE that one of them alone is looked at.

The oracle judges every request. botocore judges those that no rule of `excluded` names: what it is known to do otherwise.
"""

import collections
import datetime
import io
import json
import os
import random
import subprocess
import sys
import types

import drawing
import oracle

os.environ["BOTO_DISABLE_CRT"] = "true"  # what is compared is botocore's own signing, not aws-c-auth's

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.session


def excluded(request):
    """Why botocore is no judge of a request, or None."""
    names = [name.lower() for name, _ in request["headers"]]
    presigned = request["kind"] == "query"
    said = request["params"] if request["params"] is not None else list(oracle.pairs(request["query"]))
    if request["normalize"] != request["double_encode"]:
        return "a path rule that is neither S3's nor the others': it has only these two"
    if request["omit_token"] and request["token"]:
        return "a token beside the signature: it always signs it"
    if presigned and (request["body"] or drawing.FORM in dict(request["headers"]).values()):
        return "a presigned body or form: it moves that into the query"
    if presigned and len({name for name, _ in said}) != len(said):
        return "a presigned query that repeats a name: it keeps one"
    if request["params"] is None and not is_canonical(request["query"], presigned):
        return "a query not spelled as AWS spells it: it signs that as it stands"
    if "date" in names and not presigned:
        return "a Date header: it signs that in place of X-Amz-Date"
    if not request["path"] and not request["double_encode"]:
        return "S3 without a path: it signs none"
    if any(value.split() != list(filter(None, oracle.SPACE.split(value))) for _, value in request["headers"]):
        return "a header with white space beyond ASCII: it folds that too"
    if {"traceparent", "tracestate", "baggage"} & set(names):
        return "a trace header: it leaves that unsigned"
    return None


def is_canonical(query, presigned):
    parts = query.split("&") if query else []
    for part in parts:
        name, _, value = part.partition("=")
        if not part or any(oracle.encoded(oracle.urllib.parse.unquote_to_bytes(each)) != each for each in (name, value)):
            return False
    return not presigned or "%FF" not in query


class frozen_clock:
    """The time that botocore signs with."""
    seconds = 0

    @classmethod
    def now(cls, remove_tzinfo=True):
        return datetime.datetime.fromtimestamp(cls.seconds, datetime.timezone.utc).replace(tzinfo=None)


class unprepared(botocore.awsrequest.AWSRequest):
    """A request whose body is its data: preparing one breaks on repeated parameters."""
    body = property(lambda self: self.data)


def recording(base):
    """A signer that keeps its stages."""
    class made(base):
        def canonical_request(self, request):
            self.canonical = super().canonical_request(request)
            return self.canonical

        def string_to_sign(self, request, canonical_request):
            self.text = super().string_to_sign(request, canonical_request)
            return self.text

        def signature(self, string_to_sign, request):
            self.final = super().signature(string_to_sign, request)
            return self.final

    return made


SIGNERS = {(kind, is_s3): recording(base) for kind, is_s3, base in [
    ("header", False, botocore.auth.SigV4Auth), ("header", True, botocore.auth.S3SigV4Auth),
    ("query", False, botocore.auth.SigV4QueryAuth), ("query", True, botocore.auth.S3SigV4QueryAuth)]}


def by_botocore(request):
    """Canonical request, string to sign and signature as botocore has them."""
    frozen_clock.seconds = request["time"]
    is_s3 = not request["double_encode"]
    key = botocore.credentials.Credentials(request["id"], request["secret"], request["token"] or None)
    more = {"expires": request["expires"]} if request["kind"] == "query" else {}
    signer = SIGNERS[request["kind"], is_s3](key, request["service"], request["region"], **more)
    body = bytes.fromhex(request["body"])
    url, params = request["url"] + request["path"], {}
    if request["params"] is None:
        url += "?" + request["query"]
    elif request["params"]:
        params = dict(request["params"]) if more else request["params"]
    made = unprepared(method=request["method"], url=url, data=body, params=params)
    for name, value in request["headers"]:
        if name.lower() != "host" or request["explicit_host"]:
            made.headers[name] = value
    if request["unsigned_payload"]:
        made.context["payload_signing_enabled"] = False
        made.context["client_config"] = types.SimpleNamespace(s3={"payload_signing_enabled": False})
    elif request["content_sha256"] and not is_s3:
        made.headers["X-Amz-Content-SHA256"] = oracle.payload_hash(request)
    signer.add_auth(made)
    return signer.canonical, signer.text, signer.final


class object_calls:
    """botocore's S3, with nobody at the other end."""
    UNCOMPARED = {"user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "host"}

    def __init__(self):
        self.session = botocore.session.Session()
        self.session.set_credentials("id", "secret", "token")
        self.key = self.session.get_credentials()
        self.clients = {}
        self.sent = None

    def keep(self, request, **_):
        self.sent = request
        raw = botocore.awsrequest.AWSResponse(request.url, 200, {}, io.BytesIO())
        raw.raw.stream = lambda *_, **__: iter(())
        return raw

    def client(self, request):
        where = request["region"], request["style"], request["endpoint_url"]
        if where not in self.clients:
            config = botocore.config.Config(s3={"addressing_style": request["style"],
                                                "us_east_1_regional_endpoint": "regional"})
            self.clients[where] = self.session.create_client(
                "s3", region_name=where[0], endpoint_url=where[2] or None, config=config)
            self.clients[where].meta.events.register("before-send.s3", self.keep)
        return self.clients[where]

    def __call__(self, request):
        """Method, URL and headers as they would have gone out."""
        frozen_clock.seconds = request["time"]
        self.key.access_key, self.key.secret_key = request["id"], request["secret"]
        self.key.token = request["token"] or None
        client = self.client(request)
        names = {"range": "Range", "if_match": "IfMatch", "if_none_match": "IfNoneMatch", "version_id": "VersionId",
                 "if_modified_since": "IfModifiedSince"}
        given = {names[name]: request[name] for name in names if name in request}
        (client.head_object if request["head"] else client.get_object)(
            Bucket=request["bucket"], Key=request["key"], **given)
        headers = {name.lower(): value.decode() if isinstance(value, bytes) else value
                   for name, value in self.sent.headers.items()}
        return self.sent.method, self.sent.url, {n: v for n, v in headers.items() if n not in self.UNCOMPARED}


def differences(request, ours, objects, counts):
    """Yields what is not as it should be: the judge, the thing, his, ours."""
    if request["kind"] == "object":
        counts["whole S3 calls"] += 1
        if "." in request["bucket"] and request["style"] == "virtual" and request["endpoint_url"].startswith("http:"):
            counts["whole S3 calls not compared, a dotted bucket: it goes into the host where that has no certificate"] += 1
            return
        if "refused" in ours:
            yield "botocore", "call", "sends it", "refused: " + ours["refused"]
            return
        sent = {name: value for name, value in ours["sent"] if name not in object_calls.UNCOMPARED}
        for what, his, mine in zip(("method", "URL", "headers"), objects(request), (ours["method"], ours["url"], sent)):
            if his != mine:
                yield "botocore", what, his, mine
        return

    stages = ("canonical_request", "string_to_sign", "signature")
    judged = {"the oracle": oracle.sign(request)}
    counts["judged by the oracle"] += 1
    why = excluded(request)
    if why is None:
        judged["botocore"] = by_botocore(request)
        counts["judged by botocore too"] += 1
    else:
        counts["not by botocore, " + why] += 1
    for judge, stages_of_his in judged.items():
        for what, his in zip(stages, stages_of_his):
            if ours.get(what) != his:
                yield judge, what, his, ours.get(what)
    if any(set(value) & set("\n\r\v\f") for _, value in request["headers"]):
        counts["with a folded header, which is not sent"] += 1
        if "refused" not in ours:
            yield "the oracle", "call", "refused", "signed"
    elif "refused" in ours:
        yield "the oracle", "call", "signed", "refused: " + ours["refused"]
    elif ours["whole"] != judged["the oracle"][2]:
        yield "the oracle", "signature of the whole call", judged["the oracle"][2], ours["whole"]


def draw(seed, count):
    cases = [drawing.signed_request(random.Random(f"{seed}/{number}")) for number in range(count)]
    cases += [drawing.object_request(random.Random(f"{seed}/{number}"), number) for number in range(count, count + count // 4)]
    alone = os.environ.get("FARGATE_CASE")
    return [(number, case) for number, case in enumerate(cases) if alone in (None, str(number))]


def run(signer):
    seed = int(os.environ.get("FARGATE_SEED") or random.SystemRandom().randrange(2**32))
    count = int(os.environ.get("FARGATE_CASES") or 2000)
    cases = draw(seed, count)
    print(f"signatures: botocore {botocore.__version__}, {len(cases)} requests; "
          f"FARGATE_SEED={seed} FARGATE_CASES={count} draws them again", flush=True)
    botocore.auth.get_current_datetime = frozen_clock.now
    asked = "".join(json.dumps(case) + "\n" for _, case in cases)
    answered = subprocess.run([signer], input=asked.encode(), stdout=subprocess.PIPE, check=True).stdout.splitlines()
    if len(answered) != len(cases):
        sys.exit(f"signatures: {len(cases)} requests, {len(answered)} answers")
    objects, counts, wrong = object_calls(), collections.Counter(), []
    for (number, case), line in zip(cases, answered):
        found = list(differences(case, json.loads(line), objects, counts))
        if not found:
            continue
        wrong.append(number)
        for judge, what, his, mine in found if len(wrong) <= 5 else []:
            print(f"\nDIFFERENCE: FARGATE_SEED={seed} FARGATE_CASE={number}: {what}\n--- {judge}\n{his}\n--- ours\n{mine}")
    for what, count in sorted(counts.items()):
        print(f"signatures: {count:5} {what}")
    print(f"signatures: {len(wrong)} of {len(cases)} differ" + (f": {wrong[:50]}" if wrong else ""), flush=True)
    return not wrong
