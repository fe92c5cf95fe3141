"""No item and no day stands on both sides of a split."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from inspection.splitting import apart, folds, groups

FIRST = date(2026, 3, 1)


@dataclass(frozen=True)
class Row:
    item: str
    day: date


ROWS = st.lists(
    st.builds(
        lambda item, day: Row(f"unit-{item}", FIRST + timedelta(days=day)),
        st.integers(0, 30),
        st.integers(0, 9),
    ),
    max_size=40,
)


@given(ROWS)
def test_no_two_groups_share_an_item_or_a_day(rows: list[Row]) -> None:
    found = groups(rows)
    assert sorted(map(repr, (row for group in found for row in group))) == sorted(map(repr, rows))
    for one, other in combinations(found, 2):
        assert not {row.item for row in one} & {row.item for row in other}
        assert not {row.day for row in one} & {row.day for row in other}


@given(ROWS, st.integers(0, 1_000_000), st.randoms())
def test_a_split_keeps_items_and_days_apart_whatever_the_order(
    rows: list[Row], share: int, _random: object
) -> None:
    kept, held = apart(rows, share, seed="s")
    assert len(kept) + len(held) == len(rows)
    assert not {row.item for row in kept} & {row.item for row in held}
    assert not {row.day for row in kept} & {row.day for row in held}
    again, _ = apart(rows[::-1], share, seed="s")
    assert sorted(map(repr, again)) == sorted(map(repr, kept))


def test_an_item_of_two_days_ties_them_together() -> None:
    one, two, three = (FIRST + timedelta(days=k) for k in range(3))
    rows = [Row("a", one), Row("b", one), Row("b", two), Row("c", three)]
    assert [len(group) for group in groups(rows)] == [3, 1]


def test_a_single_group_is_never_cut() -> None:
    rows = [Row(str(k), FIRST) for k in range(9)]
    assert apart(rows, 500_000) == (rows, [])


def test_about_the_wanted_share_is_held_out_and_the_seed_changes_which() -> None:
    rows = [Row(str(k), FIRST + timedelta(days=k // 5)) for k in range(200)]
    drawn = [apart(rows, 300_000, seed=seed)[1] for seed in "ab"]
    assert [len(held) for held in drawn] == [60, 60]
    assert drawn[0] != drawn[1]


@given(ROWS, st.integers(2, 5))
def test_folds_share_no_item_and_no_day_and_lose_nothing(rows: list[Row], most: int) -> None:
    dealt = folds(rows, most)
    assert len(dealt) == min(most, len(groups(rows)))
    assert sum(map(len, dealt)) == len(rows)
    assert all(dealt)
    for one, other in combinations(dealt, 2):
        assert not {row.item for row in one} & {row.item for row in other}
        assert not {row.day for row in one} & {row.day for row in other}
