"""Signature Version 4, written from its description alone (AWS General Reference, "Signing AWS API requests"; for S3 the S3
API Reference), so that there is a judge where botocore is none. It shares no line with the library and none with botocore.

A request is a dictionary; drawing.py says which members it has.
"""

import datetime
import hashlib
import hmac
import re
import urllib.parse

NEVER_SIGNED = {"authorization", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
                "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id"}
SPACE = re.compile("[ \t\n\v\f\r]+")


def encoded(raw, also=""):
    return urllib.parse.quote(raw, safe="-_.~" + also)


def timestamp(request):
    moment = datetime.datetime.fromtimestamp(request["time"], datetime.timezone.utc)
    return moment.strftime("%Y%m%dT%H%M%SZ")


def scope(request):
    return "/".join([timestamp(request)[:8], request["region"], request["service"], "aws4_request"])


def normalized(path):
    kept = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")


def canonical_path(request):
    path = request["path"] or "/"
    if request["normalize"]:
        path = normalized(path)
    return encoded(path, "/") if request["double_encode"] else path


def pairs(query):
    """The names and values of a query, each as bytes."""
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        yield urllib.parse.unquote_to_bytes(name), urllib.parse.unquote_to_bytes(value)


def canonical_query(query):
    return "&".join("=".join(pair) for pair in sorted((encoded(n), encoded(v)) for n, v in pairs(query)))


def canonical_headers(headers):
    """The lines, and the names of them."""
    together = {}
    for name, value in headers:
        if name.lower() not in NEVER_SIGNED:
            together.setdefault(name.lower(), []).append(SPACE.sub(" ", value).strip(" "))
    lines = [name + ":" + ",".join(together[name]) + "\n" for name in sorted(together)]
    return "".join(lines), ";".join(sorted(together))


def payload_hash(request):
    if request["unsigned_payload"] or (request["kind"] == "query" and request["content_sha256"]):
        return "UNSIGNED-PAYLOAD"
    return hashlib.sha256(bytes.fromhex(request["body"])).hexdigest()


def headers_of(request):
    """All that is signed or could be: the request's own headers and those that its signature adds."""
    if request["kind"] == "query":
        return request["headers"]
    added = [("X-Amz-Date", timestamp(request))]
    if request["content_sha256"]:
        added.append(("X-Amz-Content-SHA256", payload_hash(request)))
    if request["token"] and not request["omit_token"]:
        added.append(("X-Amz-Security-Token", request["token"]))
    return request["headers"] + added


def query_of(request):
    if request["kind"] == "header":
        return request["query"]
    added = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256",
             "X-Amz-Credential": request["id"] + "/" + scope(request),
             "X-Amz-Date": timestamp(request),
             "X-Amz-Expires": str(request["expires"]),
             "X-Amz-SignedHeaders": canonical_headers(request["headers"])[1]}
    if request["token"] and not request["omit_token"]:
        added["X-Amz-Security-Token"] = request["token"]
    return "&".join([request["query"]] + [name + "=" + encoded(value) for name, value in added.items()])


def sign(request):
    """Canonical request, string to sign and signature."""
    lines, names = canonical_headers(headers_of(request))
    canonical = "\n".join([request["method"], canonical_path(request), canonical_query(query_of(request)), lines, names,
                           payload_hash(request)])
    text = "\n".join(["AWS4-HMAC-SHA256", timestamp(request), scope(request),
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + request["secret"]).encode()
    for part in scope(request).split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return canonical, text, hmac.digest(key, text.encode(), "sha256").hex()
