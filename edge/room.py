"""Whether there is room for one more item; nothing is ever dropped to make some."""

from dataclasses import dataclass

from edge.config import Retention
from edge.outbox import Depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """What is full, and the figures."""

    what: str
    """`disk`, `evidence` or `outbox`."""
    used: int
    limit: int


def full(depth: Depth, free_bytes: int, limits: Retention) -> Full | None:
    """Say what stands in the way of another item; None where there is room."""
    if free_bytes < limits.free_disk_bytes:
        return Full(what="disk", used=free_bytes, limit=limits.free_disk_bytes)
    if depth.evidence_bytes >= limits.evidence_bytes:
        return Full(what="evidence", used=depth.evidence_bytes, limit=limits.evidence_bytes)
    if depth.queued >= limits.outbox_records:
        return Full(what="outbox", used=depth.queued, limit=limits.outbox_records)
    return None
