"""The standard run from its options to the files: looks first, then part by part, each kept as it ends."""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import onnxruntime

from models.errors import BadQuestion
from models.evaluation.book import Book, read_book, write_book
from models.evaluation.page import write_page
from models.evaluation.peers import read_peers
from models.evaluation.pictures import Progress
from models.evaluation.runs import FILE, read_looks, write_looks
from models.evaluation.splits import SHOTS
from models.evaluation.standard import chosen, frozen_sets, run_jobs
from models.evaluation.workshop import Setup
from models.recipe import DEFAULT

BOOK = "evaluation.json"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run."""

    out: Path
    """Folder of the page, the figures and the list of looks."""
    jobs: tuple[str, ...]
    reason: str | None


def plan(out: Path, only: Sequence[str], *, missing: bool, reason: str | None) -> Plan:
    """The jobs of a call; raises BadQuestion for an unknown one, or a frozen set without a reason."""
    done = read_book(out / BOOK).done if missing else {}
    jobs = tuple(name for name in chosen(only) if name not in done)
    frozen = frozen_sets(jobs)
    if frozen and not (reason and reason.strip()):
        raise BadQuestion(
            f"{', '.join(frozen)}: frozen, every look is written down; say why with --reason, "
            "or name other parts with --only"
        )
    return Plan(out=out, jobs=jobs, reason=reason)


def run_standard(setup: Setup, what: Plan, progress: Progress, tell: Tell, *, processes: int = 1) -> None:
    """Run the jobs; the files are whole after each of them."""
    models = setup.open(progress).versions()
    note_looks(what.out, frozen_sets(what.jobs), what.reason or "", models)
    book = read_book(what.out / BOOK).model_copy(
        update={"models": models, "machine": machine(setup.threads, processes)}
    )
    for name, part in run_jobs(setup, what.jobs, progress, processes=processes):
        book = book.with_part(name, part, setup.today)
        keep(what.out, book)
        tell(f"{name}: {part.skipped.get(name, 'done')}")


def keep(out: Path, book: Book) -> None:
    """Write figures, page and charts."""
    write_book(out / BOOK, book)
    write_page(out, book, read_looks(out / FILE), SHOTS)


def add_peers(out: Path, path: Path) -> None:
    """Put the peers' figures into the book and write the page anew; raises BadQuestion."""
    book = read_book(out / BOOK)
    keep(out, book.model_copy(update={"peers": read_peers(path)}))


def note_looks(out: Path, sets: Sequence[str], reason: str, models: Mapping[str, str]) -> None:
    """Write down the looks at frozen sets."""
    write_looks(
        out / FILE,
        sets,
        at=datetime.now(UTC).replace(microsecond=0),
        reason=reason,
        models={name: sha256[:16] for name, sha256 in models.items()},
        recipe=repr(DEFAULT),
    )


def machine(threads: int, processes: int) -> str:
    """What the figures of time were taken on."""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}, ONNX Runtime {onnxruntime.__version__}, {processes} processes "
        f"of {threads} threads"
    )
