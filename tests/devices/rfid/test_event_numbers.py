from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from devices.rfid.event_numbers import MOST_REMEMBERED, EventNumbers, Verdict


def take(numbers: EventNumbers, given: Iterable[int], boot: str = "a") -> list[Verdict]:
    return [numbers.take(number, f"{boot}{number}") for number in given]


def test_a_gap_is_told_once() -> None:
    assert [v.lost for v in take(EventNumbers(), (50, 51, 55, 56))] == [0, 0, 3, 0]


def test_an_event_that_is_sent_again_is_known() -> None:
    assert [v.twice for v in take(EventNumbers(), (1, 2, 2, 1, 3))] == [False, False, True, True, False]


def test_events_out_of_order_are_all_taken() -> None:
    verdicts = take(EventNumbers(), (1, 4, 2, 3, 5))
    assert [v.lost for v in verdicts] == [0, 2, 0, 0, 0]
    assert not any(v.twice or v.restarted for v in verdicts)


def test_a_reader_that_was_switched_off_counts_again_and_none_of_its_reads_is_dropped() -> None:
    numbers = EventNumbers()
    take(numbers, range(1, 30))
    again = take(numbers, range(1, 40), boot="b")
    assert not any(verdict.twice or verdict.lost for verdict in again)
    assert [verdict.restarted for verdict in again].count(True) == 1


def test_a_reader_that_begins_below_what_was_ever_seen_has_restarted() -> None:
    numbers = EventNumbers()
    take(numbers, (5000, 5001))
    assert take(numbers, (1,), boot="b") == [Verdict(restarted=True)]


@given(st.lists(st.integers(min_value=0, max_value=2**53), max_size=60))
def test_any_numbers_leave_a_bounded_memory(given: list[int]) -> None:
    numbers = EventNumbers()
    take(numbers, given)
    assert len(numbers._seen) <= MOST_REMEMBERED
    assert len(numbers._missing) <= MOST_REMEMBERED
