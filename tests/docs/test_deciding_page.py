"""The page on deciding alone shows the program's own kinds, fields, minima and figures."""

import json
from collections.abc import Callable
from typing import Any

from inspection.autonomy_card import WINDOW_DAYS
from inspection.budget import LADDER, ErrorBudget, ErrorKind, least_accepted
from inspection.confirmed import Confirmed
from inspection.grading import DISAGREES_PPM
from models.training.verdicts import head, shares

Table = Callable[[str, str], list[dict[str, str]]]
PAGE = "docs/deciding.md"


def test_the_kinds_and_their_defaults_are_the_programs(table: Table) -> None:
    shown = {row["kind"]: int(row["default"].replace(",", "")) for row in table(PAGE, "kinds")}
    assert shown == {kind.value: ErrorBudget().of(kind) for kind in ErrorKind}


def test_the_fields_of_a_confirmed_verdict_are_the_programs(table: Table) -> None:
    rows = table(PAGE, "confirmed")
    assert [row["field"] for row in rows] == list(Confirmed.model_fields)
    needed = [name for name, field in Confirmed.model_fields.items() if field.is_required()]
    assert [row["field"] for row in rows if row["needed"] == "yes"] == needed


def test_the_example_is_a_confirmed_verdict(blocks: Callable[[str], list[Any]]) -> None:
    (shown,) = (block for block in blocks(PAGE) if block.mark == "example: confirmed")
    assert Confirmed.model_validate(json.loads(shown.text)).views


def test_the_numbers_in_the_text_are_the_programs(page: Callable[[str], str]) -> None:
    text = " ".join(page(PAGE).split())
    for errors in range(3):
        assert (
            f"| {errors} | {least_accepted(errors, 10_000):,} | {least_accepted(errors, 5_000):,} |" in text
        )
    assert f"tries {len(LADDER)} thresholds" in text
    assert f"older than {WINDOW_DAYS} days" in text
    assert f"Refused below {shares.LEAST_ITEMS} items of one category" in text
    assert f"from {shares.LEAST_ISOTONIC} items isotonic" in text
    assert f"Refused below {head.LEAST_ITEMS} items, {head.LEAST_PER_GRADE} of each grade" in text
    assert f"less than {DISAGREES_PPM // 10_000} %" in text
