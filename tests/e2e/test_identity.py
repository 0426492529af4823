"""Owners by way of directories: the real binary against SCIM servers of three kinds, an Okta org and Microsoft Graph."""

import http.client
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import SLOW, Service, default_config, prisma_alert  # noqa: E402
from standins import msgraph as graph_module, okta as okta_module, scim as scim_module  # noqa: E402
from standins.msgraph import MsGraph  # noqa: E402
from standins.okta import Okta  # noqa: E402
from standins.scim import Scim  # noqa: E402

ALICE, BOB, CARLA = "alice@acme.example", "bob@acme.example", "carla@acme.example"


def alert(number, bucket, **tags):
    return prisma_alert(f"P-{number}", bucket=bucket, tags=[{"key": key, "value": value} for key, value in tags.items()])


def scim_people(scim):
    scim.users += [
        scim_module.user(1, ALICE, "Alice Ngo", manager="user-000000000002", department="Payments", cost_center="CC-4711",
                         title="Data Engineer"),
        scim_module.user(2, BOB, "Bob Achterberg", manager="user-000000000003", department="Payments"),
        scim_module.user(3, "cmendes", "Carla Mendes", mail=CARLA, department="Platform"),
        scim_module.user(4, "gone@acme.example", "Gil Host", manager="user-000000000002", active=False),
    ]
    scim.groups.append({"id": "group-1", "displayName": "payments-admins",
                        "members": [{"value": "user-000000000001", "type": "User"}]})
    return scim


class IdentityCase(unittest.TestCase):
    def started(self, *directories, cmdb=(), timeout="5s"):
        """A service with these directories and nothing else that knows an owner."""
        config = default_config(identity=list(directories), context={"timeout": timeout})
        service = Service(config)
        self.addCleanup(service.close)
        service.write_file("cmdb.yaml", {"items": list(cmdb)})
        return service.start()

    def standing_in(self, stand_in):
        self.addCleanup(stand_in.shut)
        return stand_in

    def dossier(self, service, finding):
        answer = service.send("prisma", [finding])
        return service.settled(answer["findings"][0]["id"])["dossier"]

    def owner(self, service, finding):
        return self.dossier(service, finding)["owner"]


class StrictnessTest(IdentityCase):
    """The stand-ins are seen to refuse before anything rests on them."""

    def status(self, stand_in, path, query, token):
        connection = http.client.HTTPConnection("127.0.0.1", stand_in.port, timeout=10)
        target = path + "?" + urllib.parse.urlencode(query)
        connection.request("GET", target, headers={"Authorization": token, "Accept": "application/scim+json, application/json"})
        answer = connection.getresponse().status
        connection.close()
        return answer

    def test_scim(self):
        users, token = "/scim/v2/Users", "Bearer " + scim_module.TOKEN
        for kind, good, bad in (
                ("full", ['userName eq "a"', r'emails.value eq "a\"b"'],
                 ['userName eq a', "userName eq 'a'", 'userName co "a"', 'userName eq "a', 'userName eq "a" or id pr']),
                ("aws", ['userName eq "a"', 'externalId eq "a"'],
                 ['emails.value eq "a"', 'userName sw "a"', 'displayName eq "a"'])):
            scim = self.standing_in(Scim(kind))
            for text in good:
                self.assertEqual(self.status(scim, users, {"filter": text}, token), 200, text)
            for text in bad:
                self.assertEqual(self.status(scim, users, {"filter": text}, token), 400, text)
        self.assertEqual(self.status(scim, users, {"filter": good[0], "startIndex": 1}, token), 400)
        self.assertEqual(self.status(scim, users, {"filter": good[0]}, "Bearer x"), 401)

    def test_okta_and_graph(self):
        okta, graph = self.standing_in(Okta()), self.standing_in(MsGraph())
        token = "SSWS " + okta_module.TOKEN
        self.assertEqual(self.status(okta, "/api/v1/users", {"search": 'profile.email eq "a"'}, token), 200)
        self.assertEqual(self.status(okta, "/api/v1/users", {"search": "profile.email eq a"}, token), 400)
        self.assertEqual(self.status(okta, "/api/v1/users/nobody", {}, token), 404)
        self.assertEqual(self.status(okta, "/api/v1/users", {}, "Bearer x"), 401)
        graph.tokens["good"] = float("inf")
        graph.objects["users"].append(graph_module.user(1, ALICE, "Alice"))
        for query, status in (({"$filter": "mail eq 'o''hara' or userPrincipalName eq 'x'", "$select": "id"}, 200),
                              ({"$filter": "mail eq 'o'hara'", "$select": "id"}, 400),
                              ({"$filter": 'mail eq "x"', "$select": "id"}, 400), ({"$select": "id,shoe"}, 400),
                              ({"$select": "id", "$expand": "manager"}, 400)):
            self.assertEqual(self.status(graph, "/v1.0/users", query, "Bearer good"), status, query)
        self.assertEqual(self.status(graph, "/v1.0/users", {}, "Bearer old"), 401)


class ScimTest(IdentityCase):
    def test_an_owner_tag_is_completed(self):
        scim = scim_people(self.standing_in(Scim()))
        service = self.started(scim.config())
        dossier = self.dossier(service, alert(1, "completed", owner=ALICE, team="payments-admins"))
        owner = dossier["owner"]
        self.assertEqual({key: owner[key] for key in ("name", "email", "department", "cost_center", "title", "manager",
                                                      "manager_name", "team", "disputed", "inactive")},
                         {"name": "Alice Ngo", "email": ALICE, "department": "Payments", "cost_center": "CC-4711",
                          "title": "Data Engineer", "manager": BOB, "manager_name": "Bob Achterberg",
                          "team": "payments-admins", "disputed": False, "inactive": ""})
        self.assertGreater(owner["confidence"], 0.7, "the group that she belongs to agrees")
        self.assertIn("CC-4711", dossier["draft"]["body"])
        self.assertIn("Bob Achterberg", dossier["draft"]["body"])
        self.assertEqual(dossier["context"]["gaps"], [])
        self.assertEqual(scim.complaints, [])
        self.assertNotIn(scim_module.TOKEN, service.log_text())

    def test_a_dispute_is_shown(self):
        scim = scim_people(self.standing_in(Scim()))
        service = self.started(scim.config(), cmdb=[{"match": {"name": "acme-disputed"}, "owner": BOB}])
        dossier = self.dossier(service, alert(2, "acme-disputed", owner="Carla Mendes"))
        owner = dossier["owner"]
        self.assertEqual((owner["email"], owner["disputed"]), (BOB, True))
        self.assertLess(owner["confidence"], 0.9)
        losers = [signal["person"]["email"] for signal in owner["signals"] if not signal["agrees"]]
        self.assertEqual(losers, [CARLA], "found by her full name, and kept")
        self.assertIn("disagree", dossier["draft"]["body"])

    def test_whoever_has_left_is_not_chosen_and_not_assigned(self):
        scim = scim_people(self.standing_in(Scim()))
        service = self.started(scim.config(), cmdb=[{"match": {"name": "acme-left*"}, "owner": "gone@acme.example"}])
        other = self.owner(service, alert(3, "acme-left", owner="alice_at_acme_example"))
        self.assertEqual((other["email"], other["disputed"]), (ALICE, False))
        self.assertIn("deactivated", [signal["person"]["inactive"] for signal in other["signals"]
                                      if not signal["agrees"]][0])
        alone = self.dossier(service, alert(4, "acme-left-alone"))
        self.assertEqual((alone["owner"]["name"], alone["owner"]["escalation"]), ("Gil Host", BOB))
        self.assertLess(alone["owner"]["confidence"], 0.5)
        self.assertEqual(alone["draft"]["assignee"], "")
        self.assertIn("has left", alone["draft"]["body"])

    def test_a_directory_that_is_down_is_a_gap(self):
        scim = scim_people(self.standing_in(Scim()))
        service = self.started(scim.config(), timeout="1s")
        scim.shut()
        dossier = self.dossier(service, alert(5, "down", owner=ALICE))
        self.assertEqual(dossier["owner"]["email"], ALICE, "the tag needs no directory")
        self.assertEqual([gap["source"] for gap in dossier["context"]["gaps"]], ["identity:scim"])
        self.assertIn("identity:scim", dossier["draft"]["body"])

    def test_aws_takes_little_and_a_thousand_findings_of_ten_owners_cost_ten_calls(self):
        scim = self.standing_in(Scim("aws"))
        scim.page = 1
        scim.users += [scim_module.user(i, f"owner{i}@acme.example", f"Owner {i}", department="D") for i in range(10)]
        scim.groups += [{"id": f"g{i}", "displayName": f"group {i}", "members": [{"value": "user-000000000003"}]}
                        for i in range(3)]
        service = self.started(scim.config(), timeout=f"{2 * SLOW}s")
        first = self.owner(service, alert(100, "aws-first", owner="owner3@acme.example", team="group 1"))
        self.assertEqual(first["department"], "D")
        self.assertEqual(first["signals"][0]["person"]["groups"], ["group 0", "group 1", "group 2"])
        unknown = self.owner(service, alert(101, "aws-unknown", owner="nobody@acme.example"))
        self.assertEqual((unknown["email"], unknown["name"]), ("nobody@acme.example", ""))
        refused = [call for call in scim.look_ups() if call.status == 400]
        self.assertEqual(len(refused), 1, "emails.value is tried once")
        before = len(scim.calls("GET"))
        many = 1_000 if SLOW == 1 else 60
        service.send("prisma", [alert(200 + i, f"aws-{i}", owner=f"owner{i % 10}@acme.example") for i in range(many)])
        service.wait_for(lambda: re.search(r"^dossier_queue_depth 0$", service.get("/metrics"), re.M), 60,
                         "all findings to settle")
        self.assertEqual({one["owner"] for one in service.items("/v1/findings")} - {"nobody@acme.example"},
                         {f"owner{i}@acme.example" for i in range(10)})
        self.assertLessEqual(len(scim.calls("GET")) - before, 10)
        self.assertEqual(scim.complaints, [])

    def test_ping_signs_in_by_client_credentials_and_again_when_the_token_is_gone(self):
        scim = scim_people(self.standing_in(Scim("ping")))
        service = self.started(scim.config())
        self.assertEqual(self.owner(service, alert(6, "ping-1", owner=CARLA))["name"], "Carla Mendes")
        scim.revoke_tokens()
        owner = self.owner(service, alert(7, "ping-2", owner=ALICE))
        self.assertEqual((owner["name"], owner["signals"][0]["person"]["groups"]), ("Alice Ngo", ["payments-admins"]))
        self.assertEqual(len(scim.calls("POST", "/token")), 2)
        self.assertFalse(scim.calls("GET", "/scim/v2/Groups.*"), "groups stand at the user here")
        self.assertNotIn(scim.client_secret, service.log_text())
        self.assertEqual(scim.complaints, [])

    def test_check_says_what_is_wrong(self):
        scim = self.standing_in(Scim())
        for wrong, words in (({}, "ok"), ({"token": "nonsense"}, "credentials refused"),
                             ({"url": "http://127.0.0.1:1"}, "unreachable")):
            service = Service(default_config(identity=[scim.config(**wrong)]))
            self.addCleanup(service.close)
            done = service.cli("check", "-c", service.config_path, "--connect")
            line = next(one for one in done.stdout.splitlines() if "identity[scim]" in one)
            self.assertIn(words, line)
            self.assertEqual(done.returncode, 0 if words == "ok" else 1, done.stdout)
            self.assertNotIn("nonsense", done.stdout + done.stderr)


class OktaTest(IdentityCase):
    def setUp(self):
        self.okta = self.standing_in(Okta())
        bob = okta_module.user(2, BOB, "Bob", "Achterberg")
        alice = okta_module.user(1, ALICE, "Alice", "O'Hara \"Al\"", department="Payments", costCenter="CC-1",
                                 managerId=bob["id"], manager="Bob Achterberg")
        self.okta.users += [alice, bob, okta_module.user(3, "gone@acme.example", "Gil", "Host", status="DEPROVISIONED",
                                                         managerId=bob["id"])]
        self.okta.groups = {"payments": [alice["id"]], "b": [alice["id"]], "c": [alice["id"]]}
        self.okta.owners = {"payments": [bob["id"]]}

    def test_owners_with_manager_groups_and_departures(self):
        service = self.started(self.okta.config())
        owner = self.owner(service, alert(1, "okta-1", Owner="alice", team="c"))
        self.assertEqual((owner["email"], owner["department"], owner["cost_center"], owner["manager"]),
                         (ALICE, "Payments", "CC-1", BOB))
        self.assertEqual(owner["signals"][0]["person"]["groups"], ["payments", "b", "c"])
        gone = self.owner(service, alert(2, "okta-2", owner="gone@acme.example"))
        self.assertEqual((gone["inactive"], gone["escalation"]), ("deprovisioned in identity:okta", BOB))
        team = self.owner(service, alert(3, "okta-3", team="payments"))
        self.assertEqual((team["email"], team["team"]), (BOB, "payments"), "the owner of the group, as somebody has to act")
        self.assertIn("group", team["rule"])
        self.assertEqual(self.okta.complaints, [])

    def test_a_service_app_signs_its_requests_and_no_secret_is_logged(self):
        key = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], check=True,
                             capture_output=True, text=True).stdout
        config = self.okta.config(client_id=self.okta.client_id, private_key="${OKTA_KEY}", key_id="k-1")
        del config["token"]
        service = Service(default_config(identity=[config], log={"level": "debug"}), env={"OKTA_KEY": key})
        self.addCleanup(service.close)
        service.start()
        self.assertEqual(self.owner(service, alert(1, "app-1", owner=ALICE))["department"], "Payments")
        self.okta.revoke_tokens()
        self.assertEqual(self.owner(service, alert(2, "app-2", owner="gone@acme.example"))["name"], "Gil Host")
        self.assertEqual(len(self.okta.calls("POST", "/oauth2/v1/token")), 2)
        log = service.log_text()
        for secret in (*key.splitlines()[1:3], *self.okta.tokens, "client_assertion"):
            self.assertNotIn(secret, log)
        self.assertEqual(self.okta.complaints, [])

    def test_a_rate_limit_is_a_gap_and_no_wait(self):
        self.okta.fault("refuse", "GET", "/api/v1/users.*", times=20, status=429, body={"errorCode": "E0000047"},
                        headers={"X-Rate-Limit-Reset": "4102444800", "X-Rate-Limit-Remaining": "0"})
        service = self.started(self.okta.config())
        dossier = self.dossier(service, alert(1, "limited", owner=ALICE))
        self.assertEqual(dossier["owner"]["email"], ALICE)
        self.assertEqual([gap["source"] for gap in dossier["context"]["gaps"]], ["identity:okta"])
        self.assertEqual(len(self.okta.calls("GET")), 1, "nobody hammers a directory that said when to come back")

    def test_a_right_that_is_missing_is_said(self):
        self.okta.forbids_groups = True
        service = self.started(self.okta.config())
        dossier = self.dossier(service, alert(1, "rights", owner=ALICE, team="payments"))
        self.assertEqual(dossier["owner"]["department"], "Payments")
        self.assertIn("okta.groups.read", dossier["context"]["gaps"][0]["reason"])
        done = service.cli("check", "-c", service.config_path, "--connect")
        self.assertIn("view groups", done.stdout)
        self.assertEqual(done.returncode, 1)


class GraphTest(IdentityCase):
    def setUp(self):
        self.graph = self.standing_in(MsGraph())
        bob = graph_module.user(2, BOB, "Bob Achterberg")
        self.alice = graph_module.user(1, ALICE, "Alice O'Hara", manager=bob["id"], department="Payments",
                                       jobTitle="Engineer", employeeOrgData={"costCenter": "CC-1", "division": "Retail"})
        self.alice["proxyAddresses"].append("smtp:a.o'hara@acme.example")
        self.graph.objects["users"] += [self.alice, bob]
        groups = [self.graph.add_group(name, owners=[self.alice["id"]])["id"] for name in ("payments-admins", "second")]
        self.alice["groups"] = groups
        self.graph.objects["applications"].append({"id": "cccccccc-0000-4000-8000-000000000001", "displayName": "etl-app",
                                                   "appId": "x", "owners": [bob["id"]]})

    def test_people_aliases_groups_and_applications(self):
        service = self.started(self.graph.config())
        for number, spelling in enumerate((ALICE, "a.o'hara@acme.example", "Alice O'Hara", "alice", self.alice["id"])):
            owner = self.owner(service, alert(number, f"graph-{number}", owner=spelling, team="second"))
            self.assertEqual((owner["email"], owner["cost_center"], owner["title"], owner["manager"]),
                             (ALICE, "CC-1", "Engineer", BOB), spelling)
        self.assertEqual(owner["signals"][0]["person"]["groups"], ["payments-admins", "second"], "page by page")
        self.graph.throttles_part = 1
        team = self.owner(service, alert(10, "graph-team", team="payments-admins"))
        self.assertEqual((team["email"], team["team"], team["disputed"]), (ALICE, "payments-admins", False))
        self.assertEqual(self.owner(service, alert(11, "graph-app", owner="etl-app"))["email"], BOB)
        self.assertEqual(self.graph.complaints, [])

    def test_tokens_expire_in_mid_flight(self):
        service = self.started(self.graph.config())
        self.owner(service, alert(1, "expiry-1", owner=ALICE))
        self.graph.revoke_tokens()
        self.assertEqual(self.owner(service, alert(2, "expiry-2", owner=BOB))["name"], "Bob Achterberg")
        self.assertEqual(len(self.graph.calls("POST", self.graph.token_path)), 2)
        log = service.log_text()
        for secret in (self.graph.client_secret, *self.graph.tokens):
            self.assertNotIn(secret, log)

    def test_hidden_objects_are_said_and_not_taken_for_none(self):
        self.graph.rights = {"User.Read.All"}
        service = self.started(self.graph.config())
        dossier = self.dossier(service, alert(1, "hidden", owner=ALICE, team="second"))
        self.assertEqual(dossier["owner"]["title"], "Engineer")
        self.assertIn("GroupMember.Read.All", dossier["context"]["gaps"][0]["reason"])
        done = service.cli("check", "-c", service.config_path, "--connect")
        self.assertIn("GroupMember.Read.All", done.stdout)
        self.assertIn("Application.Read.All", done.stdout)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.graph.complaints, [])


if __name__ == "__main__":
    unittest.main()
