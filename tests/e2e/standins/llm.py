"""An OpenAI-compatible chat completion that checks requests as the vendor's strict mode does and answers by script.

`script` maps the evidence of a request to an answer; the default is a faithful one that repeats the evidence. Liars add
a sentence that the evidence doesn't bear. Every request is kept whole, so that a test can prove what never arrived.
"""

import json
import re

from .stand_in import Refusal, StandIn

API_KEY = "llm-api-key-of-the-tests"
PARAMETERS = {"model", "messages", "temperature", "max_completion_tokens", "max_tokens", "response_format", "stream",
              "store", "top_p", "seed", "user", "n", "stream_options"}
UNSUPPORTED = {"allOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else", "patternProperties"}


def refuse(status, message, code=None, kind="invalid_request_error", **headers):
    return Refusal(status, {"error": {"message": message, "type": kind, "param": None, "code": code}}, headers)


def strict_problem(schema, at="schema"):
    """Why strict structured output would refuse this schema."""
    if not isinstance(schema, dict):
        return f"{at} is no schema"
    if bad := UNSUPPORTED & set(schema):
        return f"{at} uses {sorted(bad)}"
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return f"{at}: additionalProperties must be false"
        if set(schema.get("required", [])) != set(schema.get("properties", {})):
            return f"{at}: every property must be required"
        for name, part in schema.get("properties", {}).items():
            if problem := strict_problem(part, f"{at}/{name}"):
                return problem
    if schema.get("type") == "array":
        return strict_problem(schema.get("items"), at + "/items")
    return None


def request_problem(body):
    if not isinstance(body, dict) or set(body) - PARAMETERS:
        return f"Unrecognized request argument: {sorted(set(body or {}) - PARAMETERS)}"
    messages = body.get("messages")
    if not isinstance(body.get("model"), str) or not isinstance(messages, list) or not messages:
        return "you must provide a model and messages"
    for message in messages:
        if message.get("role") not in ("system", "developer", "user", "assistant"):
            return f"role {message.get('role')}"
        if not isinstance(message.get("content"), str) or not message["content"]:
            return "content must be a non-empty string"
    if messages[0]["role"] not in ("system", "developer") or messages[-1]["role"] != "user":
        return "the first message is the system's and the last one a user's"
    if body.get("store") is not False or body.get("stream") not in (None, False, True):
        return "store must be false, stream a boolean"
    if ("stream_options" in body) != bool(body.get("stream")):
        return "stream_options belong to a stream, and a stream has to tell its usage"
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    if not isinstance(limit, int) or limit < 1:
        return "a limit on tokens is missing"
    wanted = body.get("response_format", {})
    if wanted.get("type") == "json_object":
        return None if "JSON" in json.dumps(messages) else "messages must contain the word JSON"
    named = wanted.get("json_schema", {})
    if wanted.get("type") != "json_schema" or named.get("strict") is not True:
        return "response_format must be a strict json_schema"
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", named.get("name", "")):
        return "response_format.json_schema.name"
    return strict_problem(named.get("schema"))


def evidence_of(body):
    """The evidence lines of a request: JSON objects between the two lines that carry the delimiter."""
    return evidence_in(next(one["content"] for one in body["messages"] if one["role"] == "user"))


def evidence_in(text):
    match = re.search(r"^BEGIN (\S+)\n(.*)^END \1$", text, re.DOTALL | re.MULTILINE)
    return [json.loads(line) for line in match[2].splitlines()] if match else []


def faithful(evidence, extra=(), only=None):
    """Repeats what the evidence states, each sentence with its id; `extra` are (text, ids) that a liar adds."""
    told = [item for item in evidence if only is None or item["kind"] in only]
    sentences = [{"text": item["statement"], "evidence": [item["id"]]} for item in told[:8]]
    sentences += [{"text": text, "evidence": list(ids)} for text, ids in extra]
    return {"summary": told[0]["statement"], "summary_evidence": [told[0]["id"]], "sentences": sentences}


def completion(content, finish="stop", refusal=None, prompt_tokens=900, completion_tokens=200):
    return {"id": "chatcmpl-e2e", "object": "chat.completion", "created": 1772611200, "model": "e2e-model-2026",
            "choices": [{"index": 0, "finish_reason": finish, "logprobs": None,
                         "message": {"role": "assistant", "content": content, "refusal": refusal}}],
            "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens,
                      "total_tokens": prompt_tokens + completion_tokens}}


def as_stream(answer):
    """A completion as server-sent events: pieces of the text, a comment, the usage, the end."""
    choice = answer["choices"][0]
    text = choice["message"].get("content") or ""
    base = {"id": answer["id"], "object": "chat.completion.chunk", "created": answer["created"],
            "model": answer["model"]}
    chunks = [{**base, "choices": [{"index": 0, "delta": {"content": text[at:at + 40]}, "finish_reason": None}]}
              for at in range(0, len(text), 40)]
    chunks.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    chunks.append({**base, "choices": [], "usage": answer["usage"]})
    events = [": ping", *(f"data: {json.dumps(chunk)}" for chunk in chunks), "data: [DONE]"]
    return "".join(event + "\r\n\r\n" for event in events).encode()


class Llm(StandIn):
    key = API_KEY
    structures = {"json_schema"}  # what it knows of response_format

    def __init__(self, script=faithful):
        self.script = script  # evidence → the answer as a mapping, as text, or as a whole completion
        self.headers = {}     # of its completions
        super().__init__()

    def config(self, name="main", **more):
        return {"name": name, "kind": "openai", "url": self.url + "/v1", "model": "e2e-model", "api_key": API_KEY,
                "timeout": "5s", **more}

    def answer(self, call):
        if (call.method, call.path) not in (("POST", "/v1/chat/completions"), ("GET", "/v1/models")):
            raise refuse(404, f"Invalid URL ({call.method} {call.path})")
        if call.headers.get("authorization") != f"Bearer {self.key}":
            raise refuse(401, "Incorrect API key provided", "invalid_api_key")
        if call.path == "/v1/models":
            return 200, {"object": "list", "data": [{"id": "e2e-model", "object": "model", "created": 1772611200,
                                                     "owned_by": "tests"}]}
        kind = (call.body or {}).get("response_format", {}).get("type")
        if kind not in self.structures:
            raise refuse(400, "This response_format type is unavailable now")
        if problem := request_problem(call.body):
            self.complain(problem)
            raise refuse(400, problem)
        answer = self.script(evidence_of(call.body))
        if isinstance(answer, dict) and "choices" not in answer:
            answer = json.dumps(answer)
        answer = completion(answer) if isinstance(answer, str) else answer
        if call.body.get("stream"):
            return 200, as_stream(answer), {"Content-Type": "text/event-stream", **self.headers}
        return 200, answer, self.headers

    def requests(self):
        return self.calls("POST", "/v1/chat/completions")

    def everything_received(self):
        with self.lock:
            return "\n".join(f"{call.path} {call.headers} {json.dumps(call.body, ensure_ascii=False)} "
                             + call.raw.decode(errors="replace") for call in self.journal)
