"""What the stack light of a bench shows in each state: one table, so that none is forgotten."""

from collections.abc import Mapping

from devices.device import Lamp
from devices.driver import Kind
from edge.bench import Bench
from edge.changes import Changes
from edge.senses import Senses
from inspection.journey import State

WORKING, FREE, STOPPED = (frozenset({lamp}) for lamp in (Lamp.AMBER, Lamp.GREEN, Lamp.RED))

LAMPS: Mapping[State, frozenset[Lamp]] = {
    State.BOOT: WORKING,
    State.SELF_TEST: WORKING,
    State.LIGHT_CHECK: WORKING,
    State.IDLE: FREE,
    State.IDENTIFYING: WORKING,
    State.MATCHED: WORKING,
    State.CAPTURING: WORKING,
    State.RECAPTURE: WORKING,
    State.GRADING: WORKING,
    State.PROPOSED: WORKING,
    State.CONFIRMED: WORKING,
    State.OVERRIDDEN: WORKING,
    State.ESCALATED: WORKING,
    State.CLEANING: WORKING,
    State.DISPOSED: WORKING,
    State.LABELLED: WORKING,
    State.BIN_VERIFIED: WORKING,
    State.COMMITTED: FREE,
    State.HELD: STOPPED,
}
"""Green: free, or just done. Amber: at work, or asks the person for something. Red: held."""


def lamps_for(bench: Bench) -> frozenset[Lamp]:
    """What to show now; a bench that is free but locked asks for a badge."""
    lamps = LAMPS[bench.state]
    return WORKING if lamps is FREE and bench.person is None else lamps


async def shine(bench: Bench, senses: Senses, changes: Changes) -> None:
    """Show the room how the bench is, for ever; a light that comes back is told anew."""
    seen, before = changes.version, None
    while True:
        lights = tuple((each.name, each.since) for each in senses.snapshot() if each.kind is Kind.SIGNAL)
        now = (lamps_for(bench), lights)
        if now != before:
            before = now
            await senses.show(now[0])
        seen = await changes.wait(seen)
