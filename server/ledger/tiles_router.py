"""The log over HTTP as c2sp.org/tlog-tiles has it: `https://ORIGIN` is the prefix of all of it.

Hashes are public: they say nothing of what was hashed. Entries are not.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from inspection.custody.tiles import HASHES, TilePath, read_tile_path
from inspection.errors import BadMessage
from inspection.messages.entries import AccessWhat
from server.access import Caller, Scope, needs
from server.answers import answer
from server.centre import Centre, Here
from server.errors import LedgerRecovering, NotFound
from server.ledger import checkpoints
from server.ledger.checkpoints import Kept
from server.ledger.proofs import bundle_of, prove, proven_entry, read_entries, read_tile
from server.ledger.reading import may_read, may_read_all, note_read
from server.ledger.schemas import EntryProof
from server.ledger.standing import LogState, standing_of

router = APIRouter(tags=["log"])
Reader = Annotated[Caller, needs(Scope.AUDITOR, Scope.CONSOLE, Scope.SHOP)]
Index = Annotated[int, Path(ge=0, le=2**53 - 1)]
NOTE = "text/plain; charset=utf-8"
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
A_MOMENT = {"cache-control": "public, max-age=1"}
PRIVATE = {"cache-control": "private, no-store"}


@router.get("/site/{site}/checkpoint")
async def get_checkpoint(site: str, centre: Here) -> Response:
    """The newest checkpoint with the cosignatures that it has."""
    _check_site(centre, site)
    kept = await _shown(centre)
    note = await centre.reader.run(lambda c: checkpoints.with_cosignatures(c, site, kept))
    return Response(note, media_type=NOTE, headers=A_MOMENT)


@router.get("/site/{site}/checkpoint/{size}")
async def get_old_checkpoint(
    site: str, size: Annotated[int, Path(ge=0, le=2**53 - 1)], centre: Here
) -> Response:
    """The checkpoint of exactly this size, if one was signed."""
    _check_site(centre, site)
    kept = await centre.reader.run(lambda c: checkpoints.find(c, site, size))
    if kept is None or kept.size > (await _shown(centre)).size:
        raise NotFound(f"no checkpoint of {size} entries was signed")
    note = await centre.reader.run(lambda c: checkpoints.with_cosignatures(c, site, kept))
    return Response(note, media_type=NOTE, headers=A_MOMENT)


@router.get("/site/{site}/tile/entries/{place:path}")
async def get_entries(site: str, place: str, centre: Here, caller: Reader) -> Response:
    """A bundle of entries; a shop's key opens one only where all of it is its merchant's."""
    _check_site(centre, site)
    path = _tile_path(f"tile/entries/{place}")
    entries = await centre.reader.run(lambda c: read_entries(c, site, path))
    may_read_all(caller, entries)
    first = path.index * HASHES
    await note_read(centre, caller, AccessWhat.BUNDLE, first, first + path.width - 1)
    return Response(bundle_of(entries), media_type="application/octet-stream", headers=PRIVATE)


@router.get("/site/{site}/tile/{place:path}")
async def get_tile(site: str, place: str, centre: Here) -> Response:
    """A tile of hashes of a published tree."""
    _check_site(centre, site)
    path = _tile_path(f"tile/{place}")
    content = await centre.reader.run(lambda c: read_tile(c, site, path))
    return Response(content, media_type="application/octet-stream", headers=FOR_EVER)


@router.get("/v1/ledger/entries/{index}")
async def get_entry(index: Index, centre: Here, caller: Reader) -> Response:
    """One entry with the proof of its place; a shop's key opens its own merchant's."""
    kept = await _covering(centre, index)
    found = await centre.reader.run(lambda c: proven_entry(c, centre.site, kept, index))
    may_read(caller, found.leaf, index)
    await note_read(centre, caller, AccessWhat.ENTRY, index, index)
    proof = found.proof.to_bytes().decode()
    return answer(EntryProof(index=index, leaf=found.leaf, proof=proof))


@router.get("/v1/ledger/proofs/{index}")
async def get_proof(index: Index, centre: Here) -> Response:
    """The proof of an entry's place: hashes only, so whoever has the entry needs no key."""
    kept = await _shown(centre)
    (proof,) = await centre.reader.run(lambda c: prove(c, centre.site, kept, (index,)))
    return Response(proof.to_bytes(), media_type=NOTE, headers=A_MOMENT)


def _check_site(centre: Centre, site: str) -> None:
    if site != centre.site:
        raise NotFound("no log of this name is kept here")


def _tile_path(text: str) -> TilePath:
    try:
        return read_tile_path(text)
    except BadMessage as error:
        raise NotFound(str(error)) from error


async def _shown(centre: Centre) -> Kept:
    """What may be seen; a log that takes back what it had shows nothing older meanwhile."""
    standing = await centre.reader.run(lambda c: standing_of(c, centre.site))
    if standing.state == LogState.RECOVERING:
        raise LedgerRecovering(f"the ledger is being recovered: {standing.reason}")
    if centre.checkpoints.shown is None:
        return await centre.checkpoints.now()
    return centre.checkpoints.shown


async def _covering(centre: Centre, index: int) -> Kept:
    """A published checkpoint that has the entry, signed now where the newest does not."""
    kept = await _shown(centre)
    return kept if index < kept.size else await centre.checkpoints.now()
