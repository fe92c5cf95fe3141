"""Make one pack: find, prove, note who asked, open, draw; one at a time, because photos are large."""

from functools import partial

import anyio.to_thread

from inspection.messages.entries import AccessWhat
from server.access import Caller
from server.centre import Centre
from server.errors import NotWitnessed
from server.ledger.checkpoints import Kept, find
from server.ledger.reading import note_read
from server.packs import service
from server.packs.service import Wanted
from server.refunds.gate import read_gate


async def make_pack(centre: Centre, caller: Caller, unit: str, *, full: bool) -> bytes:
    """The zip of a unit as the caller may see it; who asked stands in the ledger before it is answered.

    Raises NotFound, Withheld, NotWitnessed, TooOften, LedgerRecovering.
    """
    site = centre.site
    held = await centre.reader.run(lambda c: service.find_unit(c, site, caller, unit))
    indexes = await centre.reader.run(lambda c: service.indexes_of(c, site, held))
    kept = await proven_in(centre, indexes[-1])
    gathered = await centre.reader.run(lambda c: service.gather(c, site, held, indexes, kept))
    await note_read(centre, caller, AccessWhat.EVIDENCE_PACK, indexes[0], indexes[-1], unit=unit)
    wanted = Wanted.by(caller, unit, full=full)
    build = partial(service.build, gathered, wanted, centre.store, centre.keys, centre.trust, centre.now())
    async with centre.packing:
        return await anyio.to_thread.run_sync(build)


async def proven_in(centre: Centre, last: int) -> Kept:
    """The checkpoint to prove entries up to `last` in: the newest, or the newest that its quorum has seen."""
    newest = await centre.checkpoints.now()
    if not centre.trust.detects_forks:
        return newest
    size = await centre.reader.run(lambda c: read_gate(c, centre.site).witnessed)
    kept = await centre.reader.run(lambda c: find(c, centre.site, size))
    if kept is None or kept.size <= last:
        raise NotWitnessed(f"entry {last} has not been seen by enough witnesses yet: ask again in a moment")
    return kept
