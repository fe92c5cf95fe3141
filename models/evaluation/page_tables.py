"""The tables of the page."""

from collections.abc import Iterator, Sequence

from models.evaluation.book import Book, GradeResult, Row, SetResult
from models.evaluation.markdown import DASH, middle, number, percent, percent_span, spanned, table
from models.evaluation.methods import PIPELINE
from models.evaluation.peers import PeerRow
from models.evaluation.sets import SETS
from models.evaluation.shortcuts import SHORTCUTS

GRADE_HEAD = (
    "set", "items", "kappa", "recall new", "used", "damaged", "ungraded", "surely wrong", "new against rest",
)  # fmt: skip
Names = Sequence[str]


def matrix(book: Book, names: Names) -> str:
    """Image AUROC: methods, peers, baselines, floor and aim against sets."""
    return table(("method", *names), [*method_rows(book, names), *beside_rows(book, names)])


def method_rows(book: Book, names: Names) -> Iterator[Sequence[str]]:
    """Our methods."""
    for method in dict.fromkeys(row.method for name in names for row in book.sets[name].rows):
        cells = [row_named(book.sets[name].rows, method) for name in names]
        label = f"**{method}** (as shipped)" if method == PIPELINE else method
        yield (label, *(spanned(row.auroc) if row else DASH for row in cells))


def beside_rows(book: Book, names: Names) -> Iterator[Sequence[str]]:
    """Peers, baselines, floor and aim."""
    for key in dict.fromkeys(peer_key(row) for row in book.peers if row.set in names):
        cells = {row.set: row for row in book.peers if peer_key(row) == key}
        yield (key, *(peer_cell(cells.get(name)) for name in names))
    for key in SHORTCUTS:
        found = (number(book.sets[name].shortcut_auroc.get(key)) for name in names)
        yield (f"baseline: {key.replace('_', ' ')}", *found)
    if any(name in SETS for name in names):
        yield ("floor: plain Lite0, whole image at 320", *(number(SETS[name].floor) for name in names))
        yield ("aim", *(number(SETS[name].aim) for name in names))


def peer_key(row: PeerRow) -> str:
    """How a peer stands in the table."""
    return f"{row.peer} {row.version}, {row.backbone}"


def peer_notes(book: Book) -> Iterator[str]:
    """Settings and seeds of each peer."""
    for key in dict.fromkeys(peer_key(row) for row in book.peers):
        rows = [row for row in book.peers if peer_key(row) == key]
        notes = "; ".join(dict.fromkeys(row.note for row in rows if row.note))
        seeds = sorted({row.seeds for row in rows})
        counted = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
        measured = max(row.measured for row in rows)
        yield f"* {key}: the same draws, {counted} seeds, measured {measured}. {notes}."


def peer_cell(row: PeerRow | None) -> str:
    """A peer's AUROC with its interval, or else with the range over its seeds in round brackets."""
    if row is None:
        return DASH
    return spanned(row.span) if row.span else f"{row.auroc:.3f} ({row.lowest:.3f} to {row.highest:.3f})"


def row_named(rows: Sequence[Row], method: str) -> Row | None:
    """The row of a method."""
    return next((row for row in rows if row.method == method), None)


def shipped_table(book: Book) -> str:
    """What the shipped method reaches."""
    head = ("set", "good", "bad", "AUROC", "recall at 1 %", "recall at 5 %", "AUPRO", "ECE")
    return table(head, (shipped_row(name, set_) for name, set_ in book.sets.items()))


def shipped_row(name: str, set_: SetResult) -> Sequence[str]:
    """One set."""
    row = set_.rows[0]
    spans = (row.auroc, row.recall_at_1fa, row.recall_at_5fa, row.aupro, row.ece)
    return (name, str(set_.good), str(set_.bad), *map(spanned, spans))


def shipped_times(book: Book) -> str:
    """Deciding alone and time."""
    head = ("set", "decides alone", "wrong then", "p50 ms", "p95 ms", "CPU ms", "unreadable")
    return table(head, (times_row(name, set_) for name, set_ in book.sets.items()))


def times_row(name: str, set_: SetResult) -> Sequence[str]:
    """One set."""
    row = set_.rows[0]
    shares = (percent(row.coverage_at_budget), percent(row.error_at_budget))
    times = (number(value, 0) for value in (row.p50_ms, row.p95_ms, row.cpu_ms))
    return (name, *shares, *times, str(set_.unreadable))


def cost_table(book: Book, names: Names) -> str:
    """CPU time per picture: methods and peers against sets."""
    rows: list[Sequence[str]] = []
    for method in dict.fromkeys(row.method for name in names for row in book.sets[name].rows):
        cells = [row_named(book.sets[name].rows, method) for name in names]
        rows.append((method, *(number(row.cpu_ms, 0) if row else DASH for row in cells)))
    for key in dict.fromkeys(peer_key(row) for row in book.peers if row.set in names):
        found = {row.set: row for row in book.peers if peer_key(row) == key}
        rows.append((key, *(number(found[name].cpu_ms, 0) if name in found else DASH for name in names)))
    return table(("CPU ms per picture", *names), rows)


def lever_table(book: Book) -> str:
    """Levers against sets."""
    names = [name for name, set_ in book.sets.items() if set_.levers]
    rows = []
    for method in dict.fromkeys(row.method for name in names for row in book.sets[name].levers):
        cells = [row_named(book.sets[name].levers, method) for name in names]
        shown = (f"{middle(row.auroc)}, {number(row.cpu_ms, 0)} ms" if row else DASH for row in cells)
        rows.append((method, *shown))
    return table(("recipe", *names), rows)


def grade_table(book: Book) -> str:
    """The grade on every set."""
    return table(GRADE_HEAD, (grade_row(name, result) for name, result in book.grades.items()))


def grade_row(name: str, result: GradeResult) -> Sequence[str]:
    """One set."""
    return (
        name,
        str(result.items),
        spanned(result.kappa),
        *(percent_span(result.recall[grade]) for grade in ("new", "used", "damaged")),
        percent(result.ungraded),
        percent_span(result.confidently_wrong),
        spanned(result.new_against_rest),
    )


def decided_table(book: Book) -> str:
    """What the grade may decide alone."""
    rows = (
        (name, percent(result.coverage_at_budget), percent(result.error_at_budget))
        for name, result in book.grades.items()
    )
    return table(("set", "decides alone at 1 %", "wrong then"), rows)


def caught_table(book: Book) -> str:
    """What sight notices, and its false alarms."""
    head = ("what", "noticed", "worst draw", "false alarms", "worst draw", "draws")
    return table(
        head,
        (
            (
                name,
                f"{one.caught} of {one.of} = {percent(one.caught / one.of)}",
                percent(one.least),
                f"{one.alarms} of {one.right} = {percent(one.alarms / one.right)}",
                percent(one.most_alarms),
                str(one.seeds),
            )
            for name, one in book.caught.items()
        ),
    )
