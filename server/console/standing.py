"""How the ledger stands: its state, its alarms, the newest checkpoint, and who has seen it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection

from inspection.custody.policy import TrustPolicy, accept, read_policy
from inspection.errors import DomainError, QuorumMissing
from server.alarms import standing_alarms
from server.ledger.checkpoints import Kept, newest, with_cosignatures
from server.ledger.standing import LogState, standing_of
from server.ledger.trust import FILE_NAME as TRUST

MOST_ALARMS = 4


class Witnessed(StrEnum):
    """Whether a fork of the log would be noticed."""

    NOBODY_ASKED = "nobody_asked"
    """The policy asks for no witness: a fork is not detectable."""
    UNREADABLE = "unreadable"
    """A policy is there, and cannot be read: nobody can say whom it asks for."""
    SEEN = "seen"
    WAITS = "waits"
    """The quorum has not seen the newest checkpoint yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSeen:
    """An alarm that nobody has cleared."""

    id: int
    kind: str
    subject: str
    detail: str
    raised_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSeen:
    """One moment of the log."""

    size: int
    head: str
    state: LogState
    reason: str
    signed_size: int | None
    """Entries below the newest checkpoint; None before the first."""
    signed_at: str
    witnessed: Witnessed
    witnesses: tuple[str, ...]
    """Who cosigned it."""
    alarms: tuple[AlarmSeen, ...]


Trust = TrustPolicy | Witnessed
"""The policy that names the witnesses, or what is to be said without one."""


def trust_in(directory: Path) -> Trust:
    """Read the policy of a centre's folder."""
    try:
        return read_policy((directory / TRUST).read_bytes())
    except FileNotFoundError:
        return Witnessed.NOBODY_ASKED
    except (OSError, DomainError):
        return Witnessed.UNREADABLE


def read_ledger(connection: Connection, site: str, head: tuple[int, str], trust: Trust) -> LedgerSeen:
    """Read how the log stands; `head` is its size and the hash of its last leaf."""
    standing, kept = standing_of(connection, site), newest(connection, site)
    witnessed, names = _witnessed(connection, site, kept, trust)
    return LedgerSeen(
        size=head[0],
        head=head[1],
        state=standing.state,
        reason=standing.reason,
        signed_size=kept.size if kept else None,
        signed_at=kept.signed_at if kept else "",
        witnessed=witnessed,
        witnesses=names,
        alarms=tuple(
            AlarmSeen(**{name: getattr(row, name) for name in AlarmSeen.__slots__})
            for row in standing_alarms(connection, site, MOST_ALARMS)
        ),
    )


def _witnessed(
    connection: Connection, site: str, kept: Kept | None, trust: Trust
) -> tuple[Witnessed, tuple[str, ...]]:
    if isinstance(trust, Witnessed):
        return trust, ()
    if not trust.detects_forks:
        return Witnessed.NOBODY_ASKED, ()
    if kept is None:
        return Witnessed.WAITS, ()
    try:
        accepted = accept(trust, with_cosignatures(connection, site, kept))
    except (QuorumMissing, DomainError):
        return Witnessed.WAITS, ()
    return Witnessed.SEEN, tuple(each.name for each in accepted.cosigned)
