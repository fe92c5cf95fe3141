"""What a refund system is told: the webhook's body, made once and kept before it is first sent.

It is made after the first checkpoint that lets the instruction go, and every retry, every replay and whoever
asks for it gets the same bytes. It names an order, so it lies under that customer's key, and goes with it.
"""

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select, update

from inspection.custody.receipt import issue_receipt
from inspection.messages.refund import InstructionEvent, InstructionProof
from inspection.messages.uplink import ReceiptMessage
from server.db.refund_tables import deliveries, instructions
from server.db.rows import run
from server.errors import Erased, NotFound, Withheld
from server.ledger.checkpoints import Kept
from server.ledger.instruction_proofs import instruction_proofs
from server.subjects.bound import keys_of
from server.subjects.keys import FORMAT, SubjectKeys
from server.subjects.personal import GONE, whole_instruction

ROWS = (
    "SELECT i.id, i.body, i.personal, i.leaf_seq, i.verdict_seq, v.leaf, d.event, d.attempts "
    "FROM instructions AS i JOIN leaves AS v ON v.site = i.site AND v.seq = i.verdict_seq "
    "JOIN deliveries AS d ON d.site = i.site AND d.instruction = i.id "
    "WHERE i.site = ? AND i.id IN (SELECT value FROM json_each(?))"
)
KEEP = "UPDATE deliveries SET event = ? WHERE site = ? AND instruction = ?"


class _Row(NamedTuple):
    id: str
    body: bytes
    personal: bytes | None
    leaf_seq: int
    verdict_seq: int
    verdict_leaf: bytes | None
    """None once it was dropped under retention."""
    event: bytes | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What a body is made with, beside what stands in the database."""

    key: Ed25519PrivateKey
    """The log's: it signs the receipt of the verdict."""
    origin: str
    shown: Kept | None
    """The newest checkpoint that may be seen."""
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The body of one instruction's webhook."""

    content: bytes
    packed: bytes | None = None
    """As it is to be kept, not sealed yet; None for one that is kept already."""
    named: bool = True
    """Whether it names the order: no more once the customer is erased."""


def bodies(connection: Connection, site: str, wanted: Collection[str], maker: Maker) -> dict[str, Told]:
    """The bodies of these instructions, all read and made in one pass.

    Left out are those that cannot be told any more: erased with their customer, or dropped under retention.
    """
    keys, rows = keys_of(connection), _rows(connection, site, wanted)
    found = {row.id: _kept(keys, row.id, row.event) for row in rows if row.event is not None}
    told = {name: Told(content=content) for name, content in found.items() if content is not None}
    fresh = [(row, row.verdict_leaf) for row in rows if row.event is None and row.verdict_leaf is not None]
    places = {row.id: (row.verdict_seq, row.leaf_seq) for row, _ in fresh}
    proofs = instruction_proofs(connection, site, places, maker.shown) if places else {}
    return told | {row.id: _made(keys, row, leaf, proofs.get(row.id), maker) for row, leaf in fresh}


def keep(connection: Connection, site: str, made: Mapping[str, Told]) -> set[str]:
    """Keep what was just made; returns what may be sent: what another kept meanwhile may not.

    Nor what names an order whose customer has been erased since: it is made anew, without it.
    """
    keys, kept = keys_of(connection), set[str]()
    for row in _rows(connection, site, made):
        event = _sealed(keys, row, made[row.id])
        if row.event is None and event is not None:
            run(connection, KEEP, (event, site, row.id))
            kept.add(row.id)
    return kept


def may_be_told(connection: Connection, site: str, instruction: str) -> None:
    """Raise NotFound, Withheld or Erased for an instruction that cannot be told any more."""
    rows = _rows(connection, site, (instruction,))
    if not rows:
        raise NotFound(f"no instruction {instruction[:80]!r} was given")
    if rows[0].verdict_leaf is None:
        raise Withheld(f"the verdict behind {instruction} was dropped under retention: nothing proves it now")
    if _is_erased(keys_of(connection), rows[0]):
        raise Erased(f"what {instruction} said was erased with its customer: it cannot be sent again")


def tellable(connection: Connection, site: str, wanted: Collection[str]) -> set[str]:
    """Those of these instructions that can still be told."""
    keys = keys_of(connection)
    return {
        row.id for row in _rows(connection, site, wanted) if row.verdict_leaf and not _is_erased(keys, row)
    }


def forget(connection: Connection, site: str, *which: Any) -> None:
    """Empty the kept bodies of the instructions that these conditions choose."""
    chosen = select(instructions.c.id).where(instructions.c.site == site, *which)
    mine = (deliveries.c.site == site, deliveries.c.instruction.in_(chosen), deliveries.c.event.is_not(None))
    connection.execute(update(deliveries).where(*mine).values(event=GONE))


def _is_erased(keys: SubjectKeys, row: _Row) -> bool:
    """What was sent named a customer who is erased; what was never sent can be told without the name."""
    if row.event is None:
        return row.attempts > 0 and keys.is_erased(row.personal or GONE)
    return keys.is_erased(row.event) if row.event[:1] in (GONE, FORMAT) else False


def _rows(connection: Connection, site: str, wanted: Collection[str]) -> list[_Row]:
    names = orjson.dumps(list(wanted)).decode()
    return [_Row(*row) for row in run(connection, ROWS, (site, names))]


def _made(keys: SubjectKeys, row: _Row, leaf: bytes, proof: InstructionProof | None, maker: Maker) -> Told:
    receipt = issue_receipt(maker.key, maker.origin, row.verdict_seq, leaf)
    event = InstructionEvent(
        timestamp=maker.now,
        instruction=whole_instruction(keys, row.body, row.personal),
        verdict=ReceiptMessage.of(receipt),
        proof=proof,
    )
    content = event.to_json()
    named = keys.opens(row.personal) if row.personal else False
    return Told(content=content, packed=zlib.compress(content), named=named)


def _sealed(keys: SubjectKeys, row: _Row, told: Told) -> bytes | None:
    """As it lies in the row: under the key of the order, or as it is where it names nobody."""
    if told.packed is None or not told.named:
        return told.packed
    return keys.seal_beside(row.personal, told.packed, _place(row.id)) if row.personal else None


def _kept(keys: SubjectKeys, instruction: str, event: bytes) -> bytes | None:
    """The body as it was kept; None once it was erased."""
    packed = keys.open(event, _place(instruction)) if event.startswith(FORMAT) else event
    return zlib.decompress(packed) if packed else None


def _place(instruction: str) -> str:
    return f"event/{instruction}"
