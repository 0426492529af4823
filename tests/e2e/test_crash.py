"""Hundreds of kills, nothing lost, nothing twice. DOSSIER_KILLS=500 for the whole of it, DOSSIER_SEED to repeat one."""

import os
import unittest

from crash_case import AT_RANDOM, EXPLAINED, LAST_PLACES, PLACES, CrashCase
from harness import SLOW
from postgres_server import MISSING, PostgresServer

KILLS = int(os.environ.get("DOSSIER_KILLS", "0"))


class Killed(CrashCase):
    def test_at_every_place_and_at_random(self):
        load = self.history(KILLS or (60 if SLOW == 1 else 15))
        self.whole(load, timeout=60 + KILLS)
        self.report(load)
        if KILLS >= 100:
            self.assertEqual(set(self.kills), {*PLACES, *LAST_PLACES, AT_RANDOM})


if __name__ == "__main__":
    unittest.main()
