"""Append to the site's log: the previous leaf's hash inside each leaf, each id once.

An append happens inside the caller's transaction, on the writer's thread: the rows that belong to
a leaf, and the tree over it, are durable exactly when the leaf is.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, update

from inspection.custody.leaf import GENESIS, LEAF_VERSION, MAX_LEAF_BYTES, EntryType, leaf_hash_hex
from inspection.custody.merkle import leaf_hash
from inspection.errors import BadMessage
from server.db.ledger_tables import heads, leaves
from server.errors import LedgerBroken
from server.ledger.tree import grow


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be appended: everything of a leaf that does not depend on its place."""

    type: EntryType
    id: str
    body: bytes
    """Canonical JSON of an object; a signed record's own bytes, never made anew."""
    device: tuple[str, bytes] | None = None
    """Key id and signature of the device that signed the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a leaf stands, and its bytes."""

    seq: int
    leaf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The log's length and the hash of its last leaf."""

    size: int
    hash: str


def leaf_bytes(origin: str, head: Head, entry: Entry, recorded_at: str) -> bytes:
    """Canonical bytes of the leaf behind `head`, byte-equal to `Leaf.to_bytes`.

    The body goes in as it is: nothing re-serialises what somebody signed.
    """
    device = entry.device and {"key": entry.device[0], "signature": b64encode(entry.device[1]).decode()}
    content = orjson.dumps(
        {
            "body": orjson.Fragment(entry.body),
            "device": device,
            "id": entry.id,
            "log": origin,
            "prev": head.hash,
            "recorded_at": recorded_at,
            "seq": head.size,
            "type": entry.type.value,
            "v": LEAF_VERSION,
        },
        option=orjson.OPT_SORT_KEYS,
    )
    if len(content) > MAX_LEAF_BYTES:
        raise BadMessage(f"a leaf may have {MAX_LEAF_BYTES} bytes, this one has {len(content)}")
    return content


class Log:
    """One site's log in this database."""

    def __init__(self, site: str, origin: str) -> None:
        self.site = site
        self.origin = origin

    def append(self, connection: Connection, entry: Entry, recorded_at: str) -> Place:
        """Append one entry; an id that is there already returns its leaf and changes nothing."""
        return self.append_all(connection, (entry,), recorded_at)[0]

    def append_all(
        self, connection: Connection, entries: tuple[Entry, ...], recorded_at: str
    ) -> tuple[Place, ...]:
        """Append in order, one statement for all; returns where each stands."""
        places = self.find(connection, tuple(entry.id for entry in entries))
        head = self.head(connection)
        rows: list[dict[str, Any]] = []
        for entry in entries:
            if entry.id not in places:
                leaf = leaf_bytes(self.origin, head, entry, recorded_at)
                places[entry.id] = Place(seq=head.size, leaf=leaf)
                rows.append(self._row(entry, places[entry.id], recorded_at))
                head = Head(size=head.size + 1, hash=rows[-1]["hash"].hex())
        if rows:
            connection.execute(insert(leaves), rows)
            grow(connection, self.site, head.size - len(rows), [row["hash"] for row in rows])
            self._move(connection, head)
        return tuple(places[entry.id] for entry in entries)

    def head(self, connection: Connection) -> Head:
        """The head row; an empty log has size 0 and the genesis hash."""
        row = connection.execute(select(heads.c.size, heads.c.head).where(heads.c.site == self.site)).first()
        return Head(size=row.size, hash=row.head) if row else Head(size=0, hash=GENESIS)

    def find(self, connection: Connection, ids: tuple[str, ...]) -> dict[str, Place]:
        """Leaves by id, those that are there."""
        chosen = select(leaves.c.id, leaves.c.seq, leaves.c.leaf)
        rows = connection.execute(chosen.where(leaves.c.site == self.site, leaves.c.id.in_(ids)))
        return {row.id: Place(seq=row.seq, leaf=row.leaf) for row in rows}

    def at(self, connection: Connection, seq: int) -> bytes | None:
        """The leaf at an index."""
        chosen = select(leaves.c.leaf).where(leaves.c.site == self.site, leaves.c.seq == seq)
        found: bytes | None = connection.execute(chosen).scalar()
        return found

    def check(self, connection: Connection) -> Head:
        """Raise LedgerBroken unless the head row fits the last leaf; done at every start."""
        head = self.head(connection)
        last = self.at(connection, head.size - 1) if head.size else None
        fits = (last is None and head.size == 0) or (last is not None and leaf_hash_hex(last) == head.hash)
        if not fits or self.at(connection, head.size) is not None:
            raise LedgerBroken(
                f"the ledger {self.origin} says {head.size} leaves, but its last leaf does not fit: "
                "restore the database from a backup"
            )
        return head

    def _row(self, entry: Entry, place: Place, recorded_at: str) -> dict[str, Any]:
        return {
            "site": self.site,
            "seq": place.seq,
            "id": entry.id,
            "type": entry.type.value,
            "leaf": place.leaf,
            "hash": leaf_hash(place.leaf),
            "recorded_at": recorded_at,
        }

    def _move(self, connection: Connection, head: Head) -> None:
        values = {"size": head.size, "head": head.hash}
        moved = connection.execute(update(heads).where(heads.c.site == self.site).values(values))
        if moved.rowcount == 0:
            connection.execute(insert(heads).values(site=self.site, **values))
