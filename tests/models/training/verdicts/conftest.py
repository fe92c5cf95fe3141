"""Confirmed verdicts drawn from a small world: what was found and what the person then said go together."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from inspection.confirmed import Confirmed, SeenFinding, SeenView
from inspection.findings import DefectKind, Severity, Zone
from inspection.grades import Grade
from models.training.verdicts.rows import Verdicts

Returns = Callable[..., Verdicts]
GRADES = (Grade.NEW, Grade.USED, Grade.DAMAGED)
FIRST = date(2026, 3, 1)


def one(number: int, dice: np.random.Generator, category: str, a_day: int) -> Confirmed:
    """The fixed map takes every difference for used; the kind of the finding tells used from damaged."""
    true = GRADES[number % 3]
    ratio = float(np.exp(dice.normal(-0.5 if true == Grade.NEW else 0.4, 0.25)))
    differs = min(999_000, max(1_000, round(1_000_000 * ratio**8 / (1 + ratio**8))))
    kind = DefectKind.CRACK if true == Grade.DAMAGED else DefectKind.SMUDGE
    seen = SeenFinding(
        kind=kind if dice.random() < 0.9 else DefectKind.DEVIATION,
        zone=Zone.ANY,
        severity=Severity.MAJOR,
        confidence_ppm=differs,
        area_ppm=int(dice.integers(1_000, 50_000)),
        view="top",
    )
    return Confirmed(
        unit=f"unit-{number}",
        day=FIRST + timedelta(days=number // a_day),
        merchant="north",
        sku="MUG",
        category=category,
        proposed=Grade.NEW if differs < 500_000 else Grade.USED,
        grade=true,
        raw_ppm=(1_000_000 - differs, differs - differs // 10, differs // 10),
        findings=(seen,) if differs > 300_000 else (),
        views=(SeenView(view="top", score=ratio, limit=1.0),),
    )


@pytest.fixture
def returns() -> Returns:
    """So many verdicts of one category, `a_day` of them a day."""

    def make(count: int, *, category: str = "mug", a_day: int = 10, seed: int = 7) -> Verdicts:
        dice = np.random.default_rng(seed)
        rows = tuple(one(number, dice, category, a_day) for number in range(count))
        return Verdicts(name="confirmed.jsonl", sha256="a" * 64, rows=rows)

    return make


@pytest.fixture
def confirmed_file(tmp_path: Path, returns: Returns) -> Path:
    """A file of 360 verdicts."""
    path = tmp_path / "confirmed.jsonl"
    path.write_text("".join(row.to_line() + "\n" for row in returns(360).rows))
    return path
