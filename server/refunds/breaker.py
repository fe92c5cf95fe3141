"""When a refund system is left alone: a circuit that opens after failures in a row and is probed. Pure.

What a refund system answers says two things: what became of this one instruction, and whether the next one
would fare better. Only the second is decided here.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

TRIES = 5
"""Failures in a row that open the circuit."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 900.0


class Said(StrEnum):
    """What an attempt says of the system behind the endpoint."""

    TOOK = "took"
    WAIT = "wait"
    """It answers, and wants this one later: no failure."""
    REFUSED = "refused"
    """It answers, and takes this one not."""
    DOWN = "down"
    """No answer, or one that says that nothing is taken now."""


class Stand(StrEnum):
    """Where a circuit stands."""

    CLOSED = "closed"
    OPEN = "open"
    """Nothing is tried."""
    HALF_OPEN = "half_open"
    """One is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """The circuit of one endpoint, as it lies in its row."""

    failures: int = 0
    """In a row, none of them an answer."""
    failing_since: float | None = None
    """Of the first of all failures since the last success, in seconds since 1970."""
    open_until: float | None = None

    def stand(self, now: float) -> Stand:
        """Where it stands at a moment."""
        if self.open_until is None:
            return Stand.CLOSED
        return Stand.OPEN if now < self.open_until else Stand.HALF_OPEN


def after(
    circuit: Circuit, said: Said, now: float, *, probe: bool, share: float, asked_s: float = 0.0
) -> Circuit:
    """The circuit after an attempt.

    `share`, 0 to 1, is the draw by which pauses differ; `asked_s` is the system's own Retry-After. What was
    under way when the circuit opened makes the pause no longer: only the probe does.
    """
    since = now if circuit.failing_since is None else circuit.failing_since
    if said is Said.TOOK:
        return Circuit()
    if said is Said.WAIT:
        return replace(circuit, failures=0, open_until=None)
    if said is Said.REFUSED:
        return Circuit(failing_since=since)
    if circuit.open_until is not None and not probe:
        return replace(circuit, failing_since=since)
    failures = circuit.failures + 1
    pause_s = _pause_s(failures, share) if failures >= TRIES else 0.0
    pause_s = max(pause_s, min(asked_s, LONGEST_PAUSE_S))
    return Circuit(failures=failures, failing_since=since, open_until=now + pause_s if pause_s else None)


def _pause_s(failures: int, share: float) -> float:
    """Doubled with each failed probe; between half of it and all of it, so that many never come at once."""
    step = min(FIRST_PAUSE_S * 2.0 ** min(failures - TRIES, 16), LONGEST_PAUSE_S)
    return step * (0.5 + share / 2)


def is_given_up(circuit: Circuit, now: float, patience_s: float) -> bool:
    """Whether an endpoint has failed for so long that a person must look; asked after a failure."""
    return circuit.failing_since is not None and now - circuit.failing_since >= patience_s
