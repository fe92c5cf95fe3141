"""What became of deliveries, written down together: those that ended at one moment share their statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from inspection.messages.base import time_text
from server.refunds import endpoints, outbox
from server.refunds.breaker import Circuit, Said, after
from server.refunds.endpoints import Change, Endpoint
from server.refunds.outbox import Job
from server.refunds.posting import Attempt, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One attempt that is over."""

    job: Job
    attempt: Attempt
    now: datetime
    share: float
    """0 to 1: the draw by which pauses differ."""
    wait_s: float
    """Until it is tried again, where it is."""
    last: bool
    """Whether the schedule is at its end with it."""


def is_last(job: Job, attempt: Attempt, schedule: Sequence[float]) -> bool:
    """Whether the schedule ends with this attempt; a probe that finds nobody does not count. Pure."""
    failed = attempt.result is Result.RETRY and not _is_idle_probe(job, attempt)
    return failed and job.attempts > len(schedule)


def settle_all(
    connection: Connection, ended: Sequence[Ended], *, site: str, patience_s: float
) -> list[Change | None]:
    """Write down what became of each attempt, and how its endpoint fares; says what of that changed."""
    known: dict[str, Endpoint] = {}
    told: list[Ended] = []
    changes: list[Change | None] = []
    for each in ended:
        merchant = each.job.merchant
        before = known.get(merchant) or endpoints.get(connection, site, merchant)
        circuit = _circuit(before, each)
        if each.attempt.result is Result.DELIVERED:
            told.append(each)
        else:
            _not_told(connection, site, each, circuit)
        gone = each.attempt.result is Result.GONE
        change = None if gone else endpoints.note(connection, site, before, circuit, each.now, patience_s)
        changes.append(change)
        if gone or change is not None or circuit != before.circuit:
            known.pop(merchant, None)  # its row is another now
        else:
            known[merchant] = before
    if told:
        answers = [(each.job, each.attempt.answer) for each in told]
        outbox.delivered(connection, site, answers, time_text(max(each.now for each in told)))
    return changes


def _is_idle_probe(job: Job, attempt: Attempt) -> bool:
    """Whether it was tried to find out whether anybody answers, and nobody did."""
    return job.probe and attempt.said is Said.DOWN


def _circuit(endpoint: Endpoint, each: Ended) -> Circuit:
    return after(
        endpoint.circuit,
        each.attempt.said,
        each.now.timestamp(),
        probe=each.job.probe,
        share=each.share,
        asked_s=each.attempt.retry_after_s or 0.0,
    )


def _not_told(connection: Connection, site: str, each: Ended, circuit: Circuit) -> None:
    job, answer, at = each.job, each.attempt.answer, time_text(each.now)
    if each.attempt.result is Result.GONE:
        outbox.pause(connection, site, job, answer, at)
    elif each.last:
        outbox.give_up(connection, site, job, answer, at)
    else:
        idle = _is_idle_probe(job, each.attempt)
        again_at = (circuit.open_until if idle else None) or each.now.timestamp() + each.wait_s
        outbox.retry(connection, site, job, answer, again_at, counts=not idle)
