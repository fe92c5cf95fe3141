from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.presence.bench import Presence, PresenceState, assess
from devices.presence.places import Places
from devices.presence.sightings import ReadRing, is_torn
from inspection.identity.epc import sgtin96_for
from inspection.readings import TagRead

ITEM = sgtin96_for("80614141123458", 1).encode()
OTHER = sgtin96_for("80614141123458", 2).encode()
CHIP = bytes.fromhex("e28011606000020a6681f23f")
BLANK = bytes(12)
NOW = datetime.fromisoformat("2026-01-31T08:00:00+00:00")


def seen(epc: bytes, *ages_s: float, rssi: float | None = None) -> list[TagRead]:
    return [
        TagRead(epc=epc, reader="gate", antenna=None, rssi_dbm=rssi, seen_at=NOW - timedelta(seconds=age))
        for age in ages_s
    ]


def judged(*groups: list[TagRead], previous: bytes | None = None, since_s: float | None = None) -> Presence:
    reads = [read for group in groups for read in group]
    since = NOW - timedelta(seconds=since_s) if since_s is not None else None
    return assess(reads, now=NOW, previous=previous, since=since)


def test_nothing_lies_on_an_empty_bench() -> None:
    assert judged().state is PresenceState.NONE


def test_one_read_may_be_a_phantom_and_two_are_a_tag() -> None:
    assert judged(seen(ITEM, 0.1)).state is PresenceState.NONE
    presence = judged(seen(ITEM, 0.3, 0.1))
    assert (presence.state, presence.epc) == (PresenceState.ONE, ITEM)
    assert presence.items[0].reads == 2


def test_old_reads_do_not_count() -> None:
    assert judged(seen(ITEM, 2.5, 2.4, 0.1)).state is PresenceState.NONE


def test_reads_before_the_trigger_do_not_count() -> None:
    assert judged(seen(ITEM, 0.9, 0.8, 0.1), since_s=0.5).state is PresenceState.NONE
    assert judged(seen(ITEM, 0.4, 0.1), since_s=0.5).epc == ITEM


def test_two_tags_of_equal_strength_are_ambiguous() -> None:
    presence = judged(seen(ITEM, 0.2, 0.1, rssi=-45), seen(OTHER, 0.2, 0.1, rssi=-47))
    assert (presence.state, presence.epc) == (PresenceState.SEVERAL, None)
    assert [sighting.epc for sighting in presence.items] == [ITEM, OTHER]


def test_a_neighbours_weak_tag_does_not_count() -> None:
    presence = judged(seen(ITEM, 0.2, 0.1, rssi=-45), seen(OTHER, 0.2, 0.1, rssi=-70))
    assert presence.epc == ITEM
    assert len(presence.items) == 2


def test_the_answer_does_not_flap_between_the_two_margins() -> None:
    reads = seen(ITEM, 0.2, 0.1, rssi=-45), seen(OTHER, 0.2, 0.1, rssi=-53)
    assert judged(*reads).state is PresenceState.SEVERAL
    assert judged(*reads, previous=ITEM).epc == ITEM
    assert judged(*reads, previous=OTHER).state is PresenceState.SEVERAL


def test_a_tag_that_was_taken_away_fades() -> None:
    gone = seen(OTHER, 1.8, 1.75, rssi=-46)
    assert judged(seen(ITEM, 0.2, 0.1, rssi=-45), gone).epc == ITEM


def test_without_signal_the_counts_decide() -> None:
    steady = seen(ITEM, *(number / 10 for number in range(12)))
    assert judged(steady, seen(OTHER, 0.9, 0.3)).epc == ITEM
    assert judged(steady, seen(OTHER, 0.9, 0.7, 0.5, 0.3)).state is PresenceState.SEVERAL
    assert judged(steady, seen(OTHER, 0.9, 0.7, 0.5, 0.3), previous=ITEM).epc == ITEM


def test_strangers_are_shown_and_never_taken_for_the_item() -> None:
    presence = judged(seen(CHIP, 0.2, 0.1), seen(BLANK, 0.2, 0.1))
    assert presence.state is PresenceState.NONE
    assert {s.stranger.code for s in presence.strangers if s.stranger} == {"not_an_item"}
    assert any(s.stranger and CHIP.hex() in s.stranger.sentence for s in presence.strangers)
    assert judged(seen(CHIP, 0.2, 0.1), seen(ITEM, 0.2, 0.1)).epc == ITEM


def test_a_tag_of_the_worklist_is_an_item_whatever_it_says() -> None:
    presence = assess(seen(CHIP, 0.2, 0.1), now=NOW, expected={CHIP})
    assert presence.epc == CHIP


def test_a_parcels_tag_is_no_item() -> None:
    sscc = bytes.fromhex("3174257bf4499602d2000000")
    [stranger] = judged(seen(sscc, 0.2, 0.1)).strangers
    assert stranger.stranger and "no trade item" in stranger.stranger.sentence


def test_five_hundred_reads_are_one_line() -> None:
    presence = judged(seen(ITEM, *(number / 1000 for number in range(500)), rssi=-45.0))
    [line] = presence.items
    assert (line.reads, line.rssi_dbm) == (500, -45.0)
    assert line.last_seen_at - line.first_seen_at == timedelta(seconds=0.499)


SHELF = Places({("gate", 2): "shelf"})


def read_at(antenna: int, epc: bytes, *ages_s: float, rssi: float | None = -45.0) -> list[TagRead]:
    return [replace(read, antenna=antenna) for read in seen(epc, *ages_s, rssi=rssi)]


def test_a_neighbours_tag_is_shown_and_never_taken() -> None:
    reads = [*read_at(1, ITEM, 0.2, 0.1), *read_at(2, OTHER, 0.2, 0.1)]
    presence = assess(reads, now=NOW, places=SHELF)
    assert (presence.epc, [each.epc for each in presence.neighbours]) == (ITEM, [OTHER])
    alone = assess(read_at(2, OTHER, 0.2, 0.1), now=NOW, places=SHELF)
    assert (alone.state, len(alone.neighbours)) == (PresenceState.NONE, 1)


def test_the_reads_of_another_places_antenna_say_nothing_of_the_bench() -> None:
    reads = [*read_at(1, ITEM, 0.2, 0.1, rssi=-45.0), *read_at(2, ITEM, 0.15, rssi=-20.0)]
    [item] = assess(reads, now=NOW, places=SHELF).items
    assert (item.reads, item.rssi_dbm) == (2, -45.0)


def test_a_tag_whose_place_is_another_one_is_no_item_though_the_bench_reads_it() -> None:
    presence = assess(read_at(1, ITEM, 0.2, 0.1), now=NOW, places=SHELF, elsewhere={ITEM})
    assert (presence.state, [each.epc for each in presence.neighbours]) == (PresenceState.NONE, [ITEM])


def test_ghosts_are_shown_and_never_taken() -> None:
    torn = [replace(read, pc=0x2000) for read in seen(OTHER, 0.3, 0.2, 0.1)]  # 4 words, and there are 6
    presence = judged(seen(ITEM, 0.1), torn)
    assert (presence.state, presence.epc) == (PresenceState.NONE, None)
    assert {ghost.epc for ghost in presence.ghosts} == {ITEM, OTHER}


def test_a_torn_ghost_does_not_hide_the_tag_beside_it() -> None:
    torn = [replace(read, pc=0x2000) for read in seen(OTHER, 0.3, 0.2, 0.1, rssi=-30.0)]
    assert judged(torn, seen(ITEM, 0.2, 0.1, rssi=-50.0)).epc == ITEM


@pytest.mark.parametrize(("pc", "torn"), [(0x3000, False), (0x3400, False), (0x3A00, False), (0x1800, True)])
def test_the_length_in_the_pc_tells_a_torn_read(pc: int, torn: bool) -> None:
    [read] = seen(ITEM, 0.1)
    assert is_torn(replace(read, pc=pc)) is torn
    assert not is_torn(read)


def test_the_ring_is_bounded_and_can_be_emptied() -> None:
    ring = ReadRing(limit=3)
    for read in seen(ITEM, 5, 4, 3, 2, 1):
        ring.add(read)
    assert [(NOW - read.seen_at).seconds for read in ring.recent()] == [3, 2, 1]
    ring.clear()
    assert ring.recent() == ()


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ITEM, OTHER, CHIP, BLANK]), st.floats(0, 3), st.none() | st.floats(-90, -20)
        )
    )
)
def test_whatever_was_read_one_means_exactly_one_item(reads: list[tuple[bytes, float, float | None]]) -> None:
    presence = judged(*(seen(epc, age, rssi=rssi) for epc, age, rssi in reads))
    assert (presence.epc is not None) == (presence.state is PresenceState.ONE)
    assert presence.epc in (None, ITEM, OTHER)
    assert bool(presence.items) == (presence.state is not PresenceState.NONE)
    assert all(sighting.reads >= 2 for sighting in (*presence.items, *presence.strangers))
