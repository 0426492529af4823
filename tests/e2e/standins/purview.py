"""The scanning data plane of a Microsoft Purview account (api-version 2023-09-01): scans of registered data sources, their
runs and history, behind Entra tokens of the right audience.

A run has the id that its caller gave it; the same id again is refused (409), as is a start while another run of the scan
is under way. Whatever the real one would refuse is a complaint.
"""

import re
import urllib.parse

from .directory import TokenGiver
from .stand_in import Refusal

VERSION = "2023-09-01"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
RUNS = re.compile(r"/scan/datasources/([\w-]+)/scans/([\w-]+)/runs")
RUN = re.compile(r"/scan/datasources/([\w-]+)/scans/([\w-]+):run")


def refuse(status, code, message, **headers):
    return Refusal(status, {"error": {"code": code, "message": message, "target": None, "details": []}}, headers)


class Purview(TokenGiver):
    token_path = "/tenant-1/oauth2/v2.0/token"
    scope = "https://purview.azure.net/.default"

    def __init__(self):
        self.scans = {("Storage-Payments", "Weekly"): []}  # runs, newest first
        self.is_admin = True  # the role Data Source Administrator
        self.page_size = 2
        self.looks_to_end = 2  # how often a run is shown under way
        self.ends_as = "Succeeded"
        super().__init__()

    def config(self, **more):
        return {"name": "purview", "kind": "purview", "url": self.url, "auth_url": self.url + self.token_path,
                "tenant_id": "tenant-1", "client_id": self.client_id, "client_secret": self.client_secret,
                "poll": "100ms", "scans": [{"match": {"resource": ["*sandbox-*"]}, "data_source": "Storage-Payments",
                                            "scan": "Weekly"}], **more}

    def answer(self, call):
        if call.path == self.token_path:
            return self.give_token(call)
        if not self.has_token(call):
            raise refuse(401, "Unauthorized", "The token is of another audience or has expired.")
        try:
            return self.scanning(call)
        except Refusal as refusal:
            if refusal.status in (400, 404, 405):
                self.complain(f"{call.method} {call.path}: {refusal.body}")
            raise

    def scanning(self, call):
        if not self.is_admin:
            raise refuse(403, "Forbidden", "Not authorized to perform scan on the data source")
        if call.query.get("api-version") != VERSION:
            raise refuse(400, "InvalidApiVersion", f"api-version {call.query.get('api-version')} is not supported")
        history, start = RUNS.fullmatch(call.path), RUN.fullmatch(call.path)
        match = history or start
        if not match or (call.method != ("GET" if history else "POST")):
            raise refuse(405, "MethodNotAllowed", "no such operation")
        runs = self.scans.get((match[1], match[2]))
        if runs is None:
            raise refuse(404, "ScanNotFound", f"{match[2]} of {match[1]}")
        return self.list(call, runs) if history else self.start(call, runs)

    def start(self, call, runs):
        run_id = call.query.get("runId", "")
        if not UUID.fullmatch(run_id):
            raise refuse(400, "InvalidField", "runId must be a UUID")
        if call.query.get("scanLevel") not in ("Full", "Incremental"):
            raise refuse(400, "InvalidField", "scanLevel must be Full or Incremental")
        if call.raw:
            raise refuse(400, "InvalidField", "the body must be empty")
        if any(one["id"] == run_id for one in runs):
            self.complain("a run was started twice")
            raise refuse(409, "ScanRunExists", "a run of this id exists")
        if any(one["status"] in ("Accepted", "InProgress") for one in runs):
            raise refuse(409, "ScanInProgress", "another run is in progress")
        runs.insert(0, {"id": run_id, "parentId": None, "status": "Accepted", "scanLevelType": call.query["scanLevel"],
                        "startTime": "2026-11-26T07:00:00.000Z", "endTime": None, "assetsDiscovered": 0,
                        "assetsClassified": 0, "errorMessage": None, "error": None, "runType": "Manual", "looks": 0})
        return 202, {"scanResultId": run_id, "status": "Accepted"}

    def list(self, call, runs):
        start = int(call.query.get("$skip", 0))
        for run in runs[start:start + self.page_size]:
            self.look_at(run)
        page = {"value": [{name: value for name, value in one.items() if name != "looks"}
                          for one in runs[start:start + self.page_size]], "count": len(runs)}
        if len(runs) > start + self.page_size:
            query = urllib.parse.urlencode({"api-version": VERSION, "$skip": start + self.page_size})
            page["nextLink"] = f"{self.url}{call.path}?{query}"
        return 200, page

    def look_at(self, run):
        """A run goes on by being looked at, so that no test has to wait."""
        if run["status"] not in ("Accepted", "InProgress") or run["looks"] < 0:
            return
        run["looks"] += 1
        run["status"] = "InProgress"
        if run["looks"] > self.looks_to_end:
            run.update(status=self.ends_as, endTime="2026-11-26T07:06:00.000Z", assetsDiscovered=8, assetsClassified=3)
            if self.ends_as == "Failed":
                run["errorMessage"] = "The credential of the scan was refused."

    # For tests ---------------------------------------------------------------------------------------------------

    def runs(self):
        with self.lock:
            return [dict(one) for runs in self.scans.values() for one in runs]

    def earlier_run(self, number, status="Succeeded"):
        self.scans[("Storage-Payments", "Weekly")].append(
            {"id": f"00000000-0000-4000-8000-{number:012d}", "status": status, "looks": -1,
             "endTime": None if status == "InProgress" else "2026-11-01T00:00:00.000Z"})
