"""What somebody must look at: raised once, shown until a named person clears it.

An alarm is a row, raised in the transaction that found the reason for it. As long as it stands, the
same kind about the same subject raises nothing more. Clearing it is an entry of the ledger.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, func, insert, select, update

from inspection.custody.leaf import EntryType
from inspection.messages.base import time_text
from inspection.messages.entries import ApprovalEntry, ApprovalKind
from server.db.ledger_tables import alarms
from server.errors import Conflict, NotFound
from server.ledger.entries import entry_of
from server.ledger.log import Log

LONGEST_DETAIL = 300
AnyRow = Row[tuple[object, ...]]


class AlarmKind(StrEnum):
    """Why somebody must look."""

    CLONE = "clone"
    """Two starts of one station at once; the subject is the station."""
    QUORUM_MISSING = "quorum_missing"
    """Money waits for witnesses; the subject is the log."""
    CHECKPOINT_MISSING = "checkpoint_missing"
    """Money waits for a checkpoint that is not signed; the subject is the log."""
    FORK = "fork"
    """A witness holds another history than ours; the subject is the witness."""
    CONTRADICTION = "contradiction"
    """A receipt of ours names another leaf than the one that stands; the subject is its index."""
    RECOVERING = "recovering"
    """The database is older than what was signed over it; the subject is the log."""
    DROP = "drop"
    """A dropped file was refused, or too many wait; the subject is the merchant."""
    ENDPOINT_DISABLED = "endpoint_disabled"
    """A refund system has taken nothing for days; the subject is the merchant."""
    FROZEN = "frozen"
    """The log takes no more entries; the subject is the log."""


def raise_alarm(
    connection: Connection, site: str, kind: AlarmKind, subject: str, detail: str, at: str
) -> bool:
    """Raise an alarm; False where the same one stands already. `subject` is ASCII without blanks."""
    mine = (alarms.c.site == site, alarms.c.kind == kind.value, alarms.c.subject == subject)
    standing = select(alarms.c.id).where(*mine, alarms.c.cleared_at.is_(None))
    if connection.execute(standing).first() is not None:
        return False
    newest = connection.execute(select(func.max(alarms.c.id)).where(alarms.c.site == site)).scalar()
    connection.execute(
        insert(alarms).values(
            site=site,
            id=(newest or 0) + 1,
            kind=kind.value,
            subject=subject,
            detail=detail[:LONGEST_DETAIL],
            raised_at=at,
        )
    )
    return True


def settle_alarm(connection: Connection, site: str, kind: AlarmKind, subject: str, at: str) -> bool:
    """Take an alarm back because its reason is gone by itself; False where none stands.

    Only for conditions that end, such as a missing quorum: a clone is cleared by a person alone.
    """
    mine = (alarms.c.site == site, alarms.c.kind == kind.value, alarms.c.subject == subject)
    gone = update(alarms).where(*mine, alarms.c.cleared_at.is_(None))
    return connection.execute(gone.values(cleared_at=at, cleared_by="centre")).rowcount > 0


def clear_alarm(connection: Connection, log: Log, id: int, by: str, reason: str, now: datetime) -> int:
    """Clear an alarm in a person's name; returns the index of the entry that says so.

    Raises NotFound, or Conflict for one that was cleared before.
    """
    mine = (alarms.c.site == log.site, alarms.c.id == id)
    row = connection.execute(select(alarms).where(*mine)).first()
    if row is None:
        raise NotFound(f"there is no alarm {id}")
    if row.cleared_at is not None:
        raise Conflict(f"alarm {id} was cleared by {row.cleared_by} at {row.cleared_at}")
    at = time_text(now)
    connection.execute(update(alarms).where(*mine).values(cleared_at=at, cleared_by=by))
    body = ApprovalEntry(
        kind=ApprovalKind.ALARM, subject=f"{row.kind}:{row.subject}", reason=reason, by=(by,), at=now
    )
    token = f"alarm/{id}/{secrets.token_hex(8)}"  # a restored table gives out the same numbers again
    return log.append(connection, entry_of(EntryType.APPROVAL, body, token), at).seq


def standing_alarms(connection: Connection, site: str, limit: int = 50) -> Sequence[AnyRow]:
    """The alarms that nobody has cleared, newest first."""
    return list_alarms(connection, site, limit, cleared=False)


def list_alarms(connection: Connection, site: str, limit: int, *, cleared: bool) -> Sequence[AnyRow]:
    """Alarms, newest first; `cleared` adds those that nobody must look at any more."""
    chosen = select(alarms).where(alarms.c.site == site)
    if not cleared:
        chosen = chosen.where(alarms.c.cleared_at.is_(None))
    return connection.execute(chosen.order_by(alarms.c.id.desc()).limit(limit)).all()


def count_standing(connection: Connection, site: str) -> dict[AlarmKind, int]:
    """How many alarms of each kind stand; every kind is there."""
    chosen = select(alarms.c.kind, func.count().label("many")).where(
        alarms.c.site == site, alarms.c.cleared_at.is_(None)
    )
    found = {row.kind: row.many for row in connection.execute(chosen.group_by(alarms.c.kind))}
    return {kind: found.get(kind.value, 0) for kind in AlarmKind}
