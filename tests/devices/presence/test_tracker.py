"""Where each tag is: the EdgeX rule, with the waiting time of a bench."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.presence.places import Places
from devices.presence.rule import Margin, Strength, lead
from devices.presence.tracker import FORGET_AFTER, TagState, Tracker
from devices.rfid.lateness import Lateness
from inspection.identity.epc import sgtin96_for
from inspection.readings import TagRead

TAG = sgtin96_for("80614141123458", 1).encode()
NOW = datetime.fromisoformat("2026-01-31T08:00:00+00:00")
PLACES = Places({("gate", 1): "bench", ("gate", 2): "bench", ("gate", 3): "shelf", ("door", None): "door"})


def at(second: float) -> datetime:
    return NOW + timedelta(seconds=second)


def read(
    second: float, antenna: int | None, rssi: float | None, epc: bytes = TAG, *, reader: str = "gate"
) -> TagRead:
    return TagRead(epc=epc, reader=reader, antenna=antenna, rssi_dbm=rssi, seen_at=at(second))


def events(tracker: Tracker, reads: Iterable[TagRead]) -> list[tuple[str, str, float]]:
    """What they did, where, and at which second."""
    return [
        (event.what.value, event.place, (event.at - NOW).total_seconds())
        for each in reads
        for event in tracker.add(each)
    ]


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(PLACES)


@pytest.fixture
def on_bench(tracker: Tracker) -> Tracker:
    """A tag that the bench has read well for a second."""
    assert events(tracker, (read(n / 10, 1, -45.0) for n in range(11))) == [("arrive", "bench", 0.1)]
    return tracker


def test_a_tag_arrives_with_its_second_read(tracker: Tracker) -> None:
    assert events(tracker, [read(0, 1, -45.0)]) == []
    assert tracker.state_of(TAG) is TagState.UNKNOWN
    assert events(tracker, [read(0.5, 1, -45.0)]) == [("arrive", "bench", 0.5)]
    assert (tracker.state_of(TAG), tracker.place_of(TAG)) == (TagState.PRESENT, "bench")


def test_two_reads_that_lie_far_apart_are_two_phantoms(tracker: Tracker) -> None:
    assert events(tracker, [read(0, 1, -45.0), read(2.5, 1, -45.0)]) == []


def test_one_read_at_each_of_two_places_is_no_arrival(tracker: Tracker) -> None:
    assert events(tracker, [read(0, 1, -45.0), read(0.1, 3, -45.0)]) == []


def test_a_torn_read_counts_nowhere(tracker: Tracker) -> None:
    torn = TagRead(epc=TAG, reader="gate", antenna=1, rssi_dbm=-30.0, seen_at=NOW, pc=0x1000)
    assert events(tracker, [torn] * 5) == []
    assert (tracker.ghosts, tracker.state_of(TAG)) == (5, TagState.UNKNOWN)


def test_five_hundred_reads_are_one_arrival_and_one_departure(tracker: Tracker) -> None:
    assert events(tracker, (read(n / 100, 1, -45.0) for n in range(500))) == [("arrive", "bench", 0.01)]
    [gone] = tracker.pass_time(at(60))
    assert (gone.what.value, gone.place, gone.at) == ("depart", "bench", at(4.99 + 2))


def test_antennas_of_one_place_are_one(on_bench: Tracker) -> None:
    assert events(on_bench, (read(1 + n / 10, 2, -20.0) for n in range(50))) == []


def test_a_weak_neighbour_does_not_take_the_tag(on_bench: Tracker) -> None:
    shared = [read(1 + n / 20, 1 if n % 2 else 3, -45.0 if n % 2 else -70.0) for n in range(200)]
    assert events(on_bench, shared) == []
    assert on_bench.place_of(TAG) == "bench"


def test_a_tag_moves_only_beyond_six_decibels(on_bench: Tracker) -> None:
    on_bench.add(read(1.2, 1, -45.0))
    assert events(on_bench, [read(1.21, 3, -39.0), read(1.22, 3, -39.0)]) == []
    assert events(on_bench, [read(1.23, 3, -38.0)]) == [("move", "shelf", 1.23)]


def test_a_move_needs_two_reads(on_bench: Tracker) -> None:
    assert events(on_bench, [read(1.1, 3, -20.0)]) == []
    assert events(on_bench, [read(1.2, 3, -20.0)]) == [("move", "shelf", 1.2)]


def test_the_hysteresis_fades_with_the_silence_of_the_old_place(on_bench: Tracker) -> None:
    """-70 against -45 dBm: 6 - 8 * (age - 0.5) is below -25 after 4.375 s of silence."""
    moved = events(on_bench, (read(1 + n / 10, 3, -70.0) for n in range(1, 60)))
    assert moved == [("move", "shelf", 5.4)]


def test_equal_signals_do_not_flap(tracker: Tracker) -> None:
    flip = [read(n / 20, 1 if n % 2 else 3, -50.0 + (n % 7 - 3)) for n in range(600)]
    assert [what for what, _, _ in events(tracker, flip)] == ["arrive"]


@pytest.mark.parametrize(
    ("age_s", "needed_db"), [(0.0, 6.0), (0.5, 6.0), (1.0, 2.0), (1.25, 0.0), (2.5, -10.0)]
)
def test_the_margin_is_the_one_of_edgex(age_s: float, needed_db: float) -> None:
    """min(6 dB, 6 dB - 0.008 dB/ms * (age - 500 ms))."""
    new, old = Strength(reads=2, rssi_dbm=-50.0 + needed_db), Strength(reads=9, rssi_dbm=-50.0)
    ahead = lead(new, old, Margin(db=6.0, ratio=4.0), timedelta(seconds=age_s))
    assert ahead == pytest.approx(0.0)
    assert min(6.0, 6.0 - 0.008 * (age_s * 1000 - 500)) == pytest.approx(needed_db)


def test_without_signals_the_reads_decide(tracker: Tracker) -> None:
    tracker = Tracker(PLACES)
    assert events(tracker, (read(n / 5, 1, None) for n in range(5))) == [("arrive", "bench", 0.2)]
    assert events(tracker, (read(0.85 + n / 100, 3, None) for n in range(20))) == []
    assert events(tracker, [read(1.06, 3, None)]) == [("move", "shelf", 1.06)]


def test_a_place_that_is_silent_for_a_window_holds_no_tag_without_signals(tracker: Tracker) -> None:
    events(tracker, (read(n / 5, 1, None) for n in range(5)))
    found = events(tracker, (read(1 + n, None, None, reader="door") for n in range(4)))
    assert found == [("move", "door", 3.0)]


def test_a_tag_departs_once_no_antenna_reads_it(on_bench: Tracker) -> None:
    assert on_bench.pass_time(at(3.0)) == ()
    [gone] = on_bench.pass_time(at(3.1))
    assert (gone.what.value, gone.at, on_bench.state_of(TAG)) == ("depart", at(3.0), TagState.DEPARTED)
    assert on_bench.pass_time(at(4)) == ()
    assert events(on_bench, [read(5, 3, -60.0), read(5.1, 3, -60.0)]) == [("arrive", "shelf", 5.1)]


def test_a_single_read_after_its_departure_brings_no_tag_back(on_bench: Tracker) -> None:
    on_bench.pass_time(at(4))
    assert events(on_bench, [read(5, 1, -45.0)]) == []
    assert on_bench.pass_time(at(9)) == ()
    assert on_bench.state_of(TAG) is TagState.DEPARTED


def test_a_departed_tag_is_forgotten_after_a_while(on_bench: Tracker) -> None:
    on_bench.pass_time(at(4))
    on_bench.pass_time(at(1) + FORGET_AFTER + timedelta(seconds=1))
    assert on_bench.state_of(TAG) is TagState.UNKNOWN


def test_a_crowd_is_followed_up_to_a_bound_and_whoever_gives_way_has_departed() -> None:
    tracker = Tracker(PLACES, most_tags=10)
    many = [read(n / 100, 1, -45.0, bytes([n // 2]) * 12) for n in range(200)]
    done = [what for what, _, _ in events(tracker, many)]
    assert (done.count("arrive"), done.count("depart"), tracker.crowded_out) == (100, 90, 90)


def test_a_clock_that_was_set_back_keeps_no_tag_for_ever(on_bench: Tracker) -> None:
    hour_ago = at(-3600)
    assert on_bench.pass_time(hour_ago) == ()
    [gone] = on_bench.pass_time(hour_ago + timedelta(seconds=3))
    assert gone.what.value == "depart"


@pytest.mark.parametrize("offset_s", [-1_767_000_000, 7200], ids=["1970", "two hours ahead"])
def test_a_readers_wrong_clock_changes_nothing(tracker: Tracker, offset_s: float) -> None:
    """Its reads come in reports, 0.4 s late at most; they count at the moments when they were made."""
    clock, found = Lateness(), []
    for second in range(4):
        for made in (second - 0.4, second - 0.2, second - 0.0):
            said = at(made + offset_s)
            seen_at = clock.seen_at(received_at=at(second), reader_time=said)
            assert seen_at is not None
            found += events(tracker, [read((seen_at - NOW).total_seconds(), 1, -45.0)])
    assert [what for what, _, _ in found] == ["arrive"]
    assert tracker.state_of(TAG) is TagState.PRESENT


@given(
    st.lists(
        st.tuples(
            st.floats(0, 0.5),
            st.sampled_from([None, 1, 2, 3]),
            st.none() | st.floats(-90, -20),
            st.integers(0, 3),
        )
    )
)
def test_whatever_was_read_the_events_of_each_tag_make_sense(
    steps: Sequence[tuple[float, int | None, float | None, int]],
) -> None:
    tracker, second, where = Tracker(PLACES, most_tags=3), 0.0, dict[bytes, str]()
    for step, antenna, rssi, tag in steps:
        second += step
        each = read(second, antenna, rssi, bytes([tag]) * 12)
        for event in (*tracker.pass_time(each.seen_at), *tracker.add(each)):
            match event.what.value:
                case "arrive":
                    assert event.epc not in where
                    where[event.epc] = event.place
                case "move":
                    assert where[event.epc] != event.place
                    where[event.epc] = event.place
                case "depart":
                    assert where.pop(event.epc) == event.place
        assert {epc: tracker.place_of(epc) for epc in where} == where
