"""The vendors' published contracts, where the folder that holds them is there: a second opinion on every request body.

`OpenApi(file).errors(method, path, body)` is a list of what the contract has against a JSON body. Without the folder it
is None and the stand-ins' own checks stand alone.
"""

import itertools
import json
import os
import pathlib
import re

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[3]
SHARED = pathlib.Path(os.environ.get("DOSSIER_SHARED") or ROOT.parent / "shared")


def load(name):
    path = SHARED / "contracts" / name
    return json.loads(path.read_text()) if path.is_file() else None


def first_errors(validator, value):
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
            for error in itertools.islice(validator.iter_errors(value), 5)]


class OpenApi:
    def __init__(self, document):
        self.document = document
        self.resolver = jsonschema.RefResolver("", document)

    def errors(self, method, path, body):
        for template, operations in self.document["paths"].items():
            pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))
            operation = operations.get(method.lower())
            if not operation or not re.fullmatch(pattern, path):
                continue
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                return []
            return first_errors(jsonschema.Draft4Validator(content["schema"], resolver=self.resolver), body)
        return [f"{method} {path} is not in the contract"]


def open_api(name):
    document = load(name)
    return OpenApi(document) if document else None


def shape(node):
    """A document with each kind of sibling once and every text as "x": as valid as the whole, and much smaller."""
    if not isinstance(node, dict):
        return node
    small = {**node, **({"text": "x"} if node.get("text") else {})}
    if isinstance(node.get("content"), list):
        small["content"] = []
        for child in map(shape, node["content"]):
            if child not in small["content"]:
                small["content"].append(child)
    return small


class Adf:
    """The schema of documents. It is recursive and full of alternatives: a long document would take it many seconds."""

    seen = []  # shapes that passed, for all tests of a run

    def __init__(self, schema):
        self.validator = jsonschema.Draft4Validator(schema)

    def errors(self, document):
        small = shape(document)
        if small in self.seen:
            return []
        if not (errors := first_errors(self.validator, small)):
            self.seen.append(small)
        return errors


def adf():
    schema = load("adf.schema.json")
    return Adf(schema) if schema else None


class Draft7:
    def __init__(self, schema):
        self.validator = jsonschema.Draft7Validator(schema)

    def errors(self, value):
        return first_errors(self.validator, value)


class Draft6(Draft7):
    def __init__(self, schema):
        self.validator = jsonschema.Draft6Validator(schema)


def slack_message():
    schema = load("slack-blockkit-message.schema.json")
    return Draft7(schema) if schema else None


def adaptive_card():
    schema = load("adaptive-card-1.5.schema.json")
    return Draft6(schema) if schema else None
