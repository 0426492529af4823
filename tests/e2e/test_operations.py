"""What operators look at: metrics, the OpenAPI document, logs, and that none of it tells a secret or a payload."""

import json
import pathlib
import re
import unittest

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from counting_llm import CountingLlm
from harness import SOURCE_HEADERS, TOKENS, Service, default_config, prisma_alert, wiz_issue
from service_case import ServiceCase

FAMILIES = {
    "dossier_http_requests_total": "counter", "dossier_http_request_seconds": "histogram",
    "dossier_http_connections": "gauge", "dossier_deliveries_total": "counter", "dossier_quarantined_total": "counter",
    "dossier_stage_seconds": "histogram", "dossier_stages_total": "counter", "dossier_context_seconds": "histogram",
    "dossier_queue_depth": "gauge", "dossier_in_flight": "gauge", "dossier_narratives_total": "counter",
    "dossier_delivery_to_draft_seconds": "histogram", "dossier_decisions_total": "counter",
    "dossier_llm_requests_total": "counter", "dossier_llm_tokens_total": "counter",
    "dossier_upstream_requests_total": "counter", "dossier_upstream_request_seconds": "histogram",
}
SAMPLE = re.compile(r'^([a-z_]+)(\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? ([0-9.eE+-]+|NaN|[+-]Inf)$')
ID = re.compile(r"(fnd|dos|drf|qua|dlt)_|[0-9a-f]{16}|[0-9a-f-]{36}|arn:|acme-payments|@")


def families_of(text):
    """{family: type} and {(sample, label, value)}; AssertionError where a line is no Prometheus text."""
    families, labels = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            families[name] = kind
        elif line and not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match, line
            labels |= {(match[1], *pair) for pair in re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', match[3] or "")}
    return families, labels


def faults_of(document):
    """What is wrong with an OpenAPI 3.1 document, as far as its structure tells."""
    faults = []

    def resolve(reference):
        at = document
        for step in reference.removeprefix("#/").split("/"):
            at = at.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(at, dict) else None
        return at

    def walk(node, where):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str) and resolve(node["$ref"]) is None:
                faults.append(f"{where}: {node['$ref']} leads nowhere")
            for key, value in node.items():
                walk(value, f"{where}/{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                walk(value, f"{where}/{index}")

    if not re.fullmatch(r"3\.1\.\d+", document.get("openapi", "")):
        faults.append("openapi")
    if not all(document.get("info", {}).get(key) for key in ("title", "version")):
        faults.append("info")
    operations = [(path, method, operation) for path, item in document.get("paths", {}).items()
                  for method, operation in item.items()]
    for path, method, operation in operations:
        where = f"{method} {path}"
        if method not in ("get", "post", "patch", "put", "delete") or not path.startswith("/"):
            faults.append(where)
        declared = {p["name"]: p for p in operation.get("parameters", [])}
        in_path = {name for name, p in declared.items() if p["in"] == "path" and p["required"] is True}
        if in_path != set(re.findall(r"\{([^}]+)\}", path)):
            faults.append(f"{where}: path parameters")
        responses = operation.get("responses", {})
        if not any(code.startswith("2") for code in responses) or not operation.get("summary"):
            faults.append(f"{where}: responses or summary")
        if not all("description" in r or "$ref" in r for r in responses.values()):
            faults.append(f"{where}: a response without description")
        for requirement in operation.get("security", []):
            faults += [f"{where}: scheme {name}" for name in requirement
                       if name not in document.get("components", {}).get("securitySchemes", {})]
        schemas = [p.get("schema", {}) for p in declared.values()]
        schemas += [m.get("schema", {}) for m in operation.get("requestBody", {}).get("content", {}).values()]
        for schema in schemas:
            try:
                Draft202012Validator.check_schema(schema)
            except SchemaError as error:
                faults.append(f"{where}: {error.message}")
    walk(document, "#")
    return faults


class OpenApi(ServiceCase):
    ROUTES = {
        ("post", "/v1/webhooks/{source}"), ("get", "/v1/findings"), ("get", "/v1/findings/{id}"),
        ("get", "/v1/findings/{id}/blast-radius"), ("get", "/v1/dossiers/{id}/blast-radius"),
        ("get", "/v1/reports/deliveries"), ("get", "/v1/reports/costs"), ("post", "/v1/findings/{id}/replay"),
        ("get", "/v1/dossiers"), ("get", "/v1/dossiers/{id}"),
        ("post", "/v1/explain"), ("get", "/v1/drafts"), ("get", "/v1/drafts/{id}"), ("patch", "/v1/drafts/{id}"),
        ("post", "/v1/drafts/{id}/approve"), ("post", "/v1/drafts/{id}/reject"), ("get", "/v1/dead-letters"),
        ("post", "/v1/dead-letters/{id}/redrive"), ("get", "/v1/quarantine"), ("post", "/v1/quarantine/{id}/retry"),
        ("get", "/v1/audit"), ("get", "/v1/audit/verify"), ("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics"),
        ("get", "/openapi.json"),
    }

    def test_the_structure_check_refuses_broken_documents(self):
        document = self.service.get("/openapi.json", token=None)
        for name, spoil in [
                ("version", lambda d: d.update(openapi="2.0")), ("title", lambda d: d["info"].pop("title")),
                ("reference", lambda d: d["components"]["responses"].pop("Problem")),
                ("path parameter", lambda d: d["paths"]["/v1/findings/{id}"]["get"].pop("parameters")),
                ("responses", lambda d: d["paths"]["/healthz"]["get"].update(responses={})),
                ("scheme", lambda d: d["components"].pop("securitySchemes")),
                ("schema", lambda d: d["paths"]["/v1/explain"]["post"]["requestBody"]["content"]["application/json"]
                 ["schema"].update(type="objekt"))]:
            with self.subTest(name):
                broken = json.loads(json.dumps(document))
                spoil(broken)
                self.assertTrue(faults_of(broken))

    def test_the_document_is_valid_and_lists_every_route(self):
        document = self.service.get("/openapi.json", token=None)
        self.assertEqual(faults_of(document), [])
        listed = {(method, path) for path, item in document["paths"].items() for method in item}
        self.assertLessEqual(self.ROUTES, listed)

    def test_every_listed_route_is_served_to_the_role_it_names(self):
        document = self.service.get("/openapi.json", token=None)
        nowhere = self.service.request("POST", "/v1/nowhere", {}, token=None)[2]["detail"]
        for path, item in document["paths"].items():
            for method, operation in item.items():
                with self.subTest(f"{method} {path}"):
                    target = path.replace("{source}", "wiz").replace("{id}", "none")
                    body = {} if "requestBody" in operation else None
                    status, _, answer = self.service.request(method.upper(), target, body, token=None)
                    if "security" in operation:
                        self.assertEqual(status, 401)
                        status, _, answer = self.service.request(method.upper(), target, body)
                        self.assertNotIn(status, (401, 403, 405, 501))
                        self.assertNotEqual("there is nothing", str(answer)[:16])
                    elif status == 404: # a door for others that isn't configured here says so
                        self.assertNotEqual(answer["detail"], nowhere)
                    else:
                        self.assertNotEqual(status, 405)


class Canaries(unittest.TestCase):
    """One busy life of a service whose every secret and payload carries a mark; then all outputs are searched."""

    PAYLOAD = ["canarydescription", "AKIAQ3EGRIEXAMPLE777", "4111 1111 1111 1111", "jane.canary@victim.example",
               "536-22-8145"]
    SECRETS = [*TOKENS.values(), "wiz-webhook-token", "prisma-webhook-token", "orca-webhook-password",
               "generic-webhook-token", "sk-canary-llm-key", "canary-wrong-token", "canary-query-token"]

    @classmethod
    def setUpClass(cls):
        cls.llm = CountingLlm()
        cls.addClassCleanup(cls.llm.close)
        cls.service = Service(default_config(llm={"providers": [cls.llm.provider()]},
                                             log={"level": "debug", "format": "json"}))
        cls.addClassCleanup(cls.service.close)
        service = cls.service.start()
        cls.answers, cls.request_ids = [], []

        def ask(method, path, body=None, headers=None, token=TOKENS["admin"]):
            status, given, answer = service.request(method, path, body, headers, token=token)
            cls.answers.append(f"{method} {path} {status} {dict(given)} {json.dumps(answer)}")
            cls.request_ids.append(given["X-Request-Id"])
            return answer
        text = "canarydescription: key AKIAQ3EGRIEXAMPLE777, card 4111 1111 1111 1111, mail " \
               "jane.canary@victim.example, SSN 536-22-8145"
        taken = ask("POST", "/v1/webhooks/wiz", wiz_issue("W-canary", description=text), SOURCE_HEADERS["wiz"])
        cls.finding = taken["findings"][0]["id"]
        service.settled(cls.finding)
        ask("POST", "/v1/webhooks/prisma", [prisma_alert("P-canary"), {"canarydescription": 1}], SOURCE_HEADERS["prisma"])
        ask("POST", "/v1/webhooks/wiz", '{"canarydescription": ', SOURCE_HEADERS["wiz"])
        ask("POST", "/v1/webhooks/wiz", {}, {"Authorization": "Bearer canary-wrong-token"})
        ask("GET", "/v1/findings", token="canary-wrong-token")
        ask("GET", "/v1/findings?token=canary-query-token")
        ask("POST", "/v1/explain", {"source": "wiz", "payload": wiz_issue("W-canary-2", description=text)})
        service.wait_for(lambda: service.get(f"/v1/findings/{cls.finding}")["dossier"]["stage"] == "awaiting_approval" and
                         len(service.get(f"/v1/findings/{cls.finding}")["dossier"]["findings"]) == 2, 20, "both findings")
        draft = service.settled(cls.finding)["dossier"]["draft"]
        ask("POST", f"/v1/drafts/{draft['id']}/approve", {"comment": "fine"})
        for path in ("/v1/findings", f"/v1/findings/{cls.finding}", "/v1/dossiers", "/v1/drafts", "/v1/audit",
                     "/v1/audit/verify", "/v1/quarantine", "/v1/dead-letters", "/openapi.json", "/healthz", "/readyz"):
            ask("GET", path)
        cls.metrics = ask("GET", "/metrics")
        cls.code = service.stop()
        cls.log = service.log_text()

    def test_logs_are_one_json_object_a_line(self):
        self.assertEqual(self.code, 0)
        lines = self.log.splitlines()
        self.assertGreater(len(lines), 20)
        for line in lines:
            event = json.loads(line)
            self.assertLessEqual({"time", "level", "event"}, set(event), line)
            self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
            self.assertIn(event["level"], ("debug", "info", "warn", "error"))

    def test_logs_name_the_request_and_the_finding(self):
        events = [json.loads(line) for line in self.log.splitlines()]
        logged = {event.get("request_id") for event in events if event["event"] == "http.request"}
        self.assertLessEqual(set(self.request_ids), logged)
        self.assertTrue(any(event.get("finding") == self.finding for event in events))

    def test_logs_hold_no_payload_and_no_secret(self):
        for canary in [*self.PAYLOAD, *self.SECRETS]:
            self.assertNotIn(canary, self.log)

    def test_no_secret_is_in_any_answer_or_file(self):
        files = [path for path in (self.service.dir / "data").iterdir() if path.suffix != ".key"]
        self.assertTrue(any(path.suffix == ".db" for path in files))
        stored = b"".join(path.read_bytes() for path in files)
        for secret in self.SECRETS:
            self.assertNotIn(secret.encode(), stored)
            echoes = [a[:200] for a in self.answers if secret in a.replace("GET /v1/findings?token=canary-query-token", "")]
            self.assertEqual(echoes, [])
        for command in (["check", "-c", "dossier.yaml"], ["audit", "verify", "-c", "dossier.yaml"], ["--help"]):
            done = self.service.cli(*command)
            for secret in self.SECRETS:
                self.assertNotIn(secret, done.stdout + done.stderr)
        self.assertEqual(pathlib.Path(self.service.dir / "data/audit.key").stat().st_mode & 0o077, 0)

    def test_the_llm_sees_the_description_without_what_is_secret_in_it(self):
        prompts = "\n".join(system + user for system, user in self.llm.prompts)
        self.assertIn("canarydescription", prompts)
        for secret in [*self.PAYLOAD[1:], "alice@acme.example", *self.SECRETS]:
            self.assertNotIn(secret, prompts)

    def test_metrics_have_the_documented_families_and_no_ids_in_labels(self):
        families, labels = families_of(self.metrics)
        self.assertEqual({name: families.get(name) for name in FAMILIES}, FAMILIES)
        self.assertEqual([label for label in labels if ID.search(label[2])], [])
        for known in ["fnd_01ABC", "7d0f3c52e5b14b0a", "arn:aws:s3:::x", "someone@acme.example"]:
            self.assertTrue(ID.search(known))
        for name, kind in families.items():
            self.assertTrue(name.startswith("dossier_"), name)
            self.assertEqual(name.endswith("_total"), kind == "counter", name)


class AdminListener(ServiceCase):
    config = {"server": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0"}}

    def test_metrics_move_there_and_nothing_else_does(self):
        admin = self.service.admin_port
        self.assertIsNotNone(admin)
        self.assertNotEqual(admin, self.service.port)
        self.assertEqual(self.service.request("GET", "/metrics")[0], 404)
        self.assertIn("dossier_queue_depth", self.service.get("/metrics", port=admin, token=None))
        for path in ("/healthz", "/readyz"):
            self.assertEqual(self.service.request("GET", path, port=admin)[0], 200)
            self.assertEqual(self.service.request("GET", path)[0], 200)
        for method, path in [("GET", "/v1/findings"), ("POST", "/v1/webhooks/wiz"), ("GET", "/v1/audit")]:
            self.assertEqual(self.service.request(method, path, port=admin)[0], 404)
        self.assertNotIn("/metrics", self.service.get("/openapi.json")["paths"])


if __name__ == "__main__":
    unittest.main()
