"""One MQTT 3.1.1 session: all of paho's traps in one place.

The session connects by itself, again and again, and subscribes anew each time. Messages are
acknowledged by whoever took them, so one that is lost on the way to a commit comes again.
A PUBACK is no receipt: brokers send it before they have written anything.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self

from paho.mqtt.enums import MQTTErrorCode
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from link.backoff import Backoff
from link.errors import NotSent, Overloaded, Refused, Unreachable
from link.inbox import Inbox, Message
from link.paho_thread import Arrived, Connected, Disconnected, Event, PahoThread, Published, Subscribed
from link.tls import TlsFiles, client_context
from link.topics import check_filter, check_size, check_topic, matches


class MqttConfig(BaseModel):
    """Where the broker is and who we are there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    port: int = Field(default=1883, ge=1, le=65535)
    client_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")
    """Unique at the broker: the second connection of an id drops the first."""
    username: str | None = None
    password: SecretStr | None = None
    tls: TlsFiles | None = None
    """None for a plain connection, which is for loopback and closed networks only."""
    clean_session: bool = True
    keepalive_s: int = Field(default=30, ge=5, le=3600)
    inbox_limit: int = Field(default=1000, ge=1)
    """Messages waiting for a reader of ours, per subscription; the oldest give way.

    Keep it above the broker's window (100 in ours): what gave way was never acknowledged.
    """
    outbox_limit: int = Field(default=1000, ge=1)
    """Messages waiting for a PUBACK; more are refused as Overloaded."""
    retry_min_s: float = Field(default=0.2, gt=0)
    retry_max_s: float = Field(default=5.0, gt=0)


class MqttSession:
    """One client at one broker, used as an async context manager."""

    def __init__(self, config: MqttConfig) -> None:
        self.config = config
        self.counts: Counter[str] = Counter()
        """connected, disconnected, refused, connect_failed, received, unmatched, dropped, published, ..."""
        self.last_message_at: datetime | None = None
        """For supervision by message age: a dead line can look connected for a while."""
        self.is_connected = False
        self._refusal: Refused | None = None
        self._changed = asyncio.Event()
        self._inboxes: list[Inbox] = []
        self._asked: dict[int, Inbox] = {}
        self._unconfirmed: dict[int, asyncio.Future[None]] = {}
        self._thread = self._new_thread()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._thread.client.connect_async(self.config.host, self.config.port, self.config.keepalive_s)
        self._thread.start(lambda: _call(loop, self._take))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await asyncio.to_thread(self._thread.stop)
        self.is_connected = False
        for inbox in self._inboxes:
            inbox.fail(Unreachable("the session was closed"))

    async def connected(self, timeout_s: float = 10.0) -> None:
        """Wait for the broker; raises Refused for a wrong password, Unreachable where nobody answers."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self.is_connected:
                    if self._refusal:
                        raise self._refusal
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise Unreachable(f"no broker answers at {self.config.host}:{self.config.port}") from None

    def messages(self, *filters: str, qos: int = 1, until_lost: bool = False) -> Inbox:
        """Subscribe, now and after every reconnect; with `until_lost` a broken line raises Unreachable.

        Two readers of one filter both get each message, and the first `ack` counts. Filters of one
        session must not overlap otherwise: nats-server sends such a message once for each.
        """
        for topic_filter in filters:
            check_filter(topic_filter)
        inbox = Inbox(filters, qos, self.config.inbox_limit, until_lost, self._leave)
        self._inboxes.append(inbox)
        if self.is_connected:
            self._ask(inbox)
        return inbox

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, timeout_s: float = 10.0
    ) -> None:
        """Send; at QoS 1 wait for the PUBACK.

        Raises NotSent, Overloaded, or Unreachable; after the last a QoS 1 message stays queued in
        memory and may still arrive, so whoever sends it again must bear it arriving twice.
        """
        check_topic(topic)
        check_size(topic, payload)
        if qos not in (0, 1):
            raise NotSent(f"QoS {qos} is not used here: 0 or 1")
        sent = self._thread.client.publish(topic, payload, qos=qos, retain=retain)
        if sent.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            raise Overloaded(f"{self.config.outbox_limit} messages wait for the broker already")
        if qos == 1:
            await self._confirmed(sent.mid, topic, timeout_s)
        elif sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise Unreachable(f"no connection to the broker; a message for {topic} is lost")
        self.counts["published"] += 1

    async def _confirmed(self, mid: int, topic: str, timeout_s: float) -> None:
        # The PUBACK cannot overtake us: it comes through the event loop, which runs this line first.
        confirmed = self._unconfirmed[mid] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                await confirmed
        except TimeoutError:
            raise Unreachable(f"the broker did not confirm a message for {topic} in time") from None
        finally:
            self._unconfirmed.pop(mid, None)

    def _new_thread(self) -> PahoThread:
        config = self.config
        thread = PahoThread(
            client_id=config.client_id,
            clean_session=config.clean_session,
            inbox_limit=config.inbox_limit,
            backoff=Backoff(config.retry_min_s, config.retry_max_s),
            counts=self.counts,
        )
        thread.client.max_queued_messages_set(config.outbox_limit)
        thread.client.connect_timeout = 5.0
        if config.username:
            secret = config.password.get_secret_value() if config.password else None
            thread.client.username_pw_set(config.username, secret)
        if config.tls is not None:
            thread.client.tls_set_context(client_context(config.tls))
        return thread

    def _take(self) -> None:
        for event in self._thread.take():
            self._apply(event)

    def _apply(self, event: Event) -> None:
        match event:
            case Arrived():
                self._deliver(event)
            case Published(mid=mid):
                confirmed = self._unconfirmed.get(mid)
                if confirmed and not confirmed.done():
                    confirmed.set_result(None)
            case Subscribed(mid=mid, denied=denied):
                self._answered(mid, denied)
            case Connected():
                self._up()
            case Disconnected():
                self._down(event)

    def _up(self) -> None:
        self.is_connected, self._refusal = True, None
        self._changed.set()
        self._asked.clear()
        for inbox in self._inboxes:
            self._ask(inbox)

    def _down(self, event: Disconnected) -> None:
        self.is_connected = False
        if event.refused:
            self._refusal = Refused(
                f"the broker at {self.config.host}:{self.config.port} refuses "
                f"{self.config.username or 'an anonymous client'}: {event.reason}",
                status=event.refused,
            )
        self._changed.set()
        for inbox in self._inboxes:
            inbox.interrupt()
            if inbox.until_lost:
                inbox.fail(Unreachable(f"the line to the broker broke: {event.reason}"))

    def _ask(self, inbox: Inbox) -> None:
        _, mid = self._thread.client.subscribe([(topic, inbox.qos) for topic in inbox.filters])
        if mid is not None:
            self._asked[mid] = inbox

    def _answered(self, mid: int, denied: bool) -> None:
        inbox = self._asked.pop(mid, None)
        if inbox is None:
            return
        if denied:
            inbox.fail(Refused(f"the broker denies {', '.join(inbox.filters)}", status=0x80))
        else:
            inbox.grant()

    def _leave(self, inbox: Inbox) -> None:
        if inbox not in self._inboxes:
            return
        self._inboxes.remove(inbox)
        still = {topic for other in self._inboxes for topic in other.filters}
        gone = [topic for topic in inbox.filters if topic not in still]
        if gone and self.is_connected:
            self._thread.client.unsubscribe(gone)

    def _deliver(self, arrived: Arrived) -> None:
        raw = arrived.message
        self.last_message_at = datetime.now(UTC)
        self.counts["received"] += 1
        message = Message(
            topic=raw.topic,
            payload=bytes(raw.payload),
            retain=raw.retain,
            dup=raw.dup,
            received_at=self.last_message_at,
            _acknowledge=self._acknowledgement(arrived),
        )
        takers = [inbox for inbox in self._inboxes if any(matches(f, raw.topic) for f in inbox.filters)]
        for inbox in takers:
            if not inbox.put(message):
                self.counts["dropped"] += 1
        if not takers:
            self.counts["unmatched"] += 1
            message.ack()

    def _acknowledgement(self, arrived: Arrived) -> Callable[[], None]:
        pending = [arrived]

        def acknowledge() -> None:
            while pending:
                once = pending.pop()
                if not self._thread.acknowledge(once.connection, once.message.mid, once.message.qos):
                    self.counts["stale_ack"] += 1

        return acknowledge


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(callback)
