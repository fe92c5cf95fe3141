"""Every fault of a refund system, and the centre killed in between: each refund is settled once, exactly.

The same in thousands: `make soak-refunds`.
"""

from pathlib import Path

import pytest

from demo.strict.faults import Rates
from tests.flow.refund_judge import Books, kinds_of, wrong
from tests.flow.refund_script import PAID, Story, write_script
from tests.flow.refund_soak import RATES, soak

OFTEN = Rates.model_validate(
    {name: min(150_000, 3 * rate) for name, rate in RATES.model_dump().items()} | {"late_failure": 60_000}
)
"""Few returns must see many faults."""


@pytest.mark.flow
async def test_every_refund_is_settled_once_whatever_fails_and_whoever_is_killed(tmp_path: Path) -> None:
    result = await soak(tmp_path, returns=60, kills=4, seed=7, pace=120.0, show=lambda *_: None, rates=OFTEN)
    assert (result.wrong, result.stuck) == ([], {})
    assert result.killed["centre"] == 4
    assert sum(result.faults.values()) > 10
    assert result.failed_later[0] >= result.failed_later[1]


def test_a_script_has_every_story_and_its_total() -> None:
    script = write_script(2000, seed=3)
    assert {plot.story for plot in script.plots} == set(Story)
    assert {plot.expected_minor for plot in script.plots} == {0, 1160, PAID}


def test_money_that_was_paid_twice_or_for_nothing_or_not_is_named() -> None:
    script = write_script(20, seed=3)
    whole = next(plot for plot in script.plots if plot.story is Story.WHOLE)
    twice = [
        {"key": f"{whole.unit}#1/{n}", "amount": PAID, "status": "succeeded", "unit": whole.unit}
        for n in (1, 2)
    ]
    strange = {"key": "X1/1/1#1/1", "amount": 5, "status": "pending", "unit": "X1/1/1"}
    cases = kinds_of([(whole.unit, "amount_mismatch"), (whole.unit, "late_failure")])
    books = Books(refunds=[*twice, strange], paid={whole.unit: PAID}, cases=cases, seed=1, rates=Rates())
    said = "\n".join(wrong(script, books))
    assert f"{whole.unit} (whole): {2 * PAID} was paid, {PAID} is owed" in said
    assert f"{whole.unit}#1: paid 2 times" in said
    assert "X1/1/1: 5 was paid for nothing" in said
    assert "unplanned cases amount_mismatch" in said
    assert "a case of late_failure without a failure" in said


def test_what_failed_may_be_paid_again_under_the_newest_instruction() -> None:
    script = write_script(200, seed=3)
    plot = next(plot for plot in script.plots if plot.story is Story.CORRECTED_UP)
    moved = [("#1/1", 1160, "failed"), ("#2/1", 290, "succeeded"), ("#2/2", 1160, "succeeded")]
    rows = [
        {"key": f"{plot.unit}{key}", "amount": amount, "status": status, "unit": plot.unit}
        for key, amount, status in moved
    ]
    books = Books(refunds=rows, paid={plot.unit: PAID}, cases={}, seed=1, rates=Rates())
    assert not [line for line in wrong(script, books) if line.startswith(plot.unit)]
