"""Whether the log may grow: open, recovering after a restore, or frozen for ever."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from server.db.ledger_tables import ledger_state
from server.db.rows import run
from server.errors import LedgerFrozen, LedgerRecovering

STATE = "SELECT state, reason FROM ledger_state WHERE site = ?"


class LogState(StrEnum):
    """What may be done with the log."""

    OPEN = "open"
    RECOVERING = "recovering"
    """It is known to have been longer: it takes back what it had, and nothing else."""
    FROZEN = "frozen"
    """It takes nothing any more; what is there stays readable and provable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The state of the log, and from which index on it shows bodies."""

    state: LogState = LogState.OPEN
    reason: str = ""
    min_index: int = 0
    changed_at: str = ""


def standing_of(connection: Connection, site: str) -> Standing:
    """How the log stands; no row means open."""
    row = connection.execute(select(ledger_state).where(ledger_state.c.site == site)).first()
    if row is None:
        return Standing()
    return Standing(
        state=LogState(row.state), reason=row.reason, min_index=row.min_index, changed_at=row.changed_at
    )


def set_state(connection: Connection, site: str, state: LogState, reason: str, at: str) -> None:
    """Move the log to a state; a frozen log never leaves it."""
    before = standing_of(connection, site)
    if before.state == LogState.FROZEN and state != LogState.FROZEN:
        raise LedgerFrozen(f"the ledger is frozen for ever: {before.reason}")
    values = {"state": state.value, "reason": reason, "changed_at": at}
    fresh = insert(ledger_state).values(site=site, min_index=before.min_index, **values)
    connection.execute(fresh.on_conflict_do_update(index_elements=["site"], set_=values))


def refuse_unless_open(connection: Connection, site: str) -> None:
    """Raise LedgerRecovering or LedgerFrozen where the log takes no new entry; asked by every append."""
    rows = run(connection, STATE, (site,))
    state, reason = rows[0] if rows else (LogState.OPEN, "")
    if state == LogState.RECOVERING:
        raise LedgerRecovering(f"the ledger is being recovered: {reason}")
    if state == LogState.FROZEN:
        raise LedgerFrozen(f"the ledger is frozen: {reason}")
