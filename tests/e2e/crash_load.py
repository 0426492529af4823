"""What a service meets while it is killed again and again: platforms that deliver until they are acknowledged, deliver
once more, and take findings back; one that is asked by its API as well; and people who decide.

Whoever gets no answer does what a platform or a person does: the same again.
"""

import http.client
import random
import threading
import time

from harness import SLOW, SOURCE_HEADERS, generic_event, orca_alert, prisma_alert, wiz_issue

PAUSE = 0.04 * SLOW  # of a client between two deliveries
MOST_UNDER_WAY = 16  # findings without a ticket: the stand-ins run in this process, and are slower than the service
PATIENCE = 0.05  # before what was not answered is sent again
RULE = "Publicly exposed bucket with sensitive data"  # of the stand-in's issues

PAYLOADS = {
    "wiz": lambda name, bucket, status: wiz_issue(name, bucket=bucket, status=status.upper(), control=RULE),
    "prisma": lambda name, bucket, status: prisma_alert(name, bucket=bucket, status=status),
    "orca": lambda name, bucket, status: orca_alert(name, bucket=bucket, status=status),
    "generic": lambda name, bucket, status: generic_event(name, bucket=bucket, status=status),
}


class Load:
    """Runs from the beginning to `end()`, whatever becomes of the service."""

    def __init__(self, service, wiz, jira, kills_so_far):
        self.service, self.wiz, self.jira, self.kills_so_far = service, wiz, jira, kills_so_far
        self.lock = threading.Lock()
        self.acknowledged = {}  # bucket: finding id
        self.delivered = {}  # bucket: kills before it was delivered first
        self.resolved = set()  # buckets
        self.told_apart = []  # what was acknowledged under two ids
        self.unanswered = 0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.platform, args=(source,), daemon=True) for source in PAYLOADS]
        self.threads.append(threading.Thread(target=self.people, daemon=True))
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a client did not come to its end"

    # Platforms -------------------------------------------------------------------------------------------------------

    def platform(self, source):
        chance = random.Random(source)
        number = 0
        to_resolve = []
        while not self.stopping.wait(PAUSE):
            for one in [one for one in to_resolve if self.has_ticket(one[1])]:
                to_resolve.remove(one)
                self.deliver(source, *one, "resolved")
            if len(self.delivered) - len(self.jira.issues) > MOST_UNDER_WAY:
                continue
            number += 1
            bucket = f"acme-payments-{source}-{number}"
            with self.lock:
                self.delivered[bucket] = self.kills_so_far()
            name = f"{source}-{number}" if source != "wiz" else self.issue(bucket)
            if source == "wiz" and chance.random() < 0.3:
                continue  # the webhook is lost: the poller has to find it
            self.deliver(source, name, bucket, "open")
            if chance.random() < 0.3:
                self.deliver(source, name, bucket, "open")  # a repeat of what was acknowledged
            if source == "generic" and chance.random() < 0.5:
                to_resolve.append((name, bucket))

    def has_ticket(self, bucket):
        with self.jira.lock:
            return any(bucket in str(issue["fields"]) for issue in self.jira.issues.values())

    def issue(self, bucket):
        entity = self.wiz.entity(f"ent-{bucket}", "BUCKET", bucket, externalId=f"arn:aws:s3:::{bucket}",
                                 nativeType="bucket", cloudPlatform="AWS", region="eu-central-1",
                                 subscriptionExternalId="012345678901")
        return self.wiz.add_issue(entity=entity, rule=RULE)

    def deliver(self, source, name, bucket, status):
        """Again and again until it is acknowledged, also beyond the end: what was begun is brought to its end."""
        payload = PAYLOADS[source](name, bucket, status)
        if status == "resolved":
            self.resolved.add(bucket)
        while True:
            answer = self.ask("POST", f"/v1/webhooks/{source}", payload, SOURCE_HEADERS[source], token=None)
            if answer and answer[0] == 202:
                break
            time.sleep(PATIENCE)
        finding = answer[2]["findings"][0]["id"]
        with self.lock:
            known = self.acknowledged.setdefault(bucket, finding)
            if known != finding:
                self.told_apart.append((bucket, known, finding))

    # People ----------------------------------------------------------------------------------------------------------

    def people(self):
        """Approve every second draft that has its ticket, and reword every second of these before."""
        seen = set()
        while not self.stopping.wait(2 * PAUSE):
            answer = self.ask("GET", "/v1/drafts?state=pending&limit=50")
            for draft in answer[2]["items"] if answer and answer[0] == 200 else []:
                if draft["id"] in seen or not draft["ticket"]:
                    continue
                seen.add(draft["id"])
                if len(seen) % 4 == 1:
                    self.ask("PATCH", f"/v1/drafts/{draft['id']}", {"title": draft["title"] + " (edited)"}, again=True)
                if len(seen) % 2:
                    self.approve(draft["id"])

    def approve(self, draft):
        """A 409 says that the decision was stored and its answer lost, or that the finding is resolved."""
        while self.ask("POST", f"/v1/drafts/{draft}/approve", {"comment": f"go with {draft}"},
                       again=True)[0] not in (200, 409):
            time.sleep(PATIENCE)

    def ask(self, method, path, body=None, headers=None, again=False, **more):
        """The answer, None where there is none. @param again until there is one"""
        while True:
            try:
                return self.service.request(method, path, body, headers, timeout=20 * SLOW, **more)
            except (OSError, http.client.HTTPException, ValueError):
                self.unanswered += 1
                time.sleep(PATIENCE)
                if not again:
                    return None
