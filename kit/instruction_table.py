"""Remembers instructions for ever, in the database of the payments: one table, any DB-API 2.0 driver.

The unit's own row is written first. So two webhooks about one unit wait for each other, in whichever
database, until the transaction that pays has ended; units do not wait for each other. Where two meet over
a unit that is new, one of them gets the driver's IntegrityError: roll back, answer 5xx, it comes again.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from inspection.messages.refund import RefundInstruction
from kit.errors import Conflict

SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS regrade_instructions (
    merchant VARCHAR(24) NOT NULL,
    id VARCHAR(64) NOT NULL,
    unit VARCHAR(48) NOT NULL,
    number INTEGER NOT NULL,
    sha256 CHAR(64) NOT NULL,
    PRIMARY KEY (merchant, id)
)
""",
    """
CREATE TABLE IF NOT EXISTS regrade_units (
    merchant VARCHAR(24) NOT NULL,
    unit VARCHAR(48) NOT NULL,
    offers INTEGER NOT NULL,
    PRIMARY KEY (merchant, unit)
)
""",
)


class Standing(StrEnum):
    """How an instruction stands to those taken before."""

    NEW = "new"
    SAME = "same"
    """It came before: do nothing, answer 2xx."""
    SUPERSEDED = "superseded"
    """A higher number of the unit came before: do nothing, answer 2xx."""


class InstructionTable(Protocol):
    """Remembers instructions for ever; money has no window after which doubles are fine."""

    def offer(self, instruction: RefundInstruction) -> Standing:
        """Take it up unless it is known; raises Conflict for other content under its id."""
        ...


class Cursor(Protocol):
    """What is used of a DB-API 2.0 cursor."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement wrote."""
        ...

    def execute(self, operation: str, parameters: Any = ..., /) -> object:
        """Run one statement."""
        ...

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def close(self) -> object:
        """Give it back."""
        ...


class Connection(Protocol):
    """What is used of a DB-API 2.0 connection; committing is the caller's."""

    def cursor(self) -> Any:
        """A `Cursor`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """The table, inside whatever transaction the connection is in.

    `paramstyle` is the driver module's own (`psycopg.paramstyle`): qmark, numeric, named, format, pyformat.
    """

    connection: Connection
    paramstyle: str = "qmark"

    def create(self) -> None:
        """Make the tables where there are none."""
        for statement in SCHEMA:
            self._run(statement)

    def offer(self, instruction: RefundInstruction) -> Standing:
        """As `InstructionTable.offer`."""
        merchant, unit = instruction.merchant, instruction.unit
        self._hold(merchant, unit)
        content = _digest(instruction)
        known = self._value(
            "SELECT sha256 FROM regrade_instructions WHERE merchant = {} AND id = {}",
            merchant,
            instruction.id,
        )
        if known is not None and known != content:
            raise Conflict(f"instruction {instruction.id} came before with another content")
        if known is not None:
            return Standing.SAME
        highest = self._value(
            "SELECT max(number) FROM regrade_instructions WHERE merchant = {} AND unit = {}", merchant, unit
        )
        row = (merchant, instruction.id, unit, instruction.number, content)
        self._run("INSERT INTO regrade_instructions VALUES ({}, {}, {}, {}, {})", *row)
        late = isinstance(highest, int) and highest > instruction.number
        return Standing.SUPERSEDED if late else Standing.NEW

    def _hold(self, merchant: str, unit: str) -> None:
        """Write the unit's row: whoever comes second waits here until the first has committed."""
        held = self._run(
            "UPDATE regrade_units SET offers = offers + 1 WHERE merchant = {} AND unit = {}", merchant, unit
        )
        if not held:
            self._run("INSERT INTO regrade_units VALUES ({}, {}, 1)", merchant, unit)

    def _value(self, query: str, *values: object) -> object:
        cursor: Cursor = self.connection.cursor()
        try:
            cursor.execute(*_statement(query, values, self.paramstyle))
            row = cursor.fetchone()
        finally:
            cursor.close()
        return None if row is None else row[0]

    def _run(self, query: str, *values: object) -> int:
        cursor: Cursor = self.connection.cursor()
        try:
            cursor.execute(*_statement(query, values, self.paramstyle))
            return cursor.rowcount
        finally:
            cursor.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteInstructions(Instructions):
    """The table in SQLite."""

    connection: sqlite3.Connection


def _digest(instruction: RefundInstruction) -> str:
    return hashlib.sha256(instruction.to_json()).hexdigest()


def _statement(query: str, values: Sequence[object], paramstyle: str) -> tuple[Any, ...]:
    """The query with the driver's own marks, and the values as it wants them."""
    marks: dict[str, list[str]] = {
        "qmark": ["?"] * len(values),
        "format": ["%s"] * len(values),
        "numeric": [f":{number}" for number in range(1, len(values) + 1)],
        "named": [f":p{number}" for number in range(len(values))],
        "pyformat": [f"%(p{number})s" for number in range(len(values))],
    }
    if not values:
        return (query,)
    named = {f"p{number}": value for number, value in enumerate(values)}
    return query.format(*marks[paramstyle]), named if paramstyle in ("named", "pyformat") else tuple(values)
