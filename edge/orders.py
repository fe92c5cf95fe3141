"""Which command does what on the bench: one table, so that a missing cell is an answer."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from edge.arrival import Arrival
from edge.bench import Bench
from edge.crossing import Crossing
from inspection.errors import NoSuchTransition
from inspection.journey import Event, State
from inspection.operator import EXCEPTION_FOR, GRADE_FOR, REASON_FOR, CommandCode

CAPTURE_FROM = frozenset({State.MATCHED, State.RECAPTURE, State.CLEANING})
RETAKE_FROM = CAPTURE_FROM | {State.PROPOSED}


class Desk(Protocol):
    """What a command may act on."""

    bench: Bench
    arrival: Arrival
    crossing: Crossing

    def sign_out(self) -> None:
        """Lock the bench."""
        ...


Order = Callable[[Desk], Awaitable[None]]


async def carry_out(desk: Desk, code: CommandCode) -> None:
    """Do what a command says; raises DomainError where it cannot be done now."""
    await ORDERS[code](desk)


async def _accept(desk: Desk) -> None:
    await desk.crossing.accept()


async def _capture(desk: Desk) -> None:
    if desk.bench.state not in CAPTURE_FROM:
        raise NoSuchTransition(f"no picture is taken while {desk.bench.state.value}")
    desk.crossing.take_pictures()


async def _retake(desk: Desk) -> None:
    if desk.bench.state == State.HELD:
        if await desk.crossing.again() == Event.RETRY_IDENTIFY:
            await desk.arrival.identify_again()
    elif desk.bench.state in RETAKE_FROM:
        desk.crossing.take_pictures()
    else:
        raise NoSuchTransition(f"nothing is taken again while {desk.bench.state.value}")


async def _clean(desk: Desk) -> None:
    desk.bench.step(Event.CLEAN)


async def _escalate(desk: Desk) -> None:
    await desk.crossing.escalate()


async def _back(desk: Desk) -> None:
    desk.crossing.back()
    if desk.bench.state == State.IDLE:
        await desk.arrival.put_back()


async def _set_aside(desk: Desk) -> None:
    desk.crossing.give_up()
    await desk.arrival.set_aside()


async def _print(desk: Desk) -> None:
    desk.crossing.print_again()


async def _sign_out(desk: Desk) -> None:
    desk.sign_out()


def _set_grade(code: CommandCode) -> Order:
    async def order(desk: Desk) -> None:
        await desk.crossing.set_grade(GRADE_FOR[code])

    return order


def _give_reason(code: CommandCode) -> Order:
    async def order(desk: Desk) -> None:
        await desk.crossing.give_reason(REASON_FOR[code])

    return order


def _name_exception(code: CommandCode) -> Order:
    async def order(desk: Desk) -> None:
        desk.crossing.name_exception(EXCEPTION_FOR[code])

    return order


C = CommandCode

ORDERS: Mapping[CommandCode, Order] = {
    C.ACCEPT: _accept,
    C.CAPTURE: _capture,
    C.RETAKE: _retake,
    C.CLEAN: _clean,
    C.ESCALATE: _escalate,
    C.BACK: _back,
    C.SETASIDE: _set_aside,
    C.PRINT: _print,
    C.SIGNOUT: _sign_out,
    **{code: _set_grade(code) for code in GRADE_FOR},
    **{code: _give_reason(code) for code in REASON_FOR},
    **{code: _name_exception(code) for code in EXCEPTION_FOR},
}
"""Every command there is; a test compares it with CommandCode."""
