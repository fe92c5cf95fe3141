"""Thousands of returns with every fault of a refund system, and the centre killed again and again.

`python -m tests.flow.refund_soak --returns 10000 --kills 50 --seed 1` (or `make soak-refunds`): real
processes, one merchant that is told and one for whom the centre pays. At the end every refund must be settled
exactly once, to the cent, and all books must agree. What came of it is kept under docs/soak/.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from demo.processes import regrade, run_once
from demo.strict.faults import Rates
from tests.flow.refund_house import House, house
from tests.flow.refund_judge import Books, kinds_of, late_failures, wrong
from tests.flow.refund_play import Play, rows_of
from tests.flow.refund_script import write_script

KEPT = Path(__file__).resolve().parents[2] / "docs" / "soak"
RATES = Rates.model_validate(
    {
        "timeout_after": 8_000, "timeout_before": 8_000, "late_effect": 8_000, "error_after": 20_000,
        "error_before": 20_000, "refused_after": 20_000, "reset": 20_000, "drip": 8_000, "throttled": 20_000,
        "stale": 20_000, "hook_first": 50_000, "reads": 20_000, "pending": 50_000, "late_failure": 20_000,
        "doubled": 100_000, "reordered": 100_000,
    }
)  # fmt: skip
"""Every fault, at rates that let it happen hundreds of times in ten thousand returns."""


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of it."""

    returns: int
    units: int
    seed: int
    seconds: float
    killed: Counter[str]
    faults: Counter[str]
    stories: Counter[str]
    left: Counter[str]
    failed_later: tuple[int, int]
    movements: int
    stuck: dict[str, int]
    wrong: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether all is as it must be."""
        return not self.wrong and not self.stuck


async def soak(
    folder: Path,
    *,
    returns: int,
    kills: int,
    seed: int,
    pace: float,
    show: Callable[[str, int, int], None],
    rates: Rates = RATES,
) -> Result:
    """Play it to its end and judge it."""
    began, script = time.monotonic(), write_script(returns, seed)
    async with house(folder, seed, rates) as made:
        play = Play(house=made, script=script, dice=Random(seed + 1), pace_per_s=pace, kills=kills, show=show)
        stuck = await play.run()
        books, faults = await _books(made, seed, rates)
        found = list(wrong(script, books)) + play.trouble
        return Result(
            returns=returns,
            units=len(script.plots),
            seed=seed,
            seconds=time.monotonic() - began,
            killed=play.killed,
            faults=faults,
            stories=Counter(plot.story.value for plot in script.plots),
            left=play.left,
            failed_later=late_failures(script, books),
            movements=len(books.refunds),
            stuck=stuck,
            wrong=found + await _differences(made),
        )


async def _books(made: House, seed: int, rates: Rates) -> tuple[Books, Counter[str]]:
    refunds, faults = [], Counter[str]()
    for name in ("payments", "informed"):
        state = await made.ask("GET", name, "/books.json")
        refunds += state["refunds"]
        faults.update(state["faults"])
    paid = {row[0]: row[1] for row in rows_of(made, "SELECT unit, paid_minor FROM refunds")}
    cases = kinds_of([(unit, kind) for unit, kind in rows_of(made, "SELECT unit, kind FROM cases")])
    return Books(refunds=refunds, paid=paid, cases=cases, seed=seed, rates=rates), faults


async def _differences(made: House) -> list[str]:
    """The reconciliation report, as an operator would have it, beside the running centre."""
    per_second = ("--per-second", "200")
    command = regrade("server", "reconcile", "--dir", str(made.centre), *per_second)
    code, said, err = await run_once(command, 3600.0)
    if code == 0:
        return []
    return [f"reconciliation: {line}" for line in (said + err).strip().splitlines()]


def table(result: Result, started: datetime) -> str:
    """The dated page."""
    rows = [
        f"# Refunds, {started:%Y-%m-%d %H:%M} UTC",
        "",
        f"{result.returns} returns ({result.units} units) of two merchants, one told and one paid for by the "
        f"centre, seed {result.seed}, {result.seconds / 60:.0f} minutes. `kill -9`: "
        f"{', '.join(f'{name} {count}' for name, count in sorted(result.killed.items()))}.",
        f"Movements of money: {result.movements}. Failed after they were done: {result.failed_later[0]}, "
        f"of which {result.failed_later[1]} had their case and were paid again.",
        f"Refunds not settled exactly once to the cent, unplanned cases, differences between the books: "
        f"{len(result.wrong)}. Still under way at the end: {sum(result.stuck.values())}.",
        "",
        "| story | units |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in sorted(result.stories.items())),
        "",
        "| fault | times |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in sorted(result.faults.items())),
        "",
        "| case: way out | times |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in sorted(result.left.items())),
    ]
    lines = [f"still under way: {name} {count}" for name, count in result.stuck.items()] + result.wrong
    return "\n".join([*rows, *([""] if lines else []), *(f"- {line}" for line in lines)]) + "\n"


class Bar:
    """A progress bar for who watches, and a line now and then for a log."""

    def __init__(self) -> None:
        self._last = 0.0
        self._began = time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if sys.stderr.isatty():
            filled = 40 * done // max(total, 1)
            print(f"\r{what:8} [{'#' * filled:40}] {done}/{total} ", end="", file=sys.stderr, flush=True)
        elif now - self._last > 15:
            self._last = now
            print(f"{now - self._began:6.0f} s {what} {done}/{total}", file=sys.stderr, flush=True)


def main(words: Sequence[str] | None = None) -> int:
    """Run it, keep what came of it, and end with 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--returns", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, default=20.0, help="records a second")
    parser.add_argument("--folder", type=Path, default=None, help="keep everything there")
    parser.add_argument("--no-page", action="store_true", help="write nothing under docs/soak/")
    asked = parser.parse_args(words)
    started = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(
            soak(
                folder,
                returns=asked.returns,
                kills=asked.kills,
                seed=asked.seed,
                pace=asked.pace,
                show=Bar(),
            )
        )
    page = table(result, started)
    print(page)
    if not asked.no_page:
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / f"refunds-{started:%Y-%m-%d-%H%M}.md").write_text(page)
    print("WELL" if result.well else "WRONG", flush=True)
    return 0 if result.well else 1


if __name__ == "__main__":
    sys.exit(main())
