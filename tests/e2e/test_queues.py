"""Queues: a message is taken off only after the commit of what was in it, whatever happens in between."""

import contextlib
import copy
import json
import sqlite3
import unittest

from counting_llm import CountingLlm
from harness import Service, default_config, wiz_issue
from standins.service_bus import ServiceBus
from standins.sqs import Sqs


def issue(name):
    return wiz_issue(f"W-{name}", bucket=f"acme-payments-{name}")


class QueueCase(unittest.TestCase):
    def start(self, stand_in, source, **overrides):
        self.queue = stand_in
        self.addCleanup(stand_in.shut)
        self.service = Service(default_config(sources=[*default_config()["sources"], source], **overrides))
        self.addCleanup(self.service.close)
        self.service.start()

    def tearDown(self):
        self.assertEqual(self.queue.complaints, [])

    def findings(self, number, timeout=20):
        return self.service.wait_for(
            lambda: (found := self.service.items("/v1/findings")) and len(found) >= number and found, timeout,
            f"{number} findings")

    def metric(self, name, **labels):
        for line in self.service.get("/metrics").splitlines():
            if line.startswith(name + "{") and all(f'{key}="{value}"' in line for key, value in labels.items()):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def emptied(self, number):
        self.service.wait_for(lambda: not self.queue.messages, 20, "the queue to be empty")
        self.service.wait_for(
            lambda: self.metric("dossier_queue_messages_total", outcome="deleted") >= number, 10, "the deletes")


class SimpleQueue(QueueCase):
    def test_messages_become_findings_and_are_deleted(self):
        queue = Sqs()
        message = {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-central-1:1:t",
                   "Message": '{"version":"0","detail-type":"Wiz Issue","source":"x","detail":%s}'}
        queue.put(issue("plain"), {**message, "Message": message["Message"] % json.dumps(issue("wrapped"))},
                  "this is no JSON", {"hello": "world"}, issue("plain"))
        self.start(queue, queue.config())
        found = [self.service.settled(row["id"])["finding"] for row in self.findings(2)]
        self.assertEqual({row["resource"]["name"] for row in found}, {"acme-payments-plain", "acme-payments-wrapped"})
        self.assertEqual({(row["source"], row["platform"]) for row in found}, {("queue", "wiz")})
        self.emptied(5)
        reasons = sorted(row["reason"] for row in self.service.items("/v1/quarantine"))
        self.assertEqual(len(reasons), 2)
        self.assertIn("no JSON", reasons[1])
        self.assertEqual(len(queue.calls("POST")) - self.receives(), 1, "one delete for the whole batch")
        self.assertEqual(self.service.request("POST", "/v1/webhooks/queue", {})[0], 404)
        self.assertEqual(self.service.stop(), 0)

    def receives(self):
        return sum(call.headers["x-amz-target"].endswith("ReceiveMessage") for call in self.queue.calls("POST"))

    def deletes(self):
        return len(self.queue.calls("POST")) - self.receives()

    def test_a_message_is_deleted_after_the_commit_only(self):
        queue = Sqs()
        self.start(queue, queue.config())
        with contextlib.closing(sqlite3.connect(self.service.dir / "data/dossier.db", isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")  # nobody commits
            queue.put(issue("locked"))
            self.service.wait_for(lambda: queue.messages[0]["received"], 10, "the message to be received")
            self.service.kill()
            self.assertEqual((self.deletes(), len(queue.waiting())), (0, 1))
            db.execute("ROLLBACK")
        queue.make_visible()
        self.service.start()
        self.assertEqual(len(self.findings(1)), 1)
        self.service.wait_for(lambda: not queue.messages, 10, "the message to be deleted")

    def test_a_crash_between_commit_and_delete_makes_no_second_finding(self):
        queue = Sqs()
        refused = queue.refuse_deletes()
        self.start(queue, {**queue.config(), "as": "wiz"})
        queue.put(issue("crash"))
        self.service.wait_for(lambda: refused, 10, "a delete, which follows a commit")
        self.service.kill()
        queue.take_deletes()
        queue.make_visible()
        self.service.start()
        self.service.wait_for(lambda: not queue.messages, 10, "the message to be deleted")
        self.assertEqual([one["received"] for one in queue.deleted], [2])
        found = self.service.items("/v1/findings")
        self.assertEqual([(row["source"], row["fingerprint"]) for row in found],
                         [("wiz", self.service.send("wiz", issue("crash"))["findings"][0]["fingerprint"])])

    def test_a_delete_that_fails_only_means_a_duplicate(self):
        queue = Sqs()
        refused = queue.refuse_deletes(each=True)
        self.start(queue, queue.config())
        queue.put(issue("again"))
        self.service.wait_for(lambda: refused, 10, "the delete")
        queue.take_deletes()
        queue.make_visible()
        self.service.wait_for(lambda: not queue.messages, 10, "the message to be deleted")
        self.assertEqual(len(self.service.items("/v1/findings")), 1)
        self.service.wait_for(lambda: self.metric("dossier_queue_messages_total", outcome="delete_failed") == 1, 10,
                              "the failure to be counted")

    def test_outages_are_waited_out(self):
        queue = Sqs()
        self.start(queue, queue.config())
        self.service.wait_for(lambda: queue.receiving, 10, "a receive")
        queue.shut()
        self.service.wait_for(lambda: self.metric("dossier_queue_receive_failures_total") >= 1, 20, "a failure")
        queue.put(issue("late"))
        queue.open()
        self.assertEqual(len(self.findings(1, timeout=60)), 1)

    def test_a_reload_replaces_the_poller(self):
        queue = Sqs()
        queue.keys = {"AKIDSECOND": "second-secret"}
        queue.put(issue("reload"))
        self.start(queue, queue.config())
        self.service.wait_for(lambda: self.metric("dossier_queue_receive_failures_total") >= 1, 20, "a refusal")
        self.assertEqual(self.service.items("/v1/findings"), [])
        config = copy.deepcopy(self.service.config)
        config["sources"][-1].update(access_key_id="AKIDSECOND", secret_access_key="second-secret")
        self.service.write_config(config)
        self.assertTrue(self.service.reload())
        self.findings(1)
        begin = len(queue.calls("POST"))
        self.assertTrue(self.service.reload())
        self.service.wait_for(lambda: len(queue.calls("POST")) >= begin + 2, 10, "receives after the second reload")
        self.assertTrue(all("AKIDSECOND" in call.headers["authorization"] for call in queue.calls("POST")[begin:]))
        config["sources"].pop()
        self.service.write_config(config)
        self.assertTrue(self.service.reload())
        self.service.wait_for(lambda: queue.receiving == 0, 10, "the poller to be gone")
        self.assertLessEqual(queue.most_receiving, 2, "an abandoned long poll and the one after it")

    def test_a_full_service_receives_nothing(self):
        llm = CountingLlm(pause=30)
        self.addCleanup(llm.close)
        queue = Sqs()
        self.start(queue, queue.config(batch=1), queue={"capacity": 2, "workers": 2},
                   llm={"providers": [llm.provider()]})
        self.service.send("wiz", issue("full-1"))
        self.service.send("wiz", issue("full-2"))
        self.service.wait_for(lambda: self.service.request("GET", "/readyz")[0] == 503, 10, "the service to be full")
        self.service.wait_for(lambda: queue.receiving == 0, 10, "the last receive to end")
        queue.put(issue("full-3"))
        llm.stopping.set()
        self.findings(3, timeout=60)
        self.service.wait_for(lambda: not queue.messages, 10, "the message to be deleted")
        self.assertEqual([one["received"] for one in queue.deleted], [1], "it was never received in vain")


class ServiceBusQueue(QueueCase):
    def test_messages_are_completed_after_their_commit(self):
        queue = ServiceBus()
        queue.put(issue("bus-1"), issue("bus-2"), "no JSON at all")
        self.start(queue, queue.config())
        self.findings(2)
        self.emptied(3)
        self.assertEqual(len(self.service.items("/v1/quarantine")), 1)
        self.assertEqual([one["deliveries"] for one in queue.completed], [1, 1, 1])
        self.assertEqual(self.service.stop(), 0)

    def test_a_token_that_expires_meanwhile_is_renewed(self):
        queue = ServiceBus("topic/subscriptions/dossier")
        queue.put(issue("entra-1"))
        source = queue.entra_config(topic="topic", subscription="dossier")
        del source["queue"]
        self.start(queue, source)
        self.findings(1)
        with queue.lock:
            queue.tokens.clear()
        queue.put(issue("entra-2"))
        self.findings(2)
        self.emptied(2)
        self.assertEqual(queue.issued, 2)

    def test_a_wrong_key_is_not_tried_in_a_hurry(self):
        queue = ServiceBus()
        self.start(queue, queue.config(key="wrong"))
        self.service.wait_for(lambda: self.metric("dossier_queue_receive_failures_total") >= 2, 20, "refusals")
        events = [event for event in self.service.log_events() if event.get("event") == "queue.receive_failed"]
        self.assertEqual(len(events), 1, "said once, not once a try")
        self.assertNotIn("wrong", str(events))


if __name__ == "__main__":
    unittest.main()
