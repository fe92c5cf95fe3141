"""Entries that a restored ledger lacks, put back byte for byte: from receipts, proofs and copies.

A receipt or a proof shows by itself that the log signed the entry, so it may come in any order and waits
until those before it are back. A copy (mirror, export) is only believed up to where it meets something
that the log signed. What contradicts the ledger freezes it: the log signed two histories.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from inspection.custody.checkpoint import Checkpoint
from inspection.custody.leaf import EntryType, leaf_hash_hex, read_leaf
from server.alarms import AlarmKind, raise_alarm
from server.db.ledger_tables import leaves
from server.db.refill_tables import refill_bare, refill_waiting
from server.ledger.log import Log
from server.ledger.rebuilding import Beside, rebuild
from server.ledger.recovering import look
from server.ledger.standing import LogState, set_state, standing_of
from server.subjects.bound import keys_of
from server.subjects.personal import open_waiting, seal_waiting

MOST_WAITING = 100_000
"""Entries that wait for those before them; more are offered again later."""
PAGE = 512
FOR_EVER = 2**53
"""No entry is from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An entry that the log is known to have signed."""

    seq: int
    leaf: bytes
    beside: Beside | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of what was offered."""

    appended: int
    waiting: int
    known: int
    size: int
    state: LogState


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What tells whether the ledger is whole, and what its rows need."""

    guarded: Checkpoint | None
    due_s: float
    """From a parcel's sign-off to its units' deadline."""
    wait_s: float
    """How long a ledger that is whole again waits for more before it opens."""
    at: str


def take(connection: Connection, log: Log, offered: Sequence[Offered], known: Known) -> Taken:
    """Put back what follows the head, keep the rest until its turn; in the writer's transaction."""
    first, before = log.head(connection).size, 0
    room = MOST_WAITING - count_waiting(connection, log.site)
    for each in offered:
        if standing_of(connection, log.site).state == LogState.FROZEN:
            break
        digest, held = leaf_hash_hex(each.leaf), _held_hash(connection, log.site, each.seq)
        if held is None:
            if room > 0:
                _keep_waiting(connection, log.site, each)
            room -= 1
        elif held != digest:
            freeze_for(connection, log, each.seq, digest, held, known.at)
        elif each.seq < first:
            _note_offered(connection, log.site, each)
            before += 1
    appended = settle(connection, log, known)
    return Taken(
        appended=appended,
        waiting=count_waiting(connection, log.site),
        known=before,
        size=log.head(connection).size,
        state=standing_of(connection, log.site).state,
    )


def settle(connection: Connection, log: Log, known: Known, since: int | None = None) -> int:
    """Append what waits and follows the head, and rebuild rows; returns how many entries came back.

    `since` is where entries begin that came back before, without their rows.
    """
    appended, since = 0, log.head(connection).size if since is None else since
    while page := _next_page(connection, log):
        chained = _chained(connection, log, page, known)
        restore(connection, log, [row.leaf for row in chained], known)
        _note_beside(connection, log.site, chained)
        appended += len(chained)
        if len(chained) < len(page):
            break
    mine = (refill_waiting.c.site == log.site, refill_waiting.c.seq < log.head(connection).size)
    connection.execute(delete(refill_waiting).where(*mine))
    fill_rows(connection, log.site, known.due_s, since=since)
    look(connection, log, known.guarded, known.at, wait_s=known.wait_s)
    return appended


def restore(connection: Connection, log: Log, contents: Sequence[bytes], known: Known) -> None:
    """Append leaves as they were; their rows follow with `fill_rows`."""
    log.restore(connection, contents)
    rows = [_bare_row(log.site, content) for content in contents]
    if rows:
        connection.execute(insert(refill_bare), rows)


def fill_rows(
    connection: Connection, site: str, due_s: float, *, since: int, units: Iterable[str] = ()
) -> None:
    """Rebuild the rows of what came back, in the order of the ledger, where something is new about it.

    New are entries from `since` on, what travelled beside a record, and `units` that were just announced.
    """
    mine = refill_bare.c.site == site
    fresh = (refill_bare.c.seq >= since) | refill_bare.c.beside.is_not(None)
    touched = select(refill_bare.c.unit).where(mine, fresh | refill_bare.c.unit.in_(set(units)))
    chosen = select(refill_bare.c.seq, refill_bare.c.beside, leaves.c.leaf).join(
        leaves, (leaves.c.site == refill_bare.c.site) & (leaves.c.seq == refill_bare.c.seq)
    )
    rows = connection.execute(
        chosen.where(mine, refill_bare.c.unit.in_(touched)).order_by(refill_bare.c.seq)
    ).all()
    done = []
    for row in rows:
        beside = _opened(connection, row.beside)
        if row.leaf is None or rebuild(connection, site, row.leaf, beside, due_s):
            done.append(row.seq)
    for start in range(0, len(done), PAGE):
        gone = refill_bare.c.seq.in_(done[start : start + PAGE])
        connection.execute(delete(refill_bare).where(mine, gone))


def recovering_from(connection: Connection, site: str, station: str) -> int | None:
    """From which entry on a station should offer what it holds; None where nothing of it is missing."""
    mine = (refill_bare.c.site == site, refill_bare.c.station == station, refill_bare.c.beside.is_(None))
    bare: int | None = connection.execute(select(func.min(refill_bare.c.seq)).where(*mine)).scalar()
    return bare


def count_waiting(connection: Connection, site: str) -> int:
    """How many entries wait for those before them."""
    chosen = select(func.count()).select_from(refill_waiting).where(refill_waiting.c.site == site)
    return connection.execute(chosen).scalar_one()


def count_bare(connection: Connection, site: str) -> int:
    """How many entries are back without all their rows."""
    chosen = select(func.count()).select_from(refill_bare).where(refill_bare.c.site == site)
    return connection.execute(chosen).scalar_one()


def _keep_waiting(connection: Connection, site: str, each: Offered) -> None:
    beside = _sealed(connection, each.beside) if each.beside else None
    row = {"site": site, "seq": each.seq, "leaf": each.leaf, "beside": beside}
    connection.execute(insert(refill_waiting).values(row))


def freeze_for(connection: Connection, log: Log, seq: int, signed: str, held: str, at: str) -> None:
    """Two entries for one place: the log signed one and holds another."""
    reason = f"entry {seq}: the log signed {signed}, this ledger holds {held}"
    set_state(connection, log.site, LogState.FROZEN, reason, at)
    raise_alarm(connection, log.site, AlarmKind.CONTRADICTION, str(seq), reason, at)
    raise_alarm(connection, log.site, AlarmKind.FROZEN, log.origin, reason, at)


def _held_hash(connection: Connection, site: str, seq: int) -> str | None:
    chosen = select(leaves.c.hash).where(leaves.c.site == site, leaves.c.seq == seq)
    digest: bytes | None = connection.execute(chosen).scalar()
    if digest is not None:
        return digest.hex()
    waits = select(refill_waiting.c.leaf).where(refill_waiting.c.site == site, refill_waiting.c.seq == seq)
    leaf: bytes | None = connection.execute(waits).scalar()
    return leaf_hash_hex(leaf) if leaf is not None else None


def _next_page(connection: Connection, log: Log) -> list[Offered]:
    """The entries that wait right behind the head, without a gap; none in a frozen log."""
    if standing_of(connection, log.site).state == LogState.FROZEN:
        return []
    size = log.head(connection).size
    mine = (refill_waiting.c.site == log.site, refill_waiting.c.seq >= size)
    rows = connection.execute(select(refill_waiting).where(*mine).order_by(refill_waiting.c.seq).limit(PAGE))
    found = [
        Offered(seq=row.seq, leaf=row.leaf, beside=_opened(connection, row.beside)) for row in rows.all()
    ]
    return [each for at, each in enumerate(found) if each.seq == size + at]


def _chained(connection: Connection, log: Log, page: Sequence[Offered], known: Known) -> list[Offered]:
    """As many as chain on; one that does not freezes the log, because both it and the head are signed."""
    head, chained = log.head(connection).hash, []
    for each in page:
        before = read_leaf(each.leaf).prev
        if before != head:
            freeze_for(connection, log, each.seq - 1, before, head, known.at)
            break
        chained.append(each)
        head = leaf_hash_hex(each.leaf)
    return chained


def _bare_row(site: str, content: bytes) -> dict[str, object]:
    leaf = read_leaf(content)
    station = str(leaf.body["station"]) if leaf.type == EntryType.VERDICT else ""
    unit = leaf.body.get("unit", "")
    named = unit["id"] if isinstance(unit, dict) else str(unit)
    return {"site": site, "seq": leaf.seq, "station": station, "unit": named, "beside": None}


def _note_beside(connection: Connection, site: str, chained: Iterable[Offered]) -> None:
    for each in chained:
        _note_offered(connection, site, each)


def _note_offered(connection: Connection, site: str, each: Offered) -> None:
    """What travelled beside a record that is back already without it."""
    if each.beside is not None:
        mine = (refill_bare.c.site == site, refill_bare.c.seq == each.seq)
        connection.execute(update(refill_bare).where(*mine).values(beside=_sealed(connection, each.beside)))


def _sealed(connection: Connection, beside: Beside) -> str:
    return seal_waiting(keys_of(connection), beside.to_text())


def _opened(connection: Connection, sealed: str | None) -> Beside | None:
    text = open_waiting(keys_of(connection), sealed) if sealed is not None else None
    return Beside.of(text) if text is not None else None
