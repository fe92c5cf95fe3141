"""Entries from a copy (a mirror, an export). It signs nothing: each stretch must end in something signed.

That is a checkpoint whose root the entries lead to, or a receipted entry that names the last one as its
predecessor. What lies behind the last such place is not taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from inspection.custody.checkpoint import Checkpoint
from inspection.custody.leaf import leaf_hash_hex, read_leaf
from inspection.errors import DomainError
from server.db.refill_tables import refill_waiting
from server.db.rows import run
from server.errors import BadRequest, LedgerBroken
from server.ledger.log import Log
from server.ledger.refill import PAGE, Known, restore, settle
from server.ledger.standing import LogState, standing_of
from server.ledger.tree import tree_view


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Up to where a copy is believed, and what must hold there."""

    size: int
    root: bytes | None = None
    """Root that a checkpoint names."""
    last: str | None = None
    """Hash of the last entry that a receipted one names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy gave back."""

    appended: int
    fault: str | None = None
    """Why no more was taken of a copy that leads elsewhere than the log; what came before that stays."""


def take_copy(
    connection: Connection, log: Log, lines: Iterator[bytes], signed: Sequence[Checkpoint], known: Known
) -> Copied:
    """Append from a copy what the ledger lacks, up to the last place that is signed."""
    first, fault = log.head(connection).size, None
    if standing_of(connection, log.site).state == LogState.FROZEN:
        return Copied(appended=0)
    source = _Copy(lines)
    for stop in _stops(connection, log, [*signed, *([known.guarded] if known.guarded else [])]):
        if stop.size <= log.head(connection).size:
            continue
        run(connection, "SAVEPOINT copied")
        try:
            whole = _copy_to(connection, log, source, stop, known)
        except (BadRequest, LedgerBroken, DomainError) as error:
            whole, fault = False, str(error)
        if not whole:
            run(connection, "ROLLBACK TO copied")
        run(connection, "RELEASE copied")
        if not whole:
            break
        settle(connection, log, known, first)
    settle(connection, log, known, first)
    return Copied(appended=log.head(connection).size - first, fault=fault)


class _Copy:
    """The lines of a copy, one looked at ahead."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._next: bytes | None = None

    def page(self, start: int, stop: int) -> list[bytes]:
        """The next leaves from `start` on, before `stop`; shorter where the copy ends or has a gap."""
        found: list[bytes] = []
        while start + len(found) < stop and len(found) < PAGE:
            line = self._next if self._next is not None else next(self._lines, None)
            self._next = None
            if line is None or line.startswith(b'"'):  # the end, or a body that was dropped
                break
            seq = read_leaf(line).seq
            if seq < start + len(found):
                continue
            if seq > start + len(found):
                self._next = line
                break
            found.append(line)
        return found


def _copy_to(connection: Connection, log: Log, source: _Copy, stop: Stop, known: Known) -> bool:
    """Append up to a stop; False where the copy ends before it. Raises where it leads elsewhere."""
    while (start := log.head(connection).size) < stop.size:
        page = source.page(start, stop.size)
        if not page:
            return False
        chained = _chained(log.head(connection).hash, page)
        restore(connection, log, chained, known)
        if len(chained) < len(page):
            raise BadRequest(f"entry {start + len(chained)} of the copy does not follow the one before it")
    if not _meets(connection, log, stop):
        raise BadRequest(f"the copy is not what the log signed: it differs before entry {stop.size}")
    return True


def _chained(head: str, page: list[bytes]) -> list[bytes]:
    chained = []
    for content in page:
        if read_leaf(content).prev != head:
            break
        chained.append(content)
        head = leaf_hash_hex(content)
    return chained


def _stops(connection: Connection, log: Log, signed: Sequence[Checkpoint]) -> list[Stop]:
    rows = connection.execute(select(refill_waiting).where(refill_waiting.c.site == log.site))
    stops = [Stop(size=row.seq, last=read_leaf(row.leaf).prev) for row in rows]
    stops += [Stop(size=each.size, root=each.root) for each in signed if each.origin == log.origin]
    return sorted(stops, key=lambda stop: stop.size)


def _meets(connection: Connection, log: Log, stop: Stop) -> bool:
    if stop.root is not None:
        return tree_view(connection, log.site, stop.size).root() == stop.root
    return log.head(connection).hash == stop.last
