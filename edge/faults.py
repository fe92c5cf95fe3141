"""What went wrong since the start, counted by code: on the page, in health, in the metrics."""

from collections import Counter

from prometheus_client import CollectorRegistry
from prometheus_client import Counter as Metric

MOST_CODES = 60
"""Codes come from our own tables; the bound keeps a mistake from growing the metrics for ever."""


class Faults:
    """Counters by language-neutral code."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counts: Counter[str] = Counter()
        self._metric = Metric(
            "regrade_station_faults", "What went wrong at the station", ["code"], registry=registry
        )

    def count(self, code: str) -> None:
        """One more of this kind."""
        if code not in self._counts and len(self._counts) >= MOST_CODES:
            code = "other"
        self._counts[code] += 1
        self._metric.labels(code).inc()

    def snapshot(self) -> dict[str, int]:
        """Counts by code, sorted by code."""
        return dict(sorted(self._counts.items()))
