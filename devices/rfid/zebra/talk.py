"""Commands over the broker: each waits for the answer that has its id."""

import asyncio
from dataclasses import dataclass
from secrets import token_hex

from devices.device import CountFault
from devices.errors import DeviceError, DeviceFault, LinkLost, WrongSetUp
from devices.feed import Feed
from devices.rfid.json_events import Fault
from devices.rfid.zebra.orders import (
    ALREADY,
    MANAGEMENT,
    Answer,
    Command,
    Model,
    Order,
    read_answers,
    write_command,
)
from link.errors import LinkError
from link.inbox import Inbox

AGAIN_S = 1.0
"""After a broker's restart we may be there before the reader: a command is sent again, with its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where one interface of a reader takes commands and where it answers."""

    commands: str
    answers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The interfaces of a reader that take commands; where only one is set up, it takes all of them."""

    control: Line | None = None
    management: Line | None = None

    def for_order(self, order: Order) -> Line | None:
        """Where this order goes."""
        first, second = (
            (self.management, self.control) if order in MANAGEMENT else (self.control, self.management)
        )
        return first or second

    @property
    def answers(self) -> tuple[str, ...]:
        """Every topic on which the reader answers."""
        lines = (line for line in (self.control, self.management) if line is not None)
        return tuple(dict.fromkeys(line.answers for line in lines))


class Talk:
    """What is asked of one reader; entered after its feed, and left before it."""

    def __init__(
        self, feed: Feed, lines: Lines, model: Model, *, timeout_s: float, count: CountFault
    ) -> None:
        self._feed = feed
        self._lines = lines
        self._model = model
        self._timeout_s = timeout_s
        self._count = count
        self._asked: dict[str, asyncio.Future[Answer]] = {}
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen for answers; raises a DeviceError where the broker does not let us."""
        if self._lines.answers:
            inbox = await self._feed.listen(*self._lines.answers)
            self._task = asyncio.create_task(self._take(inbox), name="answers of a zebra reader")

    async def close(self) -> None:
        """Wait for no more answers."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def ask(self, order: Order, *, output: int | None = None, high: bool | None = None) -> Answer:
        """Ask and wait; raises DeviceFault where it refuses, LinkLost where it does not answer."""
        command = Command(order=order, id=token_hex(6), output=output, high=high)
        line = self._lines.for_order(order)
        if line is None:
            raise WrongSetUp(f"no topic for the command {order.value} is set", reason="no_command_topic")
        try:
            content = write_command(command, self._model)
        except ValueError as error:
            raise DeviceFault(str(error), reason="illegal_command") from error
        answer = await self._answer(line, command.id, content, order)
        if answer.succeeded or (answer.code is not None and answer.code == ALREADY.get(order)):
            return answer
        raise DeviceFault(f"the reader refuses {order.value}: {answer.detail}", reason="command_refused")

    async def _answer(self, line: Line, identity: str, content: bytes, order: Order) -> Answer:
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[identity] = waiting
        try:
            async with asyncio.timeout(self._timeout_s):
                while not waiting.done():
                    await self._feed.publish(line.commands, content)
                    await asyncio.wait((waiting,), timeout=AGAIN_S)
                return await waiting
        except TimeoutError:
            raise LinkLost(f"the reader does not answer {order.value}", reason="silent") from None
        finally:
            self._asked.pop(identity, None)

    async def _take(self, inbox: Inbox) -> None:
        try:
            async for message in inbox:
                message.ack()
                for answer in read_answers(message.payload):
                    self._sort(answer)
        except LinkError as error:
            self._give_up(LinkLost(str(error), reason="broker_away"))

    def _sort(self, answer: Answer | Fault) -> None:
        if isinstance(answer, Fault):
            self._count(answer.reason, answer.sentence)
            return
        waiting = self._asked.get(answer.id)
        if waiting and not waiting.done():  # an answer to somebody else's command is nothing to us
            waiting.set_result(answer)

    def _give_up(self, error: DeviceError) -> None:
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(error)
