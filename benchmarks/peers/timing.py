"""How every contestant of `benchmarks/seeing.py` is timed: the same loop, on two cores, in its own process.

Standard library only: it runs in the peers' environments too. Call `two_cores` before anything makes threads.
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

RUNS, WARM_UP = 30, 3


def two_cores() -> None:
    """Stay on the first two cores that this process may use."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])


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
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def say(found: dict[str, Any]) -> None:
    """The last line on stdout is the answer."""
    sys.stdout.write(json.dumps(found) + "\n")
