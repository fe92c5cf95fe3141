"""The log for others: the newest signed state, then every leaf's own bytes, in order.

Leaves never change, so they are read page by page: a slow reader holds no transaction open.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from inspection.custody.checkpoint import Checkpoint, issue_checkpoint
from inspection.custody.leaf import GENESIS
from inspection.custody.policy import TrustPolicy, accept
from inspection.custody.signing import public_bytes
from inspection.errors import DomainError
from kit.export import Header, bodiless_line
from server.db.ledger_tables import checkpoints, cosignatures, leaves
from server.ledger.checkpoints import newest
from server.ledger.log import Log
from server.ledger.standing import standing_of
from server.ledger.tree import tree_view

RECENT = 100
"""How many checkpoints are looked through for one that the witnesses have seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A state of the log and the note over it."""

    size: int
    note: bytes


def header(connection: Connection, log: Log, key: Ed25519PrivateKey, policy: TrustPolicy | None) -> Header:
    """What is exported: the newest state that the policy's witnesses have seen, else the newest of all."""
    signed = _witnessed(connection, log, policy) or _newest(connection, log, key)
    return Header(
        origin=log.origin,
        size=signed.size,
        head=_leaf_hash(connection, log, signed.size - 1) if signed.size else GENESIS,
        log_public_key=public_bytes(key),
        checkpoint=signed.note,
    )


def kept_checkpoints(connection: Connection, log: Log, most: int) -> Iterator[Signed]:
    """Every checkpoint over at most that many entries, with its cosignatures, the smallest first."""
    lines = _cosignature_lines(connection, log)
    chosen = select(checkpoints.c.size, checkpoints.c.note).where(
        checkpoints.c.site == log.site, checkpoints.c.size <= most
    )
    for row in connection.execute(chosen.order_by(checkpoints.c.size)):
        yield Signed(size=row.size, note=row.note + lines.get(row.size, b""))


def leaf_lines(connection: Connection, log: Log, page: range) -> list[bytes]:
    """The leaves of one page as lines of an export: where a body was dropped or is withheld, its hash."""
    least = standing_of(connection, log.site).min_index
    chosen = select(leaves.c.seq, leaves.c.leaf, leaves.c.hash).where(
        leaves.c.site == log.site, leaves.c.seq >= page.start, leaves.c.seq < page.stop
    )
    rows = connection.execute(chosen.order_by(leaves.c.seq))
    return [
        bodiless_line(row.hash.hex()) if row.leaf is None or row.seq < least else row.leaf for row in rows
    ]


def _witnessed(connection: Connection, log: Log, policy: TrustPolicy | None) -> Signed | None:
    if policy is None or not policy.detects_forks:
        return None
    mine = (checkpoints.c.site == log.site, checkpoints.c.size.in_(_cosigned_sizes(connection, log)))
    chosen = select(checkpoints.c.size, checkpoints.c.note).where(*mine)
    for row in connection.execute(chosen.order_by(checkpoints.c.size.desc())):
        note = row.note + _cosignature_lines(connection, log, row.size).get(row.size, b"")
        try:
            accept(policy, note)
        except DomainError:
            continue
        return Signed(size=row.size, note=note)
    return None


def _cosigned_sizes(connection: Connection, log: Log) -> list[int]:
    chosen = select(cosignatures.c.size).where(cosignatures.c.site == log.site).distinct()
    return list(connection.execute(chosen.order_by(cosignatures.c.size.desc()).limit(RECENT)).scalars())


def _newest(connection: Connection, log: Log, key: Ed25519PrivateKey) -> Signed:
    """The newest checkpoint that was kept; a log that never had one gets one for this export.

    Nothing else is signed here: what is signed must be guarded before it leaves (`signing.py`).
    """
    head, kept = log.check(connection), newest(connection, log.site)
    if kept is not None:
        lines = _cosignature_lines(connection, log, kept.size)
        return Signed(size=kept.size, note=kept.note + lines.get(kept.size, b""))
    root = tree_view(connection, log.site, head.size).root()
    checkpoint = Checkpoint(origin=log.origin, size=head.size, root=root)
    return Signed(size=head.size, note=issue_checkpoint(key, checkpoint))


def _cosignature_lines(connection: Connection, log: Log, size: int | None = None) -> dict[int, bytes]:
    mine = cosignatures.c.site == log.site
    chosen = select(cosignatures.c.size, cosignatures.c.line).where(mine)
    if size is not None:
        chosen = chosen.where(cosignatures.c.size == size)
    found: dict[int, bytes] = {}
    for row in connection.execute(chosen.order_by(cosignatures.c.size, cosignatures.c.name)):
        found[row.size] = found.get(row.size, b"") + row.line.encode()
    return found


def _leaf_hash(connection: Connection, log: Log, seq: int) -> str:
    chosen = select(leaves.c.hash).where(leaves.c.site == log.site, leaves.c.seq == seq)
    found: bytes = connection.execute(chosen).scalar_one()
    return found.hex()
