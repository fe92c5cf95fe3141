"""Rows of cases: what went wrong with a refund, in whose queue it lies, and how it was left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal_column, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.sqlite import insert

from inspection.refund_exceptions import CASES, CaseKind, CaseState, Owner, WayOut
from server.db.refund_tables import OPEN_CASE, cases
from server.db.rows import find_rows, run
from server.errors import NotFound, QuotaUsed

COUNTER = "cases"
TAKE = (
    "INSERT INTO counters (site, name, value) VALUES (?, ?, 1) "
    "ON CONFLICT (site, name) DO UPDATE SET value = value + 1 RETURNING value"
)
OPEN = (CaseState.OPEN.value, CaseState.TAKEN.value)
MOST_TOLD = 10_000
"""Open cases of one merchant that nobody but its own refund system says are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A case as it is found."""

    kind: CaseKind
    merchant: str
    unit: str
    about: str | None = None
    """The instruction, payout or outcome in question; of a missing unit the deadline that has passed."""
    amount_minor: int | None = None
    """What was found, paid or asked, as the kind has it."""
    expected_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case as it stands."""

    id: int
    merchant: str
    kind: CaseKind
    owner: str
    unit: str
    about: str | None
    state: CaseState
    amount_minor: int | None
    expected_minor: int | None
    currency: str | None
    raised_at: str
    person: str | None
    changed_at: str
    way_out: WayOut | None
    leaf_seq: int | None


_COLUMNS = tuple(CaseRow.__slots__)


def raise_case(connection: Connection, site: str, raised: Raised, at: str) -> int:
    """Open a case; one of this kind that the merchant's unit has open already keeps its first numbers."""
    mine = (cases.c.site == site, cases.c.unit == raised.unit, cases.c.kind == raised.kind.value)
    whose = (cases.c.merchant == raised.merchant, sql(OPEN_CASE))  # in the words of the index that is for it
    known: int | None = connection.execute(select(cases.c.id).where(*mine, *whose)).scalar()
    if known is not None:
        return known
    id: int = run(connection, TAKE, (site, COUNTER))[0][0]
    values = {name: getattr(raised, name) for name in Raised.__slots__} | {
        "site": site,
        "id": id,
        "kind": raised.kind.value,
        "owner": CASES[raised.kind].owner.value,
        "state": CaseState.OPEN.value,
        "raised_at": at,
        "changed_at": at,
    }
    connection.execute(insert(cases).values(**values))
    return id


def settle(connection: Connection, site: str, unit: str, kinds: Iterable[CaseKind], at: str) -> None:
    """What came settles these by itself."""
    mine = (cases.c.site == site, cases.c.unit == unit, cases.c.state.in_(OPEN))
    named = cases.c.kind.in_([kind.value for kind in kinds])
    values = {"state": CaseState.OVERTAKEN.value, "changed_at": at}
    connection.execute(update(cases).where(*mine, named).values(**values))


def told_before(connection: Connection, site: str, raised: Raised) -> int | None:
    """The case that was opened about this very thing, however it stands now.

    A `+` takes the merchant out of SQLite's planner's reach: it would rather read all cases of that one.
    """
    merchant: ColumnElement[str] = literal_column("+cases.merchant")
    mine = (
        cases.c.site == site,
        cases.c.unit == raised.unit,
        cases.c.kind == raised.kind.value,
        merchant == raised.merchant,
        cases.c.about == raised.about,
    )
    found: int | None = connection.execute(select(cases.c.id).where(*mine)).scalar()
    return found


def check_room(connection: Connection, site: str, merchant: str) -> None:
    """Raise QuotaUsed where a merchant's refund system has told of too many refunds without a return."""
    kind = CaseKind.REFUND_WITHOUT_RETURN.value
    mine = (cases.c.site == site, cases.c.merchant == merchant, cases.c.kind == kind)
    count = select(func.count()).select_from(cases).where(*mine, cases.c.state.in_(OPEN))
    if connection.execute(count).scalar_one() >= MOST_TOLD:
        raise QuotaUsed(f"{MOST_TOLD} refunds without a return wait to be looked at: settle some first")


def overtake(connection: Connection, site: str, rows: Iterable[CaseRow], at: str) -> None:
    """A newer verdict says more: of these open cases, those about the units themselves are void."""
    void(connection, site, [row.id for row in rows if CASES[row.kind].overtaken], at)


def void(connection: Connection, site: str, ids: Sequence[int], at: str) -> None:
    """What came later settles these cases, without a person."""
    if ids:
        values = {"state": CaseState.OVERTAKEN.value, "changed_at": at}
        connection.execute(update(cases).where(cases.c.site == site, cases.c.id.in_(ids)).values(**values))


def open_of(connection: Connection, site: str, units: Iterable[str]) -> dict[str, list[CaseRow]]:
    """The open cases of each of these units."""
    wanted = tuple(cases.c[name] for name in _COLUMNS)
    found: dict[str, list[CaseRow]] = {}
    for row in find_rows(connection, wanted, cases.c.unit, set(units), site=site):
        if row.state in OPEN:
            found.setdefault(row.unit, []).append(_row(row))
    return found


def find(connection: Connection, site: str, id: int, merchant: str | None) -> CaseRow:
    """A case; raises NotFound, for another merchant's too."""
    row = find_row(connection, site, id)
    if row is None or merchant not in (None, row.merchant):
        raise NotFound(f"there is no case {id}")
    return row


def find_row(connection: Connection, site: str, id: int) -> CaseRow | None:
    """A case by its number."""
    chosen = select(*(cases.c[name] for name in _COLUMNS)).where(cases.c.site == site, cases.c.id == id)
    row = connection.execute(chosen).first()
    return _row(row) if row else None


def change(connection: Connection, site: str, id: int, **values: Any) -> None:
    """Change a case's row."""
    connection.execute(update(cases).where(cases.c.site == site, cases.c.id == id).values(**values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases are asked for."""

    merchant: str | None = None
    states: tuple[str, ...] = OPEN
    owner: str | None = None
    kind: str | None = None
    unit: str | None = None
    after: int = 0


def page(connection: Connection, site: str, wanted: Wanted, limit: int) -> list[CaseRow]:
    """Cases behind an id, oldest first: who waits longest comes first.

    Every state and queue is asked for by itself, each in the order of an index: asked for all at once,
    SQLite goes through the cases in the order of their ids, and nearly all of those were left long ago.
    """
    narrow = wanted.owner or wanted.merchant or wanted.unit
    owners = [wanted.owner] if narrow else [owner.value for owner in Owner]
    found = [
        row
        for state in wanted.states
        for owner in owners
        for row in _queue(connection, site, replace(wanted, states=(state,), owner=owner), limit)
    ]
    return sorted(found, key=lambda row: row.id)[:limit]


def _queue(connection: Connection, site: str, wanted: Wanted, limit: int) -> list[CaseRow]:
    """A page of one state."""
    (state,) = wanted.states
    chosen = select(*(cases.c[name] for name in _COLUMNS)).where(cases.c.site == site)
    chosen = chosen.where(cases.c.id > wanted.after, cases.c.state == state)
    for name in ("merchant", "owner", "kind", "unit"):
        value = getattr(wanted, name)
        if value is not None:
            chosen = chosen.where(cases.c[name] == value)
    return [_row(row) for row in connection.execute(chosen.order_by(cases.c.id).limit(limit))]


def counts(connection: Connection, site: str) -> Sequence[tuple[str, str, int]]:
    """How many cases are open, by owner and kind."""
    chosen = select(cases.c.owner, cases.c.kind, func.count()).where(
        cases.c.site == site, cases.c.state.in_(OPEN)
    )
    rows = connection.execute(chosen.group_by(cases.c.owner, cases.c.kind)).all()
    return [(row[0], row[1], row[2]) for row in rows]


def _row(row: Any) -> CaseRow:
    values = dict(zip(_COLUMNS, row, strict=True))
    return CaseRow(
        **values
        | {
            "kind": CaseKind(values["kind"]),
            "state": CaseState(values["state"]),
            "way_out": WayOut(values["way_out"]) if values["way_out"] else None,
        }
    )
