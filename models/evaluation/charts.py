"""The charts of the page, from the book of figures."""

from collections.abc import Iterator, Mapping

from models.evaluation.book import Book, GradeResult, SetResult
from models.evaluation.sets import SETS
from models.evaluation.span import Span
from models.evaluation.svg import BAD, FAINT, FLOOR, OURS, PEERS, box, dot, drawing, line, text

LEFT, RIGHT, TOP, ROW = 150, 730, 56, 34
WIDTH = 780
LEAST = 0.4
"""AUROC at the left end; a half is chance."""
CELL = 62


def charts(book: Book) -> Mapping[str, str]:
    """File name -> SVG, only those that there are figures for."""
    found = {}
    if any(set_.rows and set_.rows[0].auroc for set_ in book.sets.values()):
        found["evaluation-auroc.svg"] = auroc_chart(book)
    if any(set_.called for set_ in book.sets.values()):
        found["evaluation-found.svg"] = found_chart(book)
    if book.grades:
        found["evaluation-grades.svg"] = grades_chart(book.grades)
    return found


def auroc_chart(book: Book) -> str:
    """One line per set: the interval, the floor, the aim and the peers."""
    names = [name for name, set_ in book.sets.items() if set_.rows and set_.rows[0].auroc]
    height = TOP + ROW * len(names) + 60
    title = "Image AUROC with 95 % interval, 8 good pictures to learn from"
    return drawing(WIDTH, height, _auroc_parts(book, names, height, title), title=title)


def _auroc_parts(book: Book, names: list[str], height: int, title: str) -> Iterator[str]:
    yield text(16, 24, title, size=15)
    for tick in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        yield line(_x(tick), TOP - 8, _x(tick), height - 52)
        yield text(_x(tick), height - 36, f"{tick:.1f}", anchor="middle", fill=FAINT)
    for number, name in enumerate(names):
        yield from _auroc_row(book, name, TOP + ROW * number + ROW / 2)
    yield from _legend(height - 12)


def _auroc_row(book: Book, name: str, y: float) -> Iterator[str]:
    yield text(LEFT - 10, y + 4, name, anchor="end")
    row = SETS.get(name)
    if row and row.floor:
        yield dot(_x(row.floor), y, fill="#ffffff", stroke=FLOOR)
    if row and row.aim:
        yield line(_x(row.aim), y - 9, _x(row.aim), y + 9, stroke=BAD, width=2)
    for peer in book.peers:
        if peer.set == name:
            yield box(_x(peer.auroc) - 4, y - 4, 8, 8, fill=PEERS)
    span = book.sets[name].rows[0].auroc
    if span:
        yield from _interval(span, y)


def _interval(span: Span, y: float) -> Iterator[str]:
    yield line(_x(span.low), y, _x(span.high), y, stroke=OURS, width=3)
    yield dot(_x(span.value), y, fill=OURS)


def _legend(y: float) -> Iterator[str]:
    yield dot(LEFT, y - 4, fill=OURS)
    yield text(LEFT + 12, y, "as shipped", fill=FAINT)
    yield dot(LEFT + 110, y - 4, fill="#ffffff", stroke=FLOOR)
    yield text(LEFT + 122, y, "plain features", fill=FAINT)
    yield box(LEFT + 236, y - 8, 8, 8, fill=PEERS)
    yield text(LEFT + 250, y, "anomalib", fill=FAINT)
    yield line(LEFT + 332, y - 12, LEFT + 332, y + 4, stroke=BAD, width=2)
    yield text(LEFT + 340, y, "aim", fill=FAINT)


def _x(area: float) -> float:
    return LEFT + (max(area, LEAST) - LEAST) / (1 - LEAST) * (RIGHT - LEFT)


def found_chart(book: Book) -> str:
    """How many of each kind lie beyond the shipped limit; of the good ones these are false alarms."""
    rows = [
        (f"{name}: {kind}", called.called / called.of, is_good(set_, kind))
        for name, set_ in book.sets.items()
        if name in SETS
        for kind, called in set_.called.items()
        if called.of
    ]
    height = TOP + 22 * len(rows) + 30
    title = "Called different at the shipped limit, by folder"
    return drawing(WIDTH, height, _found_parts(rows, height, title), title=title)


def is_good(set_: SetResult, kind: str) -> bool:
    """Whether a folder is that of the good ones: it comes first."""
    return kind == next(iter(set_.called))


def _found_parts(rows: list[tuple[str, float, bool]], height: int, title: str) -> Iterator[str]:
    yield text(16, 24, title, size=15)
    yield box(500, 14, 10, 10, fill=OURS)
    yield text(514, 24, "defects found", fill=FAINT)
    yield box(620, 14, 10, 10, fill=BAD)
    yield text(634, 24, "false alarms", fill=FAINT)
    left = LEFT + 110
    for tick in (0, 25, 50, 75, 100):
        x = left + tick / 100 * (RIGHT - left)
        yield line(x, TOP - 8, x, height - 26)
        yield text(x, height - 10, f"{tick} %", anchor="middle", fill=FAINT)
    for number, (label, share, fine) in enumerate(rows):
        y = TOP + 22 * number
        yield text(left - 10, y + 12, label, anchor="end")
        yield box(left, y + 2, max(1.0, share * (RIGHT - left)), 14, fill=BAD if fine else OURS)


def grades_chart(grades: Mapping[str, GradeResult]) -> str:
    """Confusion of truth and answer, one table per set."""
    columns = 2
    rows = -(-len(grades) // columns)
    height = 50 + rows * (CELL * 3 + 96)
    title = "Truth (rows) and answer (columns)"
    parts = [text(16, 24, title, size=15)]
    for number, (name, result) in enumerate(grades.items()):
        left, top = 96 + number % columns * 380, 84 + number // columns * (CELL * 3 + 96)
        parts += _confusion(name, result, left, top)
    return drawing(WIDTH, height, parts, title=title)


def _confusion(name: str, result: GradeResult, left: float, top: float) -> Iterator[str]:
    kappa = f", kappa {result.kappa.value:.2f}" if result.kappa else ""
    yield text(left, top - 30, f"{name}{kappa}", size=13)
    for row, (truth, answers) in enumerate(result.confusion.items()):
        yield text(left - 8, top + row * CELL + CELL / 2 + 4, truth, anchor="end")
        total = sum(answers.values()) or 1.0
        for column, (said, count) in enumerate(answers.items()):
            x, y = left + column * CELL, top + row * CELL
            if row == 0:
                yield text(x + CELL / 2, top - 8, said, anchor="middle", fill=FAINT)
            yield box(x + 1, y + 1, CELL - 2, CELL - 2, fill=_shade(count / total, right=truth == said))
            ink = "#ffffff" if count / total > 0.6 else "#222222"
            yield text(x + CELL / 2, y + CELL / 2 + 4, f"{count:g}", anchor="middle", fill=ink)


def _shade(share: float, *, right: bool) -> str:
    """White for none, the full colour for all: blue where right, red where wrong."""
    full = (11, 95, 165) if right else (179, 38, 30)
    mixed = (round(245 + (value - 245) * share) for value in full)
    return "#" + "".join(f"{value:02x}" for value in mixed)
