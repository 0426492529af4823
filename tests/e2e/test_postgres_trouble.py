"""The PostgreSQL under the replicas crashes, takes no writes for a while, and fails over."""

import unittest

from harness import SOURCE_HEADERS, Service, default_config, wiz_issue
from postgres_server import PostgresServer
from replica_case import Load, ReplicaCase


class Trouble(ReplicaCase):
    def test_a_crash_of_the_server_is_waited_out(self):
        replicas = self.replicas(2)
        load = Load(replicas, "crash")
        for _ in range(2):
            load.reach(10)
            self.server.restart("immediate")
        load.reach(10)
        self.whole(replicas, load.end())
        self.assertTrue(any(event.get("event") == "store.reachable_again"
                            for one in replicas for event in one.log_events()))

    def test_a_server_that_takes_no_writes_for_a_while_is_refused_for_and_taken_back(self):
        replicas = self.replicas(2)
        load = Load(replicas, "readonly")
        load.reach(5)
        self.server.set("default_transaction_read_only", "on")
        try:
            def refuses():
                status, headers, _ = replicas[0].request("POST", "/v1/webhooks/wiz", wiz_issue(), SOURCE_HEADERS["wiz"],
                                                         token=None)
                return (status, headers["Retry-After"]) if status == 503 else None
            self.assertGreater(int(replicas[0].wait_for(refuses, 20, "a refusal")[1]), 0)
            self.assertEqual(replicas[0].request("GET", "/readyz")[0], 503)
            self.assertEqual(replicas[0].request("GET", "/healthz")[0], 200)
            replicas[0].get("/v1/findings")  # what can be read is read
        finally:
            self.server.set("default_transaction_read_only", "off")
        load.reach(10)
        acknowledged = load.end()
        for one in replicas:
            one.wait_for(lambda: one.request("GET", "/readyz")[0] == 200, 20, "readiness")
        self.whole(replicas, acknowledged)

    def test_acknowledged_findings_survive_the_death_of_the_primary(self):
        primary = PostgresServer()  # its own, since it is not to come back
        self.addCleanup(primary.close)
        database = primary.new_database()
        standby = PostgresServer(standby_of=primary)
        self.addCleanup(standby.close)
        primary.set("synchronous_standby_names", "'*'")  # a commit is on both before it is acknowledged
        url = primary.url(database, standby)
        replicas = [self.replica(url) for _ in range(2)]
        load = Load(replicas, "failover")
        load.reach(15)
        primary.stop("immediate")
        standby.set("synchronous_standby_names", "''")
        standby.promote()
        load.reach(10)
        self.whole(replicas, load.end())
        self.assertEqual([one.alive() for one in replicas], [True, True])

    def test_check_connect_says_what_is_wrong_with_the_database_and_changes_nothing(self):
        database = self.server.new_database()
        url = self.server.url(database)
        self.server.sql("CREATE ROLE reader LOGIN", database)

        def check(url, **more):
            """(exit code, the row of the store)"""
            service = Service(default_config(store={"url": url, **more}, routes=[{"name": "rest", "do": "digest"}]))
            self.addCleanup(service.close)
            ran = service.cli("check", "-c", service.config_path, "--connect")
            self.assertNotIn("hunter2", ran.stdout + ran.stderr)
            rows = [line for line in ran.stdout.splitlines() if line.startswith("store ")]
            self.assertEqual(len(rows), 1, ran.stdout + ran.stderr)
            return ran.returncode, " ".join(rows[0].split())

        where = f"127.0.0.1:{self.server.port}, database {database}"
        code, row = check(url, password="hunter2")
        self.assertEqual((code, row[:len("store ok ") + len(where)]), (0, f"store ok {where}"), row)
        self.assertIn("as dossier, schema public without our tables yet", row)
        self.assertEqual(self.server.sql("SELECT count(*) FROM pg_tables WHERE schemaname='public'", database), "0")

        self.replica(url).stop()
        self.assertIn("schema public at version", check(url)[1])
        code, row = check(url.replace("dossier@", "reader@"))
        self.assertEqual(code, 1)
        self.assertIn("permission missing", row)
        self.assertIn("CREATE on schema public", row)
        self.assertIn("failed", check(self.server.url("nowhere"))[1])
        self.assertIn("unreachable", check("postgresql://dossier@127.0.0.1:1/dossier")[1])
        self.server.sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        code, row = check(url)
        self.assertEqual(code, 1)
        self.assertIn("takes no writes", row)


if __name__ == "__main__":
    unittest.main()
