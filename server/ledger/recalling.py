"""What witnesses remember of this log: asked before anything new is signed.

Whoever restores the whole folder sets the guard file back with it. A witness still has what it cosigned,
and a checkpoint under the log's own key is proof of how far the log had come, whoever hands it over.
A witness that does not answer proves nothing either way: the centre starts without it.
"""

import asyncio
from urllib.parse import quote

from inspection.custody.checkpoint import read_checkpoint_text
from inspection.custody.note import read_note
from inspection.errors import BadMessage, NotTrusted
from link.errors import LinkError
from link.http import HttpConfig, HttpLink
from server.alarms import AlarmKind, raise_alarm
from server.centre import Centre
from server.ledger.standing import LogState

RECALL_S = 3.0
"""Longest wait at the start for a witness that hangs."""
LARGEST_ANSWER = 256 * 1024


async def recall(centre: Centre) -> None:
    """Ask every witness; where one proves that the log was longer, it is recovering from now on."""
    urls = [witness.url for witness in centre.trust.witnesses if witness.url]
    found = await asyncio.gather(*(remembered(centre, url) for url in urls))
    notes = [note for note in found if note is not None]
    for note in sorted(notes, key=_size):
        await believe(centre, note)


async def remembered(centre: Centre, url: str) -> bytes | None:
    """The newest checkpoint of this log that a witness cosigned; None where it has none to show.

    The place is our witness's own (`GET /<origin>/checkpoint`): c2sp.org/tlog-witness leaves it open.
    """
    config = HttpConfig(base_url=url, timeout_s=RECALL_S, attempts=1, largest_answer=LARGEST_ANSWER)
    try:
        async with HttpLink(config) as link:
            answer = await link.get(f"/{quote(centre.log.origin, safe='')}/checkpoint")
        return answer.content if _origin(answer.content) == centre.log.origin else None
    except (LinkError, BadMessage) as error:
        centre.logger.info("recall", url=url, reason=str(error))
        return None


async def believe(centre: Centre, note: bytes) -> None:
    """Hold the ledger against a checkpoint that came from outside; one that we did not sign is nothing."""
    try:
        standing = await centre.checkpoints.hold_against(note)
    except NotTrusted as error:
        centre.logger.warning("recall", reason=str(error))
        return
    if standing.state == LogState.RECOVERING:
        kind, subject, at = AlarmKind.RECOVERING, centre.log.origin, centre.now()
        await centre.writer.submit(lambda c: raise_alarm(c, centre.site, kind, subject, standing.reason, at))


def _origin(note: bytes) -> str:
    return read_checkpoint_text(read_note(note).text).origin


def _size(note: bytes) -> int:
    return read_checkpoint_text(read_note(note).text).size
