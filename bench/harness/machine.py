"""What the machine and its processes have used: CPU of a process tree, memory, bytes written, and what others took.

All times are seconds since boot as /proc counts them (ticks of 10 ms), so that a measurement should last a second or
more. `foreign` is what keeps a verdict honest: cores busy with neither the server nor its client.
"""

import dataclasses
import os
import pathlib
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def _stat(pid):
    """(parent, user + system seconds with the children that were waited for, resident bytes); None once it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2:].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICK, int(fields[21]) * PAGE


def tree(root):
    """The process and all below it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _stat(entry)):
            parents.setdefault(stat[0], []).append(int(entry))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += parents.get(pid, [])
    return found


def cpu_of(root):
    """CPU seconds of the process tree."""
    return sum(stat[1] for pid in tree(root) if (stat := _stat(pid)))


def resident_of(root):
    """Resident bytes of one process."""
    stat = _stat(root)
    return stat[2] if stat else 0


def written_by(pid):
    """Bytes that the process has caused to be written to storage; 0 where that can't be read."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/io").read_text().splitlines()
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return 0
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def machine_busy():
    """CPU seconds that all cores have been busy."""
    user, nice, system, _idle, _wait, irq, softirq = map(int, pathlib.Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / TICK


@dataclasses.dataclass
class Spent:
    """What one measured span took."""
    seconds: float
    server_cpu: float   # of the process trees that were asked for
    foreign_cores: float
    written: int


class Span:
    """Measures from its making to `end`; `servers` are root pids, `others` those whose CPU is no stranger's either."""

    def __init__(self, servers, others=()):
        self.servers, self.others = list(servers), list(others)
        self.started = self._now()

    def _now(self):
        return (time.monotonic(), sum(map(cpu_of, self.servers)), sum(map(cpu_of, self.others)), machine_busy(),
                sum(written_by(pid) for root in self.servers for pid in tree(root)))

    def end(self, client_cpu=0.0):
        """`client_cpu`: CPU of clients that have ended meanwhile."""
        then, now = self.started, self._now()
        seconds, server, others, busy, written = (b - a for a, b in zip(then, now))
        foreign = max(0.0, busy - server - others - client_cpu) / seconds
        return Spent(seconds, server, foreign, written)


def wait_until(condition, seconds, what, pause=0.02):
    """What `condition` returns as soon as that is true; TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(pause)
