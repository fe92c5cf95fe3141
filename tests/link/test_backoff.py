from hypothesis import given
from hypothesis import strategies as st

from link.backoff import Backoff


@given(st.integers(0, 60))
def test_every_wait_lies_between_the_shortest_and_the_longest(attempts: int) -> None:
    backoff = Backoff(0.2, 5.0)
    assert all(0.2 <= backoff.next() <= 5.0 for _ in range(attempts))


def test_the_bound_doubles_and_a_success_resets_it() -> None:
    backoff = Backoff(0.2, 3.0, draw=lambda low, high: high)
    assert [backoff.next() for _ in range(5)] == [0.4, 0.8, 1.6, 3.0, 3.0]
    backoff.reset()
    assert backoff.next() == 0.4
