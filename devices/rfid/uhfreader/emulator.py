"""A UHFReader18/288 that answers bytes on a pseudo-terminal, with tags that come and go."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from devices.rfid.uhfreader.codec import HEARTBEAT, SHORTEST_COMMAND, Decoder, encode
from devices.rfid.uhfreader.frames import BROADCAST, Command, Frame, Status
from devices.transport.pty_end import PtyEnd

INFO_BODY = bytes.fromhex("000502860231801a0a")
"""Firmware 5.2, US band, 26 dBm, 1 s scan time: a capture with another scan time."""
TAGS_PER_FRAME = 3
"""Three EPCs of the largest size fit into one frame."""
PIECE_S = 0.002


class UhfReaderEmulator:
    """One emulated reader; `link` is the port to configure. An async context manager."""

    def __init__(self, link: Path, *, dialect: Literal["18", "288"] = "18", address: int = 0) -> None:
        self.polls = 0
        self._dialect = dialect
        self._address = address
        self._line = PtyEnd(link, self._hear)
        self._decoder = Decoder(shortest=SHORTEST_COMMAND)
        self._field: dict[bytes, int] = {}
        self._spoilt = 0
        self._piece = 0
        self._silent = False
        self._free_at = 0.0

    async def __aenter__(self) -> Self:
        self._line.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._line.unplug()

    def place(self, epc: bytes, *, rssi_raw: int = 0x64) -> None:
        """Bring a tag into the field; `rssi_raw` is sent by the 288 dialect only."""
        self._field[epc] = rssi_raw

    def remove(self, epc: bytes) -> None:
        """Take a tag out of the field."""
        self._field.pop(epc, None)

    def clear(self) -> None:
        """Take all tags out of the field."""
        self._field.clear()

    def unplug(self) -> None:
        """Pull the cable."""
        self._line.unplug()

    def replug(self) -> None:
        """Plug it in again, at the same link."""
        self._decoder = Decoder(shortest=SHORTEST_COMMAND)
        self._line.plug()

    def mute(self, silent: bool = True) -> None:
        """Cut the reader's power behind its adapter: the port stays, nothing answers."""
        self._silent = silent

    def noise(self, content: bytes) -> None:
        """Send bytes that are no frame."""
        self._line.write(content)

    def heartbeat(self) -> None:
        """Send the six bytes of a reader in scan mode."""
        self._line.write(HEARTBEAT)

    def push(self, epc: bytes) -> None:
        """Report a tag unasked, as a reader in scan mode does."""
        self._send(Command.PUSH, bytes((Status.SUCCESS,)) + epc)

    def break_next_checksum(self, frames: int = 1) -> None:
        """Send the next answers with a wrong checksum."""
        self._spoilt += frames

    def split_writes(self, bytes_per_write: int) -> None:
        """Send each answer in pieces, a moment apart; 0 sends it whole again."""
        self._piece = bytes_per_write

    def _hear(self, content: bytes) -> None:
        for frame in self._decoder.feed(content):
            if isinstance(frame, Frame) and frame.address in (self._address, BROADCAST) and not self._silent:
                self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        if frame.command == Command.INFO:
            self._send(Command.INFO, INFO_BODY)
        elif frame.command == Command.INVENTORY:
            self.polls += 1
            for body in self._inventory_bodies():
                self._send(Command.INVENTORY, body)
        else:
            self._send(frame.command, bytes((Status.ILLEGAL_COMMAND,)))

    def _inventory_bodies(self) -> Iterator[bytes]:
        tags = list(self._field.items())
        if not tags:
            yield bytes((Status.NO_TAGS,)) if self._dialect == "18" else bytes((Status.DONE, 1, 0))
        for start in range(0, len(tags), TAGS_PER_FRAME):
            part = tags[start : start + TAGS_PER_FRAME]
            last = start + TAGS_PER_FRAME >= len(tags)
            status = Status.DONE if last else Status.MORE_FOLLOWS
            head = (status, len(part)) if self._dialect == "18" else (status, 1, len(part))
            yield bytes(head) + b"".join(self._tag(epc, rssi) for epc, rssi in part)

    def _tag(self, epc: bytes, rssi_raw: int) -> bytes:
        return bytes((len(epc),)) + epc + (bytes((rssi_raw,)) if self._dialect == "288" else b"")

    def _send(self, command: int, body: bytes) -> None:
        content = encode(Frame(address=self._address, command=command, body=body))
        if self._spoilt:
            self._spoilt -= 1
            content = content[:-1] + bytes((content[-1] ^ 0xFF,))
        if not self._piece:
            self._line.write(content)
            return
        loop = asyncio.get_running_loop()
        for start in range(0, len(content), self._piece):
            self._free_at = max(self._free_at, loop.time()) + PIECE_S
            loop.call_at(self._free_at, self._line.write, content[start : start + self._piece])
