"""How a ledger stands, in one look: what is there, what is signed, what is missing."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from inspection.custody.checkpoint import Checkpoint
from inspection.custody.policy import TrustPolicy
from server.db.refill_tables import refill_waiting
from server.ledger.checkpoints import newest
from server.ledger.log import Log
from server.ledger.mirror import Mirror
from server.ledger.refill import count_bare, count_waiting
from server.ledger.standing import Standing, standing_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is asked."""

    log: Log
    guarded: Checkpoint | None
    mirror: Path | None
    trust: TrustPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the ledger stands."""

    origin: str
    size: int
    head: str
    standing: Standing
    signed: int | None
    """Entries under the newest checkpoint; None before the first."""
    guarded: int | None
    """Entries under the newest checkpoint that the guard file has."""
    waiting: int
    bare: int
    missing: tuple[range, ...]
    mirrored: int | None
    """Entries on the mirror; None without one."""
    witnesses: tuple[str, ...]
    forks_detectable: bool


def report_of(connection: Connection, sources: Sources) -> Report:
    """Read how the ledger stands."""
    log, guarded, trust = sources.log, sources.guarded, sources.trust
    head, signed = log.head(connection), newest(connection, log.site)
    return Report(
        origin=log.origin,
        size=head.size,
        head=head.hash,
        standing=standing_of(connection, log.site),
        signed=signed.size if signed else None,
        guarded=guarded.size if guarded else None,
        waiting=count_waiting(connection, log.site),
        bare=count_bare(connection, log.site),
        missing=missing(connection, log.site, head.size, guarded.size if guarded else 0),
        mirrored=Mirror(sources.mirror).size if sources.mirror is not None else None,
        witnesses=tuple(witness.name for witness in trust.witnesses),
        forks_detectable=trust.detects_forks,
    )


def missing(connection: Connection, site: str, size: int, wanted: int) -> tuple[range, ...]:
    """The indexes that are known to have been there and are not back."""
    waits = select(refill_waiting.c.seq).where(refill_waiting.c.site == site).order_by(refill_waiting.c.seq)
    gaps, at = [], size
    for seq in connection.execute(waits).scalars():
        if seq > at:
            gaps.append(range(at, seq))
        at = max(at, seq + 1)
    if wanted > at:
        gaps.append(range(at, wanted))
    return tuple(gaps)


def name_range(gap: range) -> str:
    """Indexes as a person writes them."""
    return str(gap.start) if len(gap) == 1 else f"{gap.start} to {gap.stop - 1}"
