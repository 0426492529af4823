"""Replicas of the service on one PostgreSQL share the work, die, join and leave."""

import contextlib
import pathlib
import signal
import threading
import unittest

from harness import SLOW, generic_event, orca_alert, wiz_issue
from replica_case import Load, ReplicaCase
from standins.forges import Github


class Sharing(ReplicaCase):
    def test_killed_joining_and_leaving_replicas_lose_and_double_nothing(self):
        replicas = self.replicas(3)
        load = Load(replicas, "crowd")
        load.reach(10)
        replicas[1].kill()
        load.reach(10)
        replicas[2].kill()
        replicas[1].start()
        load.reach(10)
        self.assertEqual(replicas[0].stop(), 0)  # leaves as one should
        replicas[2].start()
        newcomer = self.replica(self.url)
        replicas.append(newcomer)
        load.reach(10)
        acknowledged = load.end()
        # What a dead process was saying came through by half.
        self.jira.complaints[:] = [one for one in self.jira.complaints if "error parsing JSON" not in one]
        alive = replicas[1:]
        self.assertGreater(load.refused, 0, "the load met dead replicas")
        self.whole(alive, acknowledged)
        worked = [one for one in alive if '"event":"ticket.created"' in one.log_text().replace(" ", "")]
        self.assertGreater(len(worked), 1, "the work was shared")

    def test_a_replica_that_stood_still_before_its_create_makes_no_second_ticket(self):
        sleeper = self.replica(self.url)
        stall = self.jira.fault("stall", "GET", "/rest/api/3/issue/createmeta/.*")
        finding = self.deliver(sleeper, wiz_issue(), "wiz")
        self.assertTrue(stall.reached.wait(20 * SLOW), "the attempt is committed, and the create asks for its fields")
        sleeper.process.send_signal(signal.SIGSTOP)
        try:
            other = self.replica(self.url)
            dossier = self.until(other, finding, lambda d: d["draft"] and d["draft"]["ticket"], "the other's ticket")
            stall.release.set()
        finally:
            sleeper.process.send_signal(signal.SIGCONT)
        other.wait_for(lambda: "gone on with ticket:" in sleeper.log_text(), 20, "the sleeper to hear of it")
        self.assertEqual([issue["key"] for issue in self.jira.all()], [dossier["draft"]["ticket"]["key"]])
        self.whole([sleeper, other], {"": finding})

    def test_two_platforms_that_tell_two_replicas_of_one_exposure_get_one_ticket(self):
        replicas = self.replicas(2)
        begin = threading.Barrier(2)
        told = {}

        def tell(replica, source, payload):
            begin.wait()
            told[source] = self.deliver(replica, payload, source)
        tellers = [threading.Thread(target=tell, args=(replicas[0], "wiz", wiz_issue())),
                   threading.Thread(target=tell, args=(replicas[1], "orca", orca_alert()))]
        for teller in tellers:
            teller.start()
        for teller in tellers:
            teller.join(20)
        dossier = self.until(replicas[1], told["wiz"], lambda d: len(d["findings"]) == 2 and
                             d["stage"] == "awaiting_approval" and d["draft"] and d["draft"]["ticket"], "the join")
        self.assertEqual(set(dossier["findings"]), set(told.values()))
        self.assertEqual(len(self.jira.all()), 1)


class Overtaken(ReplicaCase):
    """Actions have no settle window as tickets have: whoever repeats one looks at each step of it before the step."""

    def replica_with(self, github):
        replica = self.replica(self.url, start=False)
        config = {**replica.config, "actions": {"policies": [github.config()]}}
        config["routes"][0].update(policy_drafts=True, policy_sink="policies")
        replica.write_config(config)
        return replica

    def stands_still(self, replica):
        return pathlib.Path(f"/proc/{replica.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def test_an_action_whose_doer_stands_still_is_taken_over_and_done_once(self):
        for place in ("action.intended", "action.done"):
            with self.subTest(place):
                self.url = self.server.url(self.server.new_database())
                github = Github()
                self.addCleanup(github.shut)
                sleeper = self.replica_with(github).start(env={"DOSSIER_FAULT": f"{place}@1:stop"})
                finding = self.deliver(sleeper, generic_event(bucket=f"acme-open-{place}"))
                dossier = self.ticketed(sleeper, finding)
                draft = sleeper.items(f"/v1/drafts?dossier_id={dossier['id']}&kind=policy")[0]
                # It may fall asleep over the answer.
                with contextlib.suppress(OSError):
                    sleeper.post(f"/v1/drafts/{draft['id']}/approve", {"comment": "good"}, timeout=2)
                sleeper.wait_for(lambda: self.stands_still(sleeper), 20, f"{place}")
                try:
                    other = self.replica_with(github).start()
                    self.until(other, finding, lambda d: [one["state"] for one in d["actions"]] == ["done"], "the action")
                finally:
                    sleeper.process.send_signal(signal.SIGCONT)
                sleeper.wait_for(lambda: "gone on with action:" in sleeper.log_text(), 20, "the sleeper to hear of it")
                self.assertEqual(len(github.requests), 1)
                self.assertEqual(github.complaints, [])
                self.assertEqual(len(self.audit(other, "action.done")), 1)
                self.assertTrue(other.get("/v1/audit/verify")["ok"])
                sleeper.close()
                other.close()


if __name__ == "__main__":
    unittest.main()
