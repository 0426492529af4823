#!/usr/bin/python3
"""Our requests to LLMs through programs of others that stand between: Prism (npm), which holds each request and answer
against OpenAI's own OpenAPI description before it passes them on, and Portkey's gateway (npm), which translates, repeats
and falls back by itself. Behind both are the stand-ins of our tests. The gateway listens on all addresses, so everything
runs in a network namespace of its own. Needs node, npm, a built binary and the description in $DOSSIER_SHARED or ../shared.
Prints a line a check; exit code 1 when one failed.
"""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from explanations import explained, is_good  # noqa: E402
from harness import Service, default_config  # noqa: E402
from standins.contracts import SHARED  # noqa: E402
from standins.llm import API_KEY, Llm  # noqa: E402
from standins.llm_vendors import ANTHROPIC_KEY, Anthropic  # noqa: E402
from verdicts import Verdicts, npm_install  # noqa: E402

PACKAGES = ["@stoplight/prism-cli@5.14.2", "@portkey-ai/gateway@1.15.2"]
PLACE = ROOT / "build/conformance/gateways"
DESCRIPTION = SHARED / "contracts/upstream/llm/openai-chat.openapi.json"
INSIDE = "DOSSIER_CONFORMANCE_NAMESPACE"
verdict = Verdicts("gateways")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def program(*command):
    """A node program, once it listens on the port that takes the place of `{port}` in its command; its address."""
    port = free_port()
    words = [word.replace("{port}", str(port)) for word in command]
    with open(PLACE / f"{words[0]}.log", "wb") as log:
        process = subprocess.Popen(["node", f"node_modules/.bin/{words[0]}", *words[1:]], cwd=PLACE, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{words[0]} doesn't listen: see {PLACE}")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def asked(url, body, headers):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def check_prism():
    with contextlib.closing(contextlib.ExitStack()) as stack:
        llm = Llm()
        stack.callback(llm.shut)
        url = stack.enter_context(program("prism", "proxy", str(DESCRIPTION), llm.url + "/v1", "--errors", "-h", "127.0.0.1",
                                          "-p", "{port}"))
        key = {"Authorization": f"Bearer {API_KEY}"}
        bad = [{"model": "m"}, {"model": "m", "messages": [{"role": "user", "content": "x"}], "temperature": "hot"},
               {"model": "m", "messages": [{"role": "stranger", "content": "x"}]}]
        seen = [asked(url + "/chat/completions", body, key) for body in bad]
        verdict(seen == [422] * len(bad) and not llm.requests(), "Prism refuses requests that OpenAI's description forbids", seen)
        provider = llm.config(url=url, timeout="30s")
        narrative, _, told = explained(provider)
        verdict(is_good(narrative), "Prism passes our question on, and the answer back", narrative["notes"])
        # A question that breaks the description is stopped with 422; an answer that is no JSON object can't be judged.
        streamed = [call for call in llm.requests() if call.body["stream"]]
        verdict(streamed, "and the question for a stream", told["notes"])
        with contextlib.closing(Service(default_config(llm={"providers": [provider]}))) as service:
            done = service.cli("check", "-c", str(service.dir / "dossier.yaml"), "--connect")
            verdict("serves the model e2e-model" in done.stdout, "check --connect finds the model through it", done.stdout)
        verdict(not llm.complaints, "our stand-in has nothing against what came through", llm.complaints)


def through_portkey(gateway, **config):
    """A provider behind the gateway, which takes its orders from a header."""
    return {"name": "gateway", "kind": "openai", "url": gateway + "/v1", "model": "e2e-model", "timeout": "30s",
            "headers": {"x-portkey-config": json.dumps(config)}}


def streams_break(gateway, target, body):
    """The gateway answers 500 to a stream that its target has given."""
    return asked(gateway + "/v1/chat/completions", body, {"x-portkey-config": json.dumps(target)}) == 500


def check_portkey():
    with contextlib.closing(contextlib.ExitStack()) as stack:
        llm, busy, claude = Llm(), Llm(), Anthropic()
        for one in (llm, busy, claude):
            stack.callback(one.shut)
        gateway = stack.enter_context(program("gateway", "--headless", "--port={port}"))
        openai = {"provider": "openai", "api_key": API_KEY, "custom_host": llm.url + "/v1"}
        wrong = {**openai, "api_key": "wrong"}
        body = {"model": "e2e-model", "messages": [{"role": "user", "content": "x"}]}
        refused = asked(gateway + "/v1/chat/completions", body, {"x-portkey-config": json.dumps(wrong)})
        verdict(refused == 401, "a wrong key is refused behind the gateway", refused)

        narrative, names, told = explained(through_portkey(gateway, **openai))
        verdict(is_good(narrative), "a narrative comes through the gateway", narrative["notes"])
        if told["author"] == "template" and streams_break(gateway, openai, llm.requests()[-1].body):
            verdict.skip("the gateway fails on every stream under this Node (immutable headers)")
        else:
            verdict("delta" in names and is_good(told), "and as a stream", told["notes"])

        busy.fault("refuse", "POST", "/v1/chat/completions", times=99, status=429,
                   body={"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}})
        first = {**openai, "custom_host": busy.url + "/v1", "retry": {"attempts": 0}}
        both = through_portkey(gateway, strategy={"mode": "fallback", "on_status_codes": [429]}, targets=[first, openai])
        narrative, _, _ = explained(both)
        verdict(is_good(narrative) and busy.calls("POST"),
                "where its first provider is full the gateway asks its second", narrative["notes"])

        before = len(busy.calls("POST"))
        narrative, _, _ = explained(through_portkey(gateway, **first), llm.config("spare"))
        verdict(narrative.get("provider") == "spare" and len(busy.calls("POST")) - before <= 4,
                "a 429 of the gateway's provider is ours to answer: a repeat, then the next provider", narrative["notes"])

        anthropic = {"provider": "anthropic", "api_key": ANTHROPIC_KEY, "custom_host": claude.url + "/v1",
                     "override_params": {"model": "claude-e2e"}}
        narrative, _, _ = explained(through_portkey(gateway, **anthropic), llm.config("spare"))
        verdict(narrative["author"] == "llm", "a vendor whom the gateway can't give our schema is named, and the next one writes",
                narrative["notes"])
        complaints = llm.complaints + busy.complaints
        verdict(not complaints, "our stand-ins have nothing against what came through", complaints)


def main():
    if not os.environ.get(INSIDE):
        if not DESCRIPTION.is_file():
            return verdict.skip(f"needs {DESCRIPTION.name}")
        if not npm_install(PLACE, PACKAGES):  # outside, where the registry can be reached
            return verdict.skip("its npm packages can't be had")
        again = ["unshare", "--net", sys.executable, "-B", __file__]
        return subprocess.run(again, env={**os.environ, INSIDE: "1"}).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    check_prism()
    check_portkey()
    return verdict.exit_code()


if __name__ == "__main__":
    sys.exit(main())
