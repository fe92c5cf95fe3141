"""What a device says over MQTT: the messages of its topics at the station's own broker."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from hashlib import blake2b
from typing import Annotated, Self

from pydantic import AfterValidator

from devices.device import CountFault
from devices.errors import DeviceError, LinkLost, WrongSetUp
from link.errors import LinkError, NotSent, Refused
from link.inbox import Inbox, Message
from link.mqtt import MqttConfig, MqttSession
from link.topics import check_topic

CONNECT_S = 5.0
MOST_REMEMBERED = 256
"""Messages among which one that comes again is found."""


def _plain(topic: str) -> str:
    try:
        check_topic(topic)
    except NotSent as error:
        raise ValueError(str(error)) from error
    return topic


Topic = Annotated[str, AfterValidator(_plain)]
"""A topic without wildcards: it, and not the payload, says which device it is."""


class Feed:
    """One session for one device; an async context manager that may be entered again."""

    def __init__(self, name: str, topics: tuple[str, ...], mqtt: MqttConfig, count: CountFault) -> None:
        self.counts: Counter[str] = Counter()
        """`frames` (messages) and `bytes`."""
        self._name = name
        self._topics = topics
        self._mqtt = mqtt
        self._count = count
        self._session: MqttSession | None = None
        self._inbox: Inbox | None = None
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    async def __aenter__(self) -> Self:
        session = MqttSession(self._mqtt)
        await session.__aenter__()
        try:
            await session.connected(CONNECT_S)
            self._inbox = session.messages(*self._topics, qos=1, until_lost=True)
            await self._inbox.ready(CONNECT_S)
        except LinkError as error:
            await session.__aexit__()
            raise _translated(error) from error
        except BaseException:
            await session.__aexit__()
            raise
        self._session = session
        return self

    async def __aexit__(self, *exc: object) -> None:
        session, self._session, self._inbox = self._session, None, None
        if session is not None:
            await session.__aexit__(*exc)

    async def messages(self, silent_after_s: float | None = None) -> AsyncIterator[Message]:
        """Yield what comes, acknowledged; raises LinkLost when the broker is gone, or nothing came so long.

        Counted and passed over are an empty message, as clearing a retained one sends, and one that the
        broker sends again though it came.
        """
        if self._inbox is None:
            raise LinkLost(f"{self._name} is not connected")
        while True:
            message = await self._next(self._inbox, silent_after_s)
            message.ack()
            self.counts["frames"] += 1
            self.counts["bytes"] += len(message.payload)
            if not message.payload.strip():
                self._count("empty_message", "an empty message, as when a retained one is cleared")
            elif self._came_before(message) and message.dup:
                self._count("event_twice", "the broker sent a message again that had come")
            else:
                yield message

    async def _next(self, inbox: Inbox, silent_after_s: float | None) -> Message:
        try:
            async with asyncio.timeout(silent_after_s):
                return await anext(inbox)
        except LinkError as error:
            raise _translated(error) from error
        except TimeoutError:
            raise LinkLost(f"{self._name} has said nothing for {silent_after_s} s", reason="silent") from None

    def _came_before(self, message: Message) -> bool:
        digest = blake2b(message.topic.encode() + b"\0" + message.payload, digest_size=16).digest()
        known = digest in self._seen
        self._seen[digest] = None
        self._seen.move_to_end(digest)
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)
        return known

    async def listen(self, *topics: str) -> Inbox:
        """Another inbox of the same session, for what is no reading, such as answers; raises DeviceError."""
        if self._session is None:
            raise LinkLost(f"{self._name} is not connected")
        inbox = self._session.messages(*topics, qos=1, until_lost=True)
        try:
            await inbox.ready(CONNECT_S)
        except LinkError as error:
            raise _translated(error) from error
        return inbox

    async def publish(self, topic: str, payload: bytes) -> None:
        """Send a command to the device; raises LinkLost, or WrongSetUp where the broker refuses it."""
        if self._session is None:
            raise LinkLost(f"{self._name} is not connected")
        try:
            await self._session.publish(topic, payload)
        except LinkError as error:
            raise _translated(error) from error


def _translated(error: LinkError) -> DeviceError:
    if isinstance(error, Refused | NotSent):
        return WrongSetUp(str(error), reason="broker_refused")
    return LinkLost(str(error), reason="broker_away")
