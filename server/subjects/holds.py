"""Legal holds: while one lasts, nothing that it covers is erased, and its leaves keep their bodies."""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, literal, or_, select, true, update

from inspection.custody.leaf import EntryType
from inspection.messages.base import time_text
from inspection.messages.entries import ApprovalEntry, ApprovalKind
from server.db.ledger_tables import leaves
from server.db.subject_tables import holds
from server.db.tables import records, units
from server.errors import Conflict, NotFound
from server.ledger.entries import entry_of
from server.ledger.log import Log
from server.subjects.bound import keys_of
from server.subjects.schemas import HoldRequest, HoldRow

TOKEN_BYTES = 16


def add_hold(connection: Connection, log: Log, wanted: HoldRequest, by: str, now: datetime) -> HoldRow:
    """Keep a hold and the entry that states it; raises NotFound for a unit nobody announced."""
    scope, at = _scope(wanted), time_text(now)
    subject = _subject(connection, log.site, wanted)
    row = {
        "id": secrets.token_hex(TOKEN_BYTES),
        "scope": scope,
        "merchant": wanted.merchant,
        "unit": wanted.unit,
        "reason": wanted.reason,
        "by": by,
        "at": at,
        "released_at": None,
        "released_by": None,
    }
    connection.execute(insert(holds).values(**row, site=log.site, subject=subject))
    _state(connection, log, ApprovalKind.HOLD, row["id"], (wanted.reason, by), now)
    return HoldRow.model_validate(row)


def release_hold(
    connection: Connection, log: Log, hold: str, said: tuple[str, str], now: datetime
) -> HoldRow:
    """End a hold and state it; `said` is the reason and who answers for it.

    Raises NotFound, or Conflict for one that is released already.
    """
    mine, at = (holds.c.site == log.site, holds.c.id == hold), time_text(now)
    row = connection.execute(select(holds).where(*mine)).first()
    if row is None:
        raise NotFound(f"no hold {hold[:32]!r}")
    if row.released_at is not None:
        raise Conflict(f"the hold was released by {row.released_by} already")
    connection.execute(update(holds).where(*mine).values(released_at=at, released_by=said[1]))
    _state(connection, log, ApprovalKind.RELEASE, hold, said, now)
    return _row(connection.execute(select(holds).where(*mine)).one())


def list_holds(connection: Connection, site: str) -> tuple[HoldRow, ...]:
    """Every hold, the newest first, released ones too."""
    chosen = select(holds).where(holds.c.site == site).order_by(holds.c.at.desc(), holds.c.id)
    return tuple(_row(row) for row in connection.execute(chosen))


def hold_on(
    connection: Connection, site: str, merchant: str, subject: str, units: Collection[str]
) -> HoldRow | None:
    """A hold that keeps this customer from being erased; None where there is none."""
    covers = or_(holds.c.scope == "merchant", holds.c.subject == subject, holds.c.unit.in_(units))
    chosen = select(holds).where(
        holds.c.site == site, holds.c.merchant == merchant, holds.c.released_at.is_(None), covers
    )
    row = connection.execute(chosen.order_by(holds.c.at)).first()
    return _row(row) if row is not None else None


def first_held_index(connection: Connection, site: str) -> int | None:
    """The lowest index of what a hold covers, verdicts and their parcels' sign-offs; None without a hold.

    The sign-off stands before the verdict, and without its body the unit has no evidence pack any more.
    """
    standing = select(holds).where(holds.c.site == site, holds.c.released_at.is_(None))
    rows = connection.execute(standing).all()
    lowest = (of(connection, site, row) for row in rows for of in (_first_verdict, _first_sign_off))
    return min((index for index in lowest if index is not None), default=None)


def _first_verdict(connection: Connection, site: str, hold: Any) -> int | None:
    covered = _covered(select(func.min(records.c.leaf_seq)), site, hold)
    found: int | None = connection.execute(covered).scalar()
    return found


def _first_sign_off(connection: Connection, site: str, hold: Any) -> int | None:
    """Also of a unit that nobody has inspected yet: its pack will need it."""
    inspected = _covered(select(records.c.unit), site, hold)
    covers: list[ColumnElement[bool]] = [units.c.id.in_(inspected)]
    if hold.scope == "unit":
        covers.append(units.c.id == hold.unit)
    elif hold.scope == "subject":
        covers.append(units.c.subject == hold.subject)
    else:
        covers.append(true())
    signed = literal(f"parcel:{hold.merchant}:") + units.c.parcel + literal(":signed-off")
    mine = (
        units.c.site == site,
        units.c.merchant == hold.merchant,
        units.c.parcel.is_not(None),
        or_(*covers),
    )
    ids, assumed = select(signed).where(*mine), select(signed + literal(":assumed")).where(*mine)
    named = or_(leaves.c.id.in_(ids), leaves.c.id.in_(assumed))
    first = select(func.min(leaves.c.seq)).where(leaves.c.site == site, named)
    found: int | None = connection.execute(first).scalar()
    return found


def _covered(chosen: Select[Any], site: str, hold: Any) -> Select[Any]:
    """Of the records, those that a hold covers."""
    covered = chosen.where(records.c.site == site, records.c.merchant == hold.merchant)
    if hold.scope == "unit":
        return covered.where(records.c.unit == hold.unit)
    return covered.where(records.c.subject == hold.subject) if hold.scope == "subject" else covered


def _scope(wanted: HoldRequest) -> str:
    if wanted.unit is not None:
        return "unit"
    return "subject" if wanted.customer is not None else "merchant"


def _subject(connection: Connection, site: str, wanted: HoldRequest) -> str | None:
    """A unit's hold keeps its customer too: one key seals all of that customer's units."""
    if wanted.customer is not None:
        return keys_of(connection).secrets.customer(wanted.merchant, wanted.customer)
    if wanted.unit is None:
        return None
    chosen = select(units.c.subject).where(
        units.c.site == site, units.c.id == wanted.unit, units.c.merchant == wanted.merchant
    )
    row = connection.execute(chosen).first()
    if row is None:
        raise NotFound(f"no unit {wanted.unit} of merchant {wanted.merchant} was announced")
    found: str | None = row.subject
    return found


def _state(
    connection: Connection,
    log: Log,
    kind: ApprovalKind,
    hold: Any,
    said: tuple[str, str],
    now: datetime,
) -> None:
    reason, by = said
    body = ApprovalEntry(kind=kind, subject=f"hold/{hold}", reason=reason, by=(by,), at=now)
    log.append(connection, entry_of(EntryType.APPROVAL, body, f"{kind.value}-{hold}"), time_text(now))


def _row(row: Any) -> HoldRow:
    return HoldRow.model_validate({name: getattr(row, name) for name in HoldRow.model_fields})
