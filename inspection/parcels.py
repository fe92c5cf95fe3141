"""The way of a parcel back to the warehouse: its nodes, and the one table of how it moves along them.

Carriers tell late, twice and in any order. Whatever they tell is kept; where the parcel stands only ever
moves on, so the order in which it is told changes nothing in the end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Node(StrEnum):
    """What a carrier says of a parcel."""

    BOOKED = "booked"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERY_FAILED = "delivery_failed"
    LOST = "lost"
    RETURNED_TO_SENDER = "returned_to_sender"
    SIGNED_OFF = "signed_off"
    """The warehouse signed for it: the clock of its units starts."""


_ARRIVED = frozenset({Node.SIGNED_OFF})
_ENDED = _ARRIVED | {Node.RETURNED_TO_SENDER}
_AT_THE_DOOR = _ENDED | {Node.LOST}
_ON_THE_WAY = _AT_THE_DOOR | {Node.OUT_FOR_DELIVERY, Node.DELIVERY_FAILED}

MOVES: Mapping[Node, frozenset[Node]] = {
    Node.BOOKED: _ON_THE_WAY | {Node.PICKED_UP, Node.IN_TRANSIT},
    Node.PICKED_UP: _ON_THE_WAY | {Node.IN_TRANSIT},
    Node.IN_TRANSIT: _ON_THE_WAY,
    Node.OUT_FOR_DELIVERY: _AT_THE_DOOR | {Node.DELIVERY_FAILED},
    Node.DELIVERY_FAILED: _AT_THE_DOOR | {Node.OUT_FOR_DELIVERY},
    Node.LOST: _ENDED,
    Node.RETURNED_TO_SENDER: _ARRIVED,  # whatever was said before: what was signed for is here
    Node.SIGNED_OFF: frozenset(),
}
"""Where a parcel may go from each node; a node that is not named leaves it where it is."""

ROUNDS = frozenset({Node.OUT_FOR_DELIVERY, Node.DELIVERY_FAILED})
"""They take turns, so of these two the one that happened later holds."""

DONE = frozenset({Node.SIGNED_OFF, Node.RETURNED_TO_SENDER})
"""Nothing more is expected: the carrier is not asked any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One event of a parcel, by the carrier's clock."""

    node: Node
    at: datetime


def advance(standing: Sighting | None, seen: Sighting) -> Sighting:
    """Where the parcel stands after one more event; never further back than before."""
    if standing is None or standing == seen:
        return seen
    if seen.node == standing.node:
        return max(standing, seen, key=lambda each: each.at)
    if seen.node not in MOVES[standing.node]:
        return standing
    if standing.node in ROUNDS and seen.node in ROUNDS:
        return max(standing, seen, key=lambda each: (each.at, each.node))
    return seen


def standing_after(events: Iterable[Sighting]) -> Sighting | None:
    """Where a parcel stands after all of these, in whatever order they came; None after none."""
    standing: Sighting | None = None
    for seen in events:
        standing = advance(standing, seen)
    return standing
