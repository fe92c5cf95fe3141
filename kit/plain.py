"""Lines with nothing to be said about them, judged many at a time and packed for the walk.

Most lines of a log are whole by themselves: a well-formed leaf of this log whose body and id fit. What they
add to the walk is kept in runs. Every other line is left to the careful way, which knows its words; so are
verdicts and keys, because they are checked against what stands before them. Nothing here keeps a state.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from inspection.custody.canonical import canonical_again
from inspection.custody.leaf import TYPES, EntryType, read_fields
from inspection.custody.merkle import leaf_hash
from inspection.errors import DomainError
from inspection.messages.entries import check_body, check_id
from kit.export import Line, Raw, place_in, raw_hash
from kit.remarks import seconds

IN_ORDER = frozenset({EntryType.VERDICT, EntryType.KEY_ADD, EntryType.KEY_REVOKE})
"""Types that are checked against the entries before them."""

Row = tuple[bytes, str, int, str, EntryType, float, str]
"""A leaf: its bytes, prev, index, id, type, and when it was recorded: in seconds, and as it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Plain lines that stand one after another, none recorded before the one in front of it."""

    hashes: list[bytes]
    demands: bytes
    """The leaf hashes that they demand before them, 32 bytes each, one after another."""
    indexes: "array[int]"
    ids: tuple[str, ...]
    kinds: tuple[EntryType, ...]
    times: "array[float]"
    """When each was recorded, in seconds after the epoch; never falls."""
    last: str
    """The last of these times as it stands in the leaf."""


Pieces = list[Run | None]
"""Lines in their order: runs, and None for each that goes the careful way."""


def judge(lines: Iterable[Raw], origin: str, *, thorough: bool) -> Pieces:
    """Judge lines of log `origin`; what they say by themselves is looked at only when `thorough`."""
    read = _said if thorough else _placed
    pieces: Pieces = []
    rows: list[Row] = []
    for line in lines:
        row = None if isinstance(line, Line) else read(line, origin)
        if rows and (row is None or row[5] < rows[-1][5]):
            pieces.append(_run(rows))
            rows = []
        if row is None:
            pieces.append(None)
        else:
            rows.append(row)
    return [*pieces, _run(rows)] if rows else pieces


def _run(rows: list[Row]) -> Run:
    contents, prevs, indexes, ids, kinds, times, written = zip(*rows, strict=True)
    return Run(
        hashes=[leaf_hash(each) for each in contents],
        demands=b"".join(map(raw_hash, prevs)),
        indexes=array("q", indexes),
        ids=ids,
        kinds=kinds,
        times=array("d", times),
        last=written[-1],
    )


def _said(content: bytes, origin: str) -> Row | None:
    """A leaf that is whole by itself; None for what the careful way must see."""
    try:
        value = read_fields(content)
        kind, id = TYPES[value["type"]], value["id"]
        if value["log"] != origin or kind in IN_ORDER:
            return None
        check_id(kind, id, check_body(kind, canonical_again(value["body"])))
    except DomainError:
        return None
    return _row(content, value["prev"], value["seq"], id, kind, value["recorded_at"])


def _placed(content: bytes, origin: str) -> Row | None:
    """As `_said`, by the fields behind the body alone."""
    found = place_in(content)
    if found is None:
        return None
    id, log, prev, recorded_at, seq, kind = found
    return _row(content, prev, int(seq), id, TYPES[kind], recorded_at) if log == origin else None


def _row(content: bytes, prev: str, index: int, id: str, kind: EntryType, recorded_at: str) -> Row | None:
    at_s = seconds(recorded_at)
    return (content, prev, index, id, kind, at_s, recorded_at) if at_s == at_s else None  # NaN is not itself
