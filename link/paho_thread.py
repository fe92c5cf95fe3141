"""paho's network thread, and the bounded way from it to the event loop.

All callbacks are wrapped: an exception in one of paho's callbacks kills its thread while
`is_connected` stays true (paho 2.2.0). Nothing here decides anything; `link.mqtt` does.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from link.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted us."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The line broke, or the broker refused us with `reason`."""

    refused: int
    """The MQTT return code of a refusal, 0 for a broken line."""
    reason: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The broker's answer to one subscription."""

    mid: int
    denied: bool


@dataclass(frozen=True, slots=True)
class Published:
    """The broker's PUBACK; it says nothing about the disk."""

    mid: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message with the number of the connection it came over."""

    connection: int
    message: MQTTMessage


Event = Connected | Disconnected | Subscribed | Published | Arrived


class PahoThread:
    """Runs a paho client in its own thread and hands over what happens, in order."""

    def __init__(
        self, *, client_id: str, clean_session: bool, inbox_limit: int, backoff: Backoff, counts: Counter[str]
    ) -> None:
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean_session,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        self._counts = counts
        self._backoff = backoff
        self._limit = inbox_limit
        self._events: deque[Event] = deque()
        self._waiting = 0
        self._connection = 0
        self._lock = threading.Lock()
        self._wake: Callable[[], None] = _nobody
        self._listen()

    def start(self, wake: Callable[[], None]) -> None:
        """Begin to connect; `wake` is called in paho's thread whenever there is something to take."""
        self._wake = wake
        self._pace()
        self.client.loop_start()

    def stop(self) -> None:
        """Say goodbye and wait for the thread; blocks up to a connect timeout."""
        self._wake = _nobody
        self.client.disconnect()
        self.client.loop_stop()
        # paho keeps the pair that wakes its thread until it is collected, which may be never.
        self.client._reset_sockets(sockpair_only=True)

    def take(self) -> list[Event]:
        """All events since the last call, oldest first."""
        with self._lock:
            events = list(self._events)
            self._events.clear()
            self._waiting = 0
        return events

    def acknowledge(self, connection: int, mid: int, qos: int) -> bool:
        """Acknowledge unless the connection is an older one, whose message ids may be in use again."""
        with self._lock:
            if connection != self._connection or not self.client.is_connected():
                return False
            self.client.ack(mid, qos)
            return True

    def _listen(self) -> None:
        self.client.on_connect = self._guard(self._on_connect)
        self.client.on_connect_fail = self._guard(self._on_connect_fail)
        self.client.on_disconnect = self._guard(self._on_disconnect)
        self.client.on_subscribe = self._guard(self._on_subscribe)
        self.client.on_publish = self._guard(self._on_publish)
        self.client.on_message = self._guard(self._on_message)

    def _guard(self, callback: Callable[..., None]) -> Callable[..., None]:
        def guarded(*happened: Any) -> None:
            try:
                callback(*happened)
            except Exception:
                self._counts["callback_failed"] += 1

        return guarded

    def _hand_over(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Arrived):
                if self._waiting >= self._limit:
                    self._counts["dropped"] += 1
                    return
                self._waiting += 1
            self._events.append(event)
        self._wake()

    def _pace(self) -> None:
        delay = self._backoff.next()
        self.client.reconnect_delay_set(delay, delay)  # type: ignore[arg-type]  # paho only adds it to a clock

    def _next_connection(self) -> None:
        with self._lock:
            self._connection += 1

    def _on_connect(
        self, client: Client, _: object, flags: ConnectFlags, reason: ReasonCode, more: Properties | None
    ) -> None:
        if reason.is_failure:
            self._counts["refused"] += 1
            self._hand_over(Disconnected(reason.value, str(reason)))
            return
        self._next_connection()
        self._backoff.reset()
        self._counts["connected"] += 1
        self._hand_over(Connected())

    def _on_connect_fail(self, client: Client, _: object) -> None:
        self._counts["connect_failed"] += 1
        self._pace()

    def _on_disconnect(
        self, client: Client, _: object, flags: DisconnectFlags, reason: ReasonCode, more: Properties | None
    ) -> None:
        self._next_connection()
        self._counts["disconnected"] += 1
        self._pace()
        self._hand_over(Disconnected(0, str(reason)))

    def _on_subscribe(
        self, client: Client, _: object, mid: int, reasons: list[ReasonCode], more: Properties | None
    ) -> None:
        self._hand_over(Subscribed(mid, any(reason.is_failure for reason in reasons)))

    def _on_publish(
        self, client: Client, _: object, mid: int, reason: ReasonCode, more: Properties | None
    ) -> None:
        self._hand_over(Published(mid))

    def _on_message(self, client: Client, _: object, message: MQTTMessage) -> None:
        _ = message.topic  # paho decodes it on access: bytes that are no UTF-8 must fail here, counted
        self._hand_over(Arrived(self._connection, message))


def _nobody() -> None:
    """Nobody listens before the start and after the stop."""
