#!/usr/bin/python3
"""Our binary against a real engine: llama.cpp (npm @fugood/llama.node) with a Llama of 260,000 parameters, behind an
OpenAI-compatible server (llama_server.js). The model knows nothing but children's stories, so all it says of a finding is
untrue: whatever of it stood in a dossier would be a defect. The GGUF file is read from $DOSSIER_SHARED or ../shared; needs
node, npm and a built binary. Prints a line a check; exit code 1 when one failed.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness import TOKENS, Service, default_config, wiz_issue  # noqa: E402
from standins.contracts import SHARED  # noqa: E402
from verdicts import Verdicts, npm_install  # noqa: E402

PACKAGES = ["@fugood/llama.node@1.7.15", "@fugood/node-llama-linux-x64@1.7.15"]
PLACE = ROOT / "build/conformance/llama"
MODEL = SHARED / "contracts/upstream/llm/stories260K.gguf"
verdict = Verdicts("llama")


class Engine:
    """The server, and what it says of each completion."""

    def __enter__(self):
        self.process = subprocess.Popen(["node", "llama_server.js"], cwd=PLACE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, env={**os.environ, "MODEL": str(MODEL)})
        line = next(line for line in self.process.stdout if line.strip().isdigit())  # the engine prints as well
        self.url = f"http://127.0.0.1:{int(line)}/v1"
        self.completions = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        return self

    def read(self):
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):
                one = json.loads(line)
                if isinstance(one, dict) and "finish" in one:
                    self.completions.append(one)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.reader.join()

    def status(self, **change):
        schema = {"type": "object", "additionalProperties": False, "required": ["a"], "properties": {"a": {"enum": ["x"]}}}
        body = {"model": "stories260K", "messages": [{"role": "user", "content": "Once"}], "store": False,
                "max_tokens": 40, "temperature": 0,
                "response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": schema}},
                **change}
        request = urllib.request.Request(self.url + "/chat/completions", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code


def follows(one):
    with contextlib.suppress(ValueError, jsonschema.ValidationError):
        jsonschema.validate(json.loads(one["text"]), one["schema"])
        return True
    return False


def until(claim, timeout=30):
    deadline = time.monotonic() + timeout
    while not (value := claim()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


def explained_aloud(service, payload):
    """The body of an explanation on demand as server-sent events; "" where the service has none."""
    request = urllib.request.Request(service.url + "/v1/explain", json.dumps({"source": "wiz", "payload": payload}).encode(),
                                     {"Content-Type": "application/json", "Accept": "text/event-stream",
                                      "Authorization": "Bearer " + TOKENS["admin"]})
    with urllib.request.urlopen(request, timeout=180) as answer:
        return answer.read().decode() if "event-stream" in answer.headers["Content-Type"] else ""


def check(engine):
    verdict(engine.status(temperature="hot") == 400 and engine.status(messages=[]) == 400, "refuses bad requests")
    verdict(engine.status() == 200 and until(lambda: engine.completions), "answers a good one")
    verdict(all(map(follows, engine.completions)), "its grammar binds the answer to the schema", engine.completions)
    provider = {"name": "tiny", "kind": "openai", "url": engine.url, "model": "stories260K", "timeout": "120s",
                "max_tokens": 160, "context_window": 2500}
    config = default_config(llm={"providers": [provider], "cache": False})
    with contextlib.closing(Service(config)) as service:
        done = service.cli("check", "-c", str(service.dir / "dossier.yaml"), "--connect")
        verdict("serves the model stories260K" in done.stdout, "check --connect finds the model", done.stdout)
        engine.completions.clear()
        service.start()
        finding = service.send("wiz", wiz_issue())["findings"][0]["id"]
        dossier = service.settled(finding, 240)["dossier"]
        narrative = dossier["narrative"]
        said = list(engine.completions)
        verdict(len(said) >= 1, "the engine was asked", narrative["notes"])
        verdict(all(one["finish"] == "length" or follows(one) for one in said),
                "every answer that wasn't cut follows our schema", [one["text"][:200] for one in said])
        verdict(narrative["author"] == "template" or narrative["removed"] or narrative["grounding_score"] == 1.0,
                "what it made up was removed and said so", narrative)
        told = {one["text"] for one in said}
        verdict(all(sentence["text"] not in "".join(told) for sentence in narrative["sentences"])
                or narrative["author"] == "llm", "no story stands in a text of the template")
        verdict(narrative["author"] == "llm" or any("tiny" in note for note in narrative["notes"]),
                "the dossier says who wrote, and why not the model", narrative["notes"])
        verdict(dossier["stage"] == "awaiting_approval" and "AI-Generated Guidance" in dossier["draft"]["body"],
                "the ticket is drafted all the same", dossier["stage"])
        engine.completions.clear()
        stream = explained_aloud(service, wiz_issue("aloud", account="300000000000"))
        if not stream:
            verdict.skip("the service doesn't stream explanations")
            return
        verdict(any(one["stream"] and one["pieces"] > 10 for one in engine.completions), "it streams token by token",
                engine.completions)
        verdict(stream.count("data:") > 5, "and the pieces are passed on", stream[:300])


def main():
    if not MODEL.is_file():
        return verdict.skip(f"needs {MODEL.name}")
    if not npm_install(PLACE, PACKAGES, "--omit=optional", files=[pathlib.Path(__file__).parent / "llama_server.js"]):
        return verdict.skip("its npm packages can't be had")
    with Engine() as engine:
        check(engine)
    return verdict.exit_code()


if __name__ == "__main__":
    sys.exit(main())
