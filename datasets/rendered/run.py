"""Renders what is missing: `make render`, with `ARGS` such as `--only mug`, `--verify 3` or `--more`."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets.rendered import index
from datasets.rendered.again import differing, verify
from datasets.rendered.bench import BENCHES, render_benches
from datasets.rendered.errors import NoSuchSize
from datasets.rendered.index import HOME, MORE_HOME, MORE_INDEX
from datasets.rendered.one import render_unit
from datasets.rendered.plan import OBJECTS, SEALED, Unit, plan, plan_more

WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Pictures that belong together: where they lie, what is planned, whose benches are rendered."""

    home: Path
    plan: Callable[[], Iterator[Unit]]
    benches: Sequence[int]

    @property
    def index(self) -> Path:
        """A row per picture that lies there."""
        return self.home / "index.jsonl"


KEPT = Set(home=HOME, plan=plan, benches=range(OBJECTS))
MORE = Set(home=MORE_HOME, plan=plan_more, benches=SEALED)


def missing(kind: Set, only: str) -> list[Unit]:
    """Return the units without a picture, in the order of the plan; `only` begins their path."""
    done = {row["picture"] for row in index.read(kind.index) if (kind.home / row["picture"]).exists()}
    return [u for u in kind.plan() if u.stem.startswith(only) and f"pictures/{u.stem}.jpg" not in done]


def share_of(kind: Set, units: Sequence[Unit], worker: int) -> list[Unit]:
    """Return one worker's units: a fixed share of the plan, whatever is done already."""
    own = {unit.stem for unit in list(kind.plan())[worker::WORKERS]}
    return [unit for unit in units if unit.stem in own]


def work(kind: Set, units: Sequence[Unit]) -> None:
    """Render units one after the other and add their rows to the index."""
    kind.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for place, unit in enumerate(units):
            started = time.monotonic()
            try:
                truth = render_unit(unit, Path(scratch), kind.home)
            except NoSuchSize as error:
                print(f"left out: {error}", file=sys.stderr, flush=True)
                continue
            index.append(index.row_of(kind.home, unit, truth["defects"], truth["item_px"]), kind.index)
            spent = time.monotonic() - started
            print(f"{place + 1}/{len(units)} {unit.stem} {spent:.1f} s", file=sys.stderr, flush=True)


def quiet() -> None:
    """Send what Blender prints on standard output nowhere; ours goes to standard error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def render(kind: Set, arguments: Sequence[str]) -> int:
    """Render what is missing of a set in WORKERS processes; return how many of them failed."""
    command = [sys.executable, "-m", "datasets.rendered.run", *arguments, "--worker"]
    children = [subprocess.Popen([*command, str(k)]) for k in range(WORKERS)]
    failed = sum(child.wait() != 0 for child in children)
    index.settle(index.read(kind.index), kind.plan(), kind.index)
    if not (kind.home / BENCHES).exists():
        quiet()
        render_benches(kind.home, kind.benches)
    return failed


def main() -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description="Render the returns that are missing.")
    parser.add_argument("--only", default="", help="paths that begin so, such as mug or carton/6/")
    parser.add_argument(
        "--more", action="store_true", help="those that are not kept: for training, and sealed ones"
    )
    parser.add_argument(
        "--verify", type=int, default=0, metavar="N", help="render N pictures again and compare bytes"
    )
    parser.add_argument("--worker", type=int, default=-1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    kind = MORE if options.more else KEPT
    if options.verify:
        quiet()
        return verify(options.verify)
    if options.worker >= 0:
        quiet()
        work(kind, share_of(kind, missing(kind, options.only), options.worker))
        return 0
    failed = render(kind, ["--only", options.only, *(["--more"] if options.more else [])])
    other = differing(index.read(kind.index), MORE_INDEX) if options.more else 0
    return min(1, failed + other)


if __name__ == "__main__":
    sys.exit(main())
