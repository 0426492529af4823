"""Every kind of LLM provider through the binary: by whom a text is written, and what becomes of each way to fail."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import default_config, wiz_issue  # noqa: E402
from standins import aws_signature, contracts  # noqa: E402
from standins.llm import Llm, completion, faithful, refuse  # noqa: E402
from standins.llm_vendors import (Anthropic, Azure, Bedrock, contract_errors, openai_errors,  # noqa: E402
                                  schema_problem, turns_problem)
from standins.stand_in import Call, Refusal  # noqa: E402
from tracker_steps import TrackerCase  # noqa: E402


class JudgesTest(unittest.TestCase):
    """Each judge is seen to refuse before anything rests on it."""

    def test_bad_requests_are_refused(self):
        self.assertIsNone(schema_problem({"type": "object", "properties": {"pattern": {"type": "string"}}}))
        self.assertIsNotNone(schema_problem({"properties": {"a": {"type": "string", "maxLength": 3}}}))
        user = {"role": "user", "content": "x"}
        self.assertIsNone(turns_problem([user], lambda one: one["content"]))
        for turns in ([], [user, user], [{"role": "system", "content": "x"}], [{"role": "user", "content": ""}]):
            self.assertIsNotNone(turns_problem(turns, lambda one: one["content"]), turns)
        claude = Anthropic()
        self.addCleanup(claude.shut)
        body = {"model": "m", "messages": [user], "max_tokens": 5}
        for headers in ({}, {"x-api-key": "wrong"}):
            with self.assertRaises(Refusal):
                claude.answer(Call("POST", "/v1/messages", {}, headers, b"", body))
        aws = Bedrock()
        self.addCleanup(aws.shut)
        unsigned = Call("POST", "/", {}, {"authorization": aws_signature.ALGORITHM + " nonsense"}, b"", {}, target="/")
        with self.assertRaises(Refusal):
            aws.answer(unsigned)

    @unittest.skipUnless(contracts.load("upstream/llm/bedrock-converse.schema.json"), "the contracts are not here")
    def test_the_vendors_own_types_refuse_bad_bodies(self):
        text = {"role": "user", "content": [{"text": "x"}]}
        self.assertEqual(contract_errors("bedrock-converse.schema.json", "ConverseRequestBody", {"messages": [text]}), [])
        self.assertTrue(contract_errors("bedrock-converse.schema.json", "ConverseRequestBody",
                                        {"messages": [{"role": "user", "content": "x"}]}))
        good = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
        self.assertEqual(contract_errors("anthropic-messages.request.schema.json", "MessagesRequest", good), [])
        self.assertTrue(contract_errors("anthropic-messages.request.schema.json", "MessagesRequest",
                                        {**good, "temperature": "hot"}))
        chat = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        self.assertEqual(openai_errors(chat), [])
        self.assertTrue(openai_errors({**chat, "temperature": "hot"}))


class ProvidersCase(TrackerCase):
    number = 0

    def start(self, *providers, **more):
        return self.serve(default_config(llm={"providers": list(providers), "cache": False, **more}))

    def explained(self, service):
        """The settled dossier of an exposure that nobody has seen."""
        ProvidersCase.number += 1
        issue = wiz_issue(f"p-{self.number}", account=f"{300000000000 + self.number}")
        return service.settled(self.deliver(service, issue, "wiz"))["dossier"]

    def written_by(self, dossier, provider, model=None):
        narrative = dossier["narrative"]
        self.assertEqual((narrative["author"], narrative.get("provider")), ("llm", provider), narrative["notes"])
        if model:
            self.assertEqual(narrative["model"], model)
        return narrative


class KindsTest(ProvidersCase):
    def test_each_kind_writes_by_its_own_means(self):
        azure, claude, aws = Azure(), Anthropic(), Bedrock()
        self.watch(azure, claude, aws)
        rows = [
            ("Azure by deployment", azure, azure.config(), "e2e-model-2026", 900),
            ("Claude", claude, claude.config(), "claude-e2e-20260101", 900),
            ("Claude by tool", claude, claude.config(structured="tool"), "claude-e2e-20260101", 900),
            ("Bedrock, signed", aws, aws.config(), aws.model, 900),
            ("Bedrock with a key, by tool", aws, aws.config(by_key=True, structured="tool"), aws.model, 900),
        ]
        for name, vendor, config, model, prompt_tokens in rows:
            with self.subTest(name):
                before = len(vendor.calls("POST"))
                service = self.start({**config, "price": {"input": 10, "output": 100}})
                narrative = self.written_by(self.explained(service), config["name"], model)
                self.assertEqual(narrative["grounding_score"], 1.0)
                self.assertEqual(len(vendor.calls("POST")), before + 1)
                call, = self.audit(service, "llm.called")
                self.assertEqual((call["prompt_tokens"], call["completion_tokens"]), (prompt_tokens, 200))
                self.assertAlmostEqual(call["usd"], (prompt_tokens * 10 + 200 * 100) / 1e6)
                secrets = [value for key, value in config.items() if key in ("api_key", "secret_access_key")]
                for secret in secrets:
                    self.assertNotIn(secret, service.log_text())
                service.close()

    def test_check_connect_tries_each_without_buying_a_token(self):
        azure, claude, aws, openai = Azure(), Anthropic(), Bedrock(), Llm()
        self.watch(azure, claude, aws, openai)
        service = self.serve(default_config(llm={"providers": [azure.config(), claude.config(), aws.config(),
                                                               aws.config("key", by_key=True), openai.config(),
                                                               claude.config("stranger", api_key="wrong-key")]}),
                             start=False)
        done = service.cli("check", "-c", str(service.dir / "dossier.yaml"), "--connect")
        rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith("llm.")}
        for name in ("azure", "claude", "aws", "key", "main"):
            self.assertRegex(rows[f"llm.providers[{name}]"], r"\bok\b")
        self.assertIn("credentials refused", rows["llm.providers[stranger]"])
        self.assertEqual([call for vendor in (azure, claude, aws, openai) for call in vendor.calls("POST")], [])
        self.assertEqual(done.returncode, 1)


class FailuresTest(ProvidersCase):
    """What one provider can't do the next one does, and the dossier says who wrote and why not the first."""

    def test_what_each_vendor_refuses_the_next_provider_writes(self):
        azure, claude, aws, spare = Azure(), Anthropic(), Bedrock(), Llm()
        self.watch(azure, claude, aws, spare)
        filtered = refuse(400, "The response was filtered", "content_filter").body
        spent = {"type": "error", "error": {"type": "invalid_request_error",
                                            "message": "You have reached your specified API usage limits."}}
        busy = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        amzn = "x-amzn-errortype"
        rows = [
            ("Azure's content filter", azure, (400, filtered, {}), "rejected"),
            ("Azure's content filter in a 200", azure,
             (200, {"choices": [{"finish_reason": "content_filter", "index": 0}]}, {}), "rejected"),
            ("a deployment that is gone", azure, (404, refuse(404, "gone", "DeploymentNotFound").body, {}), "not_found"),
            ("a wait of an hour", azure, (429, refuse(429, "wait", "429").body, {"Retry-After": "3600"}), "rate_limited"),
            ("Claude's spend limit", claude, (400, spent, {}), "quota_exhausted"),
            ("Claude overloaded", claude, (529, busy, {}), "unavailable"),
            ("Claude refuses", claude, (200, {"type": "message", "stop_reason": "refusal", "content": []}, {}), "rejected"),
            ("garbage inside a 200", claude, (200, b"<html>Bad Gateway</html>", {}), "malformed"),
            ("Bedrock: no right", aws, (403, {"message": "no"}, {amzn: "AccessDeniedException"}), "forbidden"),
            ("Bedrock: too slow", aws, (408, {"message": "slow"}, {amzn: "ModelTimeoutException"}), "timeout"),
            ("Bedrock: a guardrail", aws,
             (200, {"output": {"message": {"role": "assistant", "content": [{"text": "no"}]}},
                    "stopReason": "guardrail_intervened"}, {}), "rejected"),
        ]
        lasting = ("quota_exhausted", "forbidden", "not_found", "rate_limited")
        for vendor in (azure, claude, aws):
            service = None
            for name, _, said, code in sorted((row for row in rows if row[1] is vendor), key=lambda row: row[3] in lasting):
                with self.subTest(name):
                    vendor.said = said
                    vendor.script = self.saying(said) if vendor is azure else faithful
                    service = service or self.start(vendor.config("first", timeout="2s"), spare.config("spare"))
                    before = len(vendor.calls("POST"))
                    narrative = self.written_by(self.explained(service), "spare")
                    note = next(one for one in narrative["notes"] if one.startswith("llm first"))
                    self.assertIn(code, note)
                    asked = len(vendor.calls("POST")) - before
                    self.assertLessEqual(asked, 2, "what is refused is not asked again and again")
                    if code in lasting:
                        self.written_by(self.explained(service), "spare")
                        self.assertEqual(len(vendor.calls("POST")) - before, asked, "it is left alone for a while")
                        service.close()
                        service = None

    @staticmethod
    def saying(said):
        def script(_):
            raise Refusal(*said)
        return script

    def test_a_cut_answer_is_asked_for_once_more_with_more_room(self):
        cut = self.watch(Llm())
        limits = []

        def script(evidence):
            limits.append(cut.requests()[-1].body["max_completion_tokens"])
            return completion('{"summary": "Half', finish="length") if len(limits) == 1 else faithful(evidence)
        cut.script = script
        self.written_by(self.explained(self.start(cut.config())), "main")
        self.assertEqual(limits[1], 2 * limits[0])

    def test_a_window_that_is_used_up_is_respected(self):
        main, spare = Llm(), Llm()
        self.watch(main, spare)
        main.headers = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}
        service = self.start(main.config(), spare.config("spare"))
        self.written_by(self.explained(service), "main")
        narrative = self.written_by(self.explained(service), "spare")
        self.assertIn("rate_limited", narrative["notes"][0])
        self.assertEqual(len(main.requests()), 1, "the provider said that it has no tokens left")

    def test_a_server_without_schemas_is_asked_in_words(self):
        main = self.watch(Llm())
        main.structures = {"json_object"}
        service = self.start(main.config())
        self.written_by(self.explained(service), "main")
        asked = [call.body.get("response_format", {}).get("type") for call in main.requests()]
        self.assertEqual(asked, ["json_schema", "json_object"])
        self.written_by(self.explained(service), "main")
        self.assertEqual(len(main.requests()), 3, "learned once")

    def test_a_small_window_is_shown_the_weightiest_evidence_and_the_dossier_says_so(self):
        main = self.watch(Llm())
        service = self.start(main.config(max_tokens=500, context_window=3500))
        dossier = self.explained(service)
        narrative = self.written_by(dossier, "main")
        self.assertTrue(narrative["left_out"], "nothing was left out: the window is too large for this test")
        shown = {item["kind"] for item in narrative["evidence"]}
        self.assertLessEqual({"severity", "resource", "exposure"}, shown)
        self.assertIn("for lack of room it was not shown", dossier["draft"]["body"])


if __name__ == "__main__":
    unittest.main()
