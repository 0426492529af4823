"""SIGHUP takes a new configuration and new prompts without a restart, and refuses a broken one as a whole."""

import copy
import signal
import unittest

import yaml

from counting_llm import CountingLlm
from harness import ROOT, Service, default_config, wiz_issue


class Reload(unittest.TestCase):
    def setUp(self):
        self.llm = CountingLlm()
        self.addCleanup(self.llm.close)
        self.service = Service(default_config(llm={"providers": [self.llm.provider()], "prompts": "prompts"}))
        self.addCleanup(self.service.close)
        for name in ("narrative-1.0.0.md", "narrative-1.0.0.schema.json"):
            self.service.write_file(f"prompts/{name}", (ROOT / "config/prompts" / name).read_text())
        self.service.start()

    def finding(self, name):
        answer = self.service.send("wiz", wiz_issue(f"W-{name}", bucket=f"acme-payments-{name}"))
        return self.service.settled(answer["findings"][0]["id"])

    def test_new_routes_hold_for_what_comes_and_leave_what_was(self):
        before = self.finding("before")
        self.assertEqual(before["dossier"]["route"]["route"], "everything")
        config = copy.deepcopy(self.service.config)
        config["routes"] = [{"name": "quiet", "do": "digest"}]
        self.service.write_config(config)
        self.assertTrue(self.service.reload())
        after = self.finding("after")
        self.assertEqual((after["dossier"]["route"]["route"], after["finding"]["stage"]), ("quiet", "digested"))
        self.assertEqual(self.service.get(f"/v1/drafts/{before['dossier']['draft']['id']}")["state"], "pending")

    def test_a_new_prompt_version_is_used_and_named(self):
        old = self.finding("old")["dossier"]["narrative"]["prompt"]
        self.assertEqual((old["id"], old["version"]), ("narrative", "1.0.0"))
        text = (ROOT / "config/prompts/narrative-1.0.0.md").read_text()
        self.service.write_file("prompts/narrative-1.1.0.md", text.replace("version: 1.0.0", "version: 1.1.0")
                                + "\n- Mind the canary in the coal mine.\n")
        self.assertTrue(self.service.reload())
        new = self.finding("new")["dossier"]["narrative"]["prompt"]
        self.assertEqual((new["id"], new["version"]), ("narrative", "1.1.0"))
        self.assertNotEqual(new["hash"], old["hash"])
        self.assertIn("canary in the coal mine", self.llm.prompts[-1][0])
        self.assertNotIn("canary in the coal mine", self.llm.prompts[0][0])

    def test_sources_and_tokens_change_too(self):
        config = copy.deepcopy(self.service.config)
        config["sources"] = [{"name": "late", "kind": "wiz", "auth": {"type": "bearer", "token": "late-token-0123456"}}]
        config["auth"]["tokens"] = [{"name": "new", "role": "admin", "token": "the-new-admin-token"}]
        self.service.write_config(config)
        self.assertTrue(self.service.reload())
        late = {"Authorization": "Bearer late-token-0123456"}
        self.assertEqual(self.service.request("POST", "/v1/webhooks/late", wiz_issue("W-late"), late)[0], 202)
        self.assertEqual(self.service.request("POST", "/v1/webhooks/wiz", wiz_issue("W-gone"), late)[0], 404)
        self.assertEqual(self.service.request("GET", "/v1/findings")[0], 401)
        self.assertEqual(self.service.request("GET", "/v1/findings", token="the-new-admin-token")[0], 200)

    def test_a_broken_configuration_is_refused_and_the_old_one_goes_on(self):
        for name, text in [("no YAML", "mode: [assist"), ("an unknown key", "modes: assist\n"), ("an empty file", ""),
                           ("half a file", yaml.safe_dump({"auth": self.service.config["auth"]})), ("nothing at all", None)]:
            with self.subTest(name):
                if text is None:
                    self.service.config_path.unlink()
                else:
                    self.service.write_file("dossier.yaml", text)
                self.assertFalse(self.service.reload())
                found = self.finding(f"still-{name.replace(' ', '-')}")
                self.assertEqual(found["finding"]["stage"], "awaiting_approval")
        self.service.write_file("prompts/narrative-2.0.0.md", "---\nid: narrative\nversion: 2.0.0\nschema: gone.json\n---\nx\n")
        self.service.write_config(self.service.config)
        self.assertFalse(self.service.reload())
        self.assertEqual(self.finding("kept")["dossier"]["narrative"]["prompt"]["version"], "1.0.0")

    def test_a_reload_that_is_asked_for_while_it_stops_does_not_end_it(self):
        # Its drain has something to wait for: a finding whose explanation is being written.
        self.llm.gate.clear()
        self.service.send("wiz", wiz_issue("W-drain", bucket="acme-payments-drain"))
        self.service.wait_for(lambda: self.llm.asked["acme-payments-drain"], 20, "the LLM to be asked")
        self.service.process.send_signal(signal.SIGTERM)
        self.service.wait_for(lambda: "service.stopping" in self.service.log_text(), 20, "the drain to begin")
        self.service.process.send_signal(signal.SIGHUP)
        self.llm.gate.set()
        self.assertEqual(self.service.process.wait(60), 0)
        self.assertIn("service.stopped", self.service.log_text())


if __name__ == "__main__":
    unittest.main()
