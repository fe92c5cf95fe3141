"""Does an entry's own time fit to when witnesses saw the log?

A cosignature carries the witness's clock. What it covers was recorded before; what it does not cover was
recorded later, because a witness is shown the newest checkpoint, and the log signs one within seconds.
So an entry can be neither backdated over a cosignature nor dated ahead of one.
"""

from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate
from math import inf

from kit.basis import Mark
from kit.remarks import CLOCK_SLACK_S
from kit.walk import FIRST_LINE, Problem, Rule


def backdated(times: "array[float]", marks: Iterable[Mark]) -> Iterator[Problem]:
    """Yield the first contradiction with each cosigned checkpoint; times in seconds, NaN for none."""
    seen = [(mark, each.name, each.at_s) for mark in marks for each in mark.cosigned]
    if not seen:
        return
    latest = array("d", accumulate(times, max, initial=-inf))
    earliest = array("d", accumulate(reversed(times), min, initial=inf))
    for mark, witness, at_s in seen:
        size = min(mark.checkpoint.size, len(times))
        if latest[size] > at_s + CLOCK_SLACK_S:
            index = next(at for at in range(size) if times[at] > at_s + CLOCK_SLACK_S)
            detail = f"witness {witness} saw it {times[index] - at_s:.0f} s before it says it was recorded"
            yield Problem(rule=Rule.BACKDATED, index=index, line=index + FIRST_LINE, detail=detail)
        if earliest[len(times) - size] < at_s - CLOCK_SLACK_S:
            index = next(at for at in range(size, len(times)) if times[at] < at_s - CLOCK_SLACK_S)
            early = at_s - times[index]
            detail = f"it says {early:.0f} s before witness {witness} saw a log without it"
            yield Problem(rule=Rule.BACKDATED, index=index, line=index + FIRST_LINE, detail=detail)
