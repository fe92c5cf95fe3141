"""How long a program of the house takes until it answers, which is what a bench waits for after a power cut.

`python -m benchmarks.start [TIMES]` sets up a small warehouse, then kills its centre, its station, its shop
and its witness in turn, and starts each again on what it had. The clock runs from the start of the process to
its first answer, looked for every 50 ms; processor time and memory are the process's own at that moment.
"""

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from demo.crash import crash_options
from demo.processes import Child
from demo.warehouse import Warehouse

TIMES = 5
LIMIT_S = 3.0
"""Of the slowest program: a restarted bench answers before its inspector has put the item back."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start."""

    wall_s: float
    cpu_s: float
    resident_mb: float


def main() -> dict[str, Any]:
    """The median start of each program; the slowest beside the limit."""
    return measure(TIMES)


def measure(times: int) -> dict[str, Any]:
    """As `main`, of so many starts each."""
    with tempfile.TemporaryDirectory(prefix="regrade-start-") as folder:
        starts = asyncio.run(_starts(Path(folder), times))
    slowest = max(median(each.wall_s for each in found) for found in starts.values())
    return {
        "figure": "from the start of a process to its first answer",
        "starts_each": times,
        "programs": {name: _told(found) for name, found in starts.items()},
        "slowest_s": round(slowest, 2),
        "limit_s": LIMIT_S,
        "within_limit": slowest <= LIMIT_S,
    }


async def _starts(folder: Path, times: int) -> dict[str, list[Start]]:
    async with Warehouse(crash_options(folder, "nats")) as warehouse:
        children = {
            "centre": warehouse.centre,
            "station": warehouse.stations[0].child,
            "shop": warehouse.shop,
            "witness": warehouse.witness,
        }
        return {name: [await _again(child) for _ in range(times)] for name, child in children.items()}


async def _again(child: Child) -> Start:
    await child.kill()
    began = time.perf_counter()
    await child.start()
    wall_s, process = time.perf_counter() - began, Path(f"/proc/{child.pid}")
    used = (process / "stat").read_text().rpartition(")")[2].split()
    resident = next(line for line in (process / "status").read_text().splitlines() if "VmRSS" in line)
    return Start(
        wall_s=wall_s,
        cpu_s=(int(used[11]) + int(used[12])) / TICKS,
        resident_mb=int(resident.split()[1]) / 1024,
    )


def _told(starts: list[Start]) -> dict[str, float]:
    return {
        "wall_s": round(median(each.wall_s for each in starts), 2),
        "cpu_s": round(median(each.cpu_s for each in starts), 2),
        "resident_mb": round(median(each.resident_mb for each in starts), 1),
    }


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else TIMES))
