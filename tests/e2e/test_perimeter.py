"""No identifier planted anywhere in a payload or in an answer of a context source leaves for an LLM, however spelled.

Values are generated, each a value of its own, and looked for in every recorded request: as they are, in the spelling
in which they were planted, and beneath the usual escapes. Names of resources have to arrive: they are the story.
"""

import base64
import html
import json
import pathlib
import random
import re
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import default_config, generic_event, orca_alert, prisma_alert, wiz_issue  # noqa: E402
from payloads import GENERIC_MAP  # noqa: E402
from standins.llm import Llm, faithful  # noqa: E402
from tracker_steps import TrackerCase  # noqa: E402


def luhn(digits):
    """The digits with their check digit."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def iban(country, bban):
    number = "".join(str(int(c, 36)) for c in bban + country + "00")
    return f"{country}{98 - int(number) % 97:02d}{bban}"


class Plants:
    """Identifiers, none given twice, with the spellings in which they were planted."""

    def __init__(self, seed=4):
        self.random = random.Random(seed)
        self.planted = []

    def digits(self, count):
        return "".join(self.random.choice("0123456789") for _ in range(count))

    def letters(self, count):
        return "".join(self.random.choice("abcdefghkmnpqrstuvwxyz") for _ in range(count))

    def token(self, count):
        return "".join(self.random.choice("ABCDEFGHKMNPQRSTabcdefghkmnpqrst23456789") for _ in range(count))

    def value(self, kind):
        make = {
            "email": lambda: f"{self.letters(7)}.{self.letters(6)}@{self.letters(8)}.example",
            "card": lambda: luhn(self.random.choice(("4", "51", "2221", "2720")).ljust(4, "0") + self.digits(11)),
            "ssn": lambda: f"{self.random.randint(101, 665)}-{self.random.randint(10, 99)}-"
                           f"{self.random.randint(1000, 9999)}",
            "iban": lambda: iban("DE", self.digits(18)),
            "phone": lambda: f"+44 7{self.digits(3)} {self.random.randint(100000, 999999)}",
            "github": lambda: "ghp_" + self.token(36),
            "aws": lambda: "AKIA" + self.token(16).upper().replace("1", "2"),
            "ip": lambda: f"203.0.113.{self.random.randint(2, 250)}",
            "url": lambda: f"Pw{self.token(12)}",
        }[kind]
        while (value := make()) in self.planted:
            pass
        self.planted.append(value)
        return f"postgres://svc:{value}@db.internal:5432/x" if kind == "url" else value

    def line(self, spell=lambda text: text):
        """One value of each kind in one text, each spelled by `spell`."""
        return ", ".join(spell(self.value(kind)) for kind in
                         ("email", "card", "ssn", "iban", "phone", "github", "aws", "url"))


def utf16(text):
    return "".join(f"\\u{ord(c):04x}" for c in text)


def entities(text):
    return "".join(f"&#{ord(c)};" for c in text)


SPELLINGS = [
    lambda text: text,
    lambda text: urllib.parse.quote(text, safe=""),
    lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
    lambda text: "".join(f"%{ord(c):02X}" for c in text),
    utf16,
    lambda text: utf16(text).replace("\\", "\\\\"),
    entities,
    lambda text: html.escape(entities(text)),
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    lambda text: text.encode().hex(),
    lambda text: text.replace("@", "=40"),
    lambda text: "\u200b".join(text) if "-" not in text else text,
]


def readings(text):
    """The text as an LLM may read it: as it is, and with escapes taken off; base64 and hex parts opened."""
    seen, layers = {text}, [text]
    for _ in range(4):
        grown = []
        for layer in layers:
            for reading in (urllib.parse.unquote(layer), html.unescape(layer),
                            re.sub(r"\\+u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), layer)):
                if reading not in seen:
                    seen.add(reading)
                    grown.append(reading)
        layers = grown
    for run in re.findall(r"[A-Za-z0-9+/_-]{12,}={0,2}", text):
        for decode in (lambda r: base64.urlsafe_b64decode(r.rstrip("=").replace("+", "-").replace("/", "_") +
                                                          "=" * (-len(r.rstrip("=")) % 4)),
                       bytes.fromhex):
            try:
                seen.add(decode(run).decode())
            except ValueError:
                pass
    return seen


def leaks(values, requests):
    """The planted values that stand in the requests in any reading."""
    texts = set()
    for request in requests:
        for message in request.body["messages"]:
            texts |= readings(message["content"])
    plain = "\n".join(texts).lower().replace("\u200b", "")
    return [value for value in values if value.lower() in plain]


class LeaksTest(unittest.TestCase):
    """The judge is seen to find what leaks."""

    def test_every_spelling_of_a_leak_is_found(self):
        value = "alice.ngo@acme.example"
        for number, spell in enumerate(SPELLINGS):
            if number == 11:  # quoted-printable: what the gate masks, the judge needn't read
                continue
            request = type("Request", (), {"body": {"messages": [{"content": f"x {spell(value)} y"}]}})
            self.assertEqual(leaks([value], [request]), [value], number)
        self.assertEqual(leaks(["bob@acme.example"], [request]), [])


IDENTITY = {
    "people": [{"id": "zoltan", "name": "Zoltan Quibell", "email": "zoltan@acme.example", "manager": "yaretzi",
                "department": "Payments"},
               {"id": "yaretzi", "name": "Yaretzi Ombongo", "email": "yaretzi@acme.example"},
               {"id": "wilhelmina", "name": "Wilhelmina Strand", "email": "wilhelmina@acme.example"}],
    "owners": [{"match": {"name": "acme-*"}, "owner": "zoltan"}],
    "access": [{"match": {"name": "acme-*"},
                "principals": [{"id": "arn:aws:iam::012345678901:user/wilhelmina.strand", "kind": "user",
                                "level": "write"},
                               {"id": "ulrika", "kind": "user", "level": "read"},
                               {"id": "role/payments-etl", "kind": "role", "level": "read"}]}],
}
CMDB = {"items": [{"match": {"name": "acme-*"}, "business_unit": "Payments", "application": "Ledger",
                   "environment": "prod", "criticality": "high", "owner": "wilhelmina",
                   "support_group": "payments-oncall"}]}
PEOPLE = ["Zoltan Quibell", "Quibell", "Yaretzi Ombongo", "Wilhelmina Strand", "wilhelmina.strand", "ulrika",
          "zoltan@acme.example", "yaretzi@acme.example", "wilhelmina@acme.example", "Ottilie Marchbanks",
          "Marchbanks"]


class PerimeterTest(TrackerCase):
    def setUp(self):
        self.llm = self.watch(Llm())
        config = default_config(llm={"providers": [self.llm.config()], "cache": False})
        config["sources"][3]["map"] = {**GENERIC_MAP, "tags": "/tags"}
        self.service = self.serve(config, start=False)
        self.service.write_file("identity.yaml", IDENTITY)
        self.service.write_file("cmdb.yaml", CMDB)
        self.service.start()
        self.plants = Plants()

    def payloads(self, number, spell):
        """One delivery of each platform with plants in every text it has."""
        line = lambda: self.plants.line(spell)  # noqa: E731
        bucket = f"acme-perimeter-{number}"
        nested = json.dumps({"rows": json.dumps({"note": line(), "first_name": "Ottilie Marchbanks"})})
        table = "email,ssn,card\n" + ",".join(self.plants.value(kind) for kind in ("email", "ssn", "card"))
        xml = f"<row><email>{self.plants.value('email')}</email><ssn>{self.plants.value('ssn')}</ssn></row>"
        yield "wiz", wiz_issue(f"w-{number}", bucket=bucket, control=f"Public bucket {line()}",
                               description=f"For Zoltan Quibell: {line()} {nested} {xml}", projects=line())
        yield "prisma", prisma_alert(f"p-{number}", bucket=bucket + "p", policy=f"Readable {line()}",
                                     policyDescription=f"{table}\n{line()}", policyRecommendation=line(),
                                     tags=[{"key": self.plants.value("email"), "value": line()},
                                           {"key": "owner", "value": "Ottilie Marchbanks"}])
        yield "orca", orca_alert(f"o-{number}", bucket=bucket + "o", title=f"S3 {line()}", details=line(),
                                 recommendation=line(), asset_tags_info_list=[f"contact|{self.plants.value('email')}"],
                                 alert_labels=["PII-Email", self.plants.value("ssn")])
        yield "generic", generic_event(f"g-{number}", bucket=bucket + "g", title=f"Open {line()}", text=line(),
                                       labels=["pii", self.plants.value("card")],
                                       tags={"owner": "Ottilie Marchbanks", "note": line()})

    def test_nothing_planted_reaches_the_llm_in_any_spelling(self):
        findings = []
        for number, spell in enumerate(SPELLINGS):
            for source, payload in self.payloads(number, spell):
                findings.append(self.deliver(self.service, payload, source))
        for finding in findings:
            self.service.settled(finding, timeout=60)
        self.assertGreater(len(self.plants.planted), 1000)
        requests = self.llm.requests()
        self.assertGreaterEqual(len(requests), len(SPELLINGS) * 3)
        self.assertEqual(leaks(self.plants.planted + PEOPLE, requests), [])
        sent = json.dumps([request.body for request in requests])
        for number in range(len(SPELLINGS)):
            self.assertIn(f"arn:aws:s3:::acme-perimeter-{number}", sent)
        self.assertIn("role/payments-etl", sent)
        self.assertIn("012345678901", sent)
        owner = self.dossier(self.service, findings[0])["owner"]
        self.assertEqual(owner["name"], "Wilhelmina Strand", "what code decided stands in the dossier under its own name")

    def test_neither_on_demand_nor_in_a_repair(self):
        self.llm.script = lambda evidence: faithful(evidence, [("The owner is Mallory Brown.", [evidence[0]["id"]])])
        payload = next(iter(self.payloads(77, SPELLINGS[0])))[1]
        self.service.post("/v1/explain", {"source": "wiz", "payload": payload})
        requests = self.llm.requests()
        self.assertEqual(len(requests), 2, "the lie is sent back once")
        self.assertEqual(leaks(self.plants.planted + PEOPLE, requests), [])
        self.assertIn("arn:aws:s3:::acme-perimeter-77", json.dumps(requests[0].body))


if __name__ == "__main__":
    unittest.main()
