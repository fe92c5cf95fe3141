"""Does a derived threshold keep its budget, and what does it cost? On streams whose truth is known.

`python -m benchmarks.budgets [REPEATS]` derives thresholds again and again from fresh streams, looks
each one up in the truth, prints Markdown and draws the charts of docs/deciding.md. Every stream has
20,000 items: a person confirmed the first half, the machine decides the second.
"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmarks.drawing import Chart, svg
from benchmarks.stream import MIXES, Mix, Population, audited, draw, population
from inspection.budget import LADDER, AuditedItem, ErrorBudget, acceptance
from inspection.grades import Grade

STREAM = 20_000
AUDITED = (500, 1_000, 2_000, 5_000, 10_000)
BUDGET = ErrorBudget()
WITHIN = BUDGET.any_error / 1_000_000
MISS = 1 - BUDGET.confidence
LEAST_COVERAGE = 0.8
IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"

Method = Callable[[Sequence[AuditedItem]], int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What became of many calibrations of one mix."""

    mix: str
    audited: int
    best: float
    """Coverage of the best possible threshold, 0..1."""
    violations: int
    """Thresholds whose true error rate is above the budget."""
    realised: int
    """Those under which the second half of their own stream had a rate above it."""
    off: int
    coverages: tuple[float, ...]
    """Each threshold's coverage as a share of the best."""

    @property
    def within_limit(self) -> bool:
        """Violations within 5 % and the error of counting them; at least 80 % of the best coverage."""
        return self.violations <= most_violations(len(self.coverages)) and self.coverage >= LEAST_COVERAGE

    @property
    def coverage(self) -> float:
        """The mean; off counts as none."""
        return fmean(self.coverages)


def budgeted(items: Sequence[AuditedItem]) -> int | None:
    """The threshold as a station derives it."""
    return acceptance(items, BUDGET, category="simulated", proposed=Grade.NEW).threshold_ppm


def observed(items: Sequence[AuditedItem]) -> int | None:
    """The naive way: the laxest rung whose observed rate lies within the budget."""
    return _laxest(items, lambda errors, accepted: errors <= WITHIN * accepted)


def risk_controlled(items: Sequence[AuditedItem]) -> int | None:
    """Conformal risk control (arXiv 2208.02814) of "accepted and wrong", over all items."""
    count = len(items)
    return _laxest(items, lambda errors, accepted: (errors + 1) / (count + 1) <= WITHIN)


def _laxest(items: Sequence[AuditedItem], holds: Callable[[int, int], bool]) -> int | None:
    for rung in reversed(LADDER):
        accepted = [one for one in items if one.share_ppm >= rung]
        if accepted and holds(sum(one.wrong for one in accepted), len(accepted)):
            return rung
    return None


def most_violations(repeats: int) -> int:
    """The most that a rate of 5 % gives in so many repeats, by chance, in 95 of 100 cases."""
    return math.floor(repeats * MISS + 1.645 * math.sqrt(repeats * MISS * (1 - MISS)))


def measure(
    name: str,
    truth: Population,
    *,
    audited_items: int,
    repeats: int,
    method: Method = budgeted,
    stream: int = STREAM,
) -> Figures:
    """Derive a threshold from each of many streams, and look it up in the truth."""
    mix, best = MIXES[name], truth.best_coverage(WITHIN)
    outcomes = [_once(mix, truth, seed, audited_items, stream, method) for seed in range(repeats)]
    return Figures(
        mix=name,
        audited=audited_items,
        best=best,
        violations=sum(rate > WITHIN for _, rate, _ in outcomes),
        realised=sum(second > WITHIN for _, _, second in outcomes),
        off=sum(coverage == 0 for coverage, _, _ in outcomes),
        coverages=tuple(coverage / best for coverage, _, _ in outcomes),
    )


def _once(
    mix: Mix, truth: Population, seed: int, count: int, stream: int, method: Method
) -> tuple[float, float, float]:
    """(coverage, true error rate, rate in the second half) of one derived threshold; zeros while off."""
    drawn = draw(mix, stream, seed)
    threshold = method(audited(drawn, count))
    if threshold is None:
        return 0.0, 0.0, 0.0
    alone = (drawn.shares_ppm >= threshold)[stream // 2 :]
    wrong = drawn.wrong[stream // 2 :]
    return *truth.accepted(threshold), float(wrong[alone].mean()) if alone.any() else 0.0


HEAD = "| mix | audited | best | broken | in the second half | off | coverage of the best | worst tenth |"


def row(figures: Figures) -> str:
    """One line of the table."""
    lowest = sorted(figures.coverages)[len(figures.coverages) // 10]
    repeats = len(figures.coverages)
    cells = (
        figures.mix,
        f"{figures.audited:,}",
        f"{figures.best:.1%}",
        f"{figures.violations / repeats:.1%}",
        f"{figures.realised / repeats:.1%}",
        f"{figures.off / repeats:.1%}",
        f"{figures.coverage:.1%}",
        f"{lowest:.1%}",
    )
    return f"| {' | '.join(cells)} |"


def charts(found: Sequence[Figures]) -> dict[str, str]:
    """File name -> the chart of it."""

    def lines(value: Callable[[Figures], float]) -> dict[str, list[tuple[float, float]]]:
        return {mix: [(f.audited, value(f)) for f in found if f.mix == mix] for mix in MIXES}

    coverage = Chart(
        title="What the machine may decide, of what it could at best",
        across="items that a person confirmed",
        up="coverage, in shares of the best threshold's",
        places=AUDITED,
        lines=lines(lambda f: f.coverage),
        top=1.0,
        limit=LEAST_COVERAGE,
    )
    broken = Chart(
        title="Thresholds that break the budget of 1 %",
        across="items that a person confirmed",
        up="share of all thresholds derived",
        places=AUDITED,
        lines=lines(lambda f: f.violations / len(f.coverages)),
        top=0.1,
        limit=MISS,
    )
    return {"budget-coverage.svg": svg(coverage), "budget-broken.svg": svg(broken)}


def main(repeats: int) -> int:
    """Print the tables and draw the charts; 1 where a figure of 10,000 audited items misses its limit."""
    truths = {name: population(mix) for name, mix in MIXES.items()}
    print(f"{repeats} streams a row; at most {most_violations(repeats) / repeats:.1%} may be broken\n")
    print(f"{HEAD}\n|{' --- |' * 8}")
    found = []
    for count in AUDITED:
        for name, truth in truths.items():
            found.append(measure(name, truth, audited_items=count, repeats=repeats))
            print(row(found[-1]), flush=True)
    others: dict[str, Method] = {"observed rate": observed, "risk control": risk_controlled}
    for title, method in others.items():
        print(f"\n{title}, {AUDITED[-1]:,} audited\n\n{HEAD}\n|{' --- |' * 8}")
        for name, truth in truths.items():
            few = max(1, repeats // 5)
            print(
                row(measure(name, truth, audited_items=AUDITED[-1], repeats=few, method=method)), flush=True
            )
    for file, text in charts(found).items():
        (IMAGES / file).write_text(text, encoding="utf-8")
    return 0 if all(f.within_limit for f in found if f.audited == AUDITED[-1]) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
