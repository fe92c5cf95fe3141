"""Work beside the model comes back in order, whoever does it, and never far ahead of who asks."""

from collections.abc import Iterator
from concurrent.futures import Executor
from functools import partial

import pytest

from models.working import AHEAD, AT_ONCE, ahead, beside_the_model, one_thread


@pytest.fixture(params=["at once", "beside"])
def pool(request: pytest.FixtureRequest) -> Iterator[Executor]:
    if request.param == "at once":
        yield AT_ONCE
        return
    with one_thread() as made:
        yield made


def double(number: int) -> int:
    if number < 0:
        raise ValueError("no number")
    return 2 * number


def test_what_is_done_beside_comes_back_in_order(pool: Executor) -> None:
    assert list(ahead(pool, (partial(double, number) for number in range(20)))) == list(range(0, 40, 2))
    assert list(ahead(pool, ())) == []


def test_what_goes_wrong_is_told_where_it_is_asked_for(pool: Executor) -> None:
    work = ahead(pool, [partial(double, 1), partial(double, -1), partial(double, 2)])
    assert next(work) == 2
    with pytest.raises(ValueError, match="no number"):
        next(work)


def test_no_more_is_begun_than_one_ahead(pool: Executor) -> None:
    begun: list[int] = []

    def work() -> Iterator[partial[int]]:
        for number in range(5):
            begun.append(number)
            yield partial(double, number)

    asked = ahead(pool, work())
    for number in range(3):
        next(asked)
        assert begun[-1] == number + AHEAD
    asked.close()
    assert begun == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("cores", "threads", "one"), [(1, 2, False), (2, 2, False), (3, 2, True), (2, 1, True)]
)
def test_a_thread_is_made_only_where_the_models_leave_a_core_over(
    cores: int, threads: int, one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(cores)))
    with beside_the_model(threads) as pool:
        assert (pool is not AT_ONCE) is one
