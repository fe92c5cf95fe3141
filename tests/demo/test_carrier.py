"""The played carrier: the same from the same seed, with faults in its news that a centre can meet."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from demo.carrier.faults import CallFault, Faults, NewsFault
from demo.carrier.news import deliveries
from demo.carrier.world import World
from inspection.errors import BadSignature, StaleWebhook
from inspection.messages.carrier import CarrierEvent
from inspection.messages.webhook import SignedBody, verify_webhook
from inspection.messages.webhook_keys import HmacKey
from inspection.parcels import Node, Sighting, standing_after

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
KEY = HmacKey(bytes(range(32)))


def played(seed: int, parcels: int = 200) -> World:
    world = World(seed=seed)
    for number in range(parcels):
        for step, node in enumerate(world.way(f"P-{number}")):
            world.move(f"P-{number}", node, NOW + timedelta(minutes=step))
    return world


def test_the_same_seed_plays_the_same() -> None:
    assert played(1).events == played(1).events
    assert played(1).events != played(2).events


def test_some_parcels_fail_at_first_some_are_lost_and_most_arrive() -> None:
    ends = [
        standing_after(Sighting(node=event.event, at=event.at) for event in events)
        for events in played(3, 500).events.values()
    ]
    arrived = sum(end is not None and end.node is Node.SIGNED_OFF for end in ends)
    nodes = {event.event for events in played(3, 500).events.values() for event in events}
    assert 480 <= arrived < 500
    assert nodes == set(Node) - {Node.BOOKED, Node.RETURNED_TO_SENDER}


def news(**rates: float) -> tuple[list[tuple[str, str]], list[CarrierEvent]]:
    """Each delivery with what a receiver says of it, and what is kept for later."""
    faults = Faults(random=Random(5), news_rates={NewsFault(name): rate for name, rate in rates.items()})
    told, late = deliveries(played(1, 3).unsent, faults, KEY, NOW)
    return [(each.event, judged(each.headers, each.body)) for each in told], late


def judged(headers: dict[str, str], body: bytes) -> str:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    id, timestamp, signatures = (headers[name] for name in names)
    signed = SignedBody(id=id, timestamp=timestamp, signatures=signatures, body=body)
    try:
        verify_webhook(signed, (KEY,), NOW.timestamp())
    except StaleWebhook:
        return "stale"
    except BadSignature:
        return "forged"
    return "good"


def test_without_faults_every_event_is_told_once_and_in_order() -> None:
    told, late = news()
    assert told == [(event.id, "good") for event in played(1, 3).unsent]
    assert late == []


@pytest.mark.parametrize(
    ("fault", "seen"),
    [("wrong_signature", {"forged", "good"}), ("clock_skew", {"stale", "good"}), ("doubled", {"good"})],
)
def test_a_spoilt_webhook_is_followed_by_a_good_one(fault: str, seen: set[str]) -> None:
    told, _ = news(**{fault: 1.0})
    events = played(1, 3).unsent
    assert len(told) == 2 * len(events)
    assert {verdict for _, verdict in told} == seen
    assert {event for event, verdict in told if verdict == "good"} == {event.id for event in events}


def test_news_come_late_and_in_another_order() -> None:
    told, late = news(late=0.5, reordered=1.0)
    events = [event.id for event in played(1, 3).unsent]
    assert sorted([event for event, _ in told] + [event.id for event in late]) == sorted(events)
    assert late
    assert [event for event, _ in told] != [event for event in events if event in dict(told)]


def test_faults_that_are_told_come_first_in_their_order() -> None:
    faults = Faults(random=Random(1), calls=[None, CallFault.DOWN], call_rates={CallFault.GARBLED: 1.0})
    assert [faults.next_call() for _ in range(3)] == [None, CallFault.DOWN, CallFault.GARBLED]
