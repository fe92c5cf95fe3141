from datetime import UTC, datetime, timedelta

import pytest

from devices.rfid.lateness import Lateness


def judge(lateness: Lateness, now: datetime, at_s: float, lag_s: float) -> bool:
    received = now + timedelta(seconds=at_s)
    return lateness.is_late(received_at=received, reader_time=received - timedelta(seconds=lag_s))


def test_a_clock_that_is_wrong_by_hours_makes_nothing_late(now: datetime) -> None:
    lateness = Lateness()
    assert not any(judge(lateness, now, second, 7200.2) for second in range(5))


def test_reads_kept_while_the_broker_was_away_are_late(now: datetime) -> None:
    lateness = Lateness()
    assert not judge(lateness, now, 0, 0.1)
    assert all(judge(lateness, now, 60.0 + number / 1000, 60 - number) for number in range(50))
    assert not judge(lateness, now, 60.1, 0.1)


def test_a_clock_that_was_set_back_is_believed_again_after_a_while(now: datetime) -> None:
    lateness = Lateness()
    assert not judge(lateness, now, 0, 0.1)
    late = [judge(lateness, now, 1 + number / 2, 3600.1) for number in range(30)]
    assert late == [True] * 20 + [False] * 10


def test_a_clock_that_runs_slow_is_followed(now: datetime) -> None:
    lateness = Lateness()
    assert not any(judge(lateness, now, number / 5, 0.1 + number * 0.0005) for number in range(10_000))


@pytest.mark.parametrize("wrong_s", [-1_767_000_000, 0, 7200], ids=["1970", "right", "two hours ahead"])
def test_a_readers_times_are_put_on_the_stations_clock(now: datetime, wrong_s: float) -> None:
    lateness, wrong = Lateness(), timedelta(seconds=wrong_s)
    newest = lateness.seen_at(received_at=now, reader_time=now + wrong)
    older = lateness.seen_at(received_at=now, reader_time=now + wrong - timedelta(seconds=0.8))
    assert newest == now
    assert older is not None
    assert abs(older - (now - timedelta(seconds=0.8))) <= timedelta(milliseconds=2)
    assert lateness.seen_at(received_at=now, reader_time=now + wrong - timedelta(seconds=9)) is None


def test_no_read_happened_after_it_was_received(now: datetime) -> None:
    lateness = Lateness()
    for number in range(2000):
        received_at = now + timedelta(milliseconds=number)
        lag = timedelta(milliseconds=(number * 37) % 1500)
        seen_at = lateness.seen_at(received_at=received_at, reader_time=received_at - lag)
        assert seen_at is not None
        assert seen_at <= received_at


def test_a_read_that_proves_a_clock_was_set_is_one_of_now(now: datetime) -> None:
    lateness, soon = Lateness(), now + timedelta(seconds=11)
    assert lateness.seen_at(received_at=now, reader_time=datetime.max.replace(tzinfo=UTC)) == now
    assert lateness.seen_at(received_at=now, reader_time=now) is None
    seen_at = lateness.seen_at(received_at=soon, reader_time=datetime.min.replace(tzinfo=UTC))
    assert seen_at is not None
    assert soon - timedelta(seconds=2) <= seen_at <= soon
