"""A UHFReader18/288 that answers bytes, with tags that come and go."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from devices.emulation import PlacedTag, TagEmulator
from devices.rfid.uhfreader.codec import HEARTBEAT, decoder, encode
from devices.rfid.uhfreader.frames import BROADCAST, Command, Frame, Status

INFO_BODY = bytes.fromhex("000502860231801a0a")
"""Firmware 5.2, US band, 26 dBm, 1 s scan time: a capture with another scan time."""
TAGS_PER_FRAME = 3
"""Three EPCs of the largest size fit into one frame."""
RSSI_OFFSET = 155
"""Ours alone: what a real 288 means by its byte is not documented, and the driver never takes it for dBm."""


class UhfReaderEmulator(TagEmulator):
    """One emulated reader."""

    def __init__(self, port: str | Path, *, dialect: Literal["18", "288"] = "18", address: int = 0) -> None:
        super().__init__(port)
        self._dialect = dialect
        self._address = address
        self._decoder = decoder(from_host=True)
        self.outputs = 0b11 if dialect == "288" else None
        """One bit per output, high when it is switched on; an 18 has none."""

    def fresh(self) -> None:
        """Forget what was half heard."""
        self._decoder = decoder(from_host=True)

    def hear(self, content: bytes) -> None:
        """Answer the commands that are complete."""
        for frame in self._decoder.feed(content):
            if isinstance(frame, Frame) and frame.address in (self._address, BROADCAST):
                self._answer(frame)

    def heartbeat(self) -> None:
        """Send the six bytes of a reader in scan mode."""
        self.noise(HEARTBEAT)

    def push(self, epc: bytes) -> None:
        """Report a tag unasked, as a reader in scan mode does."""
        self._send(Command.PUSH, bytes((Status.SUCCESS,)) + epc)

    def _answer(self, frame: Frame) -> None:
        if frame.command == Command.INFO:
            self._send(Command.INFO, INFO_BODY)
        elif frame.command == Command.SET_OUTPUTS and self.outputs is not None:
            self.outputs = frame.body[0] & 0b11
            self._send(Command.SET_OUTPUTS, bytes((Status.SUCCESS,)))
        elif frame.command == Command.PINS and self.outputs is not None:
            self._send(Command.PINS, bytes((Status.SUCCESS, self.outputs << 4)))
        elif frame.command == Command.INVENTORY:
            self.polls += 1
            for body in self._inventory_bodies():
                self._send(Command.INVENTORY, body)
        else:
            self._send(frame.command, bytes((Status.ILLEGAL_COMMAND,)))

    def _inventory_bodies(self) -> Iterator[bytes]:
        tags = list(self.field.values())
        if not tags:
            yield bytes((Status.NO_TAGS,)) if self._dialect == "18" else bytes((Status.DONE, 1, 0))
        for start in range(0, len(tags), TAGS_PER_FRAME):
            part = tags[start : start + TAGS_PER_FRAME]
            last = start + TAGS_PER_FRAME >= len(tags)
            status = Status.DONE if last else Status.MORE_FOLLOWS
            antenna = 1 << part[0].antenna - 1
            head = (status, len(part)) if self._dialect == "18" else (status, antenna, len(part))
            yield bytes(head) + b"".join(self._tag(tag) for tag in part)

    def _tag(self, tag: PlacedTag) -> bytes:
        raw = round(tag.rssi_dbm) + RSSI_OFFSET
        return bytes((len(tag.epc),)) + tag.epc + (bytes((raw,)) if self._dialect == "288" else b"")

    def _send(self, command: int, body: bytes) -> None:
        self.say(encode(Frame(address=self._address, command=command, body=body)))
