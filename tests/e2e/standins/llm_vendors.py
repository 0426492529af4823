"""Azure OpenAI, Anthropic and Bedrock as each takes and refuses requests; answers by script, as `llm.Llm` does.

Requests are held against the vendors' own types where the folder of contracts is there, and against the rules below
always. A vendor that has a `said` answers with it instead: (status, body, headers).
"""

import json
import re
import struct
import urllib.parse
import zlib

import jsonschema

from . import aws_signature, contracts
from .llm import Llm, evidence_in, faithful, refuse, strict_problem
from .stand_in import Refusal, StandIn

ANTHROPIC_KEY = "anthropic-key-of-the-tests"
AZURE_KEY = "azure-key-of-the-tests"
BEDROCK_KEY = "bedrock-key-of-the-tests"
AWS_KEYS = ("AKIDLLMOFTHETESTS", "aws-secret-of-the-tests")
NOT_ENFORCED = {"minLength", "maxLength", "minimum", "maximum", "maxItems", "pattern", "multipleOf", "uniqueItems"}


def contract_errors(name, definition, body):
    """What the vendor's own types have against a body; nothing where the folder isn't there."""
    document = contracts.load(f"upstream/llm/{name}")
    if document is None:
        return []
    schema = {"$ref": f"#/definitions/{definition}", "definitions": document["definitions"]}
    return contracts.first_errors(jsonschema.Draft7Validator(schema), body)


def openai_errors(body):
    document = contracts.load("upstream/llm/openai-chat.openapi.json")
    if document is None:
        return []
    schema = {"$ref": "#/components/schemas/CreateChatCompletionRequest", "components": document["components"]}
    return contracts.first_errors(jsonschema.Draft202012Validator(schema), body)


def schema_problem(schema, at="schema"):
    """Why a vendor that enforces a part of JSON Schema only would refuse this one."""
    if isinstance(schema, list):
        return next(filter(None, (schema_problem(part, at) for part in schema)), None)
    if not isinstance(schema, dict):
        return None
    if bad := [key for key in NOT_ENFORCED & set(schema) if not isinstance(schema[key], dict)]:
        return f"{at} uses {bad}"
    return next(filter(None, (schema_problem(part, f"{at}/{key}") for key, part in schema.items())), None)


def turns_problem(messages, text_of):
    if not isinstance(messages, list) or not messages or len(messages) % 2 == 0:
        return "messages: must begin and end with a user's"
    for number, message in enumerate(messages):
        if message.get("role") != ("assistant" if number % 2 else "user") or not text_of(message):
            return f"messages.{number}: roles must alternate, and content must not be empty"
    return None


class Vendor(StandIn):
    def __init__(self, script=faithful):
        self.script = script
        self.said = None
        super().__init__()

    def scripted(self, user):
        """The answer's text, unless the test wants something else said."""
        if self.said:
            raise Refusal(*self.said)
        answer = self.script(evidence_in(user))
        return answer if isinstance(answer, str) else json.dumps(answer)

    def held(self, problems, refusal):
        problems = [one for one in problems if one]
        if problems:
            self.complain(f"{type(self).__name__}: {problems}")
            raise refusal(str(problems))


class Azure(Llm):
    """Classic with `api_version`, else the v1 API. Everything but address and key is OpenAI's."""

    api_version = "2024-10-21"
    deployment = "explain-prod"

    def config(self, name="azure", v1=False, **more):
        version = {} if v1 else {"api_version": self.api_version}
        return {"name": name, "kind": "azure_openai", "url": self.url, "deployment": self.deployment,
                "api_key": AZURE_KEY, "timeout": "15s", **version, **more}

    def answer(self, call):
        if call.headers.get("api-key") != AZURE_KEY or "authorization" in call.headers:
            raise refuse(401, "Access denied due to invalid subscription key", "401")
        classic = f"/openai/deployments/{self.deployment}"
        if call.path.startswith("/openai/v1/"):
            if "api-version" in call.query or (call.body or {}).get("model", self.deployment) != self.deployment:
                raise refuse(404, "no such deployment", "DeploymentNotFound")
            call.path = call.path.removeprefix("/openai")
        elif call.query.get("api-version") != self.api_version:
            raise refuse(404, "Resource not found", "404")
        elif call.path.startswith(classic):
            call.path = "/v1" + call.path.removeprefix(classic)
        elif call.path == "/openai/models":
            call.path = "/v1/models"
        else:
            raise refuse(404, "The API deployment for this resource does not exist", "DeploymentNotFound")
        if call.body and (errors := openai_errors(call.body)):
            self.complain(errors)
        call.headers["authorization"] = "Bearer " + self.key  # taken in Azure's own way
        return super().answer(call)


class Anthropic(Vendor):
    def config(self, name="claude", **more):
        return {"name": name, "kind": "anthropic", "url": self.url + "/v1", "model": "claude-e2e",
                "api_key": ANTHROPIC_KEY, "timeout": "15s", **more}

    @staticmethod
    def refusal(status, kind, message):
        return Refusal(status, {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})

    @staticmethod
    def problem(body):
        bound = [name for name in ("output_config", "tools") if name in body]
        if len(bound) != 1:
            return "one means to bind the answer to its schema"
        if bound == ["tools"]:
            tool, = body["tools"]
            if body["tool_choice"].get("name") != tool["name"]:
                return "tool_choice: no such tool"
            return strict_problem(tool["input_schema"]) or schema_problem(tool["input_schema"])
        schema = body["output_config"]["format"]["schema"]
        return strict_problem(schema) or schema_problem(schema)

    def answer(self, call):
        given = call.headers.get("x-api-key") or call.headers.get("authorization", "").removeprefix("Bearer ")
        if given != ANTHROPIC_KEY:
            raise self.refusal(401, "authentication_error", "invalid x-api-key")
        if not re.fullmatch(r"20\d\d-\d\d-\d\d", call.headers.get("anthropic-version", "")):
            raise self.refusal(400, "invalid_request_error", "anthropic-version: header is required")
        if (call.method, call.path) == ("GET", "/v1/models/claude-e2e"):
            return 200, {"type": "model", "id": "claude-e2e", "display_name": "E2E", "created_at": "2026-01-01T00:00:00Z"}
        if (call.method, call.path) != ("POST", "/v1/messages"):
            raise self.refusal(404, "not_found_error", "Not Found")
        body = call.body
        self.held([*contract_errors("anthropic-messages.request.schema.json", "MessagesRequest", body),
                   turns_problem(body.get("messages"), lambda one: one["content"]), self.problem(body)],
                  lambda words: self.refusal(400, "invalid_request_error", words))
        text = self.scripted(body["messages"][0]["content"])
        content = [{"type": "text", "text": text}]
        if "tools" in body:
            content = [{"type": "tool_use", "id": "toolu_1", "name": body["tools"][0]["name"], "input": json.loads(text)}]
        return 200, {"id": "msg_e2e", "type": "message", "role": "assistant", "model": "claude-e2e-20260101",
                     "stop_reason": "tool_use" if "tools" in body else "end_turn", "stop_sequence": None,
                     "content": content, "usage": {"input_tokens": 700, "cache_read_input_tokens": 150,
                                                   "cache_creation_input_tokens": 50, "output_tokens": 200}}

    def requests(self):
        return self.calls("POST", "/v1/messages")


def frame(headers, payload):
    """One message of `application/vnd.amazon.eventstream`: prelude, its CRC-32, headers of type string, payload, CRC-32."""
    head = b"".join(bytes([len(name)]) + name.encode() + b"\7" + struct.pack(">H", len(value)) + value.encode()
                    for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return message + struct.pack(">I", zlib.crc32(message))


def event_frame(name, content):
    return frame({":message-type": "event", ":event-type": name, ":content-type": "application/json"},
                 json.dumps(content).encode())


def exception_frame(name, message="no"):
    return frame({":message-type": "exception", ":exception-type": name, ":content-type": "application/json"},
                 json.dumps({"message": message}).encode())


def converse_frames(block, stop_reason, usage, size=12):
    """A message of ConverseStream, piece by piece; `p` is the padding that Bedrock adds."""
    is_tool = "toolUse" in block
    text = json.dumps(block["toolUse"].pop("input")) if is_tool else block["text"]
    frames = [event_frame("messageStart", {"p": "abcdefg", "role": "assistant"})]
    if is_tool:  # of text there is no contentBlockStart
        frames.append(event_frame("contentBlockStart", {"contentBlockIndex": 0, "start": block}))
    for at in range(0, len(text), size):
        piece = text[at:at + size]
        delta = {"toolUse": {"input": piece}} if is_tool else {"text": piece}
        frames.append(event_frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta, "p": "abc"}))
    frames += [event_frame("contentBlockStop", {"contentBlockIndex": 0}),
               event_frame("messageStop", {"stopReason": stop_reason}),
               event_frame("metadata", {"usage": usage, "metrics": {"latencyMs": 12}})]
    return frames


class Bedrock(Vendor):
    may_stream = True  # bedrock:InvokeModelWithResponseStream
    spoil = None       # what a test does to the frames of a stream before they leave
    model = "eu.anthropic.claude-e2e-v1:0"

    def config(self, name="aws", by_key=False, **more):
        keys = {"api_key": BEDROCK_KEY} if by_key else {"access_key_id": AWS_KEYS[0], "secret_access_key": AWS_KEYS[1]}
        return {"name": name, "kind": "bedrock", "url": self.url, "region": "eu-central-1", "model": self.model,
                "timeout": "15s", **keys, **more}

    @staticmethod
    def refusal(status, kind, message):
        return Refusal(status, {"message": message}, {"x-amzn-errortype": f"{kind}:http://internal.amazon.com/"})

    def authenticate(self, call):
        if call.headers.get("authorization") == f"Bearer {BEDROCK_KEY}":
            return
        try:
            given = aws_signature.parse(call.headers.get("authorization"))
            if (given["access_key"], given["region"], given["service"]) != (AWS_KEYS[0], "eu-central-1", "bedrock"):
                raise aws_signature.BadSignature("UnrecognizedClientException", "scope")
            aws_signature.verify(call, given, AWS_KEYS[1])
        except aws_signature.BadSignature as bad:
            raise self.refusal(403, bad.code, str(bad)) from bad

    @staticmethod
    def problem(body):
        if ("outputConfig" in body) == ("toolConfig" in body):
            return "one means to bind the answer to its schema"
        if "toolConfig" in body:
            spec = body["toolConfig"]["tools"][0]["toolSpec"]
            if body["toolConfig"]["toolChoice"]["tool"]["name"] != spec["name"]:
                return "toolChoice: no such tool"
            return schema_problem(spec["inputSchema"]["json"])
        schema = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"]
        return "the schema is a string here" if not isinstance(schema, str) else schema_problem(json.loads(schema))

    def answer(self, call):
        self.authenticate(call)
        path = call.target.partition("?")[0]
        encoded = urllib.parse.quote(self.model, safe="")
        if (call.method, path) == ("GET", f"/inference-profiles/{encoded}"):
            return 200, {"inferenceProfileId": self.model, "status": "ACTIVE"}
        streams = path == f"/model/{encoded}/converse-stream"
        if call.method != "POST" or not (streams or path == f"/model/{encoded}/converse"):
            raise self.refusal(404, "ResourceNotFoundException", "no such model")
        if streams and not self.may_stream:
            raise self.refusal(403, "AccessDeniedException", "User: arn:aws:sts::1:assumed-role/explain/x is not "
                               "authorized to perform: bedrock:InvokeModelWithResponseStream on resource: x")
        body = call.body
        self.held([*contract_errors("bedrock-converse.schema.json", "ConverseRequestBody", body),
                   turns_problem(body.get("messages"), lambda one: one["content"][0]["text"]), self.problem(body)],
                  lambda words: self.refusal(400, "ValidationException", words))
        text = self.scripted(body["messages"][0]["content"][0]["text"])
        block = {"toolUse": {"toolUseId": "t", "name": body["toolConfig"]["tools"][0]["toolSpec"]["name"],
                             "input": json.loads(text)}} if "toolConfig" in body else {"text": text}
        stop_reason = "tool_use" if "toolUse" in block else "end_turn"
        usage = {"inputTokens": 900, "outputTokens": 200, "totalTokens": 1100}
        if streams:
            frames = converse_frames(block, stop_reason, usage)
            data = b"".join(self.spoil(frames) if self.spoil else frames)
            return 200, data, {"Content-Type": "application/vnd.amazon.eventstream"}
        return 200, {"output": {"message": {"role": "assistant", "content": [block]}}, "stopReason": stop_reason,
                     "usage": usage, "metrics": {"latencyMs": 12}}

    def requests(self):
        return self.calls("POST", "/model/.*/converse(-stream)?")
