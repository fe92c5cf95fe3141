"""Checkpoints: signed over what is committed, kept for ever, consistent with every earlier one.

A checkpoint is signed in the writer's transaction, from the tiles of that transaction. After the commit
the guard file is moved up, and only then the checkpoint is shown (c2sp.org/tlog-checkpoint).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, insert, select

from inspection.custody.checkpoint import (
    Checkpoint,
    add_signatures,
    issue_checkpoint,
    open_checkpoint,
)
from inspection.custody.merkle import verify_consistency
from inspection.custody.note import VerifierKey, sign_text
from inspection.errors import BadMessage, BadProof, NotTrusted
from server.db.ledger_tables import checkpoints, cosignatures
from server.errors import LedgerBroken
from server.ledger.log import Log
from server.ledger.standing import refuse_unless_open
from server.ledger.tree import tree_view


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A checkpoint as it was signed."""

    size: int
    root: bytes
    note: bytes
    """The signed note, without cosignatures."""
    signed_at: str


def newest(connection: Connection, site: str) -> Kept | None:
    """The longest checkpoint that was signed."""
    chosen = select(checkpoints).where(checkpoints.c.site == site).order_by(checkpoints.c.size.desc())
    row = connection.execute(chosen.limit(1)).first()
    return _kept(row) if row else None


def find(connection: Connection, site: str, size: int) -> Kept | None:
    """The checkpoint of exactly this size."""
    mine = (checkpoints.c.site == site, checkpoints.c.size == size)
    row = connection.execute(select(checkpoints).where(*mine)).first()
    return _kept(row) if row else None


def any_between(connection: Connection, site: str, least: int, most: int) -> bool:
    """Whether some size from `least` to `most`, both included, was ever signed."""
    mine = (checkpoints.c.site == site, checkpoints.c.size.between(least, most))
    return connection.execute(select(checkpoints.c.size).where(*mine).limit(1)).first() is not None


def page_of(connection: Connection, site: str, after: int, limit: int) -> list[Kept]:
    """The next checkpoints above a size, shortest first."""
    chosen = select(checkpoints).where(checkpoints.c.site == site, checkpoints.c.size > after)
    return [_kept(row) for row in connection.execute(chosen.order_by(checkpoints.c.size).limit(limit))]


def with_cosignatures(connection: Connection, site: str, kept: Kept) -> bytes:
    """The note and, behind the log's signatures, those of the witnesses."""
    mine = (cosignatures.c.site == site, cosignatures.c.size == kept.size)
    lines = connection.execute(select(cosignatures.c.line).where(*mine).order_by(cosignatures.c.name))
    return kept.note + "".join(lines.scalars()).encode()


def sign_news(connection: Connection, log: Log, signers: Sequence[Ed25519PrivateKey], signed_at: str) -> Kept:
    """Sign the head unless it is signed already; in the writer's transaction.

    Raises LedgerRecovering, LedgerFrozen, or LedgerBroken where the head does not follow from the last
    checkpoint: two that do not fit together are never signed.
    """
    head, last = log.head(connection), newest(connection, log.site)
    if last is not None and last.size == head.size:
        return last
    refuse_unless_open(connection, log.site)
    root = consistent_root(connection, log, last)
    note = signed_note(Checkpoint(origin=log.origin, size=head.size, root=root), signers)
    kept = Kept(size=head.size, root=root, note=note, signed_at=signed_at)
    connection.execute(
        insert(checkpoints).values(site=log.site, size=kept.size, root=root, note=note, signed_at=signed_at)
    )
    return kept


def keep_again(
    connection: Connection, log: Log, notes: Sequence[bytes], keys: Sequence[VerifierKey], at: str
) -> int:
    """Keep checkpoints that were signed before a restore, where the ledger leads to them; says how many."""
    view, kept = tree_view(connection, log.site, log.head(connection).size), 0
    for note in notes:
        try:
            found = open_checkpoint(note, keys)
        except (NotTrusted, BadMessage):  # cut off, or of a key that is not known
            continue
        if find(connection, log.site, found.size) or found.size > view.size:
            continue
        if view.root_at(found.size) == found.root:
            row = {"size": found.size, "root": found.root, "note": note, "signed_at": at}
            connection.execute(insert(checkpoints).values(site=log.site, **row))
            kept += 1
    return kept


def consistent_root(connection: Connection, log: Log, last: Kept | None) -> bytes:
    """The root over all leaves; raises LedgerBroken unless it extends the last checkpoint."""
    head = log.head(connection)
    if last is not None and head.size < last.size:
        raise LedgerBroken(f"{log.origin} has {head.size} entries, but {last.size} were signed")
    view = tree_view(connection, log.site, head.size)
    root = view.root()
    if last is not None and last.size:
        try:
            verify_consistency(last.size, head.size, view.consistency(last.size), last.root, root)
        except BadProof as error:
            raise LedgerBroken(
                f"{log.origin}: the first {last.size} entries are not those that were signed ({error}); "
                "no other checkpoint is signed over them"
            ) from error
    return root


def signed_note(checkpoint: Checkpoint, signers: Sequence[Ed25519PrivateKey]) -> bytes:
    """The note under every key of the log: who knows one of them can check it."""
    first, *others = signers
    note, text = issue_checkpoint(first, checkpoint), checkpoint.to_text()
    return add_signatures(note, *(sign_text(text, checkpoint.origin, key) for key in others))


def _kept(row: object) -> Kept:
    return Kept(**{name: getattr(row, name) for name in Kept.__slots__})
