"""Care of the ledger while its centre is stopped: refill it, or freeze it."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from server.alarms import AlarmKind, raise_alarm
from server.centre import Centre
from server.errors import BadRequest
from server.ledger.checkpoints import keep_again
from server.ledger.copies import take_copy
from server.ledger.mirror import is_mirror
from server.ledger.receipts import own_keys
from server.ledger.refill import take
from server.ledger.refill_files import Found, OwnLog, read_source
from server.ledger.report import Report, Sources, name_range, report_of
from server.ledger.standing import LogState, set_state
from server.ledger.taking import issue_if_open, known_to


async def refill(centre: Centre, files: Sequence[Path]) -> tuple[int, Report]:
    """Take back what files hold, the mirror last; returns how many entries came back, and how it stands.

    Raises BadRequest for a file that is not of this log, or goes on otherwise than it did.
    """
    before = (await centre.reader.run(centre.log.head)).size
    mirror = centre.settings.ledger_mirror_dir
    sources = [*files, *([mirror] if mirror is not None and is_mirror(mirror) else [])]
    if not sources:
        raise BadRequest("name a file: a mirror's folder, an export, receipts or an evidence pack")
    known = own_keys(centre.keys, centre.trust, centre.log.origin)
    for path in sources:
        found = read_source(path, OwnLog(origin=centre.log.origin, known=known))
        fault = await centre.writer.submit(lambda c, found=found: _take(c, centre, found))  # type: ignore[misc]
        if fault is not None:
            raise BadRequest(f"{path}: {fault}; what was taken before that stays")
    report = await centre.reader.run(lambda c: report_of(c, _sources(centre)))
    return report.size - before, report


def _take(connection: Connection, centre: Centre, found: Found) -> str | None:
    """Take what a file gives back; returns what is wrong with the rest of it."""
    known = known_to(centre, wait_s=0.0)  # whoever gives files has asked everybody
    take(connection, centre.log, found.offered, known)
    copied = take_copy(connection, centre.log, found.lines, found.signed, known)
    own = own_keys(centre.keys, centre.trust, centre.log.origin)
    keep_again(connection, centre.log, found.notes, own, known.at)
    issue_if_open(connection, centre)
    return copied.fault


async def freeze(centre: Centre, reason: str, *, lost: bool) -> Report:
    """Take no entry any more, for ever; a whole ledger gets its last checkpoint first.

    Raises BadRequest for a ledger that lacks entries unless it is said that they are lost, and for a frozen
    one: its reason is shown for ever.
    """
    report = await centre.reader.run(lambda c: report_of(c, _sources(centre)))
    if report.standing.state == LogState.FROZEN:
        raise BadRequest(f"the ledger is frozen already: {report.standing.reason}")
    recovering = report.standing.state == LogState.RECOVERING
    if recovering and not lost:
        raise BadRequest(
            f"{report.standing.reason}: refill it first, or say --lost when nothing more can come back"
        )
    if report.standing.state == LogState.OPEN:
        await centre.checkpoints.now()
    await centre.writer.submit(lambda c: _freeze(c, centre, _reason(reason, report)))
    return await centre.reader.run(lambda c: report_of(c, _sources(centre)))


def _sources(centre: Centre) -> Sources:
    mirror = centre.settings.ledger_mirror_dir
    return Sources(log=centre.log, guarded=centre.checkpoints.guarded(), mirror=mirror, trust=centre.trust)


def _freeze(connection: Connection, centre: Centre, reason: str) -> None:
    at = centre.now()
    set_state(connection, centre.site, LogState.FROZEN, reason, at)
    raise_alarm(connection, centre.site, AlarmKind.FROZEN, centre.log.origin, reason, at)


def _reason(reason: str, report: Report) -> str:
    gaps = ", ".join(name_range(each) for each in report.missing)
    return f"{reason}; lost for good: {gaps}" if gaps else reason
