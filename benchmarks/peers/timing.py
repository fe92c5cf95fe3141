"""How every contestant of `benchmarks/seeing.py` is timed: the same loop, on two cores, in its own process.

Standard library only: it runs in the peers' environments too. Each contestant is a module with two steps,
each in a process of its own: `prepare` fits and exports, `look` is timed, and its memory is that of looking.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

RUNS, WARM_UP = 30, 3


Step = Callable[[Path], dict[str, Any] | None]


def contest(steps: Mapping[str, Step]) -> None:
    """Do the step that the command line names, `STEP FOLDER`, on the first two cores that there are.

    The last line on stdout is the answer.
    """
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    name, folder = sys.argv[1:]
    found = steps[name](Path(folder))
    sys.stdout.write(json.dumps(found or {}) + "\n")


def measure(once: Callable[[], object], *, runs: int = RUNS) -> dict[str, Any]:
    """Milliseconds of `once` (median, 95th percentile), CPU milliseconds of all threads, peak memory."""
    for _ in range(WARM_UP):
        once()
    wall_ms, cpu = [], process_time()
    for _ in range(runs):
        began = perf_counter()
        once()
        wall_ms.append((perf_counter() - began) * 1000.0)
    cpu_ms = (process_time() - cpu) * 1000.0 / runs
    ranked = sorted(wall_ms)
    return {
        "runs": runs,
        "p50_ms": round(ranked[len(ranked) // 2], 1),
        "p95_ms": round(ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))], 1),
        "cpu_ms": round(cpu_ms, 1),
        "peak_rss_mb": peak_kb() // 1024,
    }


def peak_kb() -> int:
    """Most memory that this process ever held; getrusage would count the process that started it, too."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
