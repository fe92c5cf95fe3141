"""Numbers that a station passed over, and what became of each: refused, waiting, or missing."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from sqlalchemy import Column, ColumnElement, Connection, select

from server.db.tables import counter_gaps, held_records, records, refusals
from server.stations.schemas import CounterGap, CountersPage, GapStanding

MOST_GAPS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A row of `counter_gaps`."""

    key: str
    boot: str
    first: int
    last: int
    found_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the centre knows of one start, by counter."""

    recorded: Mapping[int, int] = field(default_factory=dict)
    """Counter to the index of its entry."""
    held: frozenset[int] = frozenset()
    refused: Mapping[int, str] = field(default_factory=dict)
    """Counter to the reason."""

    def standing(self, counter: int) -> GapStanding | None:
        """What became of one number; None where its record stands in the ledger."""
        if counter in self.recorded:
            return None
        if counter in self.held:
            return "held"
        return "refused" if counter in self.refused else "missing"


def explain(passed: Passed, known: Known) -> Iterator[CounterGap]:
    """Cut what was passed over into runs of one standing each; what was recorded since is left out. Pure."""
    spoken = sorted({*known.recorded, *known.held, *known.refused})
    inside = spoken[bisect_left(spoken, passed.first) : bisect_right(spoken, passed.last)]
    edges = sorted({passed.first, passed.last + 1, *inside, *(counter + 1 for counter in inside)})
    run: CounterGap | None = None
    for first, behind in pairwise(edges):
        piece = _piece(passed, known, first, behind - 1)
        if run is not None and piece is not None and run.standing == piece.standing:
            run = _joined(run, piece)
            continue
        if run is not None:
            yield run
        run = piece
    if run is not None:
        yield run


def _piece(passed: Passed, known: Known, first: int, last: int) -> CounterGap | None:
    standing = known.standing(first)
    if standing is None:
        return None
    numbers = sorted(known.recorded)
    below, above = bisect_left(numbers, first), bisect_right(numbers, last)
    return CounterGap(
        key=passed.key,
        boot=passed.boot,
        first=first,
        last=last,
        standing=standing,
        reasons=(known.refused[first],) if standing == "refused" else (),
        before=known.recorded[numbers[below - 1]] if below else None,
        after=known.recorded[numbers[above]] if above < len(numbers) else None,
        found_at=passed.found_at,
    )


def _joined(run: CounterGap, piece: CounterGap) -> CounterGap:
    reasons = tuple(dict.fromkeys((*run.reasons, *piece.reasons)))
    return run.model_copy(update={"last": piece.last, "reasons": reasons})


def counters_page(connection: Connection, site: str, station: str) -> CountersPage:
    """What a station passed over, the newest first; raises nothing for a station that has said nothing."""
    chosen = select(counter_gaps).where(counter_gaps.c.site == site, counter_gaps.c.station == station)
    newest = chosen.order_by(counter_gaps.c.found_at.desc(), counter_gaps.c.first.desc()).limit(MOST_GAPS)
    rows = [
        Passed(key=row.key, boot=row.boot, first=row.first, last=row.last, found_at=row.found_at)
        for row in connection.execute(newest)
    ]
    starts = {(row.key, row.boot) for row in rows}
    known = {start: _known(connection, site, station, *start) for start in starts}
    gaps = [gap for row in rows for gap in explain(row, known[row.key, row.boot])]
    return CountersPage(station=station, gaps=tuple(gaps[:MOST_GAPS]))


def _known(connection: Connection, site: str, station: str, key: str, boot: str) -> Known:
    start = f"{key}/{boot}/"
    taken = select(records.c.id, records.c.leaf_seq).where(records.c.site == site, _of(records.c.id, start))
    waiting = select(held_records.c.record).where(
        held_records.c.site == site, _of(held_records.c.record, start)
    )
    refused = select(refusals.c.record, refusals.c.reason).where(
        refusals.c.site == site, refusals.c.station == station, _of(refusals.c.record, start)
    )
    return Known(
        recorded={_counter(id): seq for id, seq in connection.execute(taken)},
        held=frozenset(_counter(id) for id in connection.execute(waiting).scalars()),
        refused={_counter(id): reason for id, reason in connection.execute(refused)},
    )


def _of(column: "Column[str]", start: str) -> "ColumnElement[bool]":
    """Ids of one start: from its prefix up to the next letter behind the slash."""
    return column.between(start, start[:-1] + "0")


def _counter(id: str) -> int:
    return int(id.rpartition("/")[2])
