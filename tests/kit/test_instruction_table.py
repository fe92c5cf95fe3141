"""Instructions are taken once, in whatever database, however many receivers look at the same moment."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.messages.refund import RefundInstruction
from inspection.refund import RefundKind
from kit.errors import Conflict
from kit.receiver import Instructions, SqliteInstructions, Standing


def told(number: int = 1, unit: str = "R1/1/1", **changes: Any) -> RefundInstruction:
    value = {
        "v": 1, "id": f"{unit}#{number}", "number": number, "merchant": "m1", "site": "s1", "unit": unit,
        "authorization": "R1", "order": "O-1", "kind": RefundKind.PARTIAL, "target_total_minor": 800 + number,
        "currency": "EUR", "grade": "used", "disposition": "resale", "exception": None,
        "rule": "refund.share", "reasons": (), "images": (),
        "issued_at": datetime.fromisoformat("2026-01-31T08:00:00+00:00"),
    }  # fmt: skip
    return RefundInstruction.model_validate(value | changes, strict=False)


class Translated:
    """SQLite behind the marks of another driver, such as psycopg's `%(p0)s`."""

    def __init__(self, connection: sqlite3.Connection, translate: Callable[[str], str]) -> None:
        self._connection, self._translate = connection, translate

    def cursor(self) -> "Translated.Cursor":
        return Translated.Cursor(self._connection.cursor(), self._translate)

    class Cursor:
        def __init__(self, cursor: sqlite3.Cursor, translate: Callable[[str], str]) -> None:
            self._cursor, self._translate = cursor, translate

        @property
        def rowcount(self) -> int:
            return self._cursor.rowcount

        def execute(self, operation: str, parameters: Any = ()) -> None:
            assert "?" not in operation
            self._cursor.execute(self._translate(operation), parameters)

        def fetchone(self) -> Any:
            return self._cursor.fetchone()

        def close(self) -> None:
            self._cursor.close()


STYLES: dict[str, Callable[[str], str]] = {
    "format": lambda query: query.replace("%s", "?"),
    "pyformat": lambda query: query.replace("%(", ":").replace(")s", ""),
    "named": lambda query: query,
    "numeric": lambda query: query.replace(":", "?"),
}


@pytest.fixture(params=["qmark", *STYLES])
def table(request: pytest.FixtureRequest) -> Iterator[Instructions]:
    with closing(sqlite3.connect(":memory:")) as connection:
        made: Instructions = SqliteInstructions(connection=connection)
        if request.param != "qmark":
            other = Translated(connection, STYLES[request.param])
            made = Instructions(connection=other, paramstyle=request.param)
        made.create()
        yield made


def test_an_instruction_is_new_once(table: Instructions) -> None:
    assert [table.offer(told()) for _ in range(3)] == [Standing.NEW, Standing.SAME, Standing.SAME]
    assert table.offer(told(merchant="m2")) == table.offer(told(unit="R2/1/1")) == Standing.NEW


def test_a_lower_number_after_a_higher_one_is_superseded(table: Instructions) -> None:
    assert table.offer(told(2)) == Standing.NEW
    assert table.offer(told(1)) == Standing.SUPERSEDED
    assert table.offer(told(1)) == Standing.SAME
    assert table.offer(told(3)) == Standing.NEW


def test_the_same_id_with_another_amount_is_a_conflict(table: Instructions) -> None:
    table.offer(told())
    with pytest.raises(Conflict):
        table.offer(told(target_total_minor=900))


def test_a_table_of_an_older_kit_is_read_on(tmp_path: Path) -> None:
    """It had no row for the unit."""
    with closing(sqlite3.connect(tmp_path / "payments.sqlite")) as connection:
        table = SqliteInstructions(connection=connection)
        table.create()
        table.offer(told(2))
        connection.execute("DROP TABLE regrade_units")
        table.create()
        assert (table.offer(told(2)), table.offer(told(1))) == (Standing.SAME, Standing.SUPERSEDED)


@given(st.permutations([1, 2, 3, 4, 2, 3]))
def test_in_any_order_the_highest_number_has_the_last_word(order: list[int]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        table = SqliteInstructions(connection=connection)
        table.create()
        paid = 0
        for number in order:
            if table.offer(told(number)) is Standing.NEW:
                paid = told(number).target_total_minor
        assert paid == 804


def test_receivers_at_the_same_moment_pay_each_total_once(tmp_path: Path) -> None:
    """Eight connections to one file: what is paid for the unit is the total of the highest number."""
    path = tmp_path / "payments.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        SqliteInstructions(connection=connection).create()
        connection.execute("CREATE TABLE paid (unit TEXT, amount_minor INTEGER)")
        connection.commit()

    def receive(number: int) -> Standing:
        with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
            standing = SqliteInstructions(connection=connection).offer(told(number))
            if standing is Standing.NEW:
                query = "SELECT coalesce(sum(amount_minor), 0) FROM paid"
                owed = told(number).target_total_minor - connection.execute(query).fetchone()[0]
                connection.execute("INSERT INTO paid VALUES ('R1/1/1', ?)", (owed,))
            return standing

    with closing(sqlite3.connect(path)) as connection, connection:
        SqliteInstructions(connection=connection).offer(told(1))
    with ThreadPoolExecutor(8) as pool:
        standings = list(pool.map(receive, [5, 2, 4, 3, 5, 2, 4, 3] * 4))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT sum(amount_minor) FROM paid").fetchone() == (805,)
    assert standings.count(Standing.SAME) == 28
