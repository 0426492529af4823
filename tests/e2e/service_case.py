"""A test class whose tests share one running service; each test takes resources of its own."""

import unittest

from harness import Service, default_config


class ServiceCase(unittest.TestCase):
    config = {}  # sections that differ from the default configuration

    @classmethod
    def setUpClass(cls):
        cls.service = Service(default_config(**cls.config))
        cls.addClassCleanup(cls.service.close)
        cls.service.start()

    def created(self, source, payload):
        """The id of the one finding that the delivery creates."""
        answer = self.service.send(source, payload)
        self.assertEqual([finding["outcome"] for finding in answer["findings"]], ["created"])
        return answer["findings"][0]["id"]

    def wait_until(self, finding, claim, what):
        """The finding with its dossier once `claim` holds of it."""
        def holds():
            answer = self.service.get(f"/v1/findings/{finding}")
            return answer if claim(answer) else None
        return self.service.wait_for(holds, 20, what)

    def refused(self, status, answer, detail=""):
        """Checks that (status, headers, body) is that problem, as RFC 9457 and with its request's id."""
        self.assertEqual(answer[0], status, answer[2])
        self.assertEqual(answer[1]["Content-Type"], "application/problem+json")
        self.assertTrue(answer[1]["X-Request-Id"])
        self.assertEqual(answer[2]["status"], status)
        self.assertTrue(answer[2]["type"] and answer[2]["title"])
        self.assertIn(detail, answer[2]["detail"])
        return answer[2]
