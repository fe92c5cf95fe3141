"""Units that did not come with their parcel: a case for the supervisor, opened and closed by a pass.

A unit is missing once its deadline and its parcel's have passed, another unit of that parcel was inspected,
and it has no verdict itself. Where none was inspected the whole parcel is late: no part of it is missing.

What is overdue is walked in pages, so that a look costs the same however much waits. Where the last one ended
is kept in memory alone: a look that is done twice changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection, text

from inspection.messages.base import time_text
from inspection.refund_exceptions import CaseKind, WayOut
from server.centre import Centre
from server.db.refund_tables import OPEN_CASE
from server.ledger.standing import LogState, standing_of
from server.refunds import cases
from server.refunds.cases import Raised

MOST_SEEN = 500
"""Overdue units, and open cases, of one look."""
MOST_TOGETHER = 20
"""Cases that one transaction opens: records wait for the same writer."""
MOST_OF_A_PARCEL = 1000
"""Units of one parcel that are looked at."""

_WAITED_FOR = """u.state = 'expected' AND u.parcel IS NOT NULL AND u.deadline <= :now AND NOT EXISTS (
    SELECT 1 FROM records AS r WHERE r.site = u.site AND r.unit = u.id)"""
IS_WAITED_FOR = text(
    f"""
SELECT 1 FROM units AS u
WHERE u.site = :site AND u.id = :unit AND u.merchant = :merchant AND {_WAITED_FOR}"""  # noqa: S608 # ours
)
OVERDUE = text(
    """
SELECT id, deadline, rowid AS place FROM units
WHERE site = :site AND state = 'expected' AND deadline <= :now AND (deadline, rowid) > (:deadline, :place)
ORDER BY deadline, rowid LIMIT :most"""
)
MISSING = text(
    f"""
WITH late AS MATERIALIZED (
    SELECT u.id, u.merchant, u.parcel, u.deadline
    FROM json_each(:units) AS asked CROSS JOIN units AS u ON u.site = :site AND u.id = asked.value
    WHERE {_WAITED_FOR} AND NOT EXISTS (
        SELECT 1 FROM cases AS c
        WHERE c.site = u.site AND c.unit = u.id AND +c.merchant = u.merchant AND c.kind = :kind
        AND (c.{OPEN_CASE} OR c.way_out = :accept AND c.about >= u.deadline))
), begun AS MATERIALIZED (
    SELECT p.merchant, p.id FROM (SELECT DISTINCT merchant, parcel FROM late) AS named
    CROSS JOIN parcels AS p ON p.site = :site AND p.merchant = named.merchant AND p.id = named.parcel
    WHERE p.signed_off_at <= :signed_before AND EXISTS (
        SELECT 1 FROM (
            SELECT o.state FROM units AS o
            WHERE o.site = :site AND o.merchant = p.merchant AND o.parcel = p.id LIMIT :most)
        WHERE state = 'inspected')
)
SELECT late.id, late.merchant, late.deadline
FROM late JOIN begun ON begun.merchant = late.merchant AND begun.id = late.parcel"""  # noqa: S608 # ours
)
"""What a person left as it is stays so, for its deadline and any before it: a later parcel brings another."""
OPEN_ONES = text(
    f"""
SELECT unit, kind, merchant FROM cases
WHERE site = :site AND {OPEN_CASE} AND (unit, kind, merchant) > (:unit, :kind, :merchant)
ORDER BY unit, kind, merchant LIMIT :most"""  # noqa: S608 # ours
)
OVER = text(
    f"""
SELECT c.id FROM json_each(:units) AS asked CROSS JOIN cases AS c ON c.site = :site AND c.unit = asked.value
WHERE c.kind = :kind AND c.{OPEN_CASE} AND NOT EXISTS (
    SELECT 1 FROM units AS u
    WHERE u.site = c.site AND u.id = c.unit AND u.merchant = c.merchant AND {_WAITED_FOR})"""  # noqa: S608
)
"""The unit came after all, was withdrawn, or is announced to come later."""
OF_PARCEL = text(
    """
SELECT count(*) AS announced, coalesce(sum(state = 'inspected'), 0) AS inspected FROM (
    SELECT o.state FROM units AS u
    JOIN units AS o ON o.site = u.site AND o.merchant = u.merchant AND o.parcel = u.parcel
    WHERE u.site = :site AND u.id = :unit AND o.state != 'cancelled' LIMIT :most)"""
)
Late = tuple[str, int]
"""Deadline and row of an overdue unit."""
Open = tuple[str, str, str]
"""Unit, kind and merchant of an open case."""
FIRST_LATE: Late = ("", 0)
FIRST_OPEN: Open = ("", "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Whose units, and what is late now."""

    site: str
    now: str
    signed_before: str
    """Parcels that were signed off by then have had their time."""

    @classmethod
    def at(cls, site: str, now: datetime, due_s: float) -> "Terms":
        """As things stand `now`, where a parcel has `due_s`."""
        return cls(site=site, now=time_text(now), signed_before=time_text(now - timedelta(seconds=due_s)))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfParcel:
    """How much of a unit's parcel was inspected."""

    inspected: int
    announced: int


class MissingUnits:
    """Walks through what is overdue, and through the open cases, one page of each in a look."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._late_after = FIRST_LATE
        self._open_after = FIRST_OPEN

    async def look(self) -> None:
        """Open what a page of overdue units asks for, and close what is over of a page of open cases."""
        centre, late, opened = self._centre, self._late_after, self._open_after
        terms = Terms.at(centre.site, centre.clock(), centre.settings.inspection_due_s)
        units, self._late_after = await centre.reader.run(lambda c: missing_page(c, terms, late))
        for start in range(0, len(units), MOST_TOGETHER):
            part = units[start : start + MOST_TOGETHER]
            await centre.writer.submit(partial(open_cases, terms=terms, units=part))
        units, self._open_after = await centre.reader.run(lambda c: over_page(c, terms, opened))
        if units:
            await centre.writer.submit(partial(close_cases, terms=terms, units=units))


def missing_page(connection: Connection, terms: Terms, after: Late) -> tuple[list[str], Late]:
    """The missing units among the next that are overdue, and where the page behind these begins."""
    if standing_of(connection, terms.site).state != LogState.OPEN:
        return [], after  # verdicts may not have come back yet, and nobody could leave a case
    asked = {"site": terms.site, "now": terms.now, "deadline": after[0], "place": after[1], "most": MOST_SEEN}
    rows = connection.execute(OVERDUE, asked).all()
    found = missing_among(connection, terms, [row.id for row in rows]) if rows else []
    last = (rows[-1].deadline, rows[-1].place) if len(rows) == MOST_SEEN else FIRST_LATE
    return [each.unit for each in found], last


def over_page(connection: Connection, terms: Terms, after: Open) -> tuple[list[str], Open]:
    """The units of the next open cases, where one of these is over, and where the page behind them begins."""
    place = dict(zip(("unit", "kind", "merchant"), after, strict=True))
    rows = connection.execute(OPEN_ONES, {"site": terms.site, "most": MOST_SEEN} | place).all()
    mine = [row.unit for row in rows if row.kind == CaseKind.MISSING_UNIT.value]
    over = over_among(connection, terms, mine) if mine else []
    return (mine if over else []), (tuple(rows[-1]) if len(rows) == MOST_SEEN else FIRST_OPEN)


def missing_among(connection: Connection, terms: Terms, units: Sequence[str]) -> list[Raised]:
    """The cases of those of these units that are missing and have none yet."""
    accept = WayOut.ACCEPT.value
    more = {"signed_before": terms.signed_before, "most": MOST_OF_A_PARCEL, "accept": accept}
    return [
        Raised(kind=CaseKind.MISSING_UNIT, merchant=row.merchant, unit=row.id, about=row.deadline)
        for row in connection.execute(MISSING, _asked(terms, units) | more)
    ]


def open_cases(connection: Connection, terms: Terms, units: Sequence[str]) -> None:
    """Open a case for each of these that is missing still."""
    for raised in missing_among(connection, terms, units):
        cases.raise_case(connection, terms.site, raised, terms.now)


def over_among(connection: Connection, terms: Terms, units: Sequence[str]) -> list[int]:
    """The open cases of those of these units that nobody waits for any more."""
    return list(connection.execute(OVER, _asked(terms, units)).scalars())


def close_cases(connection: Connection, terms: Terms, units: Sequence[str]) -> None:
    """Close what is over still."""
    cases.void(connection, terms.site, over_among(connection, terms, units), terms.now)


def is_waited_for(connection: Connection, site: str, merchant: str, unit: str, at: str) -> bool:
    """Whether the merchant's unit is overdue and was never inspected."""
    asked = {"site": site, "merchant": merchant, "unit": unit, "now": at}
    return connection.execute(IS_WAITED_FOR, asked).first() is not None


def of_parcel(connection: Connection, site: str, unit: str) -> OfParcel:
    """How much of a unit's parcel was inspected; nothing of nothing where it names none."""
    asked = {"site": site, "unit": unit, "most": MOST_OF_A_PARCEL}
    row = connection.execute(OF_PARCEL, asked).one()
    return OfParcel(inspected=row.inspected, announced=row.announced)


def _asked(terms: Terms, units: Sequence[str]) -> dict[str, Any]:
    kind = CaseKind.MISSING_UNIT.value
    return {"site": terms.site, "now": terms.now, "kind": kind, "units": orjson.dumps(units).decode()}
