"""The same killing for hours; `make soak` runs it and keeps what came of it under docs/soak/."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.crash import Outcome, crash_options, run_seed
from demo.warehouse import Warehouse

SEEDS = int(os.environ.get("REGRADE_SOAK_SEEDS", "500"))
LANES = int(os.environ.get("REGRADE_SOAK_LANES", "4"))
"""Warehouses side by side: most of a kill's time is waiting."""
PER_WAREHOUSE = 25
"""Then a new one is set up, with the other broker."""
BROKERS = ("nats", "mosquitto")
KEPT = Path(__file__).resolve().parents[2] / "docs" / "soak"


@pytest.mark.soak
@pytest.mark.flow
async def test_nothing_is_lost_or_doubled_for_hours(tmp_path: Path) -> None:
    began, outcomes = time.monotonic(), list[Outcome]()
    started = datetime.now(UTC)
    blocks = list(enumerate(range(0, SEEDS, PER_WAREHOUSE)))

    async def lane() -> None:
        while blocks:
            block, first = blocks.pop(0)
            options = crash_options(tmp_path / str(block), BROKERS[block % len(BROKERS)])
            async with Warehouse(options) as warehouse:
                for seed in range(first, min(first + PER_WAREHOUSE, SEEDS)):
                    outcomes.append(await run_seed(warehouse, seed))
                    write_down(started, time.monotonic() - began, outcomes)

    await asyncio.gather(*(lane() for _ in range(LANES)))
    assert len(outcomes) == SEEDS
    assert [outcome for outcome in outcomes if outcome.wrong] == []


def write_down(started: datetime, seconds: float, outcomes: Sequence[Outcome]) -> None:
    """Keep the result so far: a soak that is interrupted has still shown something."""
    killed: Counter[str] = Counter()
    for outcome in outcomes:
        killed.update(outcome.killed)
    wrong = [f"- seed {outcome.seed}: {line}" for outcome in outcomes for line in outcome.wrong]
    items, minutes = sum(outcome.items for outcome in outcomes), seconds / 60
    rows = [
        f"# Soak of {started:%Y-%m-%d %H:%M} UTC",
        "",
        f"{len(outcomes)} seeds, {items} items, {minutes:.0f} minutes, {LANES} warehouses side by side, "
        f"brokers {' and '.join(BROKERS)} by turns.",
        f"Killed with SIGKILL: {', '.join(f'{name} {count}' for name, count in sorted(killed.items()))}.",
        f"Items lost, doubled or wrong: {len(wrong)}.",
        "",
        *wrong,
    ]
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{started:%Y-%m-%d-%H%M}.md").write_text("\n".join(rows).rstrip() + "\n")
