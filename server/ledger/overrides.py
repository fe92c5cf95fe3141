"""Letting instructions go that wait for witnesses: one person proposes, another approves, both by name.

The approval is an entry of the ledger. It opens this centre's gate only: a refund system that goes by a
quorum of its own decides for itself, and its people override there.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection, insert, select, update

from inspection.custody.leaf import EntryType
from inspection.messages.base import Count, Message, read_time, time_text
from inspection.messages.entries import ApprovalEntry, ApprovalKind
from inspection.messages.refund import InstructionId
from server.db.ledger_tables import overrides
from server.db.refund_tables import deliveries, instructions
from server.errors import Conflict, NotFound, SecondPersonNeeded
from server.ledger.entries import entry_of
from server.ledger.log import Entry, Log
from server.refunds import gate

PROPOSAL_LIFE = timedelta(hours=1)
"""The second person judges the same situation as the first."""
MOST_SHOWN = 100


class Proposal(Message):
    """`POST /v1/ledger/overrides`: let instructions go that wait for witnesses."""

    reason: Annotated[str, Field(min_length=1, max_length=300)]
    instruction: InstructionId | None = None
    """One of them; without it all that wait now."""


class Override(Message):
    """A proposal and what became of it."""

    id: str
    instruction: str | None
    before: Count
    """Entries below this index are let go."""
    reason: str
    proposed_by: str
    proposed_at: str
    approved_by: str | None = None
    leaf_seq: Count | None = None
    """Index of the approval's entry."""


class Overrides(Message):
    """`GET /v1/ledger/overrides`, newest first."""

    overrides: tuple[Override, ...]


def propose(
    connection: Connection, log: Log, proposal: Proposal, *, id: str, by: str, now: datetime
) -> Override:
    """Note what is to be let go; raises NotFound for an unknown instruction, Conflict where none waits."""
    _must_wait(connection, log.site, proposal.instruction)
    made = Override(
        id=id,
        instruction=proposal.instruction,
        before=log.head(connection).size,
        reason=proposal.reason,
        proposed_by=by,
        proposed_at=time_text(now),
    )
    connection.execute(insert(overrides).values(site=log.site, **made.model_dump()))
    return made


def approve(connection: Connection, log: Log, *, id: str, by: str, now: datetime) -> Override:
    """Let go what another person proposed, and write both names into the ledger; once, however often asked.

    Raises NotFound, SecondPersonNeeded, or Conflict for a proposal that is too old or approved by another.
    """
    found = _find(connection, log.site, id)
    if found.approved_by == by:
        return found
    if found.approved_by is not None:
        raise Conflict(f"{found.approved_by} approved this override already")
    if by.strip().casefold() == found.proposed_by.strip().casefold():
        raise SecondPersonNeeded(f"{by} proposed this override: another person must approve it")
    if now - read_time(found.proposed_at) > PROPOSAL_LIFE:
        raise Conflict("the proposal is older than an hour: propose it anew")
    place = log.append(connection, _entry(connection, log.site, found, by, now), time_text(now))
    gate.let_go(connection, log.site, found.before, found.instruction)
    mine = (overrides.c.site == log.site, overrides.c.id == id)
    connection.execute(update(overrides).where(*mine).values(approved_by=by, leaf_seq=place.seq))
    return _find(connection, log.site, id)


def newest(connection: Connection, site: str) -> Overrides:
    """The newest proposals."""
    chosen = select(overrides).where(overrides.c.site == site)
    rows = connection.execute(chosen.order_by(overrides.c.proposed_at.desc()).limit(MOST_SHOWN))
    return Overrides(overrides=tuple(_override(row) for row in rows))


def _must_wait(connection: Connection, site: str, instruction: str | None) -> None:
    chosen = select(deliveries.c.state).where(deliveries.c.site == site)
    if instruction is None:
        if connection.execute(chosen.where(deliveries.c.state == gate.AWAITING).limit(1)).first() is None:
            raise Conflict("no instruction waits for witnesses")
        return
    state = connection.execute(chosen.where(deliveries.c.instruction == instruction)).scalar()
    if state is None:
        raise NotFound(f"no instruction {instruction} was given")
    if state != gate.AWAITING:
        raise Conflict(f"instruction {instruction} does not wait for witnesses: it is {state}")


def _entry(connection: Connection, site: str, found: Override, by: str, now: datetime) -> Entry:
    body = ApprovalEntry(
        kind=ApprovalKind.OVERRIDE,
        subject=found.instruction or f"awaiting-witness/before/{found.before}",
        covers=_covers(connection, site, found.instruction),
        reason=found.reason,
        by=(found.proposed_by, by),
        at=now,
    )
    return entry_of(EntryType.APPROVAL, body, f"override/{found.id}")


def _covers(connection: Connection, site: str, instruction: str | None) -> tuple[int, ...]:
    chosen = select(instructions.c.leaf_seq)
    mine = (instructions.c.site == site, instructions.c.id == instruction)
    return tuple(connection.execute(chosen.where(*mine)).scalars()) if instruction else ()


def _find(connection: Connection, site: str, id: str) -> Override:
    mine = (overrides.c.site == site, overrides.c.id == id)
    row = connection.execute(select(overrides).where(*mine)).first()
    if row is None:
        raise NotFound(f"no override {id[:40]!r} was proposed")
    return _override(row)


def _override(row: Any) -> Override:
    return Override(**{name: value for name, value in row._mapping.items() if name != "site"})
