"""What the centre hears of a station beside records: birth, health, what tags did, death.

A message is known by its station, boot and seq: one that comes twice, or behind a newer one of its kind,
changes nothing. Two that differ under the same number, or an older start that still speaks, are two copies of
a station.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Connection

from inspection.messages.base import read_time, time_text
from inspection.messages.station import Birth, Death, Health, Presence, PresenceEvent
from server.alarms import AlarmKind, raise_alarm
from server.stations import presence, repository
from server.stations.schemas import PresencePage, ShownEvent, ShownEvents

SHOWN_OF_EPC = 6
"""Characters of an EPC that are kept, enough to compare with the bench: a whole one leads to a customer."""
BATCHES_KEPT = 128
"""Of one station."""
KEPT = timedelta(days=1)


def hear_birth(connection: Connection, site: str, birth: Birth, at: str) -> bool:
    """Keep the newest birth of a station; False for one that is no news."""
    if not _speaks(connection, site, birth.node, birth.boot, at):
        return False
    known = repository.said_of(connection, site, birth.node).birth
    if not _is_newer(connection, site, birth, Birth.read(known) if known else None, at):
        return False
    repository.set_birth(connection, site, birth.node, birth.to_json())
    presence.forget(connection, site, time_text(read_time(at) - KEPT))
    return True


def hear_health(connection: Connection, site: str, health: Health, at: str) -> bool:
    """Keep the newest health of a station; False for one that is no news."""
    if not _speaks(connection, site, health.station, health.boot, at):
        return False
    known = repository.said_of(connection, site, health.station).health
    if not _is_newer(connection, site, health, Health.read(known) if known else None, at):
        return False
    repository.set_health(connection, site, health.station, health.to_json(), at)
    return True


def hear_death(connection: Connection, site: str, death: Death, at: str) -> bool:
    """Note that a start has ended in order; False where it has said so before, or another one runs."""
    if not _speaks(connection, site, death.node, death.boot, at):
        return False
    repository.set_stopped(connection, site, death.node, death.boot, at)
    return True


def hear_presence(connection: Connection, site: str, batch: Presence, at: str) -> bool:
    """Keep a batch of events in the station's ring; False for one that was kept before or is too old."""
    if not _speaks(connection, site, batch.node, batch.boot, at):
        return False
    events = ShownEvents(events=tuple(_shown(event) for event in batch.events)).to_json()
    digest = hashlib.sha256(events).digest()  # of what is kept: a digest of whole EPCs could be guessed back
    known = presence.batch_digest(connection, site, batch)
    if known is not None:
        if known != digest:
            _two_of_one_number(connection, site, batch.node, batch.boot, batch.seq, at)
        return False
    if presence.is_behind(connection, site, batch, BATCHES_KEPT):
        return False
    presence.add_batch(connection, site, batch, digest, events, at)
    presence.trim(connection, site, batch.node, BATCHES_KEPT, time_text(read_time(at) - KEPT))
    return True


def presence_page(connection: Connection, site: str, station: str, most: int, now: datetime) -> PresencePage:
    """What tags did at a station lately, the newest first."""
    kept = min(most, BATCHES_KEPT)  # a batch holds an event or more
    rows = presence.newest_batches(connection, site, station, kept, time_text(now - KEPT))
    events: list[ShownEvent] = []
    for row in rows:
        events += reversed(ShownEvents.read(row.events).events)
        if len(events) >= most:
            break
    return PresencePage(station=station, events=tuple(events[:most]), dropped=rows[0].dropped if rows else 0)


def _speaks(connection: Connection, site: str, station: str, boot: str, at: str) -> bool:
    """Whether this is the newest start of a station, and has not said that it ends."""
    if not repository.note_start(connection, site, station, boot, at):
        _older_start(connection, site, station, boot, at)
        return False
    stopped = repository.said_of(connection, site, station).stopped_boot
    if stopped is not None and stopped != boot:
        repository.set_stopped(connection, site, station, None, None)
    return stopped != boot


def _is_newer(
    connection: Connection, site: str, said: Birth | Health, known: Birth | Health | None, at: str
) -> bool:
    if known is None or known.boot != said.boot or known.seq < said.seq:
        return True
    if known.seq == said.seq and known != said:
        station = said.node if isinstance(said, Birth) else said.station
        _two_of_one_number(connection, site, station, said.boot, said.seq, at)
    return False


def _older_start(connection: Connection, site: str, station: str, boot: str, at: str) -> None:
    detail = f"start {boot} speaks after a newer one: two copies of the station?"
    raise_alarm(connection, site, AlarmKind.CLONE, station, detail, at)


def _two_of_one_number(connection: Connection, site: str, station: str, boot: str, seq: int, at: str) -> None:
    detail = f"start {boot} says two things under number {seq}: two copies of the station?"
    raise_alarm(connection, site, AlarmKind.CLONE, station, detail, at)


def _shown(event: PresenceEvent) -> ShownEvent:
    return ShownEvent(what=event.what, tag=event.epc_hex[-SHOWN_OF_EPC:], place=event.place, at=event.at)
