"""Messages on their way from the broker to whoever reads them here."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from link.errors import LinkError, Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it came."""

    topic: str
    payload: bytes
    """Empty where somebody cleared a retained message."""
    retain: bool
    dup: bool
    received_at: datetime
    _acknowledge: Callable[[], None] = field(repr=False, compare=False)

    def ack(self) -> None:
        """Tell the broker that it need not come again; call it after the commit."""
        self._acknowledge()


class Inbox:
    """The messages of one subscription, oldest first; an endless async iterator."""

    def __init__(
        self,
        filters: tuple[str, ...],
        qos: int,
        limit: int,
        until_lost: bool,
        leave: Callable[["Inbox"], None],
    ) -> None:
        self.filters = filters
        self.qos = qos
        self.until_lost = until_lost
        self._leave = leave
        self._messages: deque[Message] = deque(maxlen=limit)
        self._woken = asyncio.Event()
        self._granted = asyncio.Event()
        self._error: LinkError | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        """The next message; raises Refused where the broker denies the subscription."""
        while not self._messages:
            if self._error:
                raise self._error
            self._woken.clear()
            await self._woken.wait()
        return self._messages.popleft()

    async def ready(self, timeout_s: float | None = 10.0) -> None:
        """Wait until the broker granted the subscription; None waits for as long as that takes."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._granted.wait()
        except TimeoutError:
            raise Unreachable(f"the broker did not grant {', '.join(self.filters)} in time") from None
        if self._error:
            raise self._error

    def close(self) -> None:
        """Take no more messages."""
        self._leave(self)

    def put(self, message: Message) -> bool:
        """Keep a message; returns False where the oldest had to give way."""
        room = len(self._messages) < (self._messages.maxlen or 0)
        self._messages.append(message)
        self._woken.set()
        return room

    def interrupt(self) -> None:
        """The line broke: messages come again after the next grant."""
        self._granted.clear()

    def grant(self) -> None:
        """The broker granted the subscription."""
        self._granted.set()

    def fail(self, error: LinkError) -> None:
        """No more messages will come, for this reason."""
        self._error = error
        self._granted.set()
        self._woken.set()
