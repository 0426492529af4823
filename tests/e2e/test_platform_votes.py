"""An approval given inside the platform: a note on the finding or a status of it, by somebody who may decide."""

import datetime
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import default_config, wiz_issue  # noqa: E402
from standins.orca import Orca  # noqa: E402
from standins.prisma import Prisma, bucket as prisma_bucket  # noqa: E402
from standins.wiz import Wiz  # noqa: E402
from tracker_steps import TrackerCase  # noqa: E402

PEOPLE = [{"email": "paul@acme.example", "role": "approver"}, {"email": "anna@acme.example", "role": "analyst"}]


def in_minutes(minutes):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class PlatformVotesTest(TrackerCase):
    def setUp(self):
        self.wiz = self.watch(Wiz())

    def start(self, **votes):
        api = self.wiz.api_config(reconcile=False, backlog=False, timeout="5s", rate="500/s",
                                  write_back={"status": False})
        source = {"name": "wiz", "kind": "wiz", "auth": {"type": "bearer", "token": "wiz-webhook-token"}, "api": api}
        return self.serve(default_config(auth={**default_config()["auth"], "people": PEOPLE}, sources=[source],
                                         approval={"platform": {"sources": ["wiz"], "every": "50ms", **votes}}))

    def drafted(self, service, bucket):
        entity = self.wiz.entity(f"ent-{bucket}", "BUCKET", bucket, externalId=f"arn:aws:s3:::{bucket}")
        issue = self.wiz.add_issue(entity=entity)
        finding = self.deliver(service, wiz_issue(issue, bucket=bucket), "wiz")
        return issue, service.settled(finding)["dossier"]["draft"]

    def note(self, issue, text, email, minutes=1, at=None):
        at = at or in_minutes(minutes)
        with self.wiz.lock:
            notes = self.wiz.issues[issue]["notes"]
            notes.append({"id": f"by-hand-{issue}-{len(notes)}", "text": text, "createdAt": at, "updatedAt": at,
                          "user": {"name": "Somebody", "email": email}, "serviceAccount": None})

    def decided(self, service, draft, states):
        return service.wait_for(lambda: one if (one := service.get(f"/v1/drafts/{draft['id']}"))["state"] in states
                                else None, 20, f"the draft to be {states}")

    def test_a_note_of_an_approver_decides_and_is_theirs(self):
        service = self.start()
        issue, draft = self.drafted(service, "acme-payments-yes")
        self.note(issue, "dossier approve agreed in the stand-up", "Paul@acme.example")
        done = self.decided(service, draft, ("approved", "posted"))
        self.assertEqual(done["decided_by"], "paul@acme.example")
        self.assertIn("by a note in wiz: agreed in the stand-up", done["comment"])
        issue, draft = self.drafted(service, "acme-payments-no")
        self.note(issue, "dossier reject a test bucket", "paul@acme.example")
        self.assertIn("a test bucket", self.decided(service, draft, ("rejected",))["comment"])

    def test_what_is_not_such_a_note_decides_nothing(self):
        service = self.start()
        cases = [("dossier approve", "anna@acme.example", 1), ("dossier approve", "nobody@acme.example", 1),
                 ("dossier approve", "paul@acme.example", -5), ("looks fine", "paul@acme.example", 1)]
        waiting = []
        for number, (text, email, minutes) in enumerate(cases):
            issue, draft = self.drafted(service, f"acme-payments-{number}")
            self.note(issue, text, email, minutes)
            waiting.append(draft)
        # A later draft is judged in the same rounds: once it is, so were the others.
        issue, last = self.drafted(service, "acme-payments-last")
        self.note(issue, "dossier approve", "paul@acme.example")
        self.decided(service, last, ("approved", "posted"))
        issue, again = self.drafted(service, "acme-payments-again")
        self.note(issue, "dossier approve", "paul@acme.example")
        self.decided(service, again, ("approved", "posted"))
        for draft in waiting:
            self.assertEqual(service.get(f"/v1/drafts/{draft['id']}")["state"], "pending")

    def test_a_note_from_before_an_edit_is_about_another_text(self):
        service = self.start()

        def just_after(draft):
            created = datetime.datetime.fromisoformat(draft["created_at"].replace("Z", "+00:00"))
            later = created + datetime.timedelta(milliseconds=1)
            return later.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

        issue, draft = self.drafted(service, "acme-payments-edited")
        service.request("PATCH", f"/v1/drafts/{draft['id']}", {"title": "Another title"})
        self.note(issue, "dossier approve", "paul@acme.example", at=just_after(draft))
        issue, other = self.drafted(service, "acme-payments-other")
        self.note(issue, "dossier approve", "paul@acme.example", at=just_after(other))
        self.decided(service, other, ("approved", "posted"))
        self.assertEqual(service.get(f"/v1/drafts/{draft['id']}")["state"], "pending")

    def test_without_configuration_notes_are_notes(self):
        service = self.start(sources=[])
        issue, draft = self.drafted(service, "acme-payments-off")
        self.note(issue, "dossier approve", "paul@acme.example")
        self.drafted(service, "acme-payments-later")
        self.assertEqual(service.get(f"/v1/drafts/{draft['id']}")["state"], "pending")


    def test_a_status_counts_where_somebody_answers_for_it(self):
        service = self.start(status={"approve": ["IN_PROGRESS"], "by": "paul@acme.example"})
        _, other = self.drafted(service, "acme-payments-untouched")
        issue, draft = self.drafted(service, "acme-payments-status")
        with self.wiz.lock:
            self.wiz.issues[issue].update(status="IN_PROGRESS", statusChangedAt=in_minutes(1))
        done = self.decided(service, draft, ("approved", "posted"))
        self.assertEqual(done["decided_by"], "paul@acme.example")
        self.assertIn("by the status in_progress in wiz", done["comment"])
        self.assertEqual(service.get(f"/v1/drafts/{other['id']}")["state"], "pending")


class OtherPlatformsTest(TrackerCase):
    """Alerts come by the platform's API alone, so that the remarks are on what it gave."""

    def start(self, platform, source, **votes):
        config = default_config(auth={**default_config()["auth"], "people": PEOPLE},
                                approval={"platform": {"sources": [source], "every": "50ms", **votes}})
        for one in config["sources"]:
            if one["name"] == source:
                one["api"] = platform.api(poll="100ms", lookback="1h", backlog=False, blast_radius=False)
        return self.serve(config)

    def drafts(self, service, count):
        """{title of the finding: draft} once each of them waits."""
        def waiting():
            rows = [service.get(f"/v1/findings/{one['id']}") for one in service.items("/v1/findings")]
            found = {row["finding"]["title"]: row["dossier"]["draft"] for row in rows
                     if row.get("dossier") and row["dossier"].get("draft")}
            return found if len(found) == count else None
        return service.wait_for(waiting, 20, "the drafts")

    def decided(self, service, draft, state):
        return service.wait_for(lambda: one if (one := service.get(f"/v1/drafts/{draft['id']}"))["state"] in state
                                else None, 20, f"the draft to be {state}")

    def test_orca_tells_who_commented_and_who_set_a_status(self):
        orca = self.watch(Orca())
        for number in range(1, 6):
            orca.add_alert(f"orca-{number}", f"Alert {number}", asset_vendor_id=f"arn:aws:s3:::store-{number}")
        service = self.start(orca, "orca", status={"approve": ["in_progress"]})
        drafts = self.drafts(service, 5)
        orca.by_hand("orca-1", "anna@acme.example", comment="dossier approve")  # an analyst
        orca.by_hand("orca-2", "paul@acme.example", comment="dossier approve", at=0)  # before there was a draft
        orca.by_hand("orca-3", "paul@acme.example", comment="dossier approve go on")
        orca.by_hand("orca-4", "paul@acme.example", status="in_progress")
        orca.by_hand("orca-5", "paul@acme.example", comment="dossier reject a honeypot")
        self.assertIn("go on", self.decided(service, drafts["Alert 3"], ("approved", "posted"))["comment"])
        by_status = self.decided(service, drafts["Alert 4"], ("approved", "posted"))
        self.assertEqual(by_status["decided_by"], "paul@acme.example")
        self.assertIn("by the status in_progress in orca", by_status["comment"])
        self.assertIn("a honeypot", self.decided(service, drafts["Alert 5"], ("rejected",))["comment"])
        for title in ("Alert 1", "Alert 2"):
            self.assertEqual(service.get(f"/v1/drafts/{drafts[title]['id']}")["state"], "pending")

    def test_prisma_tells_who_took_an_alert_up_again(self):
        prisma = self.watch(Prisma())
        for number in range(1, 4):
            prisma.add_alert(f"P-{number}", f"Policy {number}", resource=prisma_bucket(f"bucket-{number}"))
        service = self.start(prisma, "prisma", status={"approve": ["open"]})
        drafts = self.drafts(service, 3)
        prisma.by_hand("P-1", "anna@acme.example", "open")
        prisma.by_hand("P-2", "paul@acme.example", "open")
        done = self.decided(service, drafts["Policy 2"], ("approved", "posted"))
        self.assertEqual(done["decided_by"], "paul@acme.example")
        for title in ("Policy 1", "Policy 3"):
            self.assertEqual(service.get(f"/v1/drafts/{drafts[title]['id']}")["state"], "pending")


if __name__ == "__main__":
    unittest.main()
