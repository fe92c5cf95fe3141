"""On simulated streams whose truth is known the derived thresholds keep the budget and are worth having."""

import pytest

from benchmarks.budgets import measure, most_violations, observed
from benchmarks.stream import MIXES, Population, population

REPEATS = 40


@pytest.fixture(scope="module")
def truths() -> dict[str, Population]:
    return {name: population(mix, items=200_000) for name, mix in MIXES.items()}


@pytest.mark.parametrize("mix", MIXES)
def test_hardly_a_threshold_breaks_the_budget(truths: dict[str, Population], mix: str) -> None:
    found = measure(mix, truths[mix], audited_items=1_500, repeats=REPEATS, stream=3_000)
    assert found.violations <= most_violations(REPEATS)


@pytest.mark.parametrize("mix", ["easy", "two kinds"])
def test_most_of_what_could_be_decided_is(truths: dict[str, Population], mix: str) -> None:
    found = measure(mix, truths[mix], audited_items=3_000, repeats=10, stream=3_000)
    assert found.coverage >= 0.8


def test_the_observed_rate_alone_would_break_it_often(truths: dict[str, Population]) -> None:
    naive = measure(
        "typical", truths["typical"], audited_items=1_500, repeats=10, stream=3_000, method=observed
    )
    assert naive.violations > most_violations(10)
