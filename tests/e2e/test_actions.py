"""Approved policy drafts: a pull request, a merge request, files, a message. Once, and the ticket hears of it."""

import unittest
import urllib.error
import urllib.request

from harness import TOKENS, generic_event
from standins.forges import Github, Gitlab, Receiver
from standins.jira import Jira
from tracker_steps import TrackerCase, tracker_config

PULLS, REFS = "/repos/acme/policies/pulls", "/repos/acme/policies/git/refs"


class ActionCase(TrackerCase):
    def start(self, forge, target=None, mode="assist", rules=(), **more):
        self.jira = Jira()
        self.watch(self.jira, *([forge] if forge else []))
        config = tracker_config(self.jira.config(timeout="5s"), mode=mode, actions={"policies": [target or forge.config()]},
                                **more)
        if rules:
            config["approval"] = {"rules": list(rules)}
        config["routes"][0].update(policy_drafts=True, policy_sink="policies")
        self.service = self.serve(config)
        return self.service

    def drafts(self, bucket="acme-open-1"):
        """The dossier with its ticket, and the drafts of policies that wait."""
        self.finding = self.deliver(self.service, generic_event(f"A-{bucket}", bucket=bucket))
        dossier = self.ticketed(self.service, self.finding)
        policies = self.service.items(f"/v1/drafts?dossier_id={dossier['id']}&kind=policy")
        self.assertTrue(policies)
        return dossier, policies

    def approve_draft(self, draft, role="approver"):
        return self.service.request("POST", f"/v1/drafts/{draft['id']}/approve", body={"comment": "good"},
                                    token=TOKENS[role])

    def outcome(self, state, timeout=20):
        def look():
            actions = self.dossier(self.service, self.finding)["actions"]
            return actions[0] if actions and actions[0]["state"] == state else None
        return self.service.wait_for(look, timeout, f"an action that is {state}")

    def told(self, words):
        """The comments of the ticket that hold `words`, once there is one."""
        def look():
            return [one for issue in self.jira.all() for one in issue["comments"] if words in str(one)]
        self.service.wait_for(look, 20, f"a comment with {words}")
        return look()


class PullRequests(ActionCase):
    def test_an_approved_draft_is_one_pull_request_and_its_ticket_says_so(self):
        github = Github()
        self.start(github)
        _, policies = self.drafts()
        self.assertEqual({one["sink"] for one in policies}, {"policies"})
        self.assertEqual([one.method for one in github.journal], [], "nothing happens before the approval")
        self.assertEqual(self.approve_draft(policies[0])[0], 200)
        done = self.outcome("done")
        self.assertEqual((done["id"], done["url"]), ("acme/policies#1", "https://github.example/acme/policies/pull/1"))
        (pull,) = github.requests
        self.assertTrue(pull["draft"])
        self.assertEqual([one["name"] for one in pull["labels"]], ["dossier"])
        self.assertEqual([one["login"] for one in pull["requested_reviewers"]], ["sec-lead"])
        for words in ("| Who | What | Before | After | Why |", "Approved by the-approver", policies[0]["content_hash"],
                      "no LLM wrote any of it"):
            self.assertIn(words, pull["body"])
        files = github.branches[pull["head"]["ref"]]
        self.assertTrue(any(path.endswith("/policy.json") for path in files), list(files))
        self.assertEqual(github.branches["main"], {"LICENSE": b"ours\n"})
        posted = self.service.wait_for(
            lambda: (one := self.service.get(f"/v1/drafts/{policies[0]['id']}"))["state"] == "posted" and one, 20, "posted")
        self.assertEqual(posted["ticket"]["url"], pull["html_url"])
        self.assertEqual(len(self.told("acme/policies#1")), 1)
        self.assertEqual(len(self.audit(self.service, "action.done")), 1)
        self.assertTrue(self.service.get("/v1/audit/verify")["ok"])

    def test_one_pull_request_over_every_fault(self):
        for method, path in [("POST", REFS), ("PUT", r".*/contents/.*/README\.md"), ("POST", PULLS),
                             ("POST", r".*/labels")]:
            for kind in ("drop", "lost") if "refs" in path or "labels" in path else ("lost", "half", "error"):
                with self.subTest(path=path, kind=kind):
                    if not hasattr(self, "github"):
                        self.github = Github()
                        self.start(self.github)
                    self.github.fault(kind, method, path)
                    before = len(self.github.requests)
                    _, policies = self.drafts(f"acme-open-{kind}-{len(path)}")
                    self.approve_draft(policies[0])
                    self.outcome("done")
                    self.assertEqual(len(self.github.requests), before + 1)

    def test_waits_as_told_and_for_new_credentials(self):
        github = Github()
        self.start(github)
        slow = {"status": 403, "body": {"message": "You have exceeded a secondary rate limit"}}
        github.fault("refuse", "GET", PULLS, headers={"Retry-After": "1"}, **slow)
        github.fault("refuse", "GET", PULLS, status=401, body={"message": "Bad credentials"})
        _, policies = self.drafts()
        self.approve_draft(policies[0])
        self.outcome("done")
        self.assertEqual(len(github.requests), 1)

    def test_what_is_refused_is_said_on_the_ticket_and_not_tried_again(self):
        github = Github()
        self.start(github, github.config(repository="acme/elsewhere"))
        _, policies = self.drafts()
        self.approve_draft(policies[0])
        failed = self.outcome("failed")
        self.assertIn("404", failed["reason"])
        self.assertEqual(len(self.told("Not done by policies")), 1)
        self.assertEqual(len(self.audit(self.service, "action.failed")), 1)
        self.assertEqual(self.service.get(f"/v1/drafts/{policies[0]['id']}")["state"], "approved")

    def test_once_over_a_kill_between_the_call_and_its_answer(self):
        github = Github()
        self.start(github)
        _, policies = self.drafts()
        held = github.fault("hold", "POST", PULLS)
        self.approve_draft(policies[0])
        self.assertTrue(held.reached.wait(20))
        self.service.kill()
        held.release.set()
        self.service.start()
        self.outcome("done", 30)
        self.assertEqual(len(github.requests), 1)
        self.assertEqual(len(self.told("acme/policies#1")), 1)

    def test_the_switch_and_the_rules_hold(self):
        github = Github()
        self.start(github, rules=[{"when": {"kind": ["policy"]}, "roles": ["legal"]}])
        _, policies = self.drafts()
        self.assertEqual(self.approve_draft(policies[0])[0], 403)
        self.service.post("/v1/mode", {"mode": "observe"})
        self.assertEqual(self.approve_draft(policies[0], "admin")[0], 200)
        self.service.wait_for(lambda: self.service.get(f"/v1/drafts/{policies[0]['id']}")["state"] == "approved", 20, "it")
        self.assertEqual(github.journal, [])


class OtherTargets(ActionCase):
    def test_a_merge_request_once_over_lost_answers(self):
        gitlab = Gitlab()
        self.start(gitlab)
        gitlab.fault("lost", "POST", ".*/repository/commits")
        gitlab.fault("lost", "POST", ".*/merge_requests")
        _, policies = self.drafts()
        self.approve_draft(policies[0])
        done = self.outcome("done")
        self.assertEqual(done["id"], "acme/cloud/policies!1")
        (request,) = gitlab.requests
        self.assertTrue(request["title"].startswith("Draft: "))
        self.assertEqual(request["labels"], "dossier,policy")
        self.assertEqual(len(self.told("policies!1")), 1)

    def test_a_signed_message_with_one_key(self):
        receiver = Receiver()
        self.start(receiver)
        receiver.fault("lost", "POST", "/hook")
        _, policies = self.drafts()
        self.approve_draft(policies[0])
        self.assertEqual(self.outcome("done")["url"], "https://changes.example/7")
        self.assertEqual(len(receiver.taken), 1)
        (message,) = receiver.taken.values()
        self.assertEqual(message["draft"]["content_hash"], policies[0]["content_hash"])

    def test_files_stay_in_their_directory_and_overwrite_nothing(self):
        service = self.start(None, {"name": "policies", "kind": "file", "directory": "."})
        root = service.dir / "policies-of-the-test"
        root.mkdir()
        service.config["actions"]["policies"][0].update(directory=str(root), path="fixed/{{resource.name}}")
        service.stop()
        service.write_config(service.config)
        service.start()
        _, policies = self.drafts("acme-open-files")
        self.approve_draft(policies[0])
        done = self.outcome("done")
        places = sorted(str(one.relative_to(root)) for one in root.rglob("*") if one.is_file())
        self.assertIn(done["id"] + "/README.md", places)
        self.assertTrue(all(one.startswith("fixed/") and ".." not in one for one in places), places)
        self.assertFalse([one for one in places if one.endswith(".tmp")])
        readme = root / done["id"] / "README.md"
        readme.write_text("somebody else's")
        self.approve_draft(policies[1])
        self.service.wait_for(lambda: [one for one in self.dossier(service, self.finding)["actions"]
                                       if one["state"] == "failed"], 20, "the refusal")
        self.assertEqual(readme.read_text(), "somebody else's")


class StandInsRefuse(unittest.TestCase):
    """What the stand-ins check would be missed if it went wrong."""

    def refused(self, stand_in, method, path, status, headers, body=b"{}"):
        self.addCleanup(stand_in.shut)
        request = urllib.request.Request(stand_in.url + path, body if method != "GET" else None, method=method,
                                         headers={"Content-Type": "application/json", **headers})
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        self.assertEqual(caught.exception.code, status)
        caught.exception.close()

    def test_known_bad_requests(self):
        good = {"Authorization": "Bearer a-forge-token-of-the-tests", "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28", "User-Agent": "x"}
        self.refused(Github(), "GET", "/repos/acme/policies", 401, {})
        self.refused(Github(), "PUT", "/repos/acme/policies/contents/a", 422, good,
                     b'{"message":"m","content":"eA==","branch":"main"}')
        self.refused(Gitlab(), "GET", "/api/v4/projects/acme%2Fcloud%2Fpolicies", 401, {})
        self.refused(Receiver(), "POST", "/hook", 401, {"X-Dossier-Timestamp": "1"})


if __name__ == "__main__":
    unittest.main()
