from datetime import datetime, timedelta

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
