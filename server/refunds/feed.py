"""The feed: what a merchant's systems hear of, in the ledger's order, for whoever would rather ask.

The cursor is the ledger's index; of a merchant's entries many are missing between two, which are others'. A
leaf goes out as the bytes that were hashed: nothing is read or written anew, so a page costs a look-up.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from inspection.custody.leaf import EntryType
from server.db.rows import run
from server.errors import NotFound, Withheld
from server.ledger.checkpoints import Kept
from server.ledger.standing import standing_of
from server.refunds.gate import read_gate

MOST_PER_PAGE = 1000
# Composing the question anew each time takes longer than SQLite takes to answer it.
PAGE = (
    "SELECT m.seq, l.leaf FROM merchant_entries AS m JOIN leaves AS l ON l.site = m.site AND l.seq = m.seq "
    "WHERE m.site = ? AND m.merchant = ? AND m.seq > ? AND m.seq < ? ORDER BY m.seq LIMIT ?"
)
ONE = (
    "SELECT l.type, l.leaf, i.id FROM merchant_entries AS m "
    "JOIN leaves AS l ON l.site = m.site AND l.seq = m.seq "
    "LEFT JOIN instructions AS i ON i.site = m.site AND i.merchant = m.merchant AND i.leaf_seq = m.seq "
    "WHERE m.site = ? AND m.merchant = ? AND m.seq = ?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One merchant's feed, as far as a checkpoint lets it be seen."""

    site: str
    merchant: str
    shown: Kept | None
    """The newest checkpoint that may be seen."""

    def page(self, connection: Connection, after: int, limit: int) -> bytes:
        """The next entries behind an index, as JSON."""
        least, size = standing_of(connection, self.site).min_index, self._size(connection)
        asked = (self.site, self.merchant, after, size, limit + 1)
        rows = run(connection, PAGE, asked)
        page = rows[:limit]
        items = b",".join(
            b'{"index":%d,"entry":%b}' % (seq, leaf if leaf is not None and seq >= least else b"null")
            for seq, leaf in page
        )
        cursor = page[-1][0] if page else after
        more = b"true" if len(rows) > limit else b"false"
        return b'{"events":[%b],"cursor":%d,"more":%b}' % (items, cursor, more)

    def one(self, connection: Connection, index: int) -> "Event":
        """One entry; raises NotFound for what is not the merchant's, or not to be seen yet, or Withheld."""
        rows = run(connection, ONE, (self.site, self.merchant, index))
        if not rows or index >= self._size(connection):
            raise NotFound(
                f"entry {index} is not of merchant {self.merchant}, or no checkpoint lets it go yet"
            )
        type, leaf, instruction = rows[0]
        if leaf is None or index < standing_of(connection, self.site).min_index:
            raise Withheld(f"what entry {index} said is no longer shown; its proof stays good")
        told = instruction if type == EntryType.REFUND_INSTRUCTION else None
        return Event(leaf=leaf, instruction=told)

    def _size(self, connection: Connection) -> int:
        """Entries below it may be seen: with a quorum what that has seen, else what is signed and safe."""
        gate = read_gate(connection, self.site)
        shown = self.shown.size if self.shown is not None else 0
        return gate.covered if gate.required else max(gate.covered, shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of the feed."""

    leaf: bytes
    instruction: str | None
    """The id of an instruction, whose webhook's body is what is asked for."""
