"""Draws the requests of peer_signatures.py: what may stand in a request, with a liking for what goes wrong.

A drawn request has kind (header, query, or object), method, path, query, headers (pairs), body (hex), time (seconds since
1970), id, secret, token, region, service, expires, normalize, double_encode, content_sha256, unsigned_payload and
omit_token, as the settings of the library have it. `url` is the part before the path; `params`, where it is not None, is
what the query says, decoded; `explicit_host` tells whether whoever can should find the Host header out alone.
"""

import datetime
import string

import oracle

VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
IN_PATH = VISIBLE.replace("?", "").replace("#", "").replace("/", "")
UTF8 = "\u00e9\u00fc\u0416\u1234\u4e2d\u20ac\uff0f\ufeff\U0001f600\U0010ffff"
ESCAPES = ["%20", "%2F", "%2f", "%2E%2E", "%2e", "%25", "%2520", "%C3%BC", "%c3%bc", "%41", "%7E", "%", "%zz", "%4", "%00"]
TRAPS = ["a", "a-", "a.", "a1", "aa", "A", "a=", "a/", "a ", "a%", "a+", "a~", "a_", "ab", "", "\u00fc", "z", "Z", "0"]
FIELDS = ["Content-Type", "Range", "X-Amz-Target", "x-amz-meta-a", "X-AMZ-Meta-A", "x-amz-meta-a-b", "My-Header1",
          "my-header1", "if-match", "If-None-Match", "x_under", "x-under", "X!#$%&'*+.^_`|~y", "content-length", "Cookie"]
UNSIGNED_FIELDS = ["Connection", "EXPECT", "Keep-Alive", "Proxy-Authenticate", "proxy-authorization", "TE", "Trailer",
                   "Transfer-Encoding", "upgrade", "User-Agent", "X-Amzn-Trace-Id"]
FORM = "application/x-www-form-urlencoded; charset=utf-8"
REGIONS = ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "ap-southeast-4"]
HOSTS = ["example.amazonaws.com", "127.0.0.1", "[::1]", "xn--bcher-kva.example"]
ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def text_of(dice, alphabet, most):
    return "".join(dice.choice(alphabet) for _ in range(dice.randint(0, most)))


def segment(dice):
    kind = dice.randrange(8)
    if kind == 0:
        return dice.choice(["", ".", "..", "...", ". ", "%2E"])
    if kind == 1:
        return "".join(dice.choice(ESCAPES) for _ in range(dice.randint(1, 3)))
    if kind == 2:
        return text_of(dice, UTF8 + "a", 4)
    if kind == 3:
        return text_of(dice, string.ascii_letters + " ", 6)
    return text_of(dice, IN_PATH, 8)


def path_of(dice):
    if dice.random() < 0.1:
        return dice.choice(["", "/"])
    return "/" + "/".join(segment(dice) for _ in range(dice.randint(1, 6)))


def spelled(dice, raw, free):
    """`raw` as it may stand in a query: escaped where it must be, and at random elsewhere."""
    made = ""
    for letter in raw:
        must = letter in "&#%" + free or ord(letter) <= 0x20 or letter == "\x7f"
        if must or dice.random() < 0.2:
            escaped = "".join(f"%{byte:02X}" for byte in letter.encode())
            made += escaped.lower() if dice.random() < 0.3 else escaped
        else:
            made += letter
    return made


def parameter_text(dice):
    if dice.random() < 0.5:
        return dice.choice(TRAPS)
    return text_of(dice, VISIBLE + UTF8 + " \n\0", 6)


def query_of(dice):
    """A query, and what it says, or None for that where the spelling is all there is."""
    kind = dice.randrange(4)
    if kind == 0:
        return "", []
    if kind == 1:
        return "&".join(dice.choice([text_of(dice, VISIBLE.replace("#", "") + UTF8, 8), dice.choice(ESCAPES), "", "=", "a",
                                     "a=", "a=b=c", "+=+", "%FF=1"]) for _ in range(dice.randint(1, 5))), None
    params = [(parameter_text(dice), parameter_text(dice)) for _ in range(dice.randint(1, 6))]
    if dice.random() < 0.3:
        params.append(dice.choice(params))
    if dice.random() < 0.3:
        params.append((dice.choice(params)[0], parameter_text(dice)))
    plain = dice.random() < 0.5
    made = []
    for name, value in params:
        if plain:
            made.append(oracle.encoded(name) + "=" + oracle.encoded(value))
        elif name and not value and dice.random() < 0.5:
            made.append(spelled(dice, name, "="))
        else:
            made.append(spelled(dice, name, "=") + "=" + spelled(dice, value, ""))
    return "&".join(made), params


def field_value(dice):
    kind = dice.randrange(8)
    if kind == 0:
        return dice.choice(["", " ", "  a  b   c ", "\ta\t b", '"a   b"', "a,b", "a, b", ";", "\"etag\""])
    if kind == 1:
        return text_of(dice, UTF8 + "a ", 6)
    if kind == 3 and dice.random() < 0.2:
        return dice.choice(["a\u00a0\u00a0b", "\u2003a", "a\u3000"])
    return text_of(dice, VISIBLE + "   ", 12)


def headers_of(dice, is_presigned):
    made = [(dice.choice(FIELDS), field_value(dice)) for _ in range(dice.randint(0, 6))]
    if dice.random() < 0.3:
        made.append((dice.choice(UNSIGNED_FIELDS), field_value(dice)))
    if dice.random() < 0.02:
        made.append((dice.choice(["traceparent", "Tracestate", "baggage"]), "x"))
    if dice.random() < 0.02:
        made.append(("Date", "Tue, 02 Jan 2024 03:04:05 GMT"))
    if made and dice.random() < 0.3:
        name, _ = dice.choice(made)
        made.append((dice.choice([name, name.lower(), name.upper()]), field_value(dice)))
    if not is_presigned and dice.random() < 0.05:  # folded: for the canonicaliser, nobody sends that
        made.append((dice.choice(FIELDS), dice.choice(["a\n b", "a \n  b\n\tc", "a\r\n b", "a\v\f b", "\n a"])))
    dice.shuffle(made)
    return made


def time_of(dice):
    return dice.randint(946684800, 4102444799)  # the years 2000 to 2099


def token_of(dice):
    return "" if dice.random() < 0.5 else text_of(dice, VISIBLE, 40)


def signed_request(dice):
    """A request to be signed in its headers or in its query."""
    service = dice.choice(["ecs", "tagging", "s3", "sts"])
    is_s3 = service == "s3"
    kind = dice.choice(["header", "header", "query"])
    made = {"kind": kind,
            "method": dice.choice(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]), "path": path_of(dice),
            "headers": headers_of(dice, kind == "query"), "body": dice.choice(["", dice.randbytes(dice.randint(0, 60)).hex()]),
            "time": time_of(dice), "id": text_of(dice, string.ascii_letters + string.digits, 20) or ID,
            "secret": text_of(dice, VISIBLE, 40) or SECRET, "token": token_of(dice), "region": dice.choice(REGIONS),
            "service": service, "expires": dice.randint(1, 604800), "normalize": not is_s3, "double_encode": not is_s3,
            "content_sha256": is_s3, "unsigned_payload": False, "omit_token": dice.random() < 0.03,
            "explicit_host": dice.random() < 0.5}
    made["query"], made["params"] = query_of(dice)
    if dice.random() < 0.06:
        made["normalize"], made["double_encode"] = dice.choice([(False, True), (True, False)])
    if made["kind"] == "header":
        if not is_s3 and dice.random() < 0.1:
            made["content_sha256"] = True
        made["unsigned_payload"] = made["content_sha256"] and dice.random() < 0.2
    elif dice.random() < 0.6:
        made["body"] = ""
        if dice.random() < 0.05:
            made["headers"].append(("Content-Type", FORM))
    scheme = "https" if made["unsigned_payload"] else dice.choice(["http", "https"])
    host, port = dice.choice(HOSTS), dice.choice(["", "", ":80", ":443", ":8080"])
    made["url"] = f"{scheme}://{host}{port}"
    is_default = port == (":443" if scheme == "https" else ":80")
    made["headers"].insert(dice.randint(0, len(made["headers"])),
                           (dice.choice(["Host", "host"]), host + ("" if is_default else port)))
    return made


def key_of(dice, number):
    """A key of an object. The first 128 of them hold every ASCII byte."""
    letters = "".join(map(chr, range(128))) + UTF8
    pieces = [dice.choice([text_of(dice, letters, 8), text_of(dice, letters, 8), text_of(dice, UTF8, 4),
                           dice.choice(["", ".", "..", "a b+c&d=e?.txt", "pct%20lit", "%2F", "star*(paren)!'", "$@:,;"])])
              for _ in range(dice.randint(1, 4))]
    pieces.insert(dice.randint(0, len(pieces)), chr(number % 128))
    return dice.choice(["", "/"]).join(pieces) + dice.choice(["", "", "/"])


def object_request(dice, number):
    """A GetObject or a HeadObject. The places are few, so that few clients have to be made."""
    region, style, endpoint_url = dice.choice(
        [(region, style, "") for region in REGIONS[:4] for style in ("auto", "path", "virtual")] +
        [("us-east-1", "auto", "http://localhost:9000"), ("us-east-1", "virtual", "http://localhost:9000"),
         ("eu-west-1", "virtual", "https://127.0.0.1"), ("eu-west-1", "auto", "https://store.example.com:443")])
    moment = datetime.datetime.fromtimestamp(time_of(dice), datetime.timezone.utc)
    conditions = {"range": dice.choice(["bytes=0-9", "bytes=-5", "bytes=3-"]), "if_match": '"etag"',
                  "if_none_match": '"a, b"', "if_modified_since": moment.strftime("%a, %d %b %Y %H:%M:%S GMT"),
                  "version_id": text_of(dice, VISIBLE + "\u00fc ", 10) or "null"}
    given = {name: value for name, value in conditions.items() if dice.random() < 0.3}
    return {"kind": "object", "head": dice.random() < 0.4, "region": region, "style": style, "endpoint_url": endpoint_url,
            "bucket": dice.choice(["my-bucket", "my.dotted.bucket", "Upper_case", "a" * 63, "123", "b-1"]),
            "key": key_of(dice, number), "time": time_of(dice), "id": ID, "secret": SECRET,
            "token": token_of(dice).strip("'\""), **given}  # one in quotes was copied wrong, and is refused
