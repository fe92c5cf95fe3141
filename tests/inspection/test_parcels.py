"""A parcel only moves on, whatever a carrier tells late, twice or in another order."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.parcels import DONE, MOVES, ROUNDS, Node, Sighting, advance, standing_after

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
RANK = {node: rank for rank, node in enumerate(Node)} | {Node.DELIVERY_FAILED: 3}
SIGHTINGS = st.builds(
    Sighting, node=st.sampled_from(Node), at=st.integers(0, 20).map(lambda m: START + timedelta(minutes=m))
)


def seen(node: Node, minute: int = 0) -> Sighting:
    return Sighting(node=node, at=START + timedelta(minutes=minute))


def test_every_node_has_its_row_and_no_row_names_itself() -> None:
    assert set(MOVES) == set(Node)
    assert [node for node, others in MOVES.items() if node in others] == []


def test_every_move_goes_on_and_only_the_two_at_the_door_take_turns() -> None:
    back = {(node, other) for node, others in MOVES.items() for other in others if RANK[other] <= RANK[node]}
    assert back == {
        (Node.OUT_FOR_DELIVERY, Node.DELIVERY_FAILED),
        (Node.DELIVERY_FAILED, Node.OUT_FOR_DELIVERY),
    }
    assert {node for pair in back for node in pair} == ROUNDS


def test_what_was_signed_for_stays_here_and_can_come_from_everywhere() -> None:
    assert MOVES[Node.SIGNED_OFF] == frozenset()
    assert all(Node.SIGNED_OFF in MOVES[node] for node in set(Node) - {Node.SIGNED_OFF})
    assert Node.SIGNED_OFF in DONE


@given(st.lists(SIGHTINGS, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_in_which_events_come_changes_nothing(events: list[Sighting], chance: Random) -> None:
    shuffled = list(events)
    chance.shuffle(shuffled)
    assert standing_after(shuffled) == standing_after(events)


@given(st.lists(SIGHTINGS, max_size=12))
def test_no_event_moves_a_parcel_back(events: list[Sighting]) -> None:
    standing: Sighting | None = None
    for event in events:
        before, standing = standing, advance(standing, event)
        assert before is None or RANK[standing.node] >= RANK[before.node]


@given(st.lists(SIGHTINGS, min_size=1, max_size=8))
def test_an_event_told_twice_is_one(events: list[Sighting]) -> None:
    assert standing_after(events + events) == standing_after(events)


@pytest.mark.parametrize(
    ("told", "stands"),
    [
        ((seen(Node.SIGNED_OFF, 9), seen(Node.IN_TRANSIT, 3)), Node.SIGNED_OFF),
        ((seen(Node.OUT_FOR_DELIVERY, 3), seen(Node.DELIVERY_FAILED, 4)), Node.DELIVERY_FAILED),
        ((seen(Node.DELIVERY_FAILED, 4), seen(Node.OUT_FOR_DELIVERY, 3)), Node.DELIVERY_FAILED),
        ((seen(Node.DELIVERY_FAILED, 4), seen(Node.OUT_FOR_DELIVERY, 8)), Node.OUT_FOR_DELIVERY),
        ((seen(Node.LOST, 4), seen(Node.SIGNED_OFF, 9)), Node.SIGNED_OFF),
        ((seen(Node.SIGNED_OFF, 2), seen(Node.RETURNED_TO_SENDER, 9)), Node.SIGNED_OFF),
    ],
)
def test_where_a_parcel_stands(told: tuple[Sighting, ...], stands: Node) -> None:
    standing = standing_after(told)
    assert standing is not None
    assert standing.node is stands


def test_nothing_told_is_nowhere() -> None:
    assert standing_after(()) is None
