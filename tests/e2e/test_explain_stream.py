"""Explanations on demand as server-sent events: early, harmless, taken back when void, closed by the verified text."""

import http.client
import json
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import SLOW, TOKENS, Service, default_config, wiz_issue  # noqa: E402
from standins.llm import Llm, faithful  # noqa: E402
from standins.llm_vendors import Bedrock, exception_frame  # noqa: E402
from standins.streaming_llm import BREAK, StreamingLlm, in_pieces, stream_problem  # noqa: E402

NOTICE = "AI-Generated Guidance"
LIE = "The owner is Mallory Example and 987654 records were stolen."


def narrative(evidence, *more):
    return json.dumps(faithful(evidence, extra=[(text, [evidence[0]["id"]]) for text in more]))


class Events:
    """Reads a stream of server-sent events one by one over a connection of its own."""

    def __init__(self, service, body, accept="text/event-stream", token=TOKENS["analyst"]):
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20 * SLOW)
        self.connection.request("POST", "/v1/explain", json.dumps(body),
                                {"Content-Type": "application/json", "Accept": accept,
                                 "Authorization": f"Bearer {token}"})
        self.response = self.connection.getresponse()
        self.type = self.response.getheader("Content-Type")

    def __iter__(self):
        return self

    def __next__(self):
        name, data = None, None
        while line := self.response.readline():
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text[7:]
            elif text.startswith("data: "):
                data = json.loads(text[6:])
            elif not text and name:
                return name, data
        raise StopIteration

    def until(self, wanted):
        for name, data in self:
            if name == wanted:
                return data
        raise AssertionError(f"the stream ended without {wanted}")

    def close(self):
        # The response holds the socket, too: both have to let go of it for the other side to notice.
        self.response.close()
        self.connection.close()


class StreamCase(unittest.TestCase):
    def serve(self, *scripts, **overrides):
        self.llms = [StreamingLlm(script) for script in scripts]
        for llm in self.llms:
            self.addCleanup(llm.close)
            self.addCleanup(lambda llm=llm: self.assertEqual(llm.complaints, []))
        providers = [llm.config(f"llm-{i}") for i, llm in enumerate(self.llms)]
        # The webhook's own explanations would ask, too; here only what is asked for does.
        service = Service(default_config(llm={"providers": providers, "cache": False}, **overrides))
        self.addCleanup(service.close)
        service.start()
        return service

    def events(self, service, body=None, **more):
        events = Events(service, body or {"source": "wiz", "payload": wiz_issue()}, **more)
        self.addCleanup(events.close)
        self.assertEqual(events.response.status, 200)
        return events


class StandInTest(unittest.TestCase):
    def test_the_stand_in_refuses_what_is_no_request_for_a_stream(self):
        schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
        good = {"stream": True, "stream_options": {"include_usage": True}, "store": False, "messages": [{}],
                "response_format": {"json_schema": {"schema": schema}}}
        self.assertIsNone(stream_problem(good))
        for change in ({"stream_options": {}}, {"store": True}, {"messages": []},
                       {"response_format": {"json_schema": {"schema": {**schema, "required": ["x"]}}}}):
            self.assertIsNotNone(stream_problem({**good, **change}), change)


class ExplainStreamTest(StreamCase):
    def test_the_first_words_arrive_while_the_model_still_writes_and_lies_are_gone_at_the_end(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def slow_liar(evidence, _):
            pieces = in_pieces(narrative(evidence, LIE))
            return pieces[:6] + [go_on] + pieces[6:]

        service = self.serve(slow_liar)
        events = self.events(service)
        self.assertTrue(events.type.startswith("text/event-stream"))
        self.assertEqual(events.response.getheader("Cache-Control"), "no-store")
        names = []
        for name, data in events:
            names.append(name)
            if name == "delta":
                break
        self.assertFalse(self.llms[0].finished.is_set(), "the model was still writing")
        self.assertEqual(data["verified"], False)
        self.assertEqual(data["notice"], NOTICE)
        self.assertTrue(data["text"].strip())
        self.assertEqual([name for name in names if name != "delta"],
                         ["status", "status", "assessment", "evidence", "status"])
        go_on.set()
        shown, closing, rest = data["text"], None, []
        for name, data in events:
            rest.append(name)
            if name == "delta":
                shown += data["text"]
            if name == "dossier":
                closing = data
        self.assertEqual(rest[-2:], ["dossier", "done"])
        self.assertIn("Mallory", shown, "what streams is not verified, and says so")
        self.assertNotIn('"sentences"', shown)
        self.assertTrue(closing["verified"])
        self.assertEqual(closing["notice"], NOTICE)
        told = closing["dossier"]["narrative"]
        self.assertEqual(told["author"], "llm")
        self.assertNotIn("Mallory", json.dumps(told["sentences"]) + told["summary"] + closing["dossier"]["draft"]["body"]
                         .split("emoved")[0])
        self.assertTrue(any("Mallory" in one["text"] for one in told["removed"]))

    def test_a_client_that_leaves_ends_the_work(self):
        never = threading.Event()
        self.addCleanup(never.set)
        service = self.serve(lambda evidence, _: [*in_pieces(narrative(evidence))[:6], never])
        events = self.events(service)
        events.until("delta")
        events.close()
        self.assertTrue(self.llms[0].left.wait(15 * SLOW), "the call to the model must end with its reader")
        self.assertEqual(service.get("/healthz")["status"], "ok")
        called = service.wait_for(lambda: service.items("/v1/audit?action=llm.called"), 10, "the record of the call")
        self.assertEqual(len(called), 1)

    def test_a_provider_that_breaks_off_is_taken_back_and_the_template_closes(self):
        service = self.serve(lambda evidence, _: [*in_pieces(narrative(evidence))[:8], BREAK],
                             lambda evidence, _: [*in_pieces(narrative(evidence))[:8], BREAK])
        events = list(self.events(service))
        names = [name for name, _ in events]
        self.assertIn("delta", names)
        self.assertGreaterEqual(names.count("restart"), 1)
        self.assertLess(names.index("delta"), names.index("restart"))
        closing = dict(events)["dossier"]
        self.assertEqual(closing["dossier"]["narrative"]["author"], "template")
        self.assertEqual(len([n for n in closing["dossier"]["narrative"]["notes"] if n.startswith("llm ")]), 2)
        self.assertEqual(names[-1], "done")

    def test_what_streams_carries_no_markup_and_no_links(self):
        attack = "See <script>alert(1)</script> at https://evil.example/?q=1 or mail eve@evil.example today."
        service = self.serve(lambda evidence, _: in_pieces(narrative(evidence, attack), 5))
        shown = "".join(data["text"] for name, data in self.events(service) if name == "delta")
        self.assertIn("today", shown)
        for bad in ("<", ">", "://", "eve@evil.example"):
            self.assertNotIn(bad, shown)

    def test_json_stays_the_default_and_the_accept_field_is_weighed(self):
        service = self.serve(lambda evidence, _: in_pieces(narrative(evidence)))
        body = {"source": "wiz", "payload": wiz_issue()}
        for accept, streams in (("*/*", False), ("application/json", False), ("text/event-stream", True),
                                ("text/event-stream;q=0.5, application/json", False),
                                ("text/event-stream, application/json;q=0.5", True),
                                ("text/event-stream;q=0", False), ("text/event-stream, */*;q=0.1", True)):
            with self.subTest(accept):
                events = self.events(service, body, accept=accept)
                kind = "text/event-stream" if streams else "application/json"
                self.assertTrue(events.type.startswith(kind), events.type)
                answer = events.until("dossier") if streams else json.loads(events.response.read())
                self.assertEqual(answer["notice"], NOTICE)
                self.assertEqual(answer["dossier"]["narrative"]["author"], "llm")
                events.close()

    def test_errors_before_the_stream_are_plain_problems(self):
        service = self.serve(lambda evidence, _: [])
        accept = {"Accept": "text/event-stream"}
        for body, status in (({"finding_id": "fnd_nobody"}, 404), ({}, 400), ({"source": "wiz", "payload": {}}, 400)):
            answer = service.request("POST", "/v1/explain", body, accept)
            self.assertEqual(answer[0], status, answer[2])
            self.assertEqual(answer[1]["Content-Type"], "application/problem+json")
        self.assertEqual(service.request("POST", "/v1/explain", {}, accept, token=TOKENS["viewer"])[0], 403)

    def test_stopping_ends_a_stream_in_time(self):
        never = threading.Event()
        self.addCleanup(never.set)
        service = self.serve(lambda evidence, _: [*in_pieces(narrative(evidence))[:6], never],
                             server={"listen": "127.0.0.1:0", "drain_timeout": "300ms"})
        events = self.events(service)
        events.until("delta")
        self.assertEqual(service.stop(), 0)

    def test_the_command_line_streams_beside_the_verified_answer(self):
        service = self.serve(lambda evidence, _: in_pieces(narrative(evidence, LIE)))
        finding = service.send("wiz", wiz_issue())["findings"][0]["id"]
        service.settled(finding)
        done = service.cli("explain", "--finding", finding, "--url", service.url, "--token", TOKENS["analyst"],
                           "--stream")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("not verified yet", done.stderr)
        self.assertIn("Mallory", done.stderr)
        self.assertIn(NOTICE, done.stdout)
        service.write_file("payload.json", json.dumps(wiz_issue()))
        local = service.cli("explain", "-c", "dossier.yaml", "--source", "wiz", "--stream", "payload.json")
        self.assertEqual(local.returncode, 0, local.stderr)
        self.assertIn("Mallory", local.stderr)
        self.assertIn(NOTICE, local.stdout)
        self.assertEqual(service.cli("explain").returncode, 2)
        unknown = service.cli("explain", "--finding", "fnd_0", "--url", service.url, "--token", TOKENS["analyst"],
                              "--stream")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("404", unknown.stderr)


class BedrockStreamTest(StreamCase):
    """ConverseStream: binary frames, whose checksums, lengths and exceptions are taken for what they are."""

    def setUp(self):
        self.aws, self.spare = Bedrock(), Llm()
        for llm in (self.aws, self.spare):
            self.addCleanup(llm.shut)
            self.addCleanup(lambda llm=llm: self.assertEqual(llm.complaints, []))

    def explained(self, *providers):
        """(names of the events, the closing dossier)"""
        service = Service(default_config(llm={"providers": list(providers), "cache": False}))
        self.addCleanup(service.close)
        service.start()
        events = list(self.events(service))
        closing, = [data for name, data in events if name == "dossier"]
        return [name for name, _ in events], closing["dossier"]["narrative"]

    def test_its_words_are_shown_as_they_come(self):
        for config in (self.aws.config(), self.aws.config(by_key=True), self.aws.config(structured="tool")):
            names, narrative = self.explained(config)
            self.assertGreater(names.count("delta"), 3)
            self.assertEqual(names[-2:], ["dossier", "done"])
            self.assertEqual((narrative["author"], narrative["grounding_score"]), ("llm", 1.0), narrative["notes"])
            self.assertEqual((narrative["cost"]["prompt_tokens"], narrative["cost"]["completion_tokens"]), (900, 200))
        self.assertEqual({call.path.rpartition("/")[2] for call in self.aws.requests()}, {"converse-stream"})

    def test_who_may_not_stream_gets_the_whole_text_at_once(self):
        self.aws.may_stream = False
        names, narrative = self.explained(self.aws.config())
        self.assertEqual(narrative["author"], "llm", narrative["notes"])
        self.assertIn("delta", names)
        self.assertEqual([call.path.rpartition("/")[2] for call in self.aws.requests()], ["converse-stream", "converse"])

    def test_a_stream_that_lies_is_named_and_the_next_provider_writes(self):
        def flip(frames):
            middle = bytearray(frames[5])
            middle[-6] ^= 1
            return [*frames[:5], bytes(middle), *frames[6:]]

        rows = [
            ("a bit that fell over", flip, "malformed"),
            ("cut in the middle of a frame", lambda frames: [b"".join(frames)[:700]], "outcome_unknown"),
            ("a frame of 4 GiB", lambda frames: [*frames[:3], b"\xff" * 400], "malformed"),
            ("throttled half way", lambda frames: [*frames[:6], exception_frame("throttlingException")], "rate_limited"),
        ]
        for name, spoil, code in rows:
            with self.subTest(name):
                self.aws.spoil = spoil
                names, narrative = self.explained(self.aws.config(), self.spare.config("spare"))
                self.assertEqual((narrative["author"], narrative["provider"]), ("llm", "spare"), narrative["notes"])
                self.assertTrue(any(code in note for note in narrative["notes"]), narrative["notes"])
                self.assertIn("restart", names, "what was shown of it is taken back")


if __name__ == "__main__":
    unittest.main()
