"""How every check speaks: `ok NAME: claim`, `FAILED NAME: claim (what was seen)`, `skipped NAME: why`, a line each, which is
what scripts/conformance counts. And how a check gets packages from npm.
"""

import shutil
import subprocess

SKIPPED = 77  # exit code of a check whose server can't be had


class Verdicts:
    def __init__(self, name):
        self.name = name
        self.failures = 0

    def __call__(self, good, claim, detail=""):
        self.failures += not good
        seen = f" ({str(detail)[:2000]})" if detail and not good else ""
        print(f"{'ok' if good else 'FAILED'} {self.name}: {claim}{seen}", flush=True)

    def skip(self, why):
        print(f"skipped {self.name}: {why}", flush=True)
        return SKIPPED

    def exit_code(self):
        return 1 if self.failures else 0


def npm_install(place, packages, *options, files=()):
    """Exact versions of npm packages into a folder under build/, once, and our own files beside them. False: they can't be
    had. No package's own scripts are run."""
    if not shutil.which("npm"):
        return False
    place.mkdir(parents=True, exist_ok=True)
    wanted = "\n".join([*options, *packages])
    marker = place / "installed"
    if not marker.exists() or marker.read_text() != wanted:
        (place / "package.json").write_text('{"private": true}')
        try:
            subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", *options, *packages],
                           cwd=place, check=True, timeout=600)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False
        marker.write_text(wanted)
    for file in files:
        shutil.copy(file, place)
    return True
