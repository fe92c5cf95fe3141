"""What was decided since midnight of this place, counted."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from inspection.messages.base import time_text
from server.db.ledger_tables import leaves
from server.db.tables import records


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """How many verdicts of this day have each grade, and each disposition."""

    grades: Mapping[str, int]
    dispositions: Mapping[str, int]


def midnight(now: datetime) -> datetime:
    """The start of the day, on this machine's clock."""
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


def read_today(connection: Connection, site: str, size: int, now: datetime) -> Today:
    """Count this day's verdicts; `size` is that of the ledger. Older ones are not touched."""
    first = _first_leaf(connection, site, size, time_text(midnight(now)))
    chosen = (
        select(records.c.grade, records.c.disposition, func.count().label("many"))
        .where(records.c.site == site, records.c.leaf_seq >= first)
        .group_by(records.c.grade, records.c.disposition)
    )
    grades: dict[str, int] = {}
    dispositions: dict[str, int] = {}
    for row in connection.execute(chosen):
        grades[row.grade] = grades.get(row.grade, 0) + row.many
        dispositions[row.disposition] = dispositions.get(row.disposition, 0) + row.many
    return Today(grades=grades, dispositions=dispositions)


def _first_leaf(connection: Connection, site: str, size: int, since: str) -> int:
    """Leaves lie in the order of their times: a few look-ups by number instead of a scan of all."""

    def recorded_at(seq: int) -> str:
        chosen = select(leaves.c.recorded_at).where(leaves.c.site == site, leaves.c.seq == seq)
        return str(connection.execute(chosen).scalar_one())

    return bisect_left(range(size), since, key=recorded_at)
