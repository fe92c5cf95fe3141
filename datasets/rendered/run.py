"""Renders what is missing: `make render`, or with `ARGS="--only mug"`, or `ARGS="--verify 3"`."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from datasets.rendered import index
from datasets.rendered.again import verify
from datasets.rendered.bench import BENCHES, render_benches
from datasets.rendered.errors import NoSuchSize
from datasets.rendered.index import HOME
from datasets.rendered.one import render_unit
from datasets.rendered.plan import Unit, plan

WORKERS = 2


def missing(only: str) -> list[Unit]:
    """Return the units without a picture, in the order of the plan; `only` begins their path."""
    done = {row["picture"] for row in index.read() if (HOME / row["picture"]).exists()}
    return [u for u in plan() if u.stem.startswith(only) and f"pictures/{u.stem}.jpg" not in done]


def share_of(units: Sequence[Unit], worker: int) -> list[Unit]:
    """Return one worker's units: a fixed share of the plan, whatever is done already."""
    own = {unit.stem for unit in list(plan())[worker::WORKERS]}
    return [unit for unit in units if unit.stem in own]


def work(units: Sequence[Unit]) -> None:
    """Render units one after the other and add their rows to the index."""
    with tempfile.TemporaryDirectory() as scratch:
        for place, unit in enumerate(units):
            started = time.monotonic()
            try:
                truth = render_unit(unit, Path(scratch), HOME)
            except NoSuchSize as error:
                print(f"left out: {error}", file=sys.stderr, flush=True)
                continue
            index.append(index.row_of(unit, truth["defects"], truth["item_px"]))
            spent = time.monotonic() - started
            print(f"{place + 1}/{len(units)} {unit.stem} {spent:.1f} s", file=sys.stderr, flush=True)


def quiet() -> None:
    """Send what Blender prints on standard output nowhere; ours goes to standard error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main() -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description="Render the returns that are missing.")
    parser.add_argument("--only", default="", help="paths that begin so, such as mug or carton/6/")
    parser.add_argument(
        "--verify", type=int, default=0, metavar="N", help="render N pictures again and compare bytes"
    )
    parser.add_argument("--worker", type=int, default=-1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.verify:
        quiet()
        return verify(options.verify)
    if options.worker >= 0:
        quiet()
        work(share_of(missing(options.only), options.worker))
        return 0
    command = [sys.executable, "-m", "datasets.rendered.run", "--only", options.only, "--worker"]
    children = [subprocess.Popen([*command, str(k)]) for k in range(WORKERS)]
    failed = sum(child.wait() != 0 for child in children)
    index.settle(index.read())
    if not BENCHES.exists():
        quiet()
        render_benches()
    return failed


if __name__ == "__main__":
    sys.exit(main())
