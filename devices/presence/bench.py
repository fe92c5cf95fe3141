"""Which tag is on this bench now; pure, the time is passed in.

A tag whose place is another one is a neighbour's, and one that was read once is a ghost: both are shown and
never taken. Among the others one is alone where all are weaker by a margin.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from devices.presence.places import BENCH, Places
from devices.presence.rule import PresenceRule, lead
from devices.presence.sightings import Sighting, is_torn, sightings
from inspection.readings import TagRead


class PresenceState(StrEnum):
    """How many items lie on the bench."""

    NONE = "none"
    ONE = "one"
    SEVERAL = "several"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What lies on the bench now."""

    state: PresenceState
    epc: bytes | None
    """The one tag, where it is one."""
    items: tuple[Sighting, ...]
    """Items with enough reads, strongest first; a weak stray is among them."""
    strangers: tuple[Sighting, ...]
    """Tags that are no items; to be shown as hex."""
    neighbours: tuple[Sighting, ...] = ()
    """Tags at another place, or read by antennas of other places only."""
    ghosts: tuple[Sighting, ...] = ()
    """Read too seldom, or torn on the air."""


NOBODY = Presence(state=PresenceState.NONE, epc=None, items=(), strangers=())
EVERYWHERE_IS_THE_BENCH = Places()


def assess(
    reads: Iterable[TagRead],
    *,
    now: datetime,
    since: datetime | None = None,
    previous: bytes | None = None,
    expected: Collection[bytes] = (),
    rule: PresenceRule | None = None,
    places: Places = EVERYWHERE_IS_THE_BENCH,
    elsewhere: Collection[bytes] = (),
) -> Presence:
    """Say which tag is on the bench.

    `since` opens a trigger window: reads before it do not count, so a tag that never left the field
    between two items is not taken for the second. `previous` is the tag of the last answer, for the
    hysteresis. `expected` are EPCs of the worklist that are items even where they are no GS1 number.
    `elsewhere` are tags of which the tracker says that they are at another place than the bench.
    """
    rule = rule or PresenceRule()
    start = max(now - rule.window, since) if since else now - rule.window
    near = [read for read in reads if start <= read.seen_at <= now]
    whole = [read for read in near if not is_torn(read)]
    here = [read for read in whole if read.epc not in elsewhere and places.of(read) == BENCH]
    seen = sightings(here, expected)
    enough = [sighting for sighting in seen if sighting.reads >= rule.least_reads]
    items = sorted((s for s in enough if s.stranger is None), key=_firmly, reverse=True)
    alone = bool(items) and _is_alone(items, previous, now, rule)
    mine = {sighting.epc for sighting in seen}
    beside = sightings((read for read in whole if read.epc not in mine), expected)
    known = mine | {sighting.epc for sighting in beside}
    return Presence(
        state=_state(items, alone),
        epc=items[0].epc if alone else None,
        items=tuple(items),
        strangers=tuple(s for s in enough if s.stranger is not None),
        neighbours=tuple(s for s in beside if s.reads >= rule.least_reads),
        ghosts=(
            *(s for s in (*seen, *beside) if s.reads < rule.least_reads),
            *sightings(read for read in near if read.epc not in known),
        ),
    )


def _state(items: Sequence[Sighting], alone: bool) -> PresenceState:
    if not items:
        return PresenceState.NONE
    return PresenceState.ONE if alone else PresenceState.SEVERAL


def _firmly(sighting: Sighting) -> tuple[float, int, bytes]:
    """By signal where it is known, then by count; the EPC only makes the order firm."""
    signal = sighting.rssi_dbm if sighting.rssi_dbm is not None else float("-inf")
    return signal, sighting.reads, sighting.epc


def _is_alone(items: Sequence[Sighting], previous: bytes | None, now: datetime, rule: PresenceRule) -> bool:
    best, others = items[0], items[1:]
    margin = rule.stays_alone if best.epc == previous else rule.alone
    return all(lead(best.strength, other.strength, margin, now - other.last_seen_at) >= 0 for other in others)
