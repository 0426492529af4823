"""AWS Signature Version 4 as a server checks it: the canonical request is rebuilt from what arrived.

Written from "Create a signed AWS API request" of the IAM User Guide; good for calls without a query.
"""

import datetime
import hashlib
import hmac
import re


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def problem(call, keys, region, service):
    """Why the call's signature is refused, or None. `keys` maps access key ids to secrets."""
    match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
                         r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})",
                         call.headers.get("authorization", ""))
    if not match:
        return "no signature of version 4"
    key_id, day, its_region, its_service, names, signature = match.groups()
    if key_id not in keys:
        return "unknown access key"
    if (its_region, its_service) != (region, service):
        return f"signed for {its_service} in {its_region}"
    names = names.split(";")
    if not {"host", "x-amz-date"} <= set(names) or names != sorted(names):
        return "host and x-amz-date must be signed, in order"
    stamp = call.headers.get("x-amz-date", "")
    sent = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs((datetime.datetime.now(datetime.timezone.utc) - sent).total_seconds()) > 300 or not stamp.startswith(day):
        return "the clock is off"
    headers = "".join(f"{name}:{' '.join(call.headers.get(name, '').split())}\n" for name in names)
    canonical = "\n".join([call.method, call.path, "", headers, ";".join(names),
                           hashlib.sha256(call.raw).hexdigest()])
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + keys[key_id]).encode()
    for part in (day, region, service, "aws4_request"):
        key = _mac(key, part)
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return None if hmac.compare_digest(expected, signature) else "the signature does not match"
