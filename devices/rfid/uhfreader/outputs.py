"""The outputs of a 288 reader, switched between two inventories.

A reader does one thing at a time, so whoever wants to switch an output leaves an order, and the loop that
polls for tags carries it out. All outputs are written at once: what the others are is asked first.

Source: UHFReader288MP user's manual v1.14, 8.4.10 and 8.4.11.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from devices.errors import DeviceError, DeviceFault, LinkLost
from devices.framing import BadFrame
from devices.rfid.uhfreader.codec import read_pins
from devices.rfid.uhfreader.frames import Command, Frame, Status

OUTPUTS = 2
"""Out1 and Out2, whose state a reader tells."""
MOST_ORDERS = 16

Exchange = Callable[[Command, bytes], Awaitable[Frame]]
"""Sends a command and returns the answer to it; raises LinkLost."""


@dataclass(frozen=True, slots=True)
class Order:
    """One output to be switched, and who waits for it."""

    number: int
    active: bool
    done: asyncio.Future[None]


class OutputOrders:
    """Orders of one reader, in the order they came."""

    def __init__(self, reader: str) -> None:
        self._reader = reader
        self._orders: deque[Order] = deque()
        self._bits: int | None = None

    async def leave(self, number: int, active: bool, *, within_s: float) -> None:
        """Wait until an output is switched; raises DeviceFault, LinkLost."""
        if not 1 <= number <= OUTPUTS:
            raise DeviceFault(f"{number} is none of the outputs of {self._reader}", reason="no_outputs")
        if len(self._orders) >= MOST_ORDERS:
            raise LinkLost(f"{self._reader} does not take its orders", reason="silent")
        order = Order(number, active, asyncio.get_running_loop().create_future())
        self._orders.append(order)
        try:
            async with asyncio.timeout(within_s):
                await order.done
        except TimeoutError:
            raise LinkLost(f"{self._reader} does not switch output {number}", reason="silent") from None

    async def carry_out(self, exchange: Exchange) -> None:
        """Do what was ordered; raises LinkLost only where the line itself is gone."""
        while self._orders:
            order = self._orders.popleft()
            if order.done.done():
                continue
            try:
                await self._switch(order, exchange)
            except DeviceError as error:
                order.done.set_exception(error)
                if isinstance(error, LinkLost):
                    raise
            else:
                order.done.set_result(None)

    def hang_up(self) -> None:
        """The reader is gone: whoever waits is told, and nothing is known of its outputs any more."""
        self._bits = None
        while self._orders:
            done = self._orders.popleft().done
            if not done.done():
                done.set_exception(LinkLost(f"{self._reader} is gone", reason="unplugged"))

    async def _switch(self, order: Order, exchange: Exchange) -> None:
        if self._bits is None:
            self._bits = await self._asked(exchange)
        bit = 1 << order.number - 1
        bits = self._bits | bit if order.active else self._bits & ~bit
        self._refuse_or_take(await self._answered(exchange, Command.SET_OUTPUTS, bytes((bits,))))
        self._bits = bits

    async def _asked(self, exchange: Exchange) -> int:
        answer = await self._answered(exchange, Command.PINS, b"")
        self._refuse_or_take(answer)
        try:
            _, outputs = read_pins(answer)
        except BadFrame as error:
            raise DeviceFault(str(error), reason="no_outputs") from error
        return sum(1 << place for place, active in enumerate(outputs) if active)

    async def _answered(self, exchange: Exchange, command: Command, body: bytes) -> Frame:
        try:
            return await exchange(command, body)
        except LinkLost as error:
            if error.reason != "silent":
                raise
            # An 18 without outputs may not know the command at all: that is no reason to lose the reader.
            said = f"{self._reader} does not answer when it is asked for its outputs"
            raise DeviceFault(said, reason="no_outputs") from error

    def _refuse_or_take(self, answer: Frame) -> None:
        if not answer.body or answer.body[0] != Status.SUCCESS:
            raise DeviceFault(f"{self._reader} has no outputs: {answer.body.hex(' ')}", reason="no_outputs")
