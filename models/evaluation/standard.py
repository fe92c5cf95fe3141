"""`regrade evaluate standard`: every part by name, run one after another, each kept when it is done."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from threading import Thread

import cv2

from models.errors import BadQuestion, CannotEvaluate, ModelError
from models.evaluation.alarms import run_alarms
from models.evaluation.book import Book
from models.evaluation.grade_run import run_graded_renders, run_graded_sealed, run_mapped
from models.evaluation.pictures import Progress
from models.evaluation.set_run import run_elpv, run_real, run_rendered
from models.evaluation.sets import SETS
from models.evaluation.severity import run_severity
from models.evaluation.sight import run_codes, run_grocery_swaps, run_rendered_swaps, run_screws
from models.evaluation.workshop import Setup, Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One part of the standard run."""

    run: Callable[[Workshop], Book]
    frozen: str | None = None
    """The frozen set that it looks at; None for the others."""


def real(name: str) -> Job:
    """The protocol on one of the real sets."""
    return Job(run=lambda shop: run_real(shop, name), frozen=name if SETS[name].frozen else None)


JOBS: Mapping[str, Job] = {
    **{name: real(name) for name in SETS},
    "elpv": Job(run=run_elpv, frozen="elpv"),
    "severity": Job(run=run_severity, frozen="food_can"),
    "rendered": Job(run=run_rendered),
    "grocery_package": Job(run=run_alarms),
    "swaps_grocery": Job(run=run_grocery_swaps),
    "swaps_rendered": Job(run=run_rendered_swaps),
    "screws": Job(run=run_screws),
    "codes": Job(run=run_codes),
    "grades_filled_bottle": Job(run=lambda shop: run_mapped(shop, "filled_bottle")),
    "grades_food_can": Job(run=lambda shop: run_mapped(shop, "food_can"), frozen="food_can"),
    "grades_rendered": Job(run=run_graded_renders),
    "grades_sealed": Job(run=run_graded_sealed, frozen="sealed"),
}
"""By the name that `--only` takes; in the order of the run."""
LONGEST = (
    "rendered",
    "elpv",
    "commutator",
    "magnetic_tile",
    "bottle",
    "grades_rendered",
    "grades_sealed",
    "grocery_package",
)
FROZEN = tuple(dict.fromkeys(job.frozen for job in JOBS.values() if job.frozen))
"""The sets whose every look is written down."""


def chosen(only: Sequence[str]) -> list[str]:
    """The jobs to run, in their order; raises BadQuestion for a name that is none."""
    unknown = [name for name in only if name not in JOBS]
    if unknown:
        raise BadQuestion(f"{unknown[0]!r} is no part of the standard run; there are: {', '.join(JOBS)}")
    return [name for name in JOBS if not only or name in only]


def frozen_sets(jobs: Sequence[str]) -> list[str]:
    """The frozen sets that these jobs look at, once each."""
    return list(dict.fromkeys(frozen for name in jobs if (frozen := JOBS[name].frozen)))


def run_jobs(
    setup: Setup, jobs: Sequence[str], progress: Progress, *, processes: int = 1
) -> Iterator[tuple[str, Book]]:
    """What each job gave, as it ends; a set that is not here is told as skipped, and stops nothing else.

    With several processes each has its own models, and tells nothing of its progress.
    """
    if processes == 1:
        shop = setup.open(progress)
        yield from ((name, run_job(shop, name)) for name in jobs)
        return
    if not jobs:
        return
    spawn, size = get_context("spawn"), min(processes, len(jobs))
    with ProcessPoolExecutor(size, mp_context=spawn, initializer=end_with_parent) as pool:
        waiting = {pool.submit(run_alone, setup, name): name for name in by_length(jobs)}
        try:
            for number, done in enumerate(as_completed(waiting), start=1):
                progress("standard", number, len(jobs))
                yield waiting[done], done.result()
        finally:  # whoever stops asking wants no more of it
            pool.shutdown(wait=False, cancel_futures=True)


def end_with_parent() -> None:
    """Let this process end when the one that started it is gone, however that ended."""
    Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def run_alone(setup: Setup, name: str) -> Book:
    """One job in a process of its own."""
    cv2.setNumThreads(setup.threads)
    return run_job(setup.open(lambda what, done, total: None), name)


def run_job(shop: Workshop, name: str) -> Book:
    """One job; what keeps it from running is its answer."""
    if name == "elpv" and shop.setup.elpv is None:
        return Book(skipped={name: "the package elpv-dataset is not installed"})
    try:
        return JOBS[name].run(shop)
    except CannotEvaluate as error:
        return Book(skipped={name: str(error)})
    except ModelError as error:
        return Book(skipped={name: f"{error} ({error.code})"})


def by_length(jobs: Sequence[str]) -> list[str]:
    """The longest first, so that no process waits long at the end."""
    return sorted(jobs, key=lambda name: LONGEST.index(name) if name in LONGEST else len(LONGEST))
