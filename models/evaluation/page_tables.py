"""The tables of the page."""

from collections.abc import Iterator, Sequence
from statistics import fmean

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
    head = ("method", *names, *mean_head(names))
    return table(head, [*method_rows(book, names), *beside_rows(book, names)])


def method_rows(book: Book, names: Names) -> Iterator[Sequence[str]]:
    """Our methods."""
    for method in dict.fromkeys(row.method for name in names for row in book.sets[name].rows):
        areas = [row.auroc if row else None for row in rows_of(book, names, method)]
        label = f"**{method}** (as shipped)" if method == PIPELINE else method
        mean = mean_cell(names, [area.value if area else None for area in areas])
        yield (label, *map(spanned, areas), *mean)


def beside_rows(book: Book, names: Names) -> Iterator[Sequence[str]]:
    """Peers, baselines, floor and aim."""
    for key in dict.fromkeys(peer_key(row) for row in book.peers if row.set in names):
        rows = peers_of(book, names, key)
        yield (key, *map(peer_cell, rows), *mean_cell(names, [row.auroc if row else None for row in rows]))
    plain: dict[str, list[float | None]] = {
        f"baseline: {key.replace('_', ' ')}": [book.sets[name].shortcut_auroc.get(key) for name in names]
        for key in SHORTCUTS
    }
    if any(name in SETS for name in names):
        plain["floor: plain Lite0, whole image at 320"] = [SETS[name].floor for name in names]
        plain["aim"] = [SETS[name].aim for name in names]
    for label, values in plain.items():
        yield (label, *map(number, values), *mean_cell(names, values))


def mean_head(names: Names) -> tuple[str, ...]:
    """The heading of the mean, which real sets have; rendered ones have a row of their own for it."""
    return ("mean",) if all(name in SETS for name in names) else ()


def mean_cell(names: Names, values: Sequence[float | None], digits: int = 3) -> tuple[str, ...]:
    """The mean over real sets; a dash unless there is a figure for each."""
    known = [value for value in values if value is not None]
    mean = fmean(known) if known and len(known) == len(values) else None
    return tuple(number(mean, digits) for _ in mean_head(names))


def rows_of(book: Book, names: Names, method: str) -> list[Row | None]:
    """The rows of a method, by set."""
    return [row_named(book.sets[name].rows, method) for name in names]


def peers_of(book: Book, names: Names, key: str) -> list[PeerRow | None]:
    """The rows of a peer, by set."""
    found = {row.set: row for row in book.peers if peer_key(row) == key}
    return [found.get(name) for name in names]


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
    methods = dict.fromkeys(row.method for name in names for row in book.sets[name].rows)
    peers = dict.fromkeys(peer_key(row) for row in book.peers if row.set in names)
    costs: dict[str, list[float | None]] = {
        **{one: [row.cpu_ms if row else None for row in rows_of(book, names, one)] for one in methods},
        **{key: [row.cpu_ms if row else None for row in peers_of(book, names, key)] for key in peers},
    }
    rows = (
        (key, *(number(one, 0) for one in all_), *mean_cell(names, all_, 0)) for key, all_ in costs.items()
    )
    return table(("CPU ms per picture", *names, *mean_head(names)), rows)


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
