"""What the table says of figures: run by `python3 -m unittest` from bench/ and by ctest."""

import unittest

from harness.statistics import MET, MISSED, NOT_RUN, VOID, Goal, median, number, paired_ratio, steady_rate, table


class Verdicts(unittest.TestCase):
    def test_a_limit_is_met_on_its_own_side(self):
        for limits, measured, verdict in (({"at_most": 2.2}, 2.2, MET), ({"at_most": 2.2}, 2.21, MISSED),
                                          ({"at_least": 0.6}, 0.6, MET), ({"at_least": 0.6}, 0.59, MISSED),
                                          ({"at_most": 1}, None, NOT_RUN)):
            with self.subTest(limits=limits, measured=measured):
                self.assertEqual(Goal("part", "goal", measured=measured, **limits).verdict, verdict)

    def test_a_timed_goal_is_void_while_others_work_whatever_it_says(self):
        for foreign, verdict in ((0.2, MET), (0.21, VOID), (None, VOID)):
            with self.subTest(foreign=foreign):
                goal = Goal("part", "goal", at_least=1, measured=5, timed=True, foreign=foreign)
                self.assertEqual(goal.verdict, verdict)

    def test_cpu_counts_on_a_busy_machine(self):
        self.assertEqual(Goal("part", "goal", at_most=1, measured=5, foreign=1.9).verdict, MISSED)


class Figures(unittest.TestCase):
    def test_a_ratio_pairs_the_rounds(self):
        # The machine was three times slower in the second round; the ratio of medians would say 3.
        self.assertEqual(paired_ratio([10, 30, 10], [5, 15, 5]), 2)
        self.assertIsNone(paired_ratio([1], [0]))
        self.assertIsNone(median([None]))

    def test_numbers_have_three_digits_and_no_exponent(self):
        self.assertEqual([number(one) for one in (0, None, 0.98765, 45.67, 18900.4)],
                         ["0", "–", "0.988", "45.7", "18,900"])

    def test_the_table_tells_why_a_part_was_not_run(self):
        self.assertIn("no redis-server", table([Goal("peers", "BullMQ", at_least=3, why_not="no redis-server")]))


class Rates(unittest.TestCase):
    def test_findings_in_step_and_one_by_one_have_the_same_rate(self):
        looks = [number / 10 for number in range(120)]
        in_step = [(at, min(320, 64 * int(at // 2))) for at in looks]
        one_by_one = [(at, min(320, int(32 * at))) for at in looks]
        for marks in (in_step, one_by_one):
            self.assertAlmostEqual(steady_rate(marks, 64, 320), 32, delta=1)

    def test_what_did_not_get_far_has_a_rate_too(self):
        self.assertEqual(steady_rate([(0, 0), (2, 10)], 64, 256), 5)


if __name__ == "__main__":
    unittest.main()
