"""Many rows in one statement: as SQLAlchemy would have written and found them."""

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from server.db.rows import MOST_TOGETHER, find_rows, insert_rows
from server.db.tables import merchants

ROWS = [{"name": f"No. {n}", "id": f"m{n}", "site": "s1", "created_at": "now"} for n in range(5)]


def test_values_go_into_the_columns_that_name_them(connection: Connection) -> None:
    insert_rows(connection, merchants, ROWS)
    kept = connection.execute(select(merchants.c.id, merchants.c.name).order_by(merchants.c.id)).all()
    assert [tuple(row) for row in kept] == [(row["id"], row["name"]) for row in ROWS]


def test_no_rows_are_no_statement(connection: Connection) -> None:
    insert_rows(connection, merchants, [])
    assert connection.execute(select(merchants)).all() == []


def test_a_row_that_is_there_is_an_error_or_is_left_alone(connection: Connection) -> None:
    insert_rows(connection, merchants, ROWS)
    with pytest.raises(IntegrityError):
        insert_rows(connection, merchants, ROWS[:1])
    insert_rows(connection, merchants, [ROWS[0] | {"name": "other"}], or_ignore=True)
    wanted = (merchants.c.name,)
    assert [row[0] for row in find_rows(connection, wanted, merchants.c.id, ["m0"], site="s1")] == ["No. 0"]


def test_rows_are_found_by_any_number_of_names(connection: Connection) -> None:
    insert_rows(connection, merchants, ROWS)
    wanted = (merchants.c.id, merchants.c.name)
    found = dict(find_rows(connection, wanted, merchants.c.id, ["m1", "m3", "é'\"", "m9"], site="s1"))
    assert found == {"m1": "No. 1", "m3": "No. 3"}
    assert list(find_rows(connection, wanted, merchants.c.id, [], site="s1")) == []
    assert list(find_rows(connection, wanted, merchants.c.id, ["m1"], site="other")) == []


@pytest.mark.parametrize(
    "many", [1, 2, 3, MOST_TOGETHER - 1, MOST_TOGETHER, MOST_TOGETHER + 1, 3 * MOST_TOGETHER + 7]
)
def test_any_number_of_rows_is_written_each_once(connection: Connection, many: int) -> None:
    insert_rows(connection, merchants, [ROWS[0] | {"id": f"m{n:03}"} for n in range(many)])
    kept = connection.execute(select(merchants.c.id).order_by(merchants.c.id)).scalars()
    assert list(kept) == [f"m{n:03}" for n in range(many)]
