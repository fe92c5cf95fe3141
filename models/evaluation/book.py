"""The figures as they are kept in `docs/evaluation.json`: one part per set, replaced when it is run again."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import BadQuestion
from models.evaluation.figures import Figures
from models.evaluation.peers import PeerRow
from models.evaluation.sets import SETS
from models.evaluation.span import DIGITS, Span, span_of

Anything = TypeVar("Anything")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(_Part):
    """One method on one object, or the mean over objects."""

    method: str
    auroc: Span | None
    recall_at_1fa: Span | None = None
    recall_at_5fa: Span | None = None
    aupro: Span | None = None
    ece: Span | None = None
    coverage_at_budget: float | None = None
    error_at_budget: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    cpu_ms: float | None = None


class Called(_Part):
    """Pictures of one kind beyond the shipped limit, mean over the seeds."""

    called: float
    of: float


class SetResult(_Part):
    """One set."""

    measured: date
    good: int
    bad: int
    unreadable: int
    seeds: int
    rows: tuple[Row, ...]
    shortcut_auroc: Mapping[str, float]
    called: Mapping[str, Called] = Field(default_factory=dict)
    """By folder; that of the good ones counts false alarms."""
    levers: tuple[Row, ...] = ()
    """The shipped recipe and each lever off, on a thinned set with fewer seeds."""


class GradeResult(_Part):
    """The grade itself on one set."""

    measured: date
    items: int
    seeds: int
    confusion: Mapping[str, Mapping[str, float]]
    """Truth -> answer -> items, mean over the seeds."""
    kappa: Span | None
    recall: Mapping[str, Span | None]
    """By class; ungraded counts as not recalled."""
    ungraded: float
    confidently_wrong: Span | None
    new_against_rest: Span | None
    """AUROC of the share of not-new, over graded items."""
    coverage_at_budget: float
    error_at_budget: float | None


class Alarms(_Part):
    """Intact pictures that were called different, at the limits as shipped."""

    measured: date
    classes: int
    pictures: int
    called: int
    rate: Span
    """Interval by drawing whole classes."""
    worst: Mapping[str, Called]
    """The classes with the highest rate."""


class Bucket(_Part):
    """One severity of one set of days."""

    label: str
    pictures: int
    ratio: float
    """Median score over the limit."""
    against_good: float | None
    """AUROC against the good test pictures of the references' day."""


class Caught(_Part):
    """What sight must notice, and what it must leave alone; counts over all draws together."""

    measured: date
    seeds: int
    caught: int
    of: int
    alarms: int
    right: int
    least: float
    """Share caught in the worst draw."""
    most_alarms: float
    """Share of alarms in the worst draw."""


class Book(_Part):
    """Everything that was measured."""

    models: Mapping[str, str] = Field(default_factory=dict)
    """Name and hash of the models of the last run."""
    machine: str = ""
    done: Mapping[str, date] = Field(default_factory=dict)
    """Job -> day of its last whole run."""
    made_with: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    """Job -> name and hash of the models that it was run with."""
    sets: Mapping[str, SetResult] = Field(default_factory=dict)
    grades: Mapping[str, GradeResult] = Field(default_factory=dict)
    alarms: Mapping[str, Alarms] = Field(default_factory=dict)
    severity: Mapping[str, tuple[Bucket, ...]] = Field(default_factory=dict)
    caught: Mapping[str, Caught] = Field(default_factory=dict)
    """Swapped tags and missing parts."""
    peers: tuple[PeerRow, ...] = ()
    skipped: Mapping[str, str] = Field(default_factory=dict)
    """Job -> why it could not be run here."""

    def with_part(self, job: str, part: "Book", today: date) -> "Book":
        """This book with what a job gave in place of what it gave before."""
        left = {name: why for name, why in self.skipped.items() if name != job}
        return Book(
            models=self.models,
            machine=self.machine,
            done=self.done if part.skipped else {**self.done, job: today},
            made_with=self.made_with if part.skipped else {**self.made_with, job: self.models},
            sets=in_order({**self.sets, **part.sets}),
            grades=in_order({**self.grades, **part.grades}),
            alarms={**self.alarms, **part.alarms},
            severity={**self.severity, **part.severity},
            caught={**self.caught, **part.caught},
            peers=self.peers,
            skipped={**left, **part.skipped},
        )


def in_order(found: Mapping[str, Anything]) -> dict[str, Anything]:
    """The real sets as they are listed, then the others by name: parts may end in any order."""
    known = list(SETS)
    names = sorted(found, key=lambda name: (known.index(name) if name in SETS else len(known), name))
    return {name: found[name] for name in names}


def read_book(path: Path) -> Book:
    """The book of a file, an empty one where there is none; raises BadQuestion."""
    if not path.exists():
        return Book()
    try:
        return Book.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise BadQuestion(f"{path} holds no figures of this version: {str(error).splitlines()[0]}") from error


def write_book(path: Path, book: Book) -> None:
    """Write the whole file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    path.write_bytes(orjson.dumps(book.model_dump(mode="json"), option=options))


def row_of(method: str, figures: Figures) -> Row:
    """The figures of a method as a row."""
    spans = ("auroc", "recall_at_1fa", "recall_at_5fa", "aupro", "ece")
    plain = {"coverage_at_budget": DIGITS, "error_at_budget": DIGITS, "p50_ms": 1, "p95_ms": 1, "cpu_ms": 1}
    kept = {name: getattr(figures, name) for name in plain}
    return Row(
        method=method,
        **{name: span_of(getattr(figures, name)) for name in spans},
        **{name: None if kept[name] is None else round(kept[name], digits) for name, digits in plain.items()},
    )
