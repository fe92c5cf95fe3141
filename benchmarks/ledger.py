"""The ledger beside its limits and its peers, in one run: appends, proofs, a full audit, records over HTTP.

`python -m benchmarks.ledger` prints Markdown and one JSON line; `--page FILE` writes the Markdown to a file
too. pymerkle and aics-tlog are timed where their environment is (`make peers-ledger`), and the table says
where it is not. It takes some minutes and a gigabyte and a half of disk.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from platform import machine
from random import Random
from typing import Any

from benchmarks import ledger_http, ledger_library
from benchmarks.seeing import answer
from benchmarks.site import REGRADE, init_centre

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv" / "peers-ledger" / "bin" / "python"
NAMES = ("pymerkle-memory", "pymerkle-sqlite", "aics-memory", "aics-disk")
SIZES = (10_000, 100_000, 1_000_000)
RAW = {1: 1_000, 64: 40_000, 1_000: 100_000}
"""Rows per commit, and how many are timed."""
PATIENCE_S = 900.0
STARTER = """\
import resource, subprocess, sys, time

def of(process):  # kB that it and those whom it started hold
    try:
        with open(f"/proc/{process}/statm") as held:
            pages = int(held.read().split()[1])
        with open(f"/proc/{process}/task/{process}/children") as below:
            started = below.read().split()
    except OSError:
        return 0
    return pages * resource.getpagesize() // 1024 + sum(map(of, started))

process, most = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL), 0
while process.poll() is None:
    most = max(most, of(process.pid))
    time.sleep(0.05)
print(max(most, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(process.returncode)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a figure is held to."""

    figure: str
    least: float | None = None
    most: float | None = None

    def keeps(self, value: float) -> bool:
        """Whether the value is within."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    @property
    def words(self) -> str:
        """As the table says it."""
        return f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"


LIMITS = (
    Limit(figure="durable appends a second, 64 in flight", least=10_000),
    Limit(figure="95 % of them answered within, ms", most=25),
    Limit(figure="inclusion and consistency proof at 1,000,000, median ms", most=2),
    Limit(figure="audit of 1,000,000 entries: every hash, link, tile and checkpoint, s", most=10),
    Limit(figure="peak memory of the audit with all that entries say, MB", most=200),
    Limit(figure="signed records a second over HTTP, one process", least=ledger_http.LIMIT_PER_S),
    Limit(figure="cost of an append at 1,000,000 against 10,000 entries, times", most=1.5),
)

SECTIONS = {
    "SQLite alone, rows a second into the same table, by rows per commit": "raw_rows_per_s",
    "Appends, by how many are in flight": "appends",
    "CPU microseconds of an append, by entries before it": "append_cpu_us",
    "Proofs at 1,000,000 entries, each on a fresh view of the rows": "proofs",
    "The audit of 1,000,000 entries": "audit",
    "Records over HTTP": "http",
    "Peers, appending leaves as long as ours": "peers",
}


def main() -> dict[str, Any]:
    """Every figure of one run, and whether all of them keep their limits."""
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory(prefix="regrade-ledger-") as name:
        found = {"load_before": load, **measure(Path(name))}
    values = headline(found)
    within = all(limit.keeps(values[limit.figure]) for limit in LIMITS)
    return {"figure": "the ledger", **found, "held": values, "within_limit": within}


def measure(folder: Path) -> dict[str, Any]:
    """Ours, then the peers; one after the other, so that none takes another's cores."""
    found: dict[str, Any] = {
        "raw_rows_per_s": {
            str(per): round(ledger_library.raw_inserts(folder, per, rows)) for per, rows in RAW.items()
        },
        "appends": {
            str(flight): ledger_library.appends(folder, flight).row() for flight in ledger_library.FLIGHTS
        },
    }
    return found | long_log(folder) | {"http": ledger_http.main(), "peers": peers(folder)}


def long_log(folder: Path) -> dict[str, Any]:
    """A log of a million entries: what an append costs on the way, proofs of it, and its audit."""
    init_centre(folder)
    database = folder / "centre" / "centre.sqlite"
    engine = ledger_library.new_database(database)
    costs = ledger_library.growth(engine, SIZES)
    engine.dispose()
    return {
        "append_cpu_us": costs,
        "proofs": ledger_library.proofs(database, Random(1)),  # noqa: S311 - a draw anyone can repeat
        "database_mb": round(database.stat().st_size / 1e6),
        "audit": audit(folder),
    }


def audit(folder: Path) -> dict[str, Any]:
    """Export the log as an archive, and let the offline verifier go through all of it.

    Once for its places alone (every hash, tile, checkpoint and link), which the limit is on, and once with
    what each entry says.
    """
    out = str(folder / "export.zip")
    exported = run([*REGRADE, "ledger", "export", out, "--dir", str(folder / "centre")])
    places = run([*REGRADE, "verify", "export", out, "--places-only"])
    whole = run([*REGRADE, "verify", "export", out])
    return {"export": exported, "places": places, "whole": whole}


def run(command: list[str]) -> dict[str, Any]:
    """Seconds and peak memory of a command, with all processes that it starts; raises when it fails.

    Of one process the kernel knows the peak; the sum over several is looked at twenty times a second. A
    small process starts it: the kernel counts the starter's own memory to whom it starts.
    """
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", STARTER, *command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[2:])} ended with {done.returncode}: {done.stderr[-300:]}")
    peak_kb = int(done.stdout.split()[-1])
    return {"s": round(time.perf_counter() - began, 1), "peak_rss_mb": round(peak_kb / 1024)}


def peers(folder: Path) -> dict[str, Any]:
    """What each peer says of itself, or why it says nothing."""
    if not PEERS.exists():
        return {name: {"missing": "no environment for it: make peers-ledger"} for name in NAMES}
    return {name: peer(name, folder / name) for name in NAMES}


def peer(name: str, folder: Path) -> dict[str, Any]:
    """One peer in a process of its own."""
    folder.mkdir()
    command = [str(PEERS), "-W", "ignore", "-m", "benchmarks.peers.ledger_speed", name, str(folder)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return {"missing": f"took more than {PATIENCE_S:.0f} s"}
    return answer(done.returncode, done.stdout, done.stderr)


def headline(found: dict[str, Any]) -> dict[str, float]:
    """The figures that have a limit, in the words of LIMITS."""
    crowded, costs = found["appends"]["64"], found["append_cpu_us"]
    values = (
        crowded["per_s"],
        crowded["p95_ms"],
        found["proofs"]["both_median_ms"],
        found["audit"]["places"]["s"],
        found["audit"]["whole"]["peak_rss_mb"],
        found["http"]["records_per_s"],
        round(costs[str(SIZES[-1])] / costs[str(SIZES[0])], 2),
    )
    return dict(zip((limit.figure for limit in LIMITS), values, strict=True))


def page(found: dict[str, Any], at: datetime) -> Iterator[str]:
    """Markdown: what is held to a limit, then everything else of the same run."""
    yield f"# The ledger beside its limits and its peers, {at:%Y-%m-%d %H:%M} UTC\n"
    yield f"One run of `python -m benchmarks.ledger` on {os.cpu_count()} cores ({machine()}). Every append"
    yield "was durable (SQLite WAL, `synchronous=FULL`) before it was answered. The machine's load was"
    yield f"{found['load_before']} when it began: anything above 1 makes the times longer than they are.\n"
    yield "| figure | measured | limit | |\n|---|---|---|---|"
    for limit in LIMITS:
        value = found["held"][limit.figure]
        verdict = "kept" if limit.keeps(value) else "missed"
        yield f"| {limit.figure} | {value:,g} | {limit.words} | {verdict} |"
    for title, name in SECTIONS.items():
        yield f"\n## {title}\n"
        yield "| | |\n|---|---|"
        yield from (f"| {label} | {shown(value)} |" for label, value in found[name].items())


def shown(value: Any) -> str:
    """A figure, or several with their names."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {shown(each)}" for name, each in value.items())
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    result = main()
    text = "\n".join(page(result, datetime.now(UTC))) + "\n"
    if options.page:
        options.page.write_text(text)
    sys.stdout.write(f"{text}\n{json.dumps(result)}\n")
