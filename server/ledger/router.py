"""Routes of the ledger: what it is, and all of it."""

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from inspection.custody.note import note_key
from inspection.custody.policy import TrustPolicy
from inspection.messages.entries import AccessWhat
from inspection.messages.uplink import LogKeys
from kit.archive_writer import pages
from server.access import Caller, Scope, needs
from server.answers import answer
from server.centre import Centre, Here
from server.errors import LedgerFrozen, LedgerRecovering
from server.ledger.export import header, leaf_lines
from server.ledger.reading import note_read
from server.ledger.schemas import LogCard
from server.ledger.standing import standing_of
from server.refunds.gate import read_gate

router = APIRouter(prefix="/v1", tags=["ledger"])
Reader = Annotated[Caller, needs(Scope.AUDITOR, Scope.CONSOLE)]


@router.get("/log")
async def get_log(centre: Here) -> Response:
    """The log's name, length, head, state and public keys: nothing secret."""
    head = await centre.reader.run(centre.log.head)
    standing = await centre.reader.run(lambda c: standing_of(c, centre.site))
    gate = await centre.reader.run(lambda c: read_gate(c, centre.site))
    keys, before = centre.keys, centre.keys.log_previous
    newest, *older = (key.verifying().to_text() for key in keys.webhook_signers)
    return answer(
        LogCard(
            origin=centre.log.origin,
            size=head.size,
            head=head.hash,
            state=standing.state,
            min_index=standing.min_index,
            fork_detectable=centre.trust.detects_forks,
            quorum=centre.trust.quorum,
            witnessed=gate.witnessed,
            log_key=note_key(centre.log.origin, keys.log).to_text(),
            log_key_previous=note_key(centre.log.origin, before).to_text() if before else None,
            log_public_key=keys.log_public,
            sealing_public_key=keys.sealing_public,
            webhook_key=newest,
            webhook_key_previous=older[0] if older else None,
            webhook_public_key=keys.webhook_public,
        )
    )


@router.get("/log/keys")
async def get_log_keys(centre: Here) -> Response:
    """Every new key of the log, receipted by the one before it: who knows an old key learns the new ones."""
    return answer(LogKeys(keys=centre.succession))


@router.get("/ledger/export")
async def get_export(centre: Here, caller: Reader, witnessed: bool = False) -> StreamingResponse:
    """The whole log as JSON lines; who took it stands in the ledger, in the export itself.

    `witnessed` ends it at the newest state that the witnesses' quorum has seen.
    """
    await note_read(centre, caller, AccessWhat.EXPORT, 0, None)
    with suppress(LedgerRecovering, LedgerFrozen):  # then what was signed last is exported
        await centre.checkpoints.now()
    policy = centre.trust if witnessed else None
    return StreamingResponse(_lines(centre, policy), media_type="application/jsonl")


async def _lines(centre: Centre, policy: TrustPolicy | None) -> AsyncIterator[bytes]:
    first = await centre.reader.run(partial(header, log=centre.log, key=centre.keys.log, policy=policy))
    yield first.to_bytes() + b"\n"
    for page in pages(first.size):
        read = await centre.reader.run(partial(leaf_lines, log=centre.log, page=page))
        yield b"".join(line + b"\n" for line in read)
