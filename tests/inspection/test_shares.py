"""The map from scores to shares is monotone, exact and never certain."""

from hypothesis import given
from hypothesis import strategies as st

from inspection.detector import ViewScore
from inspection.grades import Grade, GradeShares
from inspection.shares import LEAST_PPM, MOST_PPM, certain, differs_ppm, likeliest, shares_of

PPM = st.integers(0, 1_000_000)
WITNESS = st.tuples(st.sampled_from([Grade.NEW, Grade.USED, Grade.DAMAGED]), PPM)


def scored(score: float) -> ViewScore:
    return ViewScore(view="top", score=score, limit=2.0, p_value_ppm=500_000)


@given(st.lists(PPM), st.lists(WITNESS))
def test_shares_always_add_up_and_claim_no_certainty_of_new(
    differences: list[int], witnesses: list[tuple[Grade, int]]
) -> None:
    shares = shares_of(differences, witnesses)
    assert shares.new + shares.used + shares.damaged == 1_000_000
    assert LEAST_PPM <= 1_000_000 - shares.new <= MOST_PPM


@given(st.lists(PPM), st.lists(WITNESS), PPM)
def test_one_more_sign_of_damage_never_makes_it_newer(
    differences: list[int], witnesses: list[tuple[Grade, int]], confidence: int
) -> None:
    before = shares_of(differences, witnesses)
    after = shares_of(differences, [*witnesses, (Grade.DAMAGED, confidence)])
    assert after.new <= before.new
    assert after.damaged >= before.damaged


@given(st.floats(0, 1e300), st.floats(0, 1e300))
def test_a_farther_view_is_never_more_equal(one: float, other: float) -> None:
    near, far = sorted((one, other))
    assert differs_ppm(scored(near)) <= differs_ppm(scored(far))


def test_a_view_at_its_limit_is_even_odds() -> None:
    assert differs_ppm(scored(2.0)) == 500_000


def test_a_difference_may_hide_damage() -> None:
    assert shares_of([500_000], []) == GradeShares(new=500_000, used=450_000, damaged=50_000)


def test_a_person_is_certain_and_of_equal_shares_the_worse_counts() -> None:
    assert certain(Grade.USED) == GradeShares(new=0, used=1_000_000, damaged=0)
    assert certain(Grade.UNGRADED) is None
    assert likeliest(GradeShares(new=400_000, used=200_000, damaged=400_000)) == Grade.DAMAGED
