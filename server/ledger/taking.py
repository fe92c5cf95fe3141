"""Entries taken back for a centre: by which settings, and what is due once its ledger is open again."""

from collections.abc import Sequence

from sqlalchemy import Connection

from server.centre import Centre
from server.evidence.service import issue_untold
from server.ledger.refill import Known, Offered, Taken, take
from server.ledger.standing import LogState, standing_of


def take_back(connection: Connection, centre: Centre, offered: Sequence[Offered]) -> Taken:
    """Take back what is offered while the centre runs; in the writer's transaction."""
    taken = take(connection, centre.log, offered, known_to(centre, centre.settings.recovery_wait_s))
    issue_if_open(connection, centre)
    return taken


def known_to(centre: Centre, wait_s: float) -> Known:
    """What the centre knows of its ledger now; raises LedgerBroken."""
    return Known(
        guarded=centre.checkpoints.guarded(),
        due_s=centre.settings.inspection_due_s,
        wait_s=wait_s,
        at=centre.now(),
    )


def issue_if_open(connection: Connection, centre: Centre) -> None:
    """Issue what waited for a ledger that takes entries again."""
    if standing_of(connection, centre.site).state == LogState.OPEN:
        issue_untold(connection, centre.log, centre.policy, centre.clock())
