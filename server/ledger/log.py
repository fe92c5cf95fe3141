"""Append to the site's log: the previous leaf's hash inside each leaf, each id once.

An append happens inside the caller's transaction, on the writer's thread: the rows that belong to
a leaf, and the tree over it, are durable exactly when the leaf is.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select

from inspection.custody.leaf import GENESIS, LEAF_VERSION, MAX_LEAF_BYTES, EntryType, leaf_hash_hex, read_leaf
from inspection.custody.merkle import leaf_hash
from inspection.errors import BadMessage
from server.db.ledger_tables import leaves
from server.db.rows import run, write_rows
from server.errors import DuplicateId, LedgerBroken
from server.ledger.standing import refuse_unless_open
from server.ledger.tree import grow

# What every append asks, in the database's own words: composing the same statements anew each time takes
# longer than SQLite takes to answer them. The ids go as one JSON list, so that the text stays the same.
FIND = "SELECT id, seq, leaf FROM leaves WHERE site = ? AND id IN (SELECT value FROM json_each(?))"
ADD = "INSERT INTO leaves (site, seq, id, type, leaf, hash, recorded_at)"
TELL = "INSERT INTO merchant_entries (site, merchant, seq)"
DIGEST = 5
"""Where the hash stands in a row of ADD."""
HEAD = "SELECT size, head FROM heads WHERE site = ?"
TOLD = frozenset({EntryType.REFUND_INSTRUCTION, EntryType.REFUND_OUTCOME, EntryType.LOGISTICS})
"""Types of entries that a merchant's systems hear of."""
MOVE = (
    "INSERT INTO heads (site, size, head) VALUES (?, ?, ?) "
    "ON CONFLICT (site) DO UPDATE SET size = excluded.size, head = excluded.head"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be appended: everything of a leaf that does not depend on its place."""

    type: EntryType
    id: str
    body: bytes
    """Canonical JSON of an object; a signed record's own bytes, never made anew."""
    device: tuple[str, bytes] | None = None
    """Key id and signature of the device that signed the body."""
    told_to: str | None = None
    """The merchant whose systems hear of it in their feed of events."""


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


def check_same(entry: Entry, place: Place) -> None:
    """Raise DuplicateId unless the leaf that stands under the entry's id says the same.

    Canonical JSON is sorted, so the leaf begins with body and device and ends with the type. A body that
    retention has dropped is not compared.
    """
    device = entry.device and {"key": entry.device[0], "signature": b64encode(entry.device[1]).decode()}
    begins = orjson.dumps({"body": orjson.Fragment(entry.body), "device": device})[:-1] + b',"id":'
    ends = orjson.dumps({"type": entry.type.value, "v": LEAF_VERSION})[1:]
    if place.leaf and not (place.leaf.startswith(begins) and place.leaf.endswith(b"," + ends)):
        raise DuplicateId(f"entry {place.seq} has the id {entry.id[:160]} and says something else")


class Log:
    """One site's log in this database."""

    def __init__(self, site: str, origin: str) -> None:
        self.site = site
        self.origin = origin

    def append(self, connection: Connection, entry: Entry, recorded_at: str) -> Place:
        """Append one entry; the same id with the same content returns its leaf and changes nothing.

        Raises DuplicateId where the id stands for other content, BadMessage for a leaf that is too long.
        """
        return self.append_all(connection, (entry,), recorded_at)[0]

    def append_all(
        self, connection: Connection, entries: tuple[Entry, ...], recorded_at: str
    ) -> tuple[Place, ...]:
        """Append in order, one statement for all; returns where each stands."""
        places = self.find(connection, tuple(entry.id for entry in entries))
        head = self.head(connection)
        rows: list[tuple[Any, ...]] = []
        told: list[tuple[Any, ...]] = []
        for entry in entries:
            if entry.id in places:
                check_same(entry, places[entry.id])
            else:
                leaf = leaf_bytes(self.origin, head, entry, recorded_at)
                places[entry.id] = Place(seq=head.size, leaf=leaf)
                digest = leaf_hash(leaf)
                rows.append((self.site, head.size, entry.id, entry.type.value, leaf, digest, recorded_at))
                if entry.told_to is not None:
                    told.append((self.site, entry.told_to, head.size))
                head = Head(size=head.size + 1, hash=digest.hex())
        if rows:
            refuse_unless_open(connection, self.site)
            write_rows(connection, ADD, rows)
            write_rows(connection, TELL, told)
            grow(connection, self.site, head.size - len(rows), [row[DIGEST] for row in rows])
            self._move(connection, head)
        return tuple(places[entry.id] for entry in entries)

    def restore(self, connection: Connection, contents: Sequence[bytes]) -> None:
        """Append leaves as they once stood, whatever the state; who calls knows that the log had signed them.

        Raises LedgerBroken where one does not follow.
        """
        first = head = self.head(connection)
        rows: list[tuple[Any, ...]] = []
        told: list[tuple[Any, ...]] = []
        for content in contents:
            leaf, digest = read_leaf(content), leaf_hash(content)
            if (leaf.log, leaf.seq, leaf.prev) != (self.origin, head.size, head.hash):
                raise LedgerBroken(f"entry {leaf.seq} does not follow entry {head.size - 1} of {self.origin}")
            rows.append((self.site, leaf.seq, leaf.id, leaf.type.value, content, digest, leaf.recorded_at))
            if leaf.type in TOLD:
                told.append((self.site, str(leaf.body["merchant"]), leaf.seq))
            head = Head(size=head.size + 1, hash=digest.hex())
        if rows:
            write_rows(connection, ADD, rows)
            write_rows(connection, TELL, told)
            grow(connection, self.site, first.size, [row[DIGEST] for row in rows])
            self._move(connection, head)

    def head(self, connection: Connection) -> Head:
        """The head row; an empty log has size 0 and the genesis hash."""
        rows = run(connection, HEAD, (self.site,))
        return Head(size=rows[0][0], hash=rows[0][1]) if rows else Head(size=0, hash=GENESIS)

    def find(self, connection: Connection, ids: tuple[str, ...]) -> dict[str, Place]:
        """Leaves by id, those that are there."""
        rows = run(connection, FIND, (self.site, orjson.dumps(ids).decode()))
        return {name: Place(seq=seq, leaf=leaf) for name, seq, leaf in rows}

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

    def _move(self, connection: Connection, head: Head) -> None:
        run(connection, MOVE, (self.site, head.size, head.hash))
