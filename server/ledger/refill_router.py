"""The route by which receipts come back to a ledger that was restored from a backup."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from inspection.custody.leaf import EntryType, read_leaf
from inspection.custody.note import VerifierKey
from inspection.messages.uplink import RefillAnswer, RefillBatch, RefillItem
from server.access import Caller, Scope, needs
from server.answers import answer
from server.bodies import read_body
from server.centre import Here
from server.evidence.repository import held_evidence
from server.ledger.offering import offer_of
from server.ledger.receipts import own_keys
from server.ledger.refill import Offered
from server.ledger.taking import take_back

router = APIRouter(prefix="/v1", tags=["ledger"])
Holder = Annotated[Caller, needs(Scope.STATION, Scope.SHOP, Scope.CONSOLE)]


@router.post("/ledger/refill")
async def post_refill(request: Request, centre: Here, caller: Holder) -> Response:
    """Take back entries by their receipts: whoever holds one may offer it, its signature decides.

    What travels beside a record is taken from its own station alone.
    """
    batch = await read_body(request, RefillBatch)
    known = own_keys(centre.keys, centre.trust, centre.log.origin)
    offered = await anyio.to_thread.run_sync(check_all, batch.items, known, centre.log.origin, caller)
    taken = await centre.writer.submit(partial(take_back, centre=centre, offered=offered))
    centre.deliveries_due.set()
    pending = await centre.reader.run(lambda c: _pending(c, centre.site, offered))
    return answer(
        RefillAnswer(
            appended=taken.appended,
            waiting=taken.waiting,
            known=taken.known,
            ledger_size=taken.size,
            state=taken.state.value,
            evidence_pending=pending,
        )
    )


def check_all(
    items: Sequence[RefillItem], known: Sequence[VerifierKey], origin: str, giver: Caller
) -> list[Offered]:
    """Check each receipt; raises BadSignature or WrongReceipt for one that is not of this log."""
    return [offer_of(item, known, origin, giver) for item in items]


def _pending(connection: Connection, site: str, offered: Sequence[Offered]) -> tuple[str, ...]:
    """Images of these records that are not here."""
    named = [
        str(item["ciphertext_sha256"])
        for leaf in (read_leaf(each.leaf) for each in offered)
        if leaf.type == EntryType.VERDICT
        for item in leaf.body["evidence"]
    ]
    held = held_evidence(connection, site, named)
    return tuple(dict.fromkeys(name for name in named if name not in held))
