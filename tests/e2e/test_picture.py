"""The blast radius on the ticket: a drawing that is attached once, whole and harmless, to every tracker's ticket."""

import pathlib
import sys
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import wiz_issue  # noqa: E402
from jira_case import JiraCase  # noqa: E402
from servicenow_case import ServiceNowCase  # noqa: E402
from standins.wiz import Wiz  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
BUCKET = "acme-payments-drawn"
HOSTILE = "\"/><script>alert(1)</script>&{{x}}"


class PictureTests:
    """Mixed into the cases of the trackers; `pictures()` = (name, media type, bytes) of the drawings on the ticket."""

    def graph(self):
        wiz = Wiz()
        self.addCleanup(wiz.shut)
        wiz.entity("ent-bucket", "BUCKET", BUCKET, externalId=f"arn:aws:s3:::{BUCKET}",
                   providerUniqueId=f"arn:aws:s3:::{BUCKET}")
        wiz.entity("ent-role", "ACCESS_ROLE", "payments-etl")
        wiz.entity("ent-vm", "VIRTUAL_MACHINE", HOSTILE)
        wiz.edge("ent-role", "ALLOWS_ACCESS_TO", "ent-bucket")
        wiz.edge("ent-vm", "ACTING_AS", "ent-role")
        return wiz

    def test_attached_once_over_every_kind_of_fault(self):
        wiz = self.graph()
        sources = [{"name": "wiz", "kind": "wiz", "auth": {"type": "bearer", "token": "wiz-webhook-token"},
                    "api": wiz.api_config(reconcile=False, backlog=False, rate="500/s")}]
        for kind in ("drop", "lost", "half", "error"):
            self.tracker.fault(kind, *self.ATTACH)
        service = self.start(settle="1s", sources=sources)
        finding = self.deliver(service, wiz_issue(wiz.add_issue(entity="ent-bucket"), bucket=BUCKET), "wiz")
        dossier = self.ticketed(service, finding)
        service.wait_for(self.pictures, 20, "the drawing")
        self.approve(service, dossier)
        self.posted(service, finding)
        self.deliver(service, wiz_issue("another-issue", bucket=BUCKET, control="Bucket logs nothing"), "wiz")
        service.wait_for(lambda: not any(one.times for one in self.tracker.faults), 20, "all faults to be met")

        (name, media_type, content), = self.pictures()
        self.assertRegex(name, r"^blast-radius-[0-9a-f]{8}\.svg$")
        self.assertEqual(media_type, "image/svg+xml")
        root = xml.etree.ElementTree.fromstring(content)
        self.assertEqual(root.tag, SVG + "svg")
        self.assertEqual({one.tag for one in root.iter()} & {SVG + "script", SVG + "foreignObject", SVG + "a"}, set())
        self.assertIn("3 nodes and 2 edges", root.find(SVG + "desc").text)
        said = "".join(root.itertext())
        for words in (BUCKET, "payments-etl", "<script>"):
            self.assertIn(words, said)
        shown = service.request("GET", f"/v1/dossiers/{dossier['id']}/blast-radius?format=svg")[2]
        self.assertEqual(content.decode(), shown, "the ticket shows what the console shows")

    def test_none_without_a_graph(self):
        service = self.start(settle="1s")
        finding = self.deliver(service)
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        service.wait_for(lambda: self.seen(self.tracker)[0].files, 20, "the evidence")
        self.assertEqual(self.pictures(), [])


class JiraPicture(PictureTests, JiraCase):
    def pictures(self):
        return [(one["filename"], one["mimeType"], one["content"]) for issue in self.jira.all()
                for one in issue["attachments"] if one["filename"].endswith(".svg")]


class ServiceNowPicture(PictureTests, ServiceNowCase):
    def pictures(self):
        return [(one["file_name"], one["content_type"], one["content"]) for one in self.now.attachments
                if one["file_name"].endswith(".svg")]


if __name__ == "__main__":
    unittest.main()
