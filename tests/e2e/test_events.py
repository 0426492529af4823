"""Findings that come as events: EventBridge, SNS, Event Grid and CloudEvents posts, and their handshakes."""

import base64
import json
import os
import subprocess
import tempfile
import unittest

from harness import orca_alert, prisma_alert, wiz_issue
from service_case import ServiceCase

TOPIC = "arn:aws:sns:eu-central-1:012345678901:dspm"
BUS = {"Authorization": "Bearer bus-token-of-the-tests"}
CERTIFICATE_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem"


def event_bridge(detail, kind="Wiz Issue", source="aws.partner/wiz.io/1"):
    return {"version": "0", "id": "53dc4d37", "detail-type": kind, "source": source, "account": "012345678901",
            "time": "2026-11-22T10:00:00Z", "region": "eu-central-1", "resources": [], "detail": detail}


def cloud_event(data, **more):
    return {"specversion": "1.0", "id": "A234", "source": "/dspm", "type": "com.example.finding",
            "datacontenttype": "application/json", "data": data, **more}


def macie(finding_id, bucket, **more):
    return {"schemaVersion": "1.0", "id": finding_id, "accountId": "012345678901", "region": "eu-central-1",
            "partition": "aws", "type": "SensitiveData:S3Object/Financial", "title": "The object holds card numbers.",
            "severity": {"score": 3, "description": "High"}, "createdAt": "2026-11-22T10:00:00Z",
            "updatedAt": "2026-11-22T10:00:00Z", "count": 1, "archived": False, "sample": False,
            "classificationDetails": {"result": {"sensitiveData": [
                {"category": "FINANCIAL_INFORMATION", "totalCount": 7,
                 "detections": [{"type": "CREDIT_CARD_NUMBER", "count": 7}]}]}},
            "resourcesAffected": {"s3Bucket": {"arn": f"arn:aws:s3:::{bucket}", "name": bucket,
                                               "tags": [{"key": "env", "value": "prod"}],
                                               "publicAccess": {"effectivePermission": "PUBLIC"}},
                                  "s3Object": {"key": "cards.csv", "path": f"{bucket}/cards.csv"}}, **more}


class Signer:
    """Signs as SNS does, with a key made for the tests."""

    def __init__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="dossier-sns-")
        self.key, self.pem = (os.path.join(self.dir.name, name) for name in ("key.pem", "cert.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                        "/CN=sns.amazonaws.com", "-keyout", self.key, "-out", self.pem], check=True,
                       capture_output=True)

    def sign(self, message):
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        if message["Type"] != "Notification":
            names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
        digest = {"1": "-sha1", "2": "-sha256"}[message["SignatureVersion"]]
        signature = subprocess.run(["openssl", "dgst", digest, "-sign", self.key], input=text.encode(), check=True,
                                   capture_output=True).stdout
        return {**message, "Signature": base64.b64encode(signature).decode()}

    def notification(self, finding, version="2", **more):
        return self.sign({"Type": "Notification", "MessageId": "22b80b92", "TopicArn": TOPIC,
                          "Message": json.dumps(finding), "Timestamp": "2026-11-22T10:00:00.000Z",
                          "SignatureVersion": version, "SigningCertURL": CERTIFICATE_URL, **more})


SIGNER = Signer()


class Events(ServiceCase):
    config = {"sources": [
        {"name": "wiz", "kind": "wiz", "auth": {"type": "bearer", "token": "wiz-webhook-token"}},
        {"name": "events", "kind": "eventbridge", "auth": {"type": "bearer", "token": "bus-token-of-the-tests"}},
        {"name": "wiz-events", "kind": "eventbridge", "as": "wiz",
         "auth": {"type": "bearer", "token": "bus-token-of-the-tests"}},
        {"name": "grid", "kind": "event_grid", "origins": ["*.azure.net"], "rate": "2/s",
         "auth": {"type": "bearer", "token": "bus-token-of-the-tests"}},
        {"name": "cloud", "kind": "cloudevents", "auth": {"type": "bearer", "token": "bus-token-of-the-tests"}},
        {"name": "topic", "kind": "sns", "topics": [TOPIC], "signing_certificate": SIGNER.pem},
        {"name": "raw-topic", "kind": "sns", "topics": [TOPIC], "signing_certificate": SIGNER.pem,
         "auth": {"type": "basic", "user": "sns", "password": "topic-password"}},
        {"name": "google", "kind": "scc", "auth": {"type": "bearer", "token": "bus-token-of-the-tests"}},
    ]}

    def deliver(self, source, body, headers=None, expect=202):
        status, answer_headers, answer = self.service.request("POST", f"/v1/webhooks/{source}", body, headers or BUS,
                                                              token=None)
        self.assertEqual(status, expect, answer)
        return answer if expect < 300 else answer_headers

    def outcomes(self, source, body, headers=None):
        return [row["outcome"] for row in self.deliver(source, body, headers)["findings"]]

    def finding(self, source, body, headers=None):
        """The one finding that the delivery creates."""
        answer = self.deliver(source, body, headers)
        self.assertEqual([row["outcome"] for row in answer["findings"]], ["created"])
        return self.service.settled(answer["findings"][0]["id"])["finding"]

    def test_each_finding_goes_to_the_adapter_that_its_content_names(self):
        for name, finding, platform in [("wiz", wiz_issue("W-e", bucket="acme-payments-e1"), "wiz"),
                                        ("prisma", prisma_alert("P-77", bucket="acme-payments-e2"), "prisma"),
                                        ("orca", orca_alert("orca-77", bucket="acme-payments-e3"), "orca"),
                                        ("macie", macie("m-77", "acme-payments-e4"), "macie")]:
            with self.subTest(name):
                found = self.finding("events", event_bridge(finding))
                self.assertEqual((found["source"], found["platform"]), ("events", platform))
                self.assertEqual(found["exposure"], "public")
        self.assertEqual(found["data"]["classes"], ["financial", "pci"])
        self.assertEqual((found["severity"], found["resource"]["region"]), ("high", "eu-central-1"))

    def test_what_names_no_platform_is_kept_with_the_reason(self):
        stop = event_bridge({"instance-id": "i-1", "state": "stopped"}, "EC2 Instance State-change Notification")
        insight = event_bridge({"insightResults": [], "resultType": "x"}, "Security Hub Insight Results")
        self.assertEqual(self.outcomes("events", stop) + self.outcomes("events", insight), ["quarantined"] * 2)
        rows = {json.dumps(row["payload"]): row["reason"] for row in self.service.items("/v1/quarantine")}
        reasons = [reason for payload, reason in rows.items() if "i-1" in payload or "insightResults" in payload]
        self.assertEqual(len(reasons), 2, rows)
        self.assertTrue(any("which platform" in reason for reason in reasons), reasons)
        self.assertTrue(any("no findings" in reason for reason in reasons), reasons)

    def test_events_of_a_source_are_its_own_findings(self):
        issue = wiz_issue("W-twice", bucket="acme-payments-twice")
        first = self.service.send("wiz", issue)["findings"][0]
        again = self.deliver("wiz-events", event_bridge(issue))["findings"][0]
        wrapped = self.service.send("wiz", event_bridge(issue))["findings"][0]
        self.assertEqual((first["outcome"], again["outcome"], wrapped["outcome"]), ("created", "duplicate", "duplicate"))
        self.assertEqual({again["id"], wrapped["id"]}, {first["id"]})
        self.assertEqual({again["fingerprint"], wrapped["fingerprint"]}, {first["fingerprint"]})
        resolved = event_bridge(wiz_issue("W-twice", bucket="acme-payments-twice", status="RESOLVED"))
        self.assertEqual(self.outcomes("wiz-events", resolved), ["resolved"])

    def test_security_hub_sends_a_list(self):
        def asff(number):
            return {"SchemaVersion": "2018-10-08", "Id": f"arn:aws:securityhub:eu-central-1:1:f/{number}",
                    "ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/securityhub",
                    "AwsAccountId": "012345678901", "Title": "S3.8 Buckets should block public access",
                    "Severity": {"Normalized": 70}, "RecordState": "ACTIVE", "Workflow": {"Status": "NEW"},
                    "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::acme-hub-{number}"}]}
        event = event_bridge({"findings": [asff(1), asff(2)]}, "Security Hub Findings - Imported", "aws.securityhub")
        self.assertEqual(self.outcomes("events", event), ["created", "created"])

    def test_cloud_events_come_in_every_form(self):
        def issue(name):
            return wiz_issue(f"W-{name}", bucket=f"acme-payments-{name}")
        structured = {**BUS, "Content-Type": "application/cloudevents+json; charset=utf-8"}
        batch = {**BUS, "Content-Type": "application/cloudevents-batch+json"}
        binary = {**BUS, "ce-specversion": "1.0", "ce-id": "A1", "ce-source": "/wiz", "ce-type": "x"}
        coded = base64.b64encode(json.dumps(issue("ce3")).encode()).decode()
        self.assertEqual(self.outcomes("cloud", cloud_event(issue("ce1")), structured), ["created"])
        self.assertEqual(self.outcomes("cloud", issue("ce2"), binary), ["created"])
        self.assertEqual(self.outcomes("cloud", cloud_event(None, data_base64=coded), structured), ["created"])
        self.assertEqual(self.outcomes("cloud", [cloud_event(issue("ce4")), cloud_event(issue("ce1"))], batch),
                         ["created", "duplicate"])
        self.assertEqual(self.outcomes("cloud", [], batch), [])

    def test_pub_sub_pushes_what_security_command_center_found(self):
        finding = {"finding": {"name": "organizations/1/sources/2/findings/abc", "category": "PUBLIC_BUCKET_ACL",
                               "state": "ACTIVE", "severity": "HIGH", "findingClass": "MISCONFIGURATION",
                               "resourceName": "//storage.googleapis.com/acme-g", "eventTime": "2026-11-22T10:00:00Z"},
                   "resource": {"name": "//storage.googleapis.com/acme-g", "type": "google.cloud.storage.Bucket",
                                "project": "//cloudresourcemanager.googleapis.com/projects/42"}}
        push = {"message": {"data": base64.b64encode(json.dumps(finding).encode()).decode(), "messageId": "1",
                            "publishTime": "2026-11-22T10:00:01Z"}, "subscription": "projects/p/subscriptions/s"}
        found = self.finding("google", push)
        self.assertEqual((found["platform"], found["severity"], found["exposure"]), ("scc", "high", "public"))
        self.assertEqual((found["resource"]["cloud"], found["resource"]["account"]), ("gcp", "42"))
        self.assertEqual(self.outcomes("google", wiz_issue("W-not-here")), ["quarantined"])

    def test_event_grid_is_told_that_it_may_come(self):
        code = "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"
        validation = [{"id": "2d17", "topic": "/subscriptions/x", "subject": "", "data": {"validationCode": code},
                       "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
                       "eventTime": "2026-11-22T10:00:00Z", "metadataVersion": "1", "dataVersion": "2"}]
        status, _, answer = self.service.request("POST", "/v1/webhooks/grid", validation,
                                                 {**BUS, "aeg-event-type": "SubscriptionValidation"}, token=None)
        self.assertEqual((status, answer), (200, {"validationResponse": code}))
        self.deliver("grid", validation, {"Authorization": "Bearer wrong"}, expect=401)
        alert = {"id": "/subscriptions/s-1/providers/Microsoft.Security/locations/westeurope/alerts/a-1",
                 "name": "a-1", "properties": {"alertDisplayName": "Access from a Tor exit node", "severity": "High",
                                               "status": "Active", "resourceIdentifiers": [
                                                   {"type": "AzureResource", "azureResourceId":
                                                    "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Storage/"
                                                    "storageAccounts/acmedata"}]}}
        events = [{"id": "1", "subject": "s", "eventType": "Microsoft.Security.Alert", "dataVersion": "1",
                   "eventTime": "2026-11-22T10:00:00Z", "data": alert}]
        found = self.finding("grid", events)
        self.assertEqual((found["platform"], found["finding_type"]), ("defender", "threat"))
        self.assertEqual((found["resource"]["account"], found["resource"]["name"]), ("s-1", "acmedata"))

    def test_a_sender_of_cloud_events_asks_first(self):
        def ask(source, headers):
            status, answer, _ = self.service.request("OPTIONS", f"/v1/webhooks/{source}", headers=headers, token=None)
            return status, answer.get("WebHook-Allowed-Origin"), answer.get("WebHook-Allowed-Rate")
        origin = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}
        self.assertEqual(ask("cloud", origin), (200, "eventgrid.azure.net", "120"))
        self.assertEqual(ask("cloud", {"WebHook-Request-Origin": "a.example"}), (200, "a.example", "*"))
        self.assertEqual(ask("grid", {**origin, "WebHook-Request-Rate": "100000"}), (200, "eventgrid.azure.net", "120"))
        self.assertEqual(ask("grid", {"WebHook-Request-Origin": "evil.example"})[:2], (403, None))
        self.assertEqual(ask("cloud", {})[:2], (400, None))
        for source in ("wiz", "events", "topic", "nobody"):
            status, headers, _ = self.service.request("OPTIONS", f"/v1/webhooks/{source}", headers=origin, token=None)
            self.assertEqual((status, headers["Allow"]), (405, "POST"), source)

    def test_sns_is_believed_by_its_signature(self):
        text = {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}
        for version in ("1", "2"):
            issue = wiz_issue(f"W-sns-{version}", bucket=f"acme-payments-sns-{version}")
            message = SIGNER.notification(issue, version, Subject="Büro")
            found = self.finding("topic", json.dumps(message), text)
            self.assertEqual((found["source"], found["platform"]), ("topic", "wiz"))
            self.assertEqual(self.outcomes("topic", json.dumps(message), text), ["duplicate"])
        changed = {**message, "Message": json.dumps(wiz_issue("W-forged"))}
        self.deliver("topic", json.dumps(changed), text, expect=401)
        self.deliver("topic", json.dumps({**message, "SigningCertURL": "https://evil.example/x.pem"}), text, expect=401)
        self.deliver("topic", json.dumps({**message, "TopicArn": TOPIC + "-of-others"}), text, expect=403)
        self.deliver("topic", json.dumps(issue), {**text, "x-amz-sns-rawdelivery": "true"}, expect=401)
        self.deliver("topic", "surprise", text, expect=401)
        self.deliver("events", json.dumps(message), {**text, **BUS}, expect=415)
        self.deliver("topic", json.dumps(message), {"Content-Type": "text/html"}, expect=415)

    def test_sns_confirmations_go_nowhere_but_to_sns(self):
        text = {"Content-Type": "text/plain; charset=UTF-8"}
        confirmation = {"Type": "SubscriptionConfirmation", "MessageId": "m", "Token": "t0k", "TopicArn": TOPIC,
                        "Message": "You have chosen to subscribe", "Timestamp": "2026-11-22T10:00:00.000Z",
                        "SignatureVersion": "2", "SigningCertURL": CERTIFICATE_URL,
                        "SubscribeURL": f"http://127.0.0.1:{self.service.port}/healthz?Action=ConfirmSubscription"}
        self.deliver("topic", json.dumps(SIGNER.sign(confirmation)), text, expect=403)
        leaving = SIGNER.sign({**confirmation, "Type": "UnsubscribeConfirmation"})
        status, _, answer = self.service.request("POST", "/v1/webhooks/topic", json.dumps(leaving), text, token=None)
        self.assertEqual((status, answer), (200, {"unsubscribed": TOPIC}))

    def test_raw_delivery_needs_the_password(self):
        raw = {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-rawdelivery": "true",
               "x-amz-sns-topic-arn": TOPIC}
        issue = json.dumps(wiz_issue("W-raw", bucket="acme-payments-raw"))
        refused = self.deliver("raw-topic", issue, raw, expect=401)
        self.assertTrue(refused["WWW-Authenticate"].startswith("Basic"), "SNS sends a password once it is asked for one")
        password = {"Authorization": "Basic " + base64.b64encode(b"sns:topic-password").decode()}
        self.assertEqual(self.outcomes("raw-topic", issue, {**raw, **password}), ["created"])
        self.deliver("raw-topic", issue, {**raw, **password, "x-amz-sns-topic-arn": "arn:aws:sns:x:1:o"}, expect=403)


if __name__ == "__main__":
    unittest.main()
