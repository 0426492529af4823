"""Names that don't resolve, servers that can't prove who they are, connections that end in the handshake: nobody is told
anything, nothing is waited for, and the dossier says what is missing.

Answers that break off at every byte are in test_jira_cuts.py, silence in test_limits.py and test_durability.py.
"""

import contextlib
import pathlib
import shutil
import socket
import ssl
import tempfile
import threading
import unittest

from certificates import Certificates
from counting_llm import CountingLlm
from harness import Service, default_config, wiz_issue

NOWHERE = "no-such-host.invalid"


class SecureLlm(CountingLlm):
    """Speaks TLS with this certificate."""

    def __init__(self, directory, name):
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / f"{name}.crt", directory / f"{name}.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)


class HangsUp:
    """Takes connections and ends them in the middle of the handshake."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.met = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                connection.recv(1024)
                connection.close()
                self.met += 1

    def close(self):
        self.listener.close()


def provider(name, port, host="127.0.0.1"):
    return {"name": name, "kind": "openai", "url": f"https://{host}:{port}/v1", "model": "stub-1",
            "api_key": "sk-canary-llm-key", "timeout": "5s"}


class Tls(unittest.TestCase):
    def setUp(self):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="dossier-tls-"))
        self.addCleanup(shutil.rmtree, directory)
        certificates = Certificates(directory)  # for 127.0.0.1
        certificates.issue("elsewhere", "/CN=llm.acme.example", "subjectAltName=DNS:llm.acme.example")
        certificates.issue("expired", "/CN=127.0.0.1", "subjectAltName=IP:127.0.0.1", days=-1)
        certificates.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                         "signed_itself.key", "-out", "signed_itself.crt", "-days", "2", "-subj", "/CN=127.0.0.1",
                         "-addext", "subjectAltName=IP:127.0.0.1")
        self.trust = {"SSL_CERT_FILE": str(directory / "ca.crt")}
        self.directory = directory

    def listen(self, made):
        self.addCleanup(made.close)
        return made

    def told(self, providers):
        """The narrative of a finding for which these are asked in turn."""
        service = Service(default_config(llm={"providers": providers}), env=self.trust)
        self.addCleanup(service.close)
        service.start()
        finding = service.send("wiz", wiz_issue())["findings"][0]["id"]
        settled = service.settled(finding, 60)
        self.assertEqual(settled["finding"]["stage"], "awaiting_approval")
        self.assertNotIn("sk-canary", service.log_text())
        return settled["dossier"]["narrative"]

    def test_who_proves_who_it_is_is_asked(self):
        llm = self.listen(SecureLlm(self.directory, "server"))
        self.assertEqual(self.told([provider("good", llm.server.server_port)])["author"], "llm")
        self.assertEqual(sum(llm.asked.values()), 1)

    def test_nobody_else_is_told_anything_and_each_is_named(self):
        strangers = {name: self.listen(SecureLlm(self.directory, name))
                     for name in ("elsewhere", "expired", "signed_itself")}
        plain = self.listen(CountingLlm())
        hangs_up = self.listen(HangsUp())
        providers = [provider(name, llm.server.server_port) for name, llm in strangers.items()]
        providers += [provider("plain", plain.server.server_port), provider("hangs_up", hangs_up.port),
                      provider("nowhere", 443, NOWHERE)]
        narrative = self.told(providers)
        self.assertEqual(narrative["author"], "template")
        for one in providers:
            self.assertIn(f"llm {one['name']} failed", "\n".join(narrative["notes"]))
        for name, llm in [*strangers.items(), ("plain", plain)]:
            self.assertEqual(sum(llm.asked.values()), 0, name)
        self.assertGreater(hangs_up.met, 0)


class Names(unittest.TestCase):
    def test_sources_whose_names_don_t_resolve_are_gaps(self):
        config = default_config()
        config["cmdb"].append({"kind": "http", "url": f"https://{NOWHERE}/items?resource={{resource.id}}",
                               "map": {"business_unit": "/bu"}})
        config["identity"].append({"kind": "scim", "url": f"https://{NOWHERE}/scim/v2", "token": "scim-token"})
        service = Service(config)
        self.addCleanup(service.close)
        service.start()
        findings = [service.send("wiz", wiz_issue(f"W-{n}", bucket=f"other-{n}"))["findings"][0]["id"] for n in range(4)]
        for finding in findings:
            settled = service.settled(finding, 30)
            self.assertEqual(settled["finding"]["stage"], "awaiting_approval")
            gaps = settled["dossier"]["context"]["gaps"]
            self.assertTrue(any("http" in gap["source"] for gap in gaps), gaps)
        self.assertEqual(service.get("/healthz")["status"], "ok")


if __name__ == "__main__":
    unittest.main()
