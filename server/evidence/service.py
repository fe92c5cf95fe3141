"""Rules of evidence: durable first, then told; a completed record is instructed in the same transaction."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from inspection.custody.canonical import canonical
from inspection.custody.leaf import read_leaf
from inspection.messages.base import time_text
from inspection.policy import Policy
from inspection.record import read_record
from server.evidence import repository
from server.evidence.repository import Waiting
from server.ledger.log import Log
from server.refunds.issuing import Due, issue


class Confirmed(NamedTuple):
    """What became of a ciphertext that is durable."""

    fresh: bool
    issued: int
    """Instructions that waited for it."""


def confirm(
    connection: Connection, log: Log, sha256: str, length: int, station: str, policy: Policy, now: datetime
) -> Confirmed:
    """Note a ciphertext as durable and issue what waited for it; raises Erased for one that must not stay."""
    if not repository.add(connection, log.site, sha256, length, station, time_text(now)):
        repository.holds(connection, log.site, sha256)
        return Confirmed(fresh=False, issued=0)
    due = [_due(waiting) for waiting in repository.completed_by(connection, log.site, sha256)]
    return Confirmed(fresh=True, issued=len(issue(connection, log, due, policy, now)))


def issue_untold(connection: Connection, log: Log, policy: Policy, now: datetime) -> int:
    """Issue what a restore kept from being issued; returns how many instructions."""
    due = [_due(waiting) for waiting in repository.complete_untold(connection, log.site)]
    return len(issue(connection, log, due, policy, now))


def _due(waiting: Waiting) -> Due:
    leaf = read_leaf(waiting.leaf)
    return Due(
        record=read_record(canonical(leaf.body)),
        unit=waiting.announced,
        verdict_seq=waiting.seq,
    )
