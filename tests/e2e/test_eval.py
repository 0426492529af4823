"""`dossier eval`: prompt versions side by side over recorded cases, offline, and with a provider to record from."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import ROOT, Service, default_config  # noqa: E402
from standins.llm import Llm, faithful  # noqa: E402

CASES = ROOT / "config/eval"


class EvalTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="dossier-eval-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def eval(self, *arguments, llm=None, cases=CASES):
        service = Service(default_config(llm=llm or {}))
        self.addCleanup(service.close)
        return subprocess.run([service.binary, "eval", "-c", str(service.config_path), "--cases", str(cases),
                               *arguments], cwd=service.cwd, capture_output=True, text=True, timeout=120)

    def versions(self, *arguments, **more):
        answer = self.eval("--format", "json", *arguments, **more)
        self.assertTrue(answer.stdout, answer.stderr)
        return answer.returncode, {one["version"]: one for one in json.loads(answer.stdout)["versions"]}

    def test_versions_stand_side_by_side_without_any_provider(self):
        code, versions = self.versions()
        self.assertEqual((code, list(versions)), (0, ["1.0.0", "1.1.0"]))
        for one in versions.values():
            self.assertEqual((one["cases"], one["missing"], one["stale"]), (13, 0, 0))
            self.assertEqual((one["schema"], one["citation"]), (1, 1))
        self.assertGreater(versions["1.1.0"]["grounding"], versions["1.0.0"]["grounding"])
        self.assertGreater(versions["1.1.0"]["coverage"], versions["1.0.0"]["coverage"])
        text = self.eval()
        self.assertRegex(text.stdout, r"grounding +0\.\d+ +\d\.\d+")
        self.assertIn("disputed-owner 1.0.0: removed \"The owner is <PERSON_2>.\"", text.stdout)

    def test_a_bar_that_is_not_reached_is_exit_code_1(self):
        self.assertEqual(self.eval("--min-grounding", "0.9", "--prompts", "1.1.0").returncode, 0)
        self.assertEqual(self.eval("--min-grounding", "0.9").returncode, 1)

    def test_mistakes_are_exit_code_2_and_say_what_to_do(self):
        for arguments, words in [(("--prompts", "9.0.0"), "there is no prompt narrative 9.0.0"),
                                 (("--record",), "--record needs a provider"),
                                 (("--min-grounding", "7"), "--min-grounding")]:
            answer = self.eval(*arguments)
            self.assertEqual(answer.returncode, 2, answer.stdout)
            self.assertIn(words, answer.stderr)
        self.assertIn("cases can't be read", self.eval(cases=self.dir / "gone").stderr)

    def test_answers_are_recorded_and_then_cost_nothing(self):
        (self.dir / "one.json").write_text((CASES / "no-owner.json").read_text())
        answer = self.eval(cases=self.dir)
        self.assertEqual(answer.returncode, 1, "nothing to score")
        self.assertIn("no answer is recorded", answer.stdout)

        llm = Llm(lambda evidence: faithful(evidence))
        self.addCleanup(llm.shut)
        config = {"providers": [{**llm.config(), "price": {"input": 10, "output": 20}}]}
        code, versions = self.versions("--record", llm=config, cases=self.dir)
        self.assertEqual(len(llm.requests()), 2)
        self.assertEqual(llm.complaints, [])
        self.assertEqual(code, 0)
        for one in versions.values():
            self.assertAlmostEqual(one["usd"], (900 * 10 + 200 * 20) / 1e6)
            self.assertEqual((one["prompt_tokens"], one["completion_tokens"], one["grounding"]), (900, 200, 1))
        again = self.versions(cases=self.dir)[1]
        self.assertEqual(len(llm.requests()), 2, "offline from then on")
        self.assertEqual(again["1.0.0"]["usd"], versions["1.0.0"]["usd"])


if __name__ == "__main__":
    unittest.main()
