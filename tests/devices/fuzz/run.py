"""Fuzz every codec for its share of the time: `python -m tests.devices.fuzz.run`, or `make fuzz`.

Each target has a process of its own, led by the branches that its inputs take (atheris, libFuzzer). Prints a
page for docs/peers; exit 1 when something crashed. `--keep` puts what found new branches, minimized, into
tests/devices/corpus.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tests.devices.fuzz.targets import CORPUS, TARGETS

ROOT = Path(__file__).resolve().parents[3]
CRASHES = ROOT / "var" / "fuzz"
LONGEST_INPUT = 2048
SLOWEST_S = 5
"""One input that takes longer counts as a crash."""
MOST_KEPT = 40
"""Inputs of one target that are kept."""
MOST_GROWTH_MIB = 64
STATUS = re.compile(r"^#(?P<runs>\d+)\s+\S+\s+cov: (?P<cov>\d+) ft: (?P<ft>\d+).*rss: (?P<rss>\d+)Mb", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one target."""

    runs: int
    branches: int
    features: int
    growth_mib: int
    """Peak memory at the end less that after the seeds."""
    crash: str | None
    """The last lines of a process that found something."""

    @property
    def is_good(self) -> bool:
        """Neither a crash nor growth."""
        return self.crash is None and self.growth_mib <= MOST_GROWTH_MIB


def fuzz(name: str, seconds: int, *, keep: bool = False) -> Outcome:
    """Run one target for so long."""
    CRASHES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="regrade-fuzz-") as folder:
        found = Path(folder, "found")
        _plant(name, found)
        ended = _child(name, found, f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}")
        if keep and ended.returncode == 0:
            _keep(name, found, Path(folder, "least"))
    said = [match.groupdict() for match in STATUS.finditer(ended.stderr)]
    first, last = (said[0], said[-1]) if said else (NOTHING, NOTHING)
    return Outcome(
        runs=int(last["runs"]),
        branches=int(last["cov"]),
        features=int(last["ft"]),
        growth_mib=int(last["rss"]) - int(first["rss"]),
        crash=(ended.stdout + ended.stderr)[-3000:] if ended.returncode else None,
    )


ASKED = """
The fuzzer is led by the branches that an input takes. Each is asked for what `tests/devices/fuzz/asking.py`
says: the same frames in any pieces, every byte in one frame or in noise, fields that are JSON, the same frame
once it is encoded again, and no more bytes held back than the protocol says. An input can also change a part
of a recorded frame, which is then encoded anew: so a checksum keeps nothing from being read.
""".strip()
NOTHING = {"runs": "0", "cov": "0", "ft": "0", "rss": "0"}


def _plant(name: str, folder: Path) -> None:
    """Put the seeds and what is kept where the fuzzer begins."""
    folder.mkdir()
    for number, seed in enumerate(TARGETS[name].seeds):
        folder.joinpath(f"seed-{number:03}").write_bytes(seed)
    for path in (CORPUS / name).glob("*"):
        shutil.copy(path, folder)


def _child(name: str, *options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.devices.fuzz.child", name]
    limits = [f"-timeout={SLOWEST_S}", "-rss_limit_mb=1024", f"-artifact_prefix={CRASHES / name}-"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    return subprocess.run(
        [*command, *limits, *map(str, options)], cwd=ROOT, env=environment, text=True, capture_output=True,
        check=False, errors="replace",
    )  # fmt: skip


def _keep(name: str, found: Path, least: Path) -> None:
    """Keep the fewest inputs that reach the same branches, smallest first, and no more than a few."""
    least.mkdir()
    _child(name, "-set_cover_merge=1", least, found)
    chosen = sorted(least.iterdir(), key=lambda path: (path.stat().st_size, path.name))[:MOST_KEPT]
    if chosen:
        shutil.rmtree(CORPUS / name, ignore_errors=True)
        (CORPUS / name).mkdir(parents=True)
        for path in chosen:
            shutil.copy(path, CORPUS / name / path.name[:12])


def run(names: Iterable[str], seconds: int, *, keep: bool, jobs: int = 1) -> Mapping[str, Outcome]:
    """All targets, so many at a time; each has its share of the seconds."""
    chosen = list(names)
    share = max(1, seconds // len(chosen))
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    outcomes: dict[str, Outcome] = {}
    with Progress(*columns, console=Console(stderr=True)) as progress, ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task(f"{len(chosen)} codecs, {share} s each", total=len(chosen))
        running = {pool.submit(fuzz, name, share, keep=keep): name for name in chosen}
        for done in as_completed(running):
            outcomes[running[done]] = done.result()
            progress.update(task, description=f"{running[done]} done", advance=1)
    return {name: outcomes[name] for name in chosen}


def page(outcomes: Mapping[str, Outcome], seconds: int, jobs: int = 1) -> str:
    """The outcomes in Markdown."""
    total = sum(each.runs for each in outcomes.values())
    crashed = [name for name, each in outcomes.items() if each.crash]
    lines = [
        f"# Fuzzing of the codecs, {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"`make fuzz ARGS='--seconds {seconds} --jobs {jobs}'`; Python {platform.python_version()}, atheris, "
        f"{platform.machine()}. {total:,} inputs over {len(outcomes)} codecs.",
        "",
        ASKED,
        "",
        f"**Crashes: {len(crashed)}{': ' + ', '.join(crashed) if crashed else ''}. "
        f"Largest growth of memory: {max(each.growth_mib for each in outcomes.values())} MiB** "
        f"(limit {MOST_GROWTH_MIB}).",
        "",
        "| codec | inputs | branches | features | growth, MiB | |",
        "|---|---|---|---|---|---|",
        *(_row(name, each) for name, each in outcomes.items()),
    ]
    return "\n".join(lines)


def _row(name: str, each: Outcome) -> str:
    said = "crashed" if each.crash else ""
    return f"| {name} | {each.runs:,} | {each.branches} | {each.features} | {each.growth_mib} | {said} |"


def main() -> int:
    """Print the page; 1 when something crashed or grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {' '.join(TARGETS)}; all without any")
    parser.add_argument("--seconds", type=int, default=600, help="for all of them together (600)")
    parser.add_argument("--jobs", type=int, default=1, help="so many of them at a time (1)")
    parser.add_argument("--keep", action="store_true", help="keep what found new branches")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(TARGETS):
        parser.error(f"no such codec: {' '.join(sorted(unknown))}")
    outcomes = run(chosen.names or TARGETS, chosen.seconds, keep=chosen.keep, jobs=chosen.jobs)
    print(page(outcomes, chosen.seconds, chosen.jobs))
    for name, each in outcomes.items():
        if each.crash:
            print(f"\n{name}: see {CRASHES}\n{each.crash}", file=sys.stderr)
    return 0 if all(each.is_good for each in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
