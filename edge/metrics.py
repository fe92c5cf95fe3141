"""What Prometheus reads of a station; faults count themselves in `edge.faults`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from edge.outbox import Depth
from inspection.record import InspectionRecord

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)


class StationMetrics:
    """Records, queue, and the seconds of each step."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._records = Counter(
            "regrade_station_records", "Inspections committed", ["grade", "disposition"], registry=registry
        )
        self._steps = Histogram(
            "regrade_station_step_seconds",
            "Seconds of each part of an item's way",
            ["step"],
            buckets=SECONDS,
            registry=registry,
        )
        self._queue = Gauge("regrade_station_queue", "Records without a receipt", registry=registry)
        self._refused = Gauge("regrade_station_refused", "Records the centre refused", registry=registry)
        self._images = Gauge(
            "regrade_station_pending_images", "Images the centre does not hold", registry=registry
        )
        self._bytes = Gauge(
            "regrade_station_evidence_bytes", "Encrypted images on this disk", registry=registry
        )

    def committed(self, record: InspectionRecord) -> None:
        """One more record."""
        self._records.labels(record.verdict.grade.value, record.verdict.disposition.value).inc()
        for name, spent_ms in record.timings.model_dump().items():
            self._steps.labels(name.removesuffix("_ms")).observe(spent_ms / 1000)

    def queue(self, depth: Depth) -> None:
        """How full the outbox is."""
        self._queue.set(depth.queued)
        self._refused.set(depth.refused)
        self._images.set(depth.pending_images)
        self._bytes.set(depth.evidence_bytes)
