"""The whole log as JSON lines: a signed head, then every leaf's own bytes, in order.

Leaves never change, so they are read page by page: a slow reader holds no transaction open.
"""

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from kit.export import sign_header
from server.db.ledger_tables import leaves
from server.ledger.log import Head, Log

PAGE = 500


def head_line(origin: str, head: Head, key: Ed25519PrivateKey) -> bytes:
    """The first line: what is signed is origin, size and head hash."""
    return sign_header(key, origin, head.size, head.hash).to_bytes() + b"\n"


def pages(head: Head) -> Iterator[range]:
    """The ranges of indexes in which the leaves before `head` are read."""
    return (range(start, min(start + PAGE, head.size)) for start in range(0, head.size, PAGE))


def leaf_lines(connection: Connection, log: Log, page: range) -> bytes:
    """The leaves of one page, each with its newline."""
    chosen = select(leaves.c.leaf).where(
        leaves.c.site == log.site, leaves.c.seq >= page.start, leaves.c.seq < page.stop
    )
    return b"".join(row.leaf + b"\n" for row in connection.execute(chosen.order_by(leaves.c.seq)))
