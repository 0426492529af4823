"""Like findings share one ticket, whose table follows them: a storm stays readable."""

import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import generic_event  # noqa: E402
from life_steps import QUICK, LifeCase  # noqa: E402
from standins.jira import Jira, comments_of, nodes, text_of  # noqa: E402
from tracker_steps import tracker_config  # noqa: E402


class GroupingTest(LifeCase):
    def setUp(self):
        self.jira = self.watch(Jira())

    def start_grouping(self, **group):
        config = tracker_config(self.jira.config(timeout="5s"), "before_create", "1s", queue=QUICK)
        config["tickets"]["group"] = {"by": ["rule", "owner", "account"], "window": "1h", "min": 3, "refresh": "300ms",
                                      **group}
        generic = next(source for source in config["sources"] if source["name"] == "generic")
        generic["map"]["rule.id"] = "/rule"
        return self.serve(config)

    @staticmethod
    def like(number, rule="public-bucket", **event):
        return generic_event(f"S-{number}", bucket=f"sandbox-{number:05}", rule=rule, **event)

    def storm(self, service, numbers, **event):
        payload = [self.like(number, **event) for number in numbers]
        found = []
        for start in range(0, len(payload), 200):
            found += [one["id"] for one in service.send("generic", payload[start:start + 200])["findings"]]
        return found

    def drafts(self, service):
        return [one for one in service.items("/v1/drafts?state=pending") if one["kind"] == "ticket"]

    def one_draft(self, service, timeout=30):
        """The group's draft, once those of single members have been given up."""
        def alone():
            drafts = self.drafts(service)
            return drafts[0] if len(drafts) == 1 and drafts[0]["title"].startswith("Many findings") else None
        return service.wait_for(alone, timeout, "one draft for all")

    def shows(self, service, words, timeout=20):
        service.wait_for(lambda: self.jira.all() and words in text_of(self.jira.all()[0]), timeout, f"'{words}'")

    def test_a_storm_makes_one_ticket_with_a_table_that_follows(self):
        service = self.start_grouping()
        findings = self.storm(service, range(12))
        draft = self.one_draft(service)
        self.assertEqual(self.jira.creates(), [], "nothing before the approval")
        for finding in findings:
            self.until(service, finding, lambda d: d["stage"] == "awaiting_approval", "the group's draft")
        service.post(f"/v1/drafts/{draft['id']}/approve", {"comment": "close them all"})
        self.shows(service, "12 of 12 are open")
        issue, = self.jira.all()
        self.assertTrue([node for node in nodes(issue["fields"]["description"]) if node.get("type") == "table"])
        self.assertIn("sandbox-00007", text_of(issue))
        for finding in findings:
            dossier = self.until(service, finding, lambda d: d["stage"] == "delivered", "the group's ticket")
            self.assertEqual(dossier["ticket"]["key"], issue["key"])

        self.storm(service, range(12, 20))
        self.shows(service, "20 of 20 are open")
        self.assertEqual(self.drafts(service), [], "who joins is covered by the approval")
        self.storm(service, range(20), status="resolved")
        self.shows(service, "0 of 20 are open")
        service.wait_for(lambda: issue["status"] == "done", 20, "the ticket to be closed")
        self.storm(service, [3], severity="critical")
        self.shows(service, "1 of 20 is open")
        service.wait_for(lambda: issue["status"] != "done", 20, "the ticket to be taken up again")
        self.assertEqual(len(self.jira.creates()), 1)
        self.assertEqual(len([one for one in comments_of(issue) if "Resolved." in one]), 1)

    def test_other_rules_and_few_of_a_kind_have_tickets_of_their_own(self):
        service = self.start_grouping()
        self.storm(service, range(4))
        self.one_draft(service)
        alone = self.storm(service, [50, 51], rule="no-encryption")
        for finding in alone:
            dossier = self.awaiting(service, finding)
            self.assertFalse(dossier["draft"]["title"].startswith("Many findings"))
        self.assertEqual(len(self.drafts(service)), 3)

    def test_killed_in_a_storm_there_is_still_one(self):
        service = self.start_grouping()
        findings = self.storm(service, range(10))
        service.kill()
        service.start()
        findings += self.storm(service, range(8, 16))
        draft = self.one_draft(service, 40)
        self.jira.fault("lost", "POST", "/rest/api/3/issue")
        service.post(f"/v1/drafts/{draft['id']}/approve", {"comment": "go"})
        self.shows(service, "16 of 16 are open", 40)
        self.assertEqual(len(self.jira.all()), 1)

    def test_thousands(self):
        """The size comes from the environment: DOSSIER_STORM=10000 takes some minutes."""
        size = int(os.environ.get("DOSSIER_STORM", "60"))
        service = self.start_grouping()
        rules = ["public-bucket", "no-encryption", "no-logging"]
        shares = {rule: range(at * size, at * size + size // 3 + (at < size % 3)) for at, rule in enumerate(rules)}
        begin = time.monotonic()
        for rule, numbers in shares.items():
            self.storm(service, numbers, rule=rule)
        taken = time.monotonic() - begin

        def groups():
            drafts = self.drafts(service)
            done = len(drafts) == len(rules) and all(one["title"].startswith("Many") for one in drafts)
            return drafts if done else None
        for draft in service.wait_for(groups, 30 + size / 10, "a draft for each rule"):
            service.post(f"/v1/drafts/{draft['id']}/approve", {"comment": "go"})
        grouped = time.monotonic() - begin
        words = {rule: f"{len(numbers)} of {len(numbers)} are open" for rule, numbers in shares.items()}

        def all_told():
            texts = [text_of(one) for one in self.jira.all()]
            return len(texts) == len(rules) and all(any(one in text for text in texts) for one in words.values())
        service.wait_for(all_told, 30 + size / 10, "all of them in three tables")
        told = time.monotonic() - begin
        self.assertEqual(len(self.jira.creates()), len(rules))
        # Readable: a table with the first of them and how many more there are, within what the field takes.
        for issue in self.jira.all():
            rows = [node for node in nodes(issue["fields"]["description"]) if node.get("type") == "tableRow"]
            self.assertIn(len(rows), range(2, 52), "the head and at most fifty")
        for findings in (self.storm(service, numbers[:3], rule=rule) for rule, numbers in shares.items()):
            dossiers = [self.until(service, finding, lambda d: d["ticket"], "its ticket") for finding in findings]
            self.assertEqual(len({one["ticket"]["key"] for one in dossiers}), 1, "each member knows the ticket")
        if "DOSSIER_STORM" in os.environ:
            writes = [one for one in self.jira.journal if one.method != "GET" and one.path != "/rest/api/3/search/jql"]
            print(f"{size} findings of {len(rules)} rules: taken in {taken:.1f} s, {len(rules)} drafts after "
                  f"{grouped:.1f} s, {len(self.jira.all())} tickets that tell of all after {told:.1f} s, with "
                  f"{len(writes)} writes to the tracker")


if __name__ == "__main__":
    unittest.main()
