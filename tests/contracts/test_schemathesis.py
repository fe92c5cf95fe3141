"""schemathesis asks every route for what its row allows and forbids; no check is left out."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.contract.registry import ROWS
from tests.contracts.openapi_runs import Tally, known, run, table, whole
from tests.contracts.served import served

FEW = 3
OWN = "GET /openapi.json"
"""Where schemathesis got the document from: it asks no further."""
CHECKS = {
    "allow_header_conformance",
    "content_type_conformance",
    "ensure_resource_availability",
    "ignored_auth",
    "missing_required_header",
    "negative_data_rejection",
    "not_a_server_error",
    "object_level_authorization",
    "positive_data_acceptance",
    "response_headers_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "unsupported_method",
    "use_after_free",
}


@pytest.fixture
def tally(tmp_path: Path, record_value: Callable[..., dict[str, Any]]) -> Iterator[Tally]:
    with served(tmp_path, record_value) as centre:
        yield run(centre, examples=FEW)


@pytest.mark.filterwarnings("ignore")  # theirs
def test_the_centre_does_what_its_contract_says(tally: Tally) -> None:
    assert not tally.failures, tally.report()
    assert tally.operations >= {row.at for row in ROWS} - {OWN}
    assert set(tally.checks) == CHECKS
    assert min(tally.answers[status] for status in (200, 201, 401, 403, 404, 405, 409, 422)) > 20


def test_whole_numbers_lose_their_point_and_others_keep_it() -> None:
    assert whole({"a": [7.0, 7.5, "x"], "b": {"c": 2.0}}) == {"a": [7, 7.5, "x"], "b": {"c": 2}}
    assert str(whole([7.0])) == "[7]"


def test_names_become_known_where_they_are_given() -> None:
    asked = {"merchant": "x", "units": [{"unit": "y", "sku": None}], "reason": "z"}
    assert known(asked) == {"merchant": "m1", "units": [{"unit": "R1/1/1", "sku": None}], "reason": "z"}


def test_every_other_table_has_a_bad_row() -> None:
    row = {"id": "R1", "sku": "MUG-1"}
    assert table(frozenset(row), row, number=0) == "id,sku\nR1,MUG-1\n"
    assert table(frozenset(row), row, number=1) == "id,sku\nR1,MUG-1\n?\n"
