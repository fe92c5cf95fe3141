"""What every emulated device over MQTT shares: its account, and the ways in which such devices misbehave.

Only emulators use this. A port is where the device finds its broker and what it publishes on:
`mqtt://user@host:port/topic`.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from devices.emulation import EmulatedDevice, TagField
from link.errors import LinkError
from link.mqtt import MqttConfig, MqttSession
from link.topics import check_topic

MOST_WAITING = 1000
"""Messages that a device holds back; the oldest give way."""
MQTT = "mqtt://"


def broker_port(port: str, password: str | None) -> tuple[MqttConfig, str]:
    """The account and the topic in `mqtt://user@host:port/topic`; raises ValueError in words."""
    url = urlsplit(port)
    if not port.startswith(MQTT) or not url.hostname or not url.path.strip("/"):
        raise ValueError(f"{port!r} is not like mqtt://user@host:port/topic")
    if url.password is not None:
        raise ValueError("everybody on this machine can read a command line: no password in the address")
    topic = url.path.strip("/")
    check_topic(topic)
    account = MqttConfig(
        host=url.hostname,
        port=url.port or 1883,
        client_id=f"emulated-{topic.replace('/', '-')}"[:128],
        username=unquote(url.username) if url.username else None,
        password=SecretStr(password) if password else None,
    )
    return account, topic


class MqttEmulator(EmulatedDevice):
    """A device with its own account at a broker; an async context manager.

    It comes back by itself when the broker does. A device's own class says what `tick` publishes and
    what `hear` does with commands.
    """

    command_topics: tuple[str, ...] = ()

    def __init__(self, mqtt: MqttConfig, topic: str, *, period_s: float = 0.15, qos: int = 0) -> None:
        self.counts: Counter[str] = Counter()
        """`sent`, `lost` where the broker was away, and `refused` where it denies the commands."""
        self.topic = topic
        self._mqtt = mqtt
        self._period_s = period_s
        self._qos = qos
        self._silent = False
        self._plugged = asyncio.Event()
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=MOST_WAITING)
        self._woken = asyncio.Event()
        self._session: MqttSession | None = None
        self._opened = asyncio.Event()
        self._listens = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._plugged.set()
        self._task = asyncio.create_task(self._live(), name=f"emulator {self.topic}")
        await self._opened.wait()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def connected(self, timeout_s: float = 10.0) -> None:
        """Wait until the broker accepted the device, and it hears commands or was denied them.

        Raises Refused or Unreachable.
        """
        async with asyncio.timeout(timeout_s):
            await self._opened.wait()
        if self._session is not None:
            await self._session.connected(timeout_s)
        async with asyncio.timeout(timeout_s):
            await self._listens.wait()

    def tick(self) -> Iterator[bytes]:
        """What it publishes on its topic in each period."""
        return iter(())

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a command; answer with `say`."""

    def say(self, payload: bytes, topic: str | None = None) -> None:
        """Publish this as soon as it can."""
        self._waiting.append((topic or self.topic, payload))
        self._woken.set()

    async def send(self, payload: bytes, topic: str | None = None) -> None:
        """Publish these bytes as they are, malformed ones too, and wait for it."""
        if self._session is None or self._silent:
            return
        try:
            await self._session.publish(topic or self.topic, payload, qos=self._qos)
            self.counts["sent"] += 1
        except LinkError:
            self.counts["lost"] += 1

    def unplug(self) -> None:
        """Pull the network cable."""
        self._plugged.clear()
        self._woken.set()

    def replug(self) -> None:
        """Plug it in again."""
        self._plugged.set()

    def mute(self, silent: bool = True) -> None:
        """Hang: the connection stays, nothing is said."""
        self._silent = silent

    def noise(self, content: bytes) -> None:
        """Publish bytes that are no message of it."""
        self.say(content)

    async def _live(self) -> None:
        while True:
            await self._plugged.wait()
            async with MqttSession(self._mqtt) as session:
                self._session = session
                self._opened.set()
                listening = asyncio.create_task(self._listen(session))
                try:
                    await self._speak()
                finally:
                    self._opened.clear()
                    self._listens.clear()
                    self._session = None
                    listening.cancel()
                    await asyncio.gather(listening, return_exceptions=True)

    async def _speak(self) -> None:
        while self._plugged.is_set():
            for payload in self.tick():
                self._waiting.append((self.topic, payload))
            while self._waiting and self._plugged.is_set():
                topic, payload = self._waiting.popleft()
                await self.send(payload, topic)
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._period_s):
                    await self._woken.wait()

    async def _listen(self, session: MqttSession) -> None:
        if not self.command_topics:
            self._listens.set()
            return
        inbox = session.messages(*self.command_topics)
        try:
            await inbox.ready(timeout_s=None)
            self._listens.set()
            async for message in inbox:
                message.ack()
                if not self._silent:
                    self.hear(message.topic, message.payload)
        except LinkError:
            self.counts["refused"] += 1
            self._listens.set()


class MqttTagEmulator(TagField, MqttEmulator):
    """A reader over MQTT, with tags that come and go."""

    def __init__(self, mqtt: MqttConfig, topic: str, *, period_s: float = 0.15, qos: int = 0) -> None:
        super().__init__(mqtt, topic, period_s=period_s, qos=qos)
        self.field = {}
