#!/usr/bin/python3
"""Our SQS poller against fauxqs, a third-party emulator of SQS (npm), which speaks the JSON protocol.

fauxqs binds every interface, so this script runs itself again inside a network namespace of its own (needs root) and
keeps emulator and binary in there. Needs node, npm and a built binary ($DOSSIER_BINARY or build/dev/dossier); installs
under build/conformance/fauxqs. Prints a line a check; exit code 1 when one failed. Signatures are not checked by fauxqs:
tests/e2e/standins/sqs.py does that.
"""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness import Service, default_config, wiz_issue  # noqa: E402
from verdicts import Verdicts, npm_install  # noqa: E402

PLACE = ROOT / "build/conformance/fauxqs"
ENDPOINT = "http://127.0.0.1:4566"
INSIDE = "DOSSIER_CONFORMANCE_NAMESPACE"
verdict = Verdicts("sqs")


def call(action, **body):
    """(status, answer) of one call by the JSON protocol, unsigned."""
    request = urllib.request.Request(ENDPOINT + "/", json.dumps(body).encode(), {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, "
                         "Signature=00"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")


@contextlib.contextmanager
def emulator():
    with open(PLACE / "fauxqs.log", "wb") as log:
        process = subprocess.Popen(["node", "node_modules/fauxqs/dist/cli.js"], cwd=PLACE, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(ENDPOINT + "/health", timeout=5)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError("fauxqs did not start: " + (PLACE / "fauxqs.log").read_text()[-500:])
                time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def counts(url):
    """(visible, lent out)."""
    _, answer = call("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
    attributes = answer.get("Attributes", {})
    return (int(attributes.get("ApproximateNumberOfMessages", -1)),
            int(attributes.get("ApproximateNumberOfMessagesNotVisible", -1)))


def source(url, **more):
    return {"name": "queue", "kind": "sqs", "queue_url": url, "endpoint": ENDPOINT, "region": "us-east-1",
            "access_key_id": "test", "secret_access_key": "test", "wait": "2s", "visibility": "2s", **more}


def put(url, name, wrapped=False):
    issue = wiz_issue(f"W-{name}", bucket=f"acme-payments-{name}")
    body = {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-east-1:1:t",
            "Message": json.dumps(issue)} if wrapped else issue
    return call("SendMessage", QueueUrl=url, MessageBody=json.dumps(body))[0]


def until(claim, timeout=30):
    deadline = time.monotonic() + timeout
    while not (value := claim()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(value)


def check(version):
    status, answer = call("NoSuchAction")
    verdict(status >= 400, f"fauxqs {version} refuses a bad request", f"{status} {answer}")
    url = call("CreateQueue", QueueName="findings")[1]["QueueUrl"]
    verdict(all(put(url, f"c{i}", wrapped=i % 2 == 1) == 200 for i in range(25)), "25 messages wait, every other from SNS")
    call("SendMessage", QueueUrl=url, MessageBody="this is no JSON")
    with contextlib.closing(Service(default_config(sources=[*default_config()["sources"], source(url)]))) as service:
        service.start()
        verdict(until(lambda: len(service.items("/v1/findings")) == 25), "each message is one finding",
                len(service.items("/v1/findings")))
        verdict(until(lambda: counts(url) == (0, 0)), "all messages are deleted", counts(url))
        verdict(len(service.items("/v1/quarantine")) == 1, "the message that is no JSON is in quarantine")
        begin = time.monotonic()
        put(url, "prompt")
        verdict(until(lambda: len(service.items("/v1/findings")) == 26) and time.monotonic() - begin < 2,
                "a long poll answers as soon as something comes", f"{time.monotonic() - begin:.1f} s")
        put(url, "c1")
        until(lambda: counts(url) == (0, 0))
        verdict(len(service.items("/v1/findings")) == 26, "a repeat is no second finding")
        service.kill()
        put(url, "lent")
        # Lent to the long poll that the kill left behind, or to this one.
        call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=2)
        verdict(counts(url) == (0, 1), "a consumer that died holds a message", counts(url))
        service.start()
        verdict(until(lambda: len(service.items("/v1/findings")) == 27), "it comes again once its visibility has ended")
        begin = time.monotonic()
        verdict(service.stop() == 0 and time.monotonic() - begin < 5, "a stop cuts the long poll")
    missing = url.replace("findings", "missing")
    with contextlib.closing(Service(default_config(sources=[source(missing)]))) as service:
        service.start()
        verdict(until(lambda: any(e.get("event") == "queue.receive_failed" for e in service.log_events())),
                "a queue that doesn't exist is said so, and the service runs on")
        verdict(service.get("/healthz")["status"] == "ok", "it is alive")


def main():
    if not os.environ.get(INSIDE):
        if not npm_install(PLACE, ["fauxqs"]):  # outside, where the registry can be reached
            return verdict.skip("its npm packages can't be had")
        again = ["unshare", "--net", sys.executable, "-B", __file__]
        return subprocess.run(again, env={**os.environ, INSIDE: "1"}).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with emulator():
        check(json.loads((PLACE / "node_modules/fauxqs/package.json").read_text())["version"])
    return verdict.exit_code()


if __name__ == "__main__":
    sys.exit(main())
