"""How the table of cases is asked: by its indexes, and in order."""

from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy import event as database

from inspection.refund_exceptions import CaseKind, CaseState
from server.refunds import cases
from server.refunds.cases import CaseRow, Wanted
from tests.server.refunds.raising import UNIT
from tests.server.statements import plans, statements


def test_a_case_row_shows_everything(connection: Any) -> None:
    raised = cases.Raised(kind=CaseKind.REJECTED, merchant="m1", unit=UNIT)
    id = cases.raise_case(connection, "s1", raised, "2026-05-04T12:00:00.000000Z")
    assert isinstance(cases.find(connection, "s1", id, "m1"), CaseRow)


def test_whether_a_unit_has_a_case_is_asked_of_the_units_own_index(connection: Any) -> None:
    asked: list[tuple[str, Any]] = []
    database.listen(connection, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
    raised = cases.Raised(kind=CaseKind.REJECTED, merchant="m1", unit=UNIT, about=f"{UNIT}#1")
    cases.raise_case(connection, "s1", raised, "2026-05-04T12:00:00.000000Z")
    assert cases.told_before(connection, "s1", raised) is not None
    looked = [each for each in asked if each[0].startswith("SELECT")]
    plans = [
        connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).one()[3] for text, values in looked
    ]
    assert [plan.partition("INDEX ")[2] for plan in plans] == [
        "ix_cases_open (site=? AND unit=? AND kind=? AND merchant=?)",
        "ix_cases_site_unit_id (site=? AND unit=?)",
    ]


WANTED = [
    Wanted(),
    Wanted(merchant="m1"),
    Wanted(owner="finance"),
    Wanted(owner="finance", kind="rejected"),
    Wanted(unit=UNIT),
    Wanted(states=("resolved",), merchant="m1", owner="finance", unit=UNIT),
]


@pytest.mark.parametrize("wanted", WANTED)
def test_a_queue_is_read_without_the_cases_that_were_left(connection: Connection, wanted: Wanted) -> None:
    with statements(connection) as asked:
        cases.page(connection, "s1", wanted, 100)
    steps = plans(connection, asked)
    assert steps
    assert [step for step in steps if "USING INDEX ix_cases_site_" not in step] == []


def test_a_page_of_several_queues_is_in_the_order_of_its_cases(connection: Connection) -> None:
    kinds = [CaseKind.REJECTED, CaseKind.WRONG_ITEM, CaseKind.AMOUNT_MISMATCH] * 4  # three queues in turn
    for number, kind in enumerate(kinds):
        raised = cases.Raised(kind=kind, merchant=f"m{number % 2}", unit=f"R{number}/1/1")
        id = cases.raise_case(connection, "s1", raised, "2026-05-04T12:00:00.000000Z")
        state = (CaseState.OPEN, CaseState.TAKEN, CaseState.RESOLVED, CaseState.OPEN)[number % 4]
        cases.change(connection, "s1", id, state=state.value)

    def ids(limit: int = 100, **wanted: Any) -> list[int]:
        return [row.id for row in cases.page(connection, "s1", Wanted(**wanted), limit)]

    assert ids() == [1, 2, 4, 5, 6, 8, 9, 10, 12]
    assert ids(limit=4) == [1, 2, 4, 5]
    assert ids(limit=4, after=5) == [6, 8, 9, 10]
    assert ids(owner="finance") == [1, 4, 10]
    assert ids(merchant="m1") == [2, 4, 6, 8, 10, 12]
    assert ids(kind="wrong_item", states=("resolved", "open")) == [5, 8, 11]
