"""An Amazon SQS queue by its JSON 1.0 protocol: signatures, visibility timeouts, receipt handles, long polls.

A message is lent out until its visibility ends and comes again with another receipt handle; a handle of an earlier loan
deletes nothing, though the answer says so (as a standard queue may). What AWS would refuse is refused.
"""

import hashlib
import json
import threading
import time
import uuid

from . import sigv4
from .stand_in import Refusal, StandIn

KEY_ID, SECRET, REGION = "AKIDEXAMPLE", "queue-secret-of-the-tests", "eu-central-1"
MEMBERS = {"ReceiveMessage": {"QueueUrl", "MaxNumberOfMessages", "WaitTimeSeconds", "VisibilityTimeout",
                              "MessageSystemAttributeNames", "MessageAttributeNames"},
           "DeleteMessageBatch": {"QueueUrl", "Entries"}, "GetQueueAttributes": {"QueueUrl", "AttributeNames"}}


def refuse(status, kind, message):
    return Refusal(status, {"__type": f"com.amazonaws.sqs#{kind}", "message": message},
                   {"Content-Type": "application/x-amz-json-1.0"})


class Sqs(StandIn):
    def __init__(self):
        self.messages = []
        self.receipts = {}  # handle: message, for every loan there ever was
        self.keys = {KEY_ID: SECRET}
        self.deleted = []
        self.receiving = 0
        self.most_receiving = 0
        super().__init__()
        self.changed = threading.Condition(self.lock)

    @property
    def queue_url(self):
        return f"{self.url}/123456789012/findings"

    def config(self, **more):
        return {"name": "queue", "kind": "sqs", "queue_url": self.queue_url, "region": REGION, "access_key_id": KEY_ID,
                "secret_access_key": SECRET, "wait": "1s", "visibility": "30s", **more}

    def put(self, *bodies):
        with self.changed:
            for body in bodies:
                text = body if isinstance(body, str) else json.dumps(body)
                self.messages.append({"id": str(uuid.uuid4()), "body": text, "visible_at": 0.0, "handle": None,
                                      "received": 0})
            self.changed.notify_all()

    def waiting(self):
        """Messages that are not deleted, lent out or not."""
        with self.lock:
            return [one["body"] for one in self.messages]

    def refuse_deletes(self, each=False):
        """Deletes fail, as a whole or (`each`) entry by entry, until take_deletes(); the list of those that came."""
        came = []

        def refuse_all(entries):
            came.append(entries)
            if each:
                return 200, {"Failed": [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"}
                                        for entry in entries]}
            raise refuse(500, "InternalFailure", "try again")

        self.delete = refuse_all
        return came

    def take_deletes(self):
        del self.delete

    def make_visible(self):
        """The visibility timeouts of all loans end now."""
        with self.changed:
            for message in self.messages:
                message["visible_at"] = 0.0
            self.changed.notify_all()

    def answer(self, call):
        target = call.headers.get("x-amz-target", "")
        action = target.removeprefix("AmazonSQS.")
        if call.method != "POST" or call.path != "/" or action not in MEMBERS:
            self.complain(f"{call.method} {call.path} {target}")
            raise refuse(400, "InvalidAction", "no such operation")
        if call.headers.get("content-type") != "application/x-amz-json-1.0":
            self.complain(f"content type {call.headers.get('content-type')}")
        if why := sigv4.problem(call, self.keys, REGION, "sqs"):
            raise refuse(403, "SignatureDoesNotMatch" if "match" in why else "InvalidClientTokenId", why)
        if unknown := set(call.body) - MEMBERS[action]:
            self.complain(f"{action} with {unknown}")
        if call.body.get("QueueUrl") != self.queue_url:
            raise refuse(400, "QueueDoesNotExist", "The specified queue does not exist.")
        if action == "GetQueueAttributes":
            return 200, {"Attributes": {"ApproximateNumberOfMessages": str(len(self.messages))}}
        return self.receive(call.body) if action == "ReceiveMessage" else self.delete(call.body["Entries"])

    def receive(self, body):
        most, wait = body.get("MaxNumberOfMessages", 1), body.get("WaitTimeSeconds", 0)
        visibility = body.get("VisibilityTimeout", 30)
        if not (1 <= most <= 10 and 0 <= wait <= 20 and 0 <= visibility <= 43200):
            self.complain(f"receive {body}")
            raise refuse(400, "InvalidParameterValue", "out of range")
        self.receiving += 1
        self.most_receiving = max(self.most_receiving, self.receiving)
        until = time.monotonic() + wait
        try:
            while not (due := [m for m in self.messages if m["visible_at"] <= time.monotonic()][:most]):
                if time.monotonic() >= until or self.server is None:
                    return 200, {}
                self.changed.wait(min(0.1, max(0.001, until - time.monotonic())))
        finally:
            self.receiving -= 1
        return 200, {"Messages": [self.lend(message, visibility) for message in due]}

    def lend(self, message, visibility):
        message.update(visible_at=time.monotonic() + visibility, handle=f"{uuid.uuid4()}==",
                       received=message["received"] + 1)
        self.receipts[message["handle"]] = message
        return {"MessageId": message["id"], "ReceiptHandle": message["handle"], "Body": message["body"],
                "MD5OfBody": hashlib.md5(message["body"].encode()).hexdigest(),
                "Attributes": {"ApproximateReceiveCount": str(message["received"])}}

    def delete(self, entries):
        ids = [entry["Id"] for entry in entries]
        if not 1 <= len(entries) <= 10 or len(set(ids)) != len(ids):
            self.complain(f"delete {entries}")
            raise refuse(400, "BatchEntryIdsNotDistinct", "1 to 10 distinct entries")
        answer = {"Successful": [], "Failed": []}
        for entry in entries:
            message = self.receipts.get(entry["ReceiptHandle"])
            if message is None:
                answer["Failed"].append({"Id": entry["Id"], "SenderFault": True, "Code": "ReceiptHandleIsInvalid"})
                continue
            answer["Successful"].append({"Id": entry["Id"]})
            if message["handle"] == entry["ReceiptHandle"] and message in self.messages:
                self.messages.remove(message)
                self.deleted.append(message)
        return 200, {name: rows for name, rows in answer.items() if rows}
