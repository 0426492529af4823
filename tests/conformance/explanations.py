"""What our binary makes of an LLM, for the checks that put somebody else's in front of it."""

import contextlib
import json
import pathlib
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import TOKENS, Service, default_config, wiz_issue  # noqa: E402


def aloud(service):
    """An explanation as server-sent events: their names, and the closing narrative."""
    body = {"source": "wiz", "payload": wiz_issue("aloud", account="310000000001")}
    request = urllib.request.Request(service.url + "/v1/explain", json.dumps(body).encode(),
                                     {"Content-Type": "application/json", "Accept": "text/event-stream",
                                      "Authorization": "Bearer " + TOKENS["admin"]})
    with urllib.request.urlopen(request, timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    closing = lines[lines.index("event: dossier") + 1].removeprefix("data: ")
    return names, json.loads(closing)["dossier"]["narrative"]


def explained(*providers):
    """The narrative of a finding that came in, and one that was asked for aloud, with the names of its events."""
    llm = {"llm": {"providers": list(providers), "cache": False}} if providers else {}
    with contextlib.closing(Service(default_config(**llm))) as service:
        service.start()
        finding = service.send("wiz", wiz_issue())["findings"][0]["id"]
        return service.settled(finding, 60)["dossier"]["narrative"], *aloud(service)


def is_good(narrative):
    return narrative["author"] == "llm" and narrative["grounding_score"] == 1.0
