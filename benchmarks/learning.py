"""How the error falls with confirmed verdicts, on rendered products that nobody learnt from.

`python -m benchmarks.learning FOLDER` reads what `benchmarks.verdicts` wrote, prints Markdown and draws
the chart of docs/deciding.md. Each number of verdicts is drawn ten times; 0 is the fixed map.
"""

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.drawing import Chart, svg
from inspection.confirmed import Confirmed
from inspection.detector import VersionedFile
from models.condition import ConditionHead
from models.features import GRADES, Numbers
from models.judging import SiteJudge
from models.training.verdicts.figures import Quality, quality
from models.training.verdicts.head import LEAST_ITEMS, learn_rows
from models.training.verdicts.rows import Verdicts, read_verdicts

COUNTS = (0, 20, 50, 100, 200)
DRAWS = 10
RESAMPLES = 1_000
CHART = Path(__file__).resolve().parents[1] / "docs" / "images" / "learning.svg"
VERSION = VersionedFile(name="condition-head", sha256="0" * 64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """The chances after so many verdicts: one array of test rows x 3 per draw."""

    count: int
    chances: tuple[Numbers, ...]

    def figures(self, truth: Numbers) -> list[Quality]:
        """One per draw."""
        return [quality(chances, truth.astype(np.int64)) for chances in self.chances]

    def errors(self, truth: Numbers) -> Numbers:
        """By test row: the share of draws in which its likeliest grade was wrong."""
        wrong = [chances.argmax(axis=1) != truth for chances in self.chances]
        return np.asarray(np.mean(wrong, axis=0), dtype=np.float64)


def after(count: int, pool: Sequence[Confirmed], tested: Sequence[Confirmed]) -> Outcome:
    """Learn from so many verdicts, drawn anew each time, and judge the tested rows."""
    if count == 0:
        return Outcome(count=0, chances=(judged(SiteJudge(), tested),))
    found = []
    for seed in range(DRAWS):
        rows = random.Random(seed).sample(list(pool), count)  # noqa: S311 - a draw anyone can repeat
        learnt = learn_rows(rows, Verdicts(name="drawn", sha256="0" * 64, rows=tuple(rows)))
        head = ConditionHead(file=learnt.file, version=VERSION)
        found.append(judged(SiteJudge(head=head), tested))
    return Outcome(count=count, chances=tuple(found))


def judged(judge: SiteJudge, tested: Sequence[Confirmed]) -> Numbers:
    """Chances of the grades, rows x 3; the fixed map's where the judge has nothing to say."""
    rows = []
    for row in tested:
        judgement = judge.judge(row.case)
        shares = judgement.shares if judgement and judgement.shares else row.case.raw
        rows.append([shares.of(grade) / 1_000_000 for grade in GRADES])
    return np.asarray(rows, dtype=np.float64)


def difference(one: Numbers, other: Numbers, products: Sequence[str]) -> tuple[float, float]:
    """95 % interval of the fall of the error, whole products drawn with replacement."""
    dice = np.random.default_rng(1)
    names = sorted(set(products))
    places = {name: [at for at, product in enumerate(products) if product == name] for name in names}
    falls = []
    for _ in range(RESAMPLES):
        at = [place for name in dice.choice(names, len(names)) for place in places[str(name)]]
        falls.append(float(one[at].mean() - other[at].mean()))
    low, high = np.quantile(falls, [0.025, 0.975])
    return float(low), float(high)


def row(outcome: Outcome, truth: Numbers) -> str:
    """One line of the table."""
    figures = outcome.figures(truth)
    errors = sorted(f.error for f in figures)
    cells = (
        f"{outcome.count}{'' if outcome.count == 0 or outcome.count >= LEAST_ITEMS else ' (refused)'}",
        f"{fmean(errors):.1%}",
        f"{errors[0]:.1%} to {errors[-1]:.1%}",
        f"{fmean(f.log_loss for f in figures):.3f}",
        f"{fmean(f.ece for f in figures):.3f}",
    )
    return f"| {' | '.join(cells)} |"


def main(folder: Path) -> int:
    """Print the table and draw the chart; 1 where 200 verdicts do not lower the error."""
    pool = read_verdicts(folder / "learn.jsonl").rows
    tested = read_verdicts(folder / "test.jsonl").rows
    truth = np.asarray([GRADES.index(one.grade) for one in tested], dtype=np.float64)
    counts = [count for count in COUNTS if count <= len(pool)]
    rubric = fmean(one.proposed != one.grade for one in tested)
    print(f"{len(pool)} verdicts to draw from, {len(tested)} tested units; the rubric errs on {rubric:.1%}\n")
    print("| verdicts | error | over ten draws | log loss | calibration error |\n|" + " --- |" * 5)
    outcomes = [after(count, pool, tested) for count in counts]
    for outcome in outcomes:
        print(row(outcome, truth), flush=True)
    first, last = outcomes[0].errors(truth), outcomes[-1].errors(truth)
    low, high = difference(first, last, [one.sku for one in tested])
    print(f"\nfall from 0 to {counts[-1]}: {first.mean() - last.mean():.1%} (95 % {low:.1%} to {high:.1%})")
    CHART.write_text(svg(chart(outcomes, truth)), encoding="utf-8")
    return 0 if last.mean() < first.mean() else 1


def chart(outcomes: Sequence[Outcome], truth: Numbers) -> Chart:
    """Error and calibration error against the number of verdicts."""
    found = [(outcome.count, outcome.figures(truth)) for outcome in outcomes]
    return Chart(
        title="Error on products that nobody learnt from",
        across="confirmed verdicts",
        up="share of units",
        places=[count for count, _ in found],
        lines={
            "likeliest grade wrong": [(count, fmean(f.error for f in each)) for count, each in found],
            "calibration error": [(count, fmean(f.ece for f in each)) for count, each in found],
        },
        top=0.5,
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
