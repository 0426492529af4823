#!/usr/bin/python3
"""Our providers against a third party's mock of all vendors (npm @copilotkit/aimock), and the stand-ins that our own tests
trust against the vendors' own SDKs, among them AWS' signer. Needs node, npm and a built binary; installs its packages
under build/conformance/llm. Prints a line a check; exit code 1 when one failed.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from explanations import explained, is_good  # noqa: E402
from standins.llm import API_KEY, Llm  # noqa: E402
from standins.llm_vendors import (ANTHROPIC_KEY, AWS_KEYS, AZURE_KEY, Anthropic, Azure, Bedrock,  # noqa: E402
                                  exception_frame)
from verdicts import Verdicts, npm_install  # noqa: E402

PACKAGES = ["@copilotkit/aimock@1.43.0", "openai@6.49.0", "@anthropic-ai/sdk@1.12.0",
            "@aws-sdk/client-bedrock-runtime@3.1164.0"]
PLACE = ROOT / "build/conformance/llm"
HERE = pathlib.Path(__file__).parent
PROMPT = 'BEGIN x\n{"id":"E1","kind":"severity","statement":"The severity is high.","value":"","origin":""}\nEND x'
verdict = Verdicts("llm")


@contextlib.contextmanager
def mock(content):
    """The address of the mock, which answers `content`."""
    process = subprocess.Popen(["node", "llm_mock.mjs"], cwd=PLACE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, env={**os.environ, "CONTENT": json.dumps(content)})
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


def status(url, body):
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def check_mock():
    told = [one for one in explained()[0]["evidence"] if one["kind"] in ("severity", "exposure")]
    content = {"summary": told[0]["statement"], "summary_evidence": [told[0]["id"]],
               "sentences": [{"text": one["statement"], "evidence": [one["id"]]} for one in told]}
    with mock(content) as url:
        verdict(status(url + "/v1/chat/completions", "no JSON") == 400, "the mock refuses what is no JSON")
        kinds = {
            "openai": {"kind": "openai", "url": url + "/v1", "model": "gpt-4o", "api_key": "k"},
            "azure_openai": {"kind": "azure_openai", "url": url, "deployment": "d", "api_version": "2024-10-21", "api_key": "k"},
            "anthropic": {"kind": "anthropic", "url": url + "/v1", "model": "claude-x", "api_key": "k"},
            "bedrock": {"kind": "bedrock", "url": url, "region": "eu-central-1", "model": "anthropic.claude-x-v1:0",
                        "access_key_id": "AKID", "secret_access_key": "s"},
        }
        for kind, provider in kinds.items():
            narrative, names, told = explained({"name": "mock", "timeout": "20s", **provider})
            verdict(is_good(narrative), f"{kind} writes a narrative by the mock", narrative["notes"])
            verdict(is_good(told) and names.count("delta") > 1, f"{kind} streams one", (names, told["notes"]))


def garble(frames):
    """A bit of a payload fell over."""
    middle = bytearray(frames[3])
    middle[-6] ^= 1
    return [*frames[:3], bytes(middle), *frames[4:]]


def check_stand_ins():
    stand_ins = openai, azure, claude, aws, garbled, throttled = Llm(), Azure(), Anthropic(), Bedrock(), Bedrock(), Bedrock()
    garbled.spoil = garble
    throttled.spoil = lambda frames: [*frames[:4], exception_frame("throttlingException", "Too many tokens")]
    servers = {"prompt": PROMPT,
               "openai": {"url": openai.url + "/v1", "key": API_KEY, "model": "e2e-model"},
               "azure": {"url": azure.url, "key": AZURE_KEY, "deployment": Azure.deployment, "version": Azure.api_version},
               "anthropic": {"url": claude.url, "key": ANTHROPIC_KEY},
               **{name: {"url": one.url, "model": Bedrock.model, "id": AWS_KEYS[0], "secret": AWS_KEYS[1]}
                  for name, one in (("bedrock", aws), ("garbled", garbled), ("throttled", throttled))}}
    try:
        done = subprocess.run(["node", "llm_sdk_judge.mjs"], cwd=PLACE, input=json.dumps(servers), capture_output=True,
                              text=True, timeout=120, check=True)
    finally:
        complaints = [one for stand_in in stand_ins for one in stand_in.complaints]
        for stand_in in stand_ins:
            stand_in.shut()
    said = json.loads(done.stdout)
    for name, wrong in (("openai", 401), ("anthropic", 401), ("bedrock", 403)):
        verdict(said[f"{name} wrong key"].get("status") == wrong, f"the {name} SDK is refused with a wrong key",
                said[f"{name} wrong key"])
    for name, error in (("garbled", "Error"), ("throttled", "ThrottlingException")):
        verdict(said[f"bedrock {name} stream"].get("error") == error, f"AWS' SDK sees that our stand-in's stream is {name}",
                said[f"bedrock {name} stream"])
    for name in ("openai", "openai stream", "azure", "anthropic", "bedrock", "bedrock stream", "bedrock stream by tool"):
        good = "The severity is high." in said[name].get("text", "") and said[name].get("usage", 0) > 0
        verdict(good, f"the vendor's SDK understands our stand-in: {name}", said[name])
    verdict(not complaints, "and our stand-ins have nothing against the SDKs' requests", complaints)


def main():
    if not npm_install(PLACE, PACKAGES, files=[HERE / "llm_mock.mjs", HERE / "llm_sdk_judge.mjs"]):
        return verdict.skip("its npm packages can't be had")
    check_mock()
    check_stand_ins()
    return verdict.exit_code()


if __name__ == "__main__":
    sys.exit(main())
