"""Counters: what was left out is named, whatever the order in which the rest came."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from inspection.custody.counters import CounterWalk, Gap, Late, Overlap

KEY, BOOT, NEXT = "k1", "b1", "b2"


def walk(records: Iterable[tuple[str, int]]) -> tuple[list[Gap], list[Overlap | Late]]:
    """Feed (boot, counter) pairs of one key, the index is the place in the list."""
    walked = CounterWalk()
    odd = [
        found
        for index, (boot, counter) in enumerate(records)
        for found in walked.feed(KEY, boot, counter, index)
    ]
    return list(walked.gaps()), odd


def test_counters_without_a_gap_say_nothing() -> None:
    assert walk([(BOOT, 1), (BOOT, 2), (NEXT, 1), (NEXT, 2)]) == ([], [])


def test_a_counter_left_out_is_named_with_its_neighbours() -> None:
    gaps, odd = walk([(BOOT, 1), (BOOT, 5)])
    assert gaps == [Gap(key=KEY, boot=BOOT, first=2, last=4, before=0, after=1)]
    assert (gaps[0].count, odd) == (3, [])


def test_a_start_whose_first_records_are_missing_has_no_neighbour_before() -> None:
    assert walk([(BOOT, 3)])[0] == [Gap(key=KEY, boot=BOOT, first=1, last=2, before=None, after=0)]


def test_what_follows_the_last_record_of_a_start_is_not_seen_to_be_missing() -> None:
    assert walk([(BOOT, 1), (NEXT, 1)]) == ([], [])


def test_an_older_start_that_speaks_after_a_newer_one_is_an_overlap() -> None:
    _, odd = walk([(BOOT, 1), (NEXT, 1), (BOOT, 2)])
    assert odd == [Overlap(key=KEY, older=BOOT, newer=NEXT, counter=2, index=2)]


def test_a_counter_that_waited_closes_its_part_of_the_gap() -> None:
    gaps, odd = walk([(BOOT, 1), (BOOT, 5), (BOOT, 3)])
    assert [(gap.first, gap.last, gap.before, gap.after) for gap in gaps] == [(2, 2, 0, 2), (4, 4, 2, 1)]
    assert odd == [Late(key=KEY, boot=BOOT, counter=3, index=2, repeated=False)]


def test_a_counter_that_waited_until_the_next_start_is_no_overlap() -> None:
    gaps, odd = walk([(BOOT, 2), (NEXT, 1), (BOOT, 1), (NEXT, 2)])
    assert (gaps, odd) == ([], [Late(key=KEY, boot=BOOT, counter=1, index=2, repeated=False)])


def test_an_older_start_that_repeats_itself_is_an_overlap_too() -> None:
    _, odd = walk([(BOOT, 1), (NEXT, 1), (BOOT, 1)])
    assert [type(each) for each in odd] == [Overlap, Late]


def test_a_counter_that_stands_twice_is_said_to_be_repeated() -> None:
    _, odd = walk([(BOOT, 1), (BOOT, 1)])
    assert odd == [Late(key=KEY, boot=BOOT, counter=1, index=1, repeated=True)]


def test_starts_of_two_keys_do_not_disturb_each_other() -> None:
    walked = CounterWalk()
    assert not walked.feed("k1", BOOT, 1, 0) + walked.feed("k2", BOOT, 1, 1) + walked.feed("k1", BOOT, 2, 2)
    assert not list(walked.gaps())


@given(st.permutations(range(1, 13)), st.sets(st.integers(1, 12)))
def test_in_whatever_order_they_come_exactly_those_below_the_highest_are_missing(
    order: list[int], left_out: set[int]
) -> None:
    came = [counter for counter in order if counter not in left_out]
    gaps, odd = walk((BOOT, counter) for counter in came)
    missing = {counter for gap in gaps for counter in range(gap.first, gap.last + 1)}
    assert missing == {counter for counter in left_out if counter < max(came, default=0)}
    assert not any(isinstance(each, Late) and each.repeated for each in odd)
