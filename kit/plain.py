"""Lines with nothing to be said about them, judged many at a time and packed for the walk.

Most lines of a log are whole by themselves: a well-formed leaf of this log whose body and id fit. What they
add to the walk is kept in runs. Every other line is left to the careful way, which knows its words; so are
verdicts and keys, because they are checked against what stands before them. Nothing here keeps a state.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from inspection.custody.canonical import canonical_again
from inspection.custody.leaf import TYPES, EntryType, read_fields
from inspection.custody.merkle import leaf_hash
from inspection.errors import DomainError
from inspection.messages.entries import check_body, check_id
from kit.export import Line, Raw, place_in, raw_hash
from kit.remarks import seconds

IN_ORDER = frozenset({EntryType.VERDICT, EntryType.KEY_ADD, EntryType.KEY_REVOKE})
"""Types that are checked against the entries before them."""

Said = tuple[str, int, str, str, EntryType]
"""What the walk needs of a leaf: prev, index, id, recorded_at, type."""
Reader = Callable[[bytes, str], Said | None]


@dataclass(slots=True)
class Run:
    """Plain lines that stand one after another, none recorded before the one in front of it."""

    hashes: list[bytes] = field(default_factory=list)
    demands: list[bytes] = field(default_factory=list)
    """The leaf hash that each demands before it, 32 bytes."""
    indexes: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    kinds: list[EntryType] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    """When each was recorded, in seconds after the epoch; never falls."""
    last: str = ""
    """The last of these times as it stands in the leaf."""

    def add(self, content: bytes, said: Said, at_s: float) -> None:
        """Take up one more line."""
        prev, index, id, self.last, kind = said
        self.hashes.append(leaf_hash(content))
        self.demands.append(raw_hash(prev))
        self.indexes.append(index)
        self.ids.append(id)
        self.kinds.append(kind)
        self.times.append(at_s)


Pieces = list[Run | None]
"""Lines in their order: runs, and None for each that goes the careful way."""


def judge(lines: Iterable[Raw], origin: str, *, thorough: bool) -> Pieces:
    """Judge lines of log `origin`; what they say by themselves is looked at only when `thorough`."""
    read: Reader = _said if thorough else _placed
    pieces: Pieces = []
    run: Run | None = None
    for line in lines:
        content = b"" if isinstance(line, Line) else line  # which nothing can read
        said = read(content, origin)
        at_s = _seconds(said, run)
        if said is None or at_s != at_s:  # the latter is true of NaN alone
            run = None
            pieces.append(None)
            continue
        if run is None or at_s < run.times[-1]:
            run = Run()
            pieces.append(run)
        run.add(content, said, at_s)
    return pieces


def _seconds(said: Said | None, run: Run | None) -> float:
    if said is None:
        return float("nan")
    return run.times[-1] if run and run.last == said[3] else seconds(said[3])


def _said(content: bytes, origin: str) -> Said | None:
    """A leaf that is whole by itself; None for what the careful way must see."""
    try:
        value = read_fields(content)
        kind = TYPES[value["type"]]
        if value["log"] != origin or kind in IN_ORDER:
            return None
        check_id(kind, value["id"], check_body(kind, canonical_again(value["body"])))
    except DomainError:
        return None
    return value["prev"], value["seq"], value["id"], value["recorded_at"], kind


def _placed(content: bytes, origin: str) -> Said | None:
    """As `_said`, by the fields behind the body alone."""
    found = place_in(content)
    if found is None:
        return None
    id, log, prev, recorded_at, seq, kind = found
    return (prev, int(seq), id, recorded_at, TYPES[kind]) if log == origin else None
