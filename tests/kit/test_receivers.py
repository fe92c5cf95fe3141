"""Several receivers on one database: whatever comes, twice or late, a unit gets its newest total."""

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.receiver import SqliteInstructions, Standing
from tests.kit.test_instruction_table import told

UNITS = ("R1/1/1", "R1/2/1")
RECEIVERS = 3


class Receiver:
    """One process of a refund system, with a connection of its own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def take(self, unit: str, number: int, total: int, *, dies: bool) -> Standing | None:
        """Offer and pay in one transaction; None where it dies before it ends."""
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            table = SqliteInstructions(connection=connection)
            found = table.offer(told(number, unit, target_total_minor=total))
            missing = total - paid(connection, unit)
            if found is Standing.NEW and missing > 0:
                connection.execute("INSERT INTO paid VALUES (?, ?)", (unit, missing))
            if dies:
                connection.rollback()
                return None
        return found


def paid(connection: sqlite3.Connection, unit: str) -> int:
    asked = "SELECT coalesce(sum(amount_minor), 0) FROM paid WHERE unit = ?"
    return int(connection.execute(asked, (unit,)).fetchone()[0])


totals = st.lists(st.integers(0, 1000), min_size=1, max_size=5)
comes = st.tuples(
    st.integers(0, RECEIVERS - 1),
    st.sampled_from(UNITS),
    st.integers(1, 5),
    st.sampled_from([False] * 3 + [True]),
)


@settings(max_examples=60, derandomize=True)
@given(st.fixed_dictionaries(dict.fromkeys(UNITS, totals)), st.lists(comes, max_size=40))
def test_each_unit_is_paid_its_newest_total(
    owed: dict[str, list[int]], coming: list[tuple[int, str, int, bool]]
) -> None:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "payments.sqlite"
        lines = [stack.enter_context(closing(sqlite3.connect(path, isolation_level=None))) for _ in range(3)]
        SqliteInstructions(connection=lines[0]).create()
        lines[0].execute("CREATE TABLE paid (unit TEXT, amount_minor INTEGER)")
        receivers = [Receiver(line) for line in lines]
        highest = dict.fromkeys(UNITS, 0)
        once: set[tuple[str, int]] = set()
        at_last = [(0, unit, number, False) for unit in UNITS for number in range(1, 6)]  # nothing is lost
        for which, unit, number, dies in coming + at_last:
            if number > len(owed[unit]):
                continue
            found = receivers[which].take(unit, number, owed[unit][number - 1], dies=dies)
            if found is Standing.NEW:
                assert (unit, number) not in once
                assert number > highest[unit]
                once.add((unit, number))
                highest[unit] = number
            reached = [owed[unit][at - 1] for each, at in once if each == unit]
            assert paid(lines[-1], unit) == max(reached, default=0)
        for unit in UNITS:
            assert highest[unit] == len(owed[unit])
            assert paid(lines[1], unit) >= owed[unit][-1]
