"""Make one pack: find, prove, note who asked, open, draw; one at a time, because photos are large."""

from functools import partial

import anyio.to_thread

from inspection.messages.entries import AccessWhat
from server.access import Caller
from server.centre import Centre
from server.ledger.reading import note_read, proven_in
from server.packs import service
from server.returns.repository import KnownUnit


async def make_pack(centre: Centre, caller: Caller, unit: str, *, full: bool) -> bytes:
    """The zip of a unit as the caller may see it; who asked stands in the ledger before it is answered.

    Raises NotFound, Withheld, NotWitnessed, Busy, TooOften, LedgerRecovering.
    """
    held = await centre.reader.run(lambda c: service.find_unit(c, centre.site, caller, unit))
    async with centre.packing.turn():
        return await _made(centre, caller, held, full=full)


async def _made(centre: Centre, caller: Caller, held: KnownUnit, *, full: bool) -> bytes:
    site = centre.site
    indexes = await centre.reader.run(lambda c: service.indexes_of(c, site, held))
    kept = await proven_in(centre, indexes[-1])
    gathered = await centre.reader.run(lambda c: service.gather(c, site, held, indexes, kept))
    await note_read(centre, caller, AccessWhat.EVIDENCE_PACK, indexes[0], indexes[-1], unit=held.id)
    fields = service.fields_for(caller, full=full)
    build = partial(service.build, gathered, fields, centre.store, centre.keys, centre.trust, centre.now())
    return await anyio.to_thread.run_sync(build)
