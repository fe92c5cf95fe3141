"""A camera that publishes pictures to a broker, in any of the forms that cameras use."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from devices.emulation_mqtt import MqttEmulator
from link.mqtt import MqttConfig

Form = Literal["raw", "base64", "data_uri", "json", "chunks"]
CHUNK = 4096
"""As the buffer of a small camera."""


def messages_of(picture: bytes, form: Form) -> Iterator[bytes]:
    """The messages that carry a picture."""
    text = base64.b64encode(picture)
    match form:
        case "raw":
            yield picture
        case "base64":
            yield text
        case "data_uri":
            yield b"data:image/jpeg;base64," + text
        case "json":
            yield json.dumps({"camera": "cam1", "data": {"image": text.decode()}}).encode()
        case "chunks":
            yield b"start %d" % len(picture)
            yield from (picture[at : at + CHUNK] for at in range(0, len(picture), CHUNK))
            yield b"end"


class MqttImageEmulator(MqttEmulator):
    """One emulated camera: it publishes in each period, or when it is told to."""

    def __init__(
        self,
        mqtt: MqttConfig,
        topic: str,
        *,
        form: Form = "raw",
        period_s: float = 0.5,
        trigger_topic: str | None = None,
    ) -> None:
        super().__init__(mqtt, topic, period_s=period_s, qos=1)
        self.picture = b""
        """What it sees; nothing until it is shown something."""
        self.triggered: list[bytes] = []
        """The orders that came."""
        self.form: Form = form
        self.command_topics = (trigger_topic,) if trigger_topic is not None else ()

    def show(self, picture: bytes) -> None:
        """Put this before the lens: the bytes of a file, whole or not."""
        self.picture = picture

    def take(self) -> None:
        """Take a picture and publish it."""
        for message in messages_of(self.picture, self.form):
            self.say(message)

    def tick(self) -> Iterator[bytes]:
        """A picture in each period, where nobody triggers it."""
        return messages_of(self.picture, self.form) if self.picture and not self.command_topics else iter(())

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a picture: the order."""
        self.triggered.append(payload)
        self.take()

    def orders(self) -> dict[str, Callable[[str], None]]:
        """`show FILE` and `take` besides."""
        return {
            "show": lambda rest: self.show(Path(rest).read_bytes()),
            "take": lambda _: self.take(),
            **super().orders(),
        }
