"""A UHFReader18/288 that answers bytes, with tags that come and go."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from devices.emulation import PlacedTag, TagEmulator
from devices.rfid.uhfreader.codec import HEARTBEAT, decoder, encode
from devices.rfid.uhfreader.frames import BROADCAST, Command, Frame, Status

ABOUT = {"18": bytes.fromhex("050209023180"), "288": bytes.fromhex("05020c023180")}
"""Firmware 5.2, the type's number, both tag protocols, US band."""
MODE = bytes.fromhex("001e0a0f0002040206000000")
"""A capture of a reader in scan mode, with the byte of the mode at 0: it answers when it is asked."""
MODE_AT = 4
MODE_SIZE = 6
"""Where the part of it stands that the host sets."""
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
        self.power_dbm = 26
        self.scan_100ms = 10
        self.mode = MODE

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
        if frame.command == Command.INVENTORY:
            self.polls += 1
        for body in self._bodies(frame.command, frame.body):
            self._send(frame.command, body)

    def _bodies(self, command: int, told: bytes) -> Iterator[bytes]:
        done = bytes((Status.SUCCESS,))
        match command, len(told):
            case Command.INVENTORY, _:
                yield from self._inventory_bodies()
            case Command.INFO, _:
                yield done + ABOUT[self._dialect] + bytes((self.power_dbm, self.scan_100ms))
            case Command.SCAN_TIME, 1:
                self.scan_100ms = told[0]
                yield done
            case Command.POWER, 1:
                self.power_dbm = told[0]
                yield done
            case Command.WORK_MODE, 0:
                yield done + self.mode
            case Command.ANSWER_MODE, size if size == MODE_SIZE:
                self.mode = self.mode[:MODE_AT] + told + self.mode[MODE_AT + MODE_SIZE :]
                yield done
            case _:
                yield self._output_body(command, told)

    def _output_body(self, command: int, told: bytes) -> bytes:
        if self.outputs is not None and command == Command.SET_OUTPUTS and told:
            self.outputs = told[0] & 0b11
            return bytes((Status.SUCCESS,))
        if self.outputs is not None and command == Command.PINS:
            return bytes((Status.SUCCESS, self.outputs << 4))
        return bytes((Status.ILLEGAL_COMMAND,))

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
