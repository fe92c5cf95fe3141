"""Who reads what is not public: bounded in its rate, and noted in the ledger before it is answered."""

from uuid import uuid4

from inspection.custody.leaf import EntryType
from inspection.messages.entries import AccessEntry, AccessWhat
from server.access import Caller, Scope
from server.centre import Centre
from server.errors import NotFound, NotWitnessed, WrongScope
from server.ledger.checkpoints import Kept, find
from server.ledger.entries import entry_of
from server.ledger.log import Entry
from server.ledger.proofs import merchant_of
from server.ledger.standing import LogState, standing_of
from server.refunds.gate import read_gate


async def note_read(
    centre: Centre,
    caller: Caller,
    what: AccessWhat,
    first: int | None,
    last: int | None,
    unit: str | None = None,
) -> None:
    """Append who reads which entries, both ends included, and of which unit; raises TooOften.

    A ledger that takes nothing stays readable: then the reading stands in the program's log alone.
    """
    centre.readers.take(caller)
    standing = await centre.reader.run(lambda c: standing_of(c, centre.site))
    if standing.state != LogState.OPEN:
        centre.logger.warning("ledger.read", by=caller.label, what=what.value, first=first, last=last)
        return
    await centre.sequencer.append(access_entry(centre, caller, what, first, last, unit))


def access_entry(
    centre: Centre,
    caller: Caller,
    what: AccessWhat,
    first: int | None,
    last: int | None,
    unit: str | None = None,
) -> Entry:
    """What the ledger says of a reading."""
    body = AccessEntry(
        by=caller.label or caller.scope.value,
        scope=caller.scope.value,
        what=what,
        first=first,
        last=last,
        unit=unit,
        at=centre.clock(),
    )
    return entry_of(EntryType.ACCESS, body, uuid4().hex)


async def proven_in(centre: Centre, last: int) -> Kept:
    """The checkpoint to prove entries up to `last` in: the newest, or the newest that its quorum has seen.

    Raises NotWitnessed while the quorum has not seen the last of them.
    """
    newest = await centre.checkpoints.now()
    if not centre.trust.detects_forks:
        return newest
    size = await centre.reader.run(lambda c: read_gate(c, centre.site).covered)
    kept = await centre.reader.run(lambda c: find(c, centre.site, size))
    if kept is None or kept.size <= last:
        raise NotWitnessed(f"entry {last} has not been seen by enough witnesses yet: ask again in a moment")
    return kept


def may_read(caller: Caller, leaf: bytes, index: int) -> None:
    """Raise NotFound unless the entry is the caller's to read: a shop's key opens its merchant's only."""
    if caller.scope == Scope.SHOP and merchant_of(leaf) != caller.merchant:
        raise NotFound(f"entry {index} is not of merchant {caller.merchant}")


def may_read_all(caller: Caller, entries: tuple[bytes, ...]) -> None:
    """Raise WrongScope unless every entry of a bundle is the caller's to read."""
    if caller.scope == Scope.SHOP and any(merchant_of(leaf) != caller.merchant for leaf in entries):
        raise WrongScope(
            f"this bundle holds entries that are not of merchant {caller.merchant}: "
            "read yours one by one at /v1/ledger/entries/{index}"
        )
