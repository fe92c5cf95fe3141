"""When an endpoint is left alone, and when it is tried again."""

import pytest

from server.refunds.breaker import (
    LONGEST_PAUSE_S,
    TRIES,
    Circuit,
    Said,
    Stand,
    after,
    is_given_up,
)

FINE = Circuit()
ALMOST = Circuit(failures=TRIES - 1, failing_since=10.0)
OPEN = Circuit(failures=TRIES, failing_since=10.0, open_until=110.0)


@pytest.mark.parametrize(
    ("circuit", "said", "probe", "asked_s", "expected"),
    [
        (FINE, Said.TOOK, False, 0, FINE),
        (FINE, Said.REFUSED, False, 0, Circuit(failing_since=100.0)),
        (FINE, Said.WAIT, False, 60, FINE),
        (FINE, Said.DOWN, False, 0, Circuit(failures=1, failing_since=100.0)),
        (FINE, Said.DOWN, False, 30, Circuit(failures=1, failing_since=100.0, open_until=130.0)),
        (FINE, Said.DOWN, False, 9e9, Circuit(failures=1, failing_since=100.0, open_until=1000.0)),
        (ALMOST, Said.DOWN, False, 0, Circuit(failures=TRIES, failing_since=10.0, open_until=110.0)),
        (ALMOST, Said.REFUSED, False, 0, Circuit(failing_since=10.0)),
        (ALMOST, Said.WAIT, False, 0, Circuit(failing_since=10.0)),
        (ALMOST, Said.TOOK, False, 0, FINE),
        (OPEN, Said.DOWN, False, 0, OPEN),
        (OPEN, Said.DOWN, True, 0, Circuit(failures=TRIES + 1, failing_since=10.0, open_until=120.0)),
        (OPEN, Said.DOWN, True, 300, Circuit(failures=TRIES + 1, failing_since=10.0, open_until=400.0)),
        (OPEN, Said.REFUSED, True, 0, Circuit(failing_since=10.0)),
        (OPEN, Said.TOOK, True, 0, FINE),
        (OPEN, Said.TOOK, False, 0, FINE),
    ],
)
def test_what_an_attempt_makes_of_a_circuit(
    circuit: Circuit, said: Said, probe: bool, asked_s: float, expected: Circuit
) -> None:
    assert after(circuit, said, 100.0, probe=probe, share=1.0, asked_s=asked_s) == expected


def test_pauses_double_up_to_the_longest_and_differ_by_the_draw() -> None:
    circuit, pauses = ALMOST, list[float]()
    for _ in range(10):
        circuit = after(circuit, Said.DOWN, 0.0, probe=True, share=1.0)
        pauses.append(circuit.open_until or 0.0)
    assert pauses == [10, 20, 40, 80, 160, 320, 640, *[LONGEST_PAUSE_S] * 3]
    assert after(ALMOST, Said.DOWN, 0.0, probe=False, share=0.0).open_until == 5.0


@pytest.mark.parametrize(("now", "stand"), [(109.9, Stand.OPEN), (110.0, Stand.HALF_OPEN)])
def test_a_pause_ends(now: float, stand: Stand) -> None:
    assert (OPEN.stand(now), FINE.stand(now)) == (stand, Stand.CLOSED)


@pytest.mark.parametrize(("now", "given_up"), [(1009.0, False), (1010.0, True)])
def test_an_endpoint_is_given_up_after_its_time(now: float, given_up: bool) -> None:
    assert is_given_up(OPEN, now, 1000.0) is given_up
    assert not is_given_up(FINE, now, 1000.0)
