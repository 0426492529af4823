"""An approval given inside the platform: a note on the finding in Wiz, by somebody who may decide."""

import datetime
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import default_config, wiz_issue  # noqa: E402
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
        api = self.wiz.api_config(reconcile=False, backlog=False, timeout="5s", rate="500/s")
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
            notes.append({"id": f"by-hand-{issue}-{len(notes)}", "text": text, "createdAt": at, "updatedAt": at, "user": {"name": "Somebody", "email": email},
                          "serviceAccount": None})

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


if __name__ == "__main__":
    unittest.main()
