"""A storm spends its budget and no more, everybody has a text that says who wrote it, and the bill adds up."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from counting_llm import CountingLlm  # noqa: E402
from harness import Service, default_config, wiz_issue  # noqa: E402

STORM = int(os.environ.get("DOSSIER_STORM", "80"))  # findings; the figure in docs/operations.md is of 10,000
BATCH = 40
PRICE = {"input": 20, "output": 200}  # dollars a million tokens: an answer of 900 and 90 tokens costs 3.6 cents
MOST_USD = 0.5                        # what one call might cost: its whole prompt, and all tokens that it may use
ANSWER_USD = (900 * PRICE["input"] + 90 * PRICE["output"]) / 1e6


class CostCase(unittest.TestCase):
    def serve(self, llm=None, **more):
        self.llm = CountingLlm()
        self.addCleanup(self.llm.close)
        provider = {**self.llm.provider(), "price": PRICE, "max_tokens": 1500, "timeout": "60s"}
        self.config = default_config(llm={"providers": [provider], **(llm or {})}, **more)
        self.service = Service(self.config)
        self.addCleanup(self.service.close)
        return self.service.start()

    def storm(self, count, name="storm", **issue):
        """Ids of like findings, each of a bucket of its own."""
        ids = []
        for begin in range(0, count, BATCH):
            batch = [wiz_issue(f"W-{name}-{n}", bucket=f"acme-{name}-{n}", **issue)
                     for n in range(begin, min(begin + BATCH, count))]
            ids += [one["id"] for one in self.service.send("wiz", batch)["findings"]]
        return ids

    def narratives(self, ids):
        return [self.service.settled(one, 120)["dossier"]["narrative"] for one in ids]

    def cli(self, *arguments):
        return subprocess.run([self.service.binary, *arguments, "--url", f"http://127.0.0.1:{self.service.port}",
                               "--token", "viewer-token-of-the-tests"], capture_output=True, text=True, timeout=60)


class BudgetTest(CostCase):
    def test_a_storm_spends_its_budget_and_everyone_has_a_text(self):
        budget = 5 if STORM > 200 else 2
        self.serve({"budget": {"usd_per_day": budget}, "share_storms_of": 0})
        narratives = self.narratives(self.storm(STORM))
        authors = [one["author"] for one in narratives]
        calls = sum(self.llm.asked.values())
        told = authors.count("llm")  # a call that the machine was too slow for is paid for and tells nothing
        self.assertLessEqual(told, calls)
        self.assertLessEqual(calls * ANSWER_USD, budget)
        self.assertGreaterEqual(calls, budget / MOST_USD, "the budget is there to be used")
        over = f"llm stub was not asked: the budget of ${budget} a day has no room for it"
        self.assertGreaterEqual(sum(over in one["notes"] for one in narratives), STORM - calls)
        for one in narratives:
            self.assertTrue(one["summary"] and one["sentences"])
            if one["author"] == "template":
                self.assertEqual(one["notes"][-1], "written by the template narrator")
            else:
                self.assertAlmostEqual(one["cost"]["usd"], ANSWER_USD)

        report = self.service.get("/v1/reports/costs")
        [row] = report["items"]
        self.assertEqual([row[part] for part in ("source", "route", "provider", "model", "purpose")],
                         ["wiz", "everything", "stub", "stub-1", "narrative"])
        self.assertEqual((row["prompt_tokens"], row["completion_tokens"]), (900 * told, 90 * told))
        self.assertAlmostEqual(row["usd"], told * ANSWER_USD)
        self.assertLessEqual(row["usd"] + row["reserved_usd"], budget)
        self.assertEqual(row["refused"], STORM - row["calls"])
        calls = row["calls"]
        self.assertEqual(report["total"]["calls"], calls)
        metrics = self.service.get("/metrics", token=None)
        self.assertIn('dossier_llm_budget_refused_total{scope="day"}', metrics)
        self.assertIn('dossier_llm_spent_usd_total{provider="stub",purpose="narrative"}', metrics)

        table = self.cli("costs", "--by", "source,route")
        self.assertEqual(table.returncode, 0, table.stderr)
        self.assertRegex(table.stdout, rf"wiz  everything +{calls} ")
        self.assertEqual(json.loads(self.cli("costs", "--json").stdout)["total"]["calls"], calls)

        # Neither a reload nor a restart nor a crash fills the purse again.
        self.assertTrue(self.service.reload())
        self.assertEqual([one["author"] for one in self.narratives(self.storm(1, "reloaded"))], ["template"])
        self.service.kill()
        self.service.start()
        self.assertEqual([one["author"] for one in self.narratives(self.storm(1, "restarted"))], ["template"])
        self.assertEqual(self.service.get("/v1/reports/costs")["total"]["calls"], calls)

    def test_a_crash_in_the_middle_of_a_call_leaves_its_money_reserved(self):
        self.serve({"budget": {"usd_per_day": MOST_USD}})
        self.llm.pause = 60
        self.storm(1, "lost")
        self.service.wait_for(lambda: sum(self.llm.asked.values()) == 1, 20, "the LLM to be asked")
        self.service.kill()
        self.service.start()
        reserved = self.service.get("/v1/reports/costs")["total"]["reserved_usd"]
        self.assertGreater(reserved, MOST_USD / 2, "the answer alone may cost a quarter")
        [narrative] = self.narratives(self.storm(1, "next"))
        self.assertEqual(narrative["author"], "template")
        self.assertIn("budget", " ".join(narrative["notes"]))

    def test_a_source_and_a_route_have_limits_of_their_own(self):
        self.serve({"budget": {"per_source": {"orca": 0.01}, "per_route": {"low": 0.01}}},
                   routes=[{"name": "low", "when": {"severity": ["low"]}, "do": "digest"},
                           {"name": "rest", "do": "ticket"}])
        [low] = self.narratives(self.storm(1, "low", severity="LOW"))
        [rest] = self.narratives(self.storm(1, "rest"))
        self.assertEqual((low["author"], rest["author"]), ("template", "llm"))
        self.assertIn("for the route low", low["notes"][0])

    def test_a_budget_in_money_needs_prices(self):
        self.serve()
        del self.config["llm"]["providers"][0]["price"]
        self.config["llm"]["budget"] = {"usd_per_day": 5}
        self.service.write_config(self.config)
        answer = subprocess.run([self.service.binary, "check", "-c", str(self.service.config_path)],
                                cwd=self.service.cwd, capture_output=True, text=True, timeout=60)
        self.assertEqual(answer.returncode, 2)
        self.assertIn("llm.providers[0].price: is needed", answer.stdout)


class ShareTest(CostCase):
    def test_like_findings_share_one_explanation_with_facts_of_their_own(self):
        self.serve({"share": True})
        like = self.storm(20, "like")
        unlike = self.storm(1, "unlike", severity="HIGH")
        narratives = self.narratives(like)
        self.assertEqual(sum(self.llm.asked.values()), 2, self.llm.asked)
        [own] = [one for one in narratives if not one["shared_from"]]
        self.assertEqual(own["cost"]["calls"], 1)
        for number, one in enumerate(narratives):
            text = " ".join(sentence["text"] for sentence in one["sentences"])
            self.assertEqual((one["author"], one["prompt"]), ("llm", own["prompt"]))
            self.assertIn(f"acme-like-{number}", text)
            self.assertEqual(text.count("acme-like-"), text.count(f"acme-like-{number}"), text)
            if one is own:
                continue
            self.assertTrue(one["shared_from"].startswith("dos_"))
            self.assertIn(one["shared_from"], one["notes"][0])
            self.assertEqual((one["cost"]["calls"], one["removed"]), (0, []))
        self.assertEqual(self.narratives(unlike)[0]["shared_from"], "")
        dossier = self.service.get(f"/v1/findings/{like[-1]}")["dossier"]
        self.assertEqual(dossier["cost"]["calls"], dossier["narrative"]["cost"]["calls"])


    def test_a_crash_while_the_text_is_written_costs_one_call_and_no_finding_its_facts(self):
        self.serve({"share": True})
        self.llm.gate.clear()
        ids = self.storm(12, "crash")
        self.service.wait_for(lambda: sum(self.llm.asked.values()) == 1, 20, "the first to ask")
        self.service.kill()
        self.llm.gate.set()
        self.service.start()
        narratives = self.narratives(ids)
        self.assertEqual(sum(self.llm.asked.values()), 2, "nobody has heard the answer to the first call")
        self.service.kill()
        self.service.start()
        later = self.storm(3, "later")
        for number, one in enumerate([*narratives, *self.narratives(later)]):
            name = f"acme-crash-{number}" if number < 12 else f"acme-later-{number - 12}"
            self.assertEqual(one["author"], "llm", one["notes"])
            self.assertIn(name, " ".join(sentence["text"] for sentence in one["sentences"]))
        self.assertEqual(sum(self.llm.asked.values()), 2, "the text is kept over a crash")

    def test_a_storm_shares_by_itself_and_few_findings_do_not(self):
        self.serve({"share_storms_of": 8})
        self.llm.gate.clear()  # nobody is answered before all are in the making
        ids = self.storm(30, "gale")
        self.service.wait_for(lambda: sum(self.llm.asked.values()) == 9, 20, "eight to ask, and one for all others")
        self.llm.gate.set()
        narratives = self.narratives(ids)
        self.assertEqual(sum(self.llm.asked.values()), 9)
        self.assertEqual(sum(bool(one["shared_from"]) for one in narratives), 21)
        for one in range(3):
            [narrative] = self.narratives(self.storm(1, f"breeze-{one}"))
            self.assertEqual((narrative["author"], narrative["shared_from"]), ("llm", ""))


class TopTest(CostCase):
    def test_a_route_asks_for_its_highest_risks_only(self):
        self.serve(routes=[{"name": "all", "do": "ticket", "narrative": {"top_percent": 10, "window": "24h"}}])
        narratives = self.narratives(self.storm(20, "top"))
        authors = [one["author"] for one in narratives]
        self.assertEqual(authors.count("llm"), 2)
        for one in narratives:
            if one["author"] == "template":
                self.assertIn("the route all asks an LLM only for the top 10 % by risk of 24 h", one["notes"][0])

    def test_a_route_may_ask_for_none(self):
        self.serve(routes=[{"name": "quiet", "do": "digest", "narrative": "never"}])
        [narrative] = self.narratives(self.storm(1, "never"))
        self.assertEqual((narrative["author"], narrative["notes"][0]), ("template", "the route quiet asks no LLM"))
        self.assertFalse(self.llm.asked)


class RolloutTest(CostCase):
    def test_versions_have_their_shares_and_answers_name_theirs(self):
        self.serve({"rollout": {"narrative": {"1.0.0": 50, "1.1.0": 50}}})
        ids = self.storm(20, "arm")
        narratives = self.narratives(ids)
        versions = [one["prompt"]["version"] for one in narratives]
        self.assertEqual(set(versions), {"1.0.0", "1.1.0"}, [one["notes"] for one in narratives])
        hashes = {(one["prompt"]["version"], one["prompt"]["hash"]) for one in self.narratives(ids)}
        self.assertEqual(len(hashes), 2)
        self.service.post(f"/v1/findings/{ids[0]}/replay", {"from": "explain"}, expect=202)
        again = self.service.wait_for(
            lambda: (lambda d: d if d["revision"] == 2 and d["narrative"] else None)(
                self.service.get(f"/v1/findings/{ids[0]}")["dossier"]), 20, "the replay")
        self.assertEqual(again["narrative"]["prompt"]["version"], versions[0], "a replay stays with its version")


if __name__ == "__main__":
    unittest.main()
