"""docs/evaluation.md, made of the book of figures and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from models.evaluation import page_tables, prose
from models.evaluation.book import Book
from models.evaluation.charts import charts
from models.evaluation.markdown import number, percent_span, table
from models.evaluation.runs import Look
from models.evaluation.sets import SETS
from models.evaluation.shortfalls import shortfalls

SHORT_HASH = 16
CHART_WORDS = {
    "evaluation-auroc.svg": "Image AUROC per set with intervals, floor, aim and peers",
    "evaluation-found.svg": "Share called different at the shipped limit, by folder",
    "evaluation-grades.svg": "Confusion of grades per set",
}


def page(book: Book, looks: Sequence[Look], shots: int) -> str:
    """The whole page."""
    drawn = charts(book)
    parts = [
        "# What it can see: figures",
        "<!-- made by `regrade evaluate standard`: do not edit -->",
        about(book),
        "## How to read them",
        prose.HOW_TO_READ.format(shots=shots),
        *_sets(book, drawn),
        *_grades(book, drawn),
        *_alarms(book),
        *_caught(book),
        *_severity(book),
        "## What falls short",
        "\n".join(f"* {line}" for line in shortfalls(book)) or "Nothing that these figures show.",
        *_looks(looks),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def about(book: Book) -> str:
    """When, on what, and what is missing."""
    models = ", ".join(f"{name} {sha256[:SHORT_HASH]}" for name, sha256 in book.models.items())
    days = sorted({*book.done.values()})
    when = f"{days[0]} to {days[-1]}" if len(days) > 1 else str(days[0]) if days else "nothing yet"
    lines = [f"Measured: {when}. Machine: {book.machine or 'unknown'}. Models: {models or 'none'}."]
    told = [f"* not run: {name} ({why})" for name, why in book.skipped.items()] + list(older_models(book))
    return "\n".join([*lines, *([""] if told else []), *told])


def older_models(book: Book) -> Iterator[str]:
    """Which parts were run with another model than the last run's."""
    for name, sha256 in book.models.items():
        others: dict[str, list[str]] = {}
        for job, models in book.made_with.items():
            if models.get(name, sha256) != sha256:
                others.setdefault(models[name][:SHORT_HASH], []).append(job)
        for short, jobs in others.items():
            yield f"* with {name} {short}, not the one that ships: {', '.join(jobs)}"


def _sets(book: Book, drawn: Mapping[str, str]) -> Iterator[str]:
    if not book.sets:
        return
    real = [name for name in SETS if name in book.sets]
    others = [name for name in book.sets if name not in SETS]
    yield "## Telling bad from good"
    yield image("evaluation-auroc.svg", drawn)
    yield "### Image AUROC of all methods"
    for names in (real, others):
        if names:
            yield page_tables.matrix(book, names)
            yield page_tables.cost_table(book, names)
    yield "\n".join(page_tables.peer_notes(book))
    yield "### As shipped, all figures"
    yield page_tables.shipped_table(book)
    yield page_tables.shipped_times(book)
    yield "\n".join(set_notes(book))
    yield from _levers_and_limit(book, drawn)


def _levers_and_limit(book: Book, drawn: Mapping[str, str]) -> Iterator[str]:
    if any(set_.levers for set_ in book.sets.values()):
        yield "### Each lever switched off"
        yield prose.LEVERS
        yield page_tables.lever_table(book)
    if "evaluation-found.svg" in drawn:
        yield "### At the limit as shipped"
        yield prose.LIMIT
        yield image("evaluation-found.svg", drawn)


def image(name: str, drawn: Mapping[str, str]) -> str:
    """The link to a chart; nothing where it was not drawn."""
    return f"![{CHART_WORDS[name]}](images/{name})" if name in drawn else ""


def set_notes(book: Book) -> Iterator[str]:
    """What a reader must know of each set."""
    for name, known in SETS.items():
        if name in book.sets:
            yield f"* {name}: {known.note} Licence: {known.licence}."
    if any(name.startswith("elpv") for name in book.sets):
        yield prose.ELPV
    if "rendered" in book.sets:
        yield prose.RENDERED


def _grades(book: Book, drawn: Mapping[str, str]) -> Iterator[str]:
    if not book.grades:
        return
    yield "## The grade itself"
    yield prose.GRADES
    yield page_tables.grade_table(book)
    yield page_tables.decided_table(book)
    yield image("evaluation-grades.svg", drawn)
    if any("hidden" in name for name in book.grades):
        yield prose.CONTROL


def _alarms(book: Book) -> Iterator[str]:
    for name, alarms in book.alarms.items():
        worst = (f"{kind} {one.called:.0f} of {one.of:.0f}" for kind, one in alarms.worst.items())
        yield "## False alarms on intact packages"
        yield prose.ALARMS.format(
            name=name,
            classes=alarms.classes,
            called=alarms.called,
            pictures=alarms.pictures,
            rate=percent_span(alarms.rate),
            worst=", ".join(worst),
        )


def _caught(book: Book) -> Iterator[str]:
    if book.caught:
        yield "## Another product, a missing part"
        yield prose.CAUGHT
        yield page_tables.caught_table(book)


def _severity(book: Book) -> Iterator[str]:
    for name, buckets in book.severity.items():
        rows = (
            (one.label, str(one.pictures), number(one.ratio, 2), number(one.against_good)) for one in buckets
        )
        yield "## Do worse cans score higher?"
        yield prose.SEVERITY.format(name=name)
        yield table(("cans", "pictures", "median score / limit", "AUROC against good of that day"), rows)


def _looks(looks: Sequence[Look]) -> Iterator[str]:
    yield "## Every look at a frozen set"
    yield prose.LOOKS
    rows = ((f"{look.at:%Y-%m-%d %H:%M}", look.set, look.reason, look.recipe) for look in looks)
    yield table(("when (UTC)", "set", "why", "recipe"), rows) if looks else "None yet."


def write_page(folder: Path, book: Book, looks: Sequence[Look], shots: int) -> None:
    """Write the page and its charts below `folder`."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for name, drawn in charts(book).items():
        (folder / "images" / name).write_text(drawn, encoding="utf-8")
    (folder / "evaluation.md").write_text(page(book, looks, shots), encoding="utf-8")
