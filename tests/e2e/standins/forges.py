"""GitHub and GitLab as far as a pull or merge request needs them (docs.github.com REST 2022-11-28, docs.gitlab.com v4),
and a receiver of signed messages. Branches, files and requests are kept; what the vendors refuse is refused, and any
write to the default branch, any force and any merge is a complaint."""

import base64
import hashlib
import hmac
import re
import time
import urllib.parse

from standins.stand_in import Refusal, StandIn

TOKEN = "a-forge-token-of-the-tests"
SECRET = "a-webhook-secret-of-the-tests"
PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


class Forge(StandIn):
    def __init__(self):
        self.branches = {"main": {"LICENSE": b"ours\n"}}
        self.requests = []
        super().__init__()

    def need(self, condition, words):
        if not condition:
            self.complain(words)
            raise Refusal(422, {"message": "Validation Failed", "errors": [{"message": words}]})

    def writable(self, branch, path):
        self.need(branch != "main", "a write to the default branch")
        self.need(branch in self.branches, f"no branch {branch}")
        self.need(all(PART.fullmatch(part) for part in path.split("/")), f"a path that leads elsewhere: {path}")


class Github(Forge):
    repository = "acme/policies"

    def config(self, **more):
        return {"name": "policies", "kind": "github", "url": self.url, "token": TOKEN, "repository": self.repository,
                "labels": ["dossier"], "reviewers": ["sec-lead"], "timeout": "2s", **more}

    def answer(self, call):
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, {"message": "Bad credentials"})
        self.need(call.headers.get("user-agent"), "GitHub refuses requests without a User-Agent")
        self.need(call.headers.get("accept") == "application/vnd.github+json", "no media type")
        self.need(call.headers.get("x-github-api-version") == "2022-11-28", "no API version")
        root = f"/repos/{self.repository}"
        if call.path == root and call.method == "GET":
            return 200, {"full_name": self.repository, "default_branch": "main", "permissions": {"push": True}}
        if not call.path.startswith(root + "/"):
            raise Refusal(404, {"message": "Not Found"})
        rest, body = call.path[len(root):], call.body if isinstance(call.body, dict) else {}
        if call.method == "GET" and rest.startswith("/git/ref/heads/"):
            name = rest.removeprefix("/git/ref/heads/")
            if name not in self.branches:
                raise Refusal(404, {"message": "Not Found"})
            return 200, {"ref": f"refs/heads/{name}", "object": {"type": "commit", "sha": "a" * 40}}
        if (call.method, rest) == ("POST", "/git/refs"):
            self.need(set(body) == {"ref", "sha"} and body["sha"] == "a" * 40, f"a bad ref {body}")
            name = body["ref"].removeprefix("refs/heads/")
            if name in self.branches:
                raise Refusal(422, {"message": "Reference already exists"})
            self.branches[name] = dict(self.branches["main"])
            return 201, {"ref": body["ref"], "object": {"sha": body["sha"]}}
        if rest.startswith("/contents/"):
            return self.contents(call, rest.removeprefix("/contents/"), body)
        if rest == "/pulls":
            return self.pulls(call, body)
        if match := re.fullmatch(r"/issues/(\d+)/labels", rest):
            pull = self.requests[int(match[1]) - 1]
            self.need(call.method == "POST" and body.get("labels"), "labels")
            pull["labels"] = [{"name": one} for one in body["labels"]]
            return 200, pull["labels"]
        if match := re.fullmatch(r"/pulls/(\d+)/requested_reviewers", rest):
            pull = self.requests[int(match[1]) - 1]
            pull["requested_reviewers"] = [{"login": one} for one in body["reviewers"]]
            return 201, pull
        self.complain(f"{call.method} {call.path}")
        raise Refusal(404, {"message": "Not Found"})

    def contents(self, call, path, body):
        if call.method == "GET":
            files = self.branches.get(call.query.get("ref"), {})
            if path not in files:
                raise Refusal(404, {"message": "Not Found"})
            return 200, {"type": "file", "sha": hashlib.sha1(files[path]).hexdigest(), "encoding": "base64",
                         "content": base64.encodebytes(files[path]).decode()}
        self.need(call.method == "PUT" and {"message", "content", "branch"} <= set(body), "a bad PUT")
        self.writable(body["branch"], path)
        files = self.branches[body["branch"]]
        if path in files and body.get("sha") != hashlib.sha1(files[path]).hexdigest():
            raise Refusal(409, {"message": f"{path} does not match"})
        files[path] = base64.b64decode(body["content"], validate=True)
        return 201, {"content": {"path": path}}

    def pulls(self, call, body):
        if call.method == "GET":
            owner, _, branch = call.query.get("head", "").partition(":")
            self.need(owner == "acme" and branch, "head must be owner:branch")
            self.need(call.query.get("state") == "all", "a closed one counts as well")
            return 200, [one for one in self.requests if one["head"]["ref"] == branch]
        self.need({"title", "head", "base"} <= set(body) and body["head"] != body["base"], f"a bad pull request {body}")
        self.need(body["head"] in self.branches, "no such head")
        self.need(len(body["title"]) <= 256 and len(body.get("body", "")) <= 65536, "too long")
        if any(one["head"]["ref"] == body["head"] for one in self.requests):
            raise Refusal(422, {"message": "Validation Failed", "errors": [
                {"resource": "PullRequest", "code": "custom",
                 "message": f"A pull request already exists for acme:{body['head']}."}]})
        if self.branches[body["head"]] == self.branches[body["base"]]:
            raise Refusal(422, {"message": "Validation Failed", "errors": [{"message": "No commits between"}]})
        number = len(self.requests) + 1
        self.requests.append({"number": number, "html_url": f"https://github.example/{self.repository}/pull/{number}",
                              "title": body["title"], "body": body["body"], "draft": body.get("draft", False),
                              "head": {"ref": body["head"]}, "base": {"ref": body["base"]}, "labels": [],
                              "requested_reviewers": []})
        return 201, self.requests[-1]


class Gitlab(Forge):
    repository = "acme/cloud/policies"

    def config(self, **more):
        return {"name": "policies", "kind": "gitlab", "url": self.url, "token": TOKEN, "repository": self.repository,
                "labels": ["dossier", "policy"], "timeout": "2s", **more}

    def answer(self, call):
        if call.headers.get("private-token") != TOKEN:
            raise Refusal(401, {"message": "401 Unauthorized"})
        root = "/api/v4/projects/" + urllib.parse.quote(self.repository, safe="")
        target = call.target.split("?")[0]
        if not target.startswith(root):
            raise Refusal(404, {"message": "404 Project Not Found"})
        rest, body = target[len(root):], call.body if isinstance(call.body, dict) else {}
        if (call.method, rest) == ("GET", ""):
            return 200, {"default_branch": "main", "permissions": {"project_access": {"access_level": 30}}}
        if match := re.fullmatch(r"/repository/branches/([^/]+)", rest):
            if urllib.parse.unquote(match[1]) not in self.branches:
                raise Refusal(404, {"message": "404 Branch Not Found"})
            return 200, {"name": urllib.parse.unquote(match[1])}
        if match := re.fullmatch(r"/repository/files/([^/]+)", rest):
            if urllib.parse.unquote(match[1]) not in self.branches[call.query["ref"]]:
                raise Refusal(404, {"message": "404 File Not Found"})
            return 200, {"file_path": urllib.parse.unquote(match[1])}
        if (call.method, rest) == ("POST", "/repository/commits"):
            self.need({"branch", "start_branch", "commit_message", "actions"} == set(body), f"a bad commit {set(body)}")
            if body["branch"] in self.branches:
                raise Refusal(400, {"message": f"A branch called '{body['branch']}' already exists."})
            self.branches[body["branch"]] = files = dict(self.branches[body["start_branch"]])
            for one in body["actions"]:
                self.writable(body["branch"], one["file_path"])
                self.need((one["action"] == "update") == (one["file_path"] in files), "create or update")
                files[one["file_path"]] = one["content"].encode()
            return 201, {"id": "b" * 40}
        if rest == "/merge_requests":
            if call.method == "GET":
                self.need(call.query.get("state") == "all", "a closed one counts as well")
                return 200, [one for one in self.requests if one["source_branch"] == call.query["source_branch"]]
            self.need(body["source_branch"] in self.branches and body["target_branch"] == "main", "branches")
            if any(one["source_branch"] == body["source_branch"] for one in self.requests):
                raise Refusal(409, {"message": ["Another open merge request already exists for this source branch: !1"]})
            number = len(self.requests) + 1
            self.requests.append({**body, "iid": number, "web_url": f"https://gitlab.example/x/-/merge_requests/{number}"})
            return 201, self.requests[-1]
        self.complain(f"{call.method} {call.path}")
        raise Refusal(404, {"message": "404 Not Found"})


class Receiver(StandIn):
    """Takes a key once, as the contract asks."""

    def __init__(self):
        self.taken = {}
        super().__init__()

    def config(self, **more):
        return {"name": "policies", "kind": "webhook", "url": self.url + "/hook", "secret": SECRET, "timeout": "2s", **more}

    def answer(self, call):
        stamp = call.headers.get("x-dossier-timestamp", "")
        wanted = hmac.new(SECRET.encode(), stamp.encode() + b"." + call.raw, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(call.headers.get("x-dossier-signature", ""), "sha256=" + wanted):
            self.complain("a bad signature")
            raise Refusal(401, {"message": "bad signature"})
        if abs(time.time() - int(stamp)) > 300:
            self.complain("an old message")
        key = call.headers.get("idempotency-key")
        if key != call.body["key"]:
            self.complain("two keys")
        self.taken.setdefault(key, call.body)
        return 202, {"id": "change-7", "url": "https://changes.example/7"}
