"""Questions to a Mercury module and their answers, also while it streams what it reads.

While it streams, a module takes commands only inside a `MULTI` command, and answers the same way between its
reports. Whoever takes the reports (`next`) therefore hands such answers to whoever waits for them.
"""

import asyncio

from devices.conversation import Conversation
from devices.errors import LinkLost
from devices.rfid.mercury.codec import encode
from devices.rfid.mercury.frames import EVERYTHING, GEN2, Answer, Command, Multi, Op

Frame = Command | Answer

TRIES = 2
STOP_S = 3.0
"""A module finishes its search before it stops, which takes it 1 to 2 s."""
WAKE = b"\xff" * 256
"""Wakes a module that sleeps, as JADAK's API does, and ends a frame that it heard half: none is longer."""
LISTED_ANTENNAS = 0x0003
STREAMING = 0x0008
LARGE_POPULATION = 0x0010


class Dialogue:
    """One module behind one line."""

    def __init__(self, line: Conversation[Frame], *, answer_s: float) -> None:
        self._line = line
        self._answer_s = answer_s
        self._lock = asyncio.Lock()
        self._streams = False
        self._waits: tuple[int, asyncio.Future[Answer]] | None = None

    async def greet(self) -> Answer:
        """Ask for the version, and stop a module that still streams for whoever had it before.

        Raises LinkLost where nothing answers.
        """
        self._lock, self._streams, self._waits = asyncio.Lock(), False, None
        for attempt in range(TRIES):
            await self._line.send((WAKE if attempt else b"") + encode(Command(opcode=Op.VERSION)))
            deadline = asyncio.get_running_loop().time() + self._answer_s
            while (frame := await self._line.next(deadline)) and not _is_report(frame):
                if isinstance(frame, Answer) and frame.opcode == Op.VERSION:
                    return frame
            await self._stop()
        name = self._line.stream.name
        raise LinkLost(f"nothing answers at {name}: is the device powered?", reason="silent")

    async def ask(self, opcode: int, data: bytes = b"", *, extra_s: float = 0.0) -> Answer:
        """Ask, and wait for the answer, whatever its status; raises LinkLost where none comes."""
        async with self._lock:
            command = Command(opcode=opcode, data=data)
            if self._streams:
                return await self._ask_along(command)
            answer = await self._line.ask(
                encode(command),
                lambda frame: frame.opcode == opcode,
                timeout_s=self._answer_s + extra_s,
                tries=TRIES,
            )
            if not isinstance(answer, Answer):
                raise LinkLost(f"{self._line.stream.name} echoes what it is sent", reason="silent")
            return answer

    @property
    def streams(self) -> bool:
        """Whether it was started and not stopped again."""
        return self._streams

    async def start(self, search_ms: int) -> Answer:
        """Ask it to stream the tags of searches that long; it does where the answer's status is 0."""
        answer = await self.ask(Op.MULTI, stream_data(search_ms))
        self._streams = not answer.status
        return answer

    async def whisper(self, opcode: int, data: bytes = b"") -> None:
        """Ask a module that streams, and let `next` return the answer."""
        await self._line.send(encode(along(Command(opcode=opcode, data=data))))

    async def leave(self) -> None:
        """Tell it to stop streaming; whoever opens it next waits until it did."""
        if self._streams:
            self._streams = False
            await self._line.send(encode(STOP))

    async def next(self, deadline: float) -> Answer | None:
        """What the module says next; None when the loop's time passes `deadline` first."""
        while (frame := await self._line.next(deadline)) is not None:
            answer = inner(frame) if isinstance(frame, Answer) else None
            if answer is not None and not self._hand_over(answer):
                return answer
        return None

    async def _ask_along(self, command: Command) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waits = (command.opcode, future)
        try:
            await self._line.send(encode(along(command)))
            async with asyncio.timeout(self._answer_s):
                return await future
        except TimeoutError:
            name = self._line.stream.name
            raise LinkLost(f"{name} does not answer while it reads", reason="silent") from None
        finally:
            self._waits = None

    def _hand_over(self, answer: Answer) -> bool:
        """Give an answer to whoever waits for it; a refusal may name the outer command only."""
        if self._waits is None:
            return False
        opcode, future = self._waits
        refused = answer.opcode == Op.MULTI and answer.status
        if future.done() or not (refused or answer.opcode == opcode):
            return False
        future.set_result(answer)
        return True

    async def _stop(self) -> None:
        """Stop it and wait until it says so, or until it is silent."""
        await self._line.send(encode(STOP))
        loop = asyncio.get_running_loop()
        last = loop.time() + STOP_S
        while frame := await self._line.next(min(last, loop.time() + self._answer_s * 1.5)):
            if frame.opcode == Op.MULTI:
                return


STOP = Command(opcode=Op.MULTI, data=bytes((0, 0, Multi.STOP)))


def _is_report(frame: Frame) -> bool:
    return frame.opcode == Op.READ_MULTIPLE


def stream_data(search_ms: int) -> bytes:
    """Of the command that starts streaming: without end, Gen2, all antennas of the list, all metadata."""
    flags = LISTED_ANTENNAS | STREAMING | LARGE_POPULATION
    numbers = (flags.to_bytes(2, "big"), search_ms.to_bytes(2, "big"), int(EVERYTHING).to_bytes(2, "big"))
    search = bytes((Op.READ_MULTIPLE, 0x10)) + b"".join(numbers)
    return bytes((0, 0, Multi.START, Op.READ_MULTIPLE, 0, 0, GEN2, len(search) - 1)) + search


def along(command: Command) -> Command:
    """A command as it rides along while the module streams."""
    head = bytes((0, 0, Multi.COMMAND, len(command.data), command.opcode))
    return Command(opcode=Op.MULTI, data=head + command.data)


def inner(answer: Answer) -> Answer:
    """The answer that rode along, or the answer itself."""
    data = answer.data
    if answer.opcode != Op.MULTI or len(data) < 5 or data[0] != Multi.COMMAND or data[1] != len(data) - 5:
        return answer
    return Answer(opcode=data[2], status=int.from_bytes(data[3:5], "big"), data=data[5:])
