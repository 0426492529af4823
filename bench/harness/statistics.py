"""Rounds, medians and verdicts.

A goal compares a measured figure with a limit. CPU, memory and bytes count always; throughput and latency only where
nobody else worked on the machine: such a goal is *void* when more than `QUIET` cores were busy with something else in
most of its rounds, whatever the figure says.
"""

import dataclasses
import statistics

QUIET = 0.2       # foreign cores up to which throughput and latency mean something

MET, MISSED, VOID, NOT_RUN = "met", "missed", "void", "not run"


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def paired_ratio(numerators, denominators):
    """Median of the ratios round by round: what disturbs a round disturbs both of its sides."""
    return median([a / b for a, b in zip(numerators, denominators) if a is not None and b])


@dataclasses.dataclass
class Goal:
    """One row of the table. `at_most`/`at_least`: exactly one is set."""
    part: str
    name: str
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    timed: bool = False        # of throughput or latency: void on a busy machine
    measured: float | None = None
    foreign: float | None = None
    note: str = ""
    why_not: str = ""          # it was not run

    def meets(self):
        return self.measured <= self.at_most if self.at_most is not None else self.measured >= self.at_least

    @property
    def verdict(self):
        if self.measured is None:
            return NOT_RUN
        if self.timed and (self.foreign is None or self.foreign > QUIET):
            return VOID
        return MET if self.meets() else MISSED

    def limit_text(self):
        return f"≤ {number(self.at_most)}" if self.at_most is not None else f"≥ {number(self.at_least)}"


def number(value):
    """Three significant digits, without an exponent."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(goals):
    """The rows as aligned text."""
    rows = [("part", "goal", "limit", "measured", "verdict", "foreign", "remark")]
    for goal in goals:
        rows.append((goal.part, goal.name, f"{goal.limit_text()} {goal.unit}".strip(),
                     f"{number(goal.measured)} {goal.unit}".strip() if goal.measured is not None else "–",
                     goal.verdict, "–" if goal.foreign is None else f"{goal.foreign:.2f}", goal.why_not or goal.note))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)) + "  " + row[-1] for row in rows]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(line.rstrip() for line in lines)


def as_json(goals):
    return [{**dataclasses.asdict(goal), "verdict": goal.verdict} for goal in goals]


def steady_rate(marks, in_flight, total):
    """Findings a second, of marks (time, how many are done), between the end of the first wave and the moment when slots
    begin to stay empty. Findings that began together end together, so both ends are where a wave ends: between two of
    them nothing is finished."""
    begin = next(mark for mark in marks if mark[1] >= min(in_flight, marks[-1][1]))
    end = next(mark for mark in marks if mark[1] >= min(total - in_flight, marks[-1][1]))
    if end[0] <= begin[0]:
        begin, end = marks[0], marks[-1]
    return (end[1] - begin[1]) / max(end[0] - begin[0], 1e-9)
