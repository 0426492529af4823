"""What the tests of a ticket's life do again and again."""

from harness import generic_event
from tracker_steps import TrackerCase, tracker_config

ISSUE = "/rest/api/3/issue"
QUICK = {"workers": 2, "lease": "1m", "backoff": {"base": "50ms", "max": "500ms"}}


class LifeCase(TrackerCase):
    def start(self, sink, settle="1s", **tickets):
        config = tracker_config(sink.config(timeout="5s"), settle=settle, queue=QUICK, server={
            "listen": "127.0.0.1:0", "drain_timeout": "10s"})
        config["tickets"].update(tickets)
        return self.serve(config)

    def event(self, number, severity="high", status="open", **more):
        return generic_event(f"L-{number}", bucket=f"sandbox-life-{number}", severity=severity, status=status, **more)

    @staticmethod
    def forgive_moves_tried_twice(jira):
        """A move whose answer was lost is tried again, refused, and found to be done."""
        jira.complaints[:] = [one for one in jira.complaints if "Transition id must be one that is offered" not in one]

    def handed_over(self, service, event):
        finding = self.deliver(service, event)
        self.approve(service, self.ticketed(service, finding))
        return finding, self.posted(service, finding)["ticket"]["key"]
