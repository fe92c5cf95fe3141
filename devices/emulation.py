"""What emulated devices share; and those on a line: their end of it, and the ways in which lines misbehave.

Only emulators use this. A port is where the driver finds the device: a path, where a link to a
pseudo-terminal appears, or `tcp://127.0.0.1:port`.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from devices.transport.opening import TCP, tcp_address
from devices.transport.pty_end import PtyEnd
from devices.transport.tcp_end import TcpEnd

PIECE_S = 0.002
BITS_PER_BYTE = 10
"""8N1: one start bit, one stop bit."""
RATE_STEPS_PER_S = 100


class DeviceEnd(Protocol):
    """The device's end of a line."""

    @property
    def baud(self) -> int | None:
        """The rate that the host opened it with; None where a line has none, as TCP."""
        ...

    def plug(self) -> None:
        """Appear."""
        ...

    def unplug(self) -> None:
        """Vanish, as a pulled cable does."""
        ...

    def write(self, content: bytes) -> bool:
        """Send bytes; returns whether all of them went."""
        ...


def line_at(port: str | Path, hear: Callable[[bytes], None]) -> DeviceEnd:
    """The device's end of the line at this port."""
    if str(port).startswith(TCP):
        return TcpEnd(*tcp_address(str(port)), hear)
    return PtyEnd(Path(port), hear)


class EmulatedDevice(ABC):
    """What happens to every emulated device, and what a person at a keyboard may tell it."""

    @abstractmethod
    def unplug(self) -> None:
        """Pull its cable."""

    @abstractmethod
    def replug(self) -> None:
        """Plug it in again."""

    @abstractmethod
    def mute(self, silent: bool = True) -> None:
        """Make it hang: its end of the cable stays, and says nothing."""

    @abstractmethod
    def noise(self, content: bytes) -> None:
        """Send bytes that mean nothing."""

    def orders(self) -> dict[str, Callable[[str], None]]:
        """First word of an order -> what takes the rest of the line."""
        return {
            "unplug": lambda _: self.unplug(),
            "replug": lambda _: self.replug(),
            "mute": lambda _: self.mute(),
            "unmute": lambda _: self.mute(silent=False),
            "noise": lambda rest: self.noise(bytes.fromhex(rest)),
        }

    def obey(self, line: str) -> None:
        """Take one order; raises ValueError in words."""
        word, _, rest = line.partition(" ")
        orders = self.orders()
        if word not in orders:
            raise ValueError(f"{word!r} is none of {' '.join(orders)}")
        orders[word](rest.strip())


class LineEmulator(EmulatedDevice):
    """A device on a line; an async context manager. A device's own class says what `hear` answers."""

    def __init__(self, port: str | Path) -> None:
        self.port = port
        self._line = line_at(port, self._heard)
        self._piece = 0
        self._piece_s = PIECE_S
        self._spoilt = 0
        self._silent = False
        self._delay_s = 0.0
        self._free_at = 0.0

    async def __aenter__(self) -> Self:
        self.fresh()
        self._line.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._line.unplug()

    def fresh(self) -> None:
        """Forget what was half heard: the device was just switched on."""

    def hear(self, content: bytes) -> None:
        """Take what the host sent; answer with `say`."""

    def spoil(self, content: bytes) -> bytes:
        """An answer as a bad line delivers it: here with its last byte inverted."""
        return content[:-1] + bytes((content[-1] ^ 0xFF,))

    def say(self, content: bytes) -> None:
        """Send an answer, the way `slow`, `split_writes` and `spoil_next` ask for."""
        if self._spoilt:
            self._spoilt -= 1
            content = self.spoil(content)
        if not self._piece and not self._delay_s:
            self._line.write(content)
            return
        loop = asyncio.get_running_loop()
        step = self._piece or len(content)
        self._free_at = max(self._free_at, loop.time() + self._delay_s)
        for start in range(0, len(content), step):
            loop.call_at(self._free_at, self._line.write, content[start : start + step])
            self._free_at += self._piece_s

    def unplug(self) -> None:
        """Pull the cable."""
        self._line.unplug()

    def replug(self) -> None:
        """Plug it in again, at the same port."""
        self.fresh()
        self._line.plug()

    def mute(self, silent: bool = True) -> None:
        """Cut the device's power behind its adapter: the port stays, nothing answers."""
        self._silent = silent

    def slow(self, delay_s: float) -> None:
        """Answer so much later from now on."""
        self._delay_s = delay_s

    def noise(self, content: bytes) -> None:
        """Send bytes that are no answer."""
        self._line.write(content)

    def spoil_next(self, answers: int = 1) -> None:
        """Send the next answers with a fault."""
        self._spoilt += answers

    def split_writes(self, bytes_per_write: int) -> None:
        """Send each answer in pieces, a moment apart; 0 sends it whole again."""
        self._piece, self._piece_s = bytes_per_write, PIECE_S

    def at_rate(self, baud: int) -> None:
        """Send no faster than a line of this rate carries it: a pseudo-terminal has no rate of its own."""
        self._piece = max(1, baud // BITS_PER_BYTE // RATE_STEPS_PER_S)
        self._piece_s = self._piece * BITS_PER_BYTE / baud

    def _heard(self, content: bytes) -> None:
        if not self._silent:
            self.hear(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedTag:
    """A tag in the field of an emulated reader."""

    epc: bytes
    antenna: int
    rssi_dbm: float


class TagField(EmulatedDevice):
    """The field of an emulated reader, whatever its wire: tags that come and go."""

    field: dict[bytes, PlacedTag]

    def place(self, epc: bytes, *, antenna: int = 1, rssi_dbm: float = -55.0) -> None:
        """Bring a tag into the field of an antenna."""
        self.field[epc] = PlacedTag(epc=epc, antenna=antenna, rssi_dbm=rssi_dbm)

    def remove(self, epc: bytes) -> None:
        """Take a tag out of the field."""
        self.field.pop(epc, None)

    def clear(self) -> None:
        """Take all tags out of the field."""
        self.field.clear()

    def orders(self) -> dict[str, Callable[[str], None]]:
        """`place HEX`, `remove HEX` and `clear` besides."""
        return {
            "place": lambda rest: self.place(bytes.fromhex(rest)),
            "remove": lambda rest: self.remove(bytes.fromhex(rest)),
            "clear": lambda _: self.clear(),
            **super().orders(),
        }


class TagEmulator(TagField, LineEmulator):
    """A reader on a line, with tags that come and go."""

    def __init__(self, port: str | Path) -> None:
        super().__init__(port)
        self.field = {}
        self.polls = 0
        """How often it was asked for tags."""


class CodeEmulator(LineEmulator):
    """A barcode scanner; a kind of its own says how its `say` carries the text."""

    suffix = b"\r"

    def scan(self, text: str, *, symbology: str | None = None) -> None:
        """Pull the trigger on a code; `symbology` is the AIM identifier to send before it."""
        self.say((symbology or "").encode() + text.encode() + self.suffix)

    def obey(self, line: str) -> None:
        """Each line is a code, except the words of every line emulator."""
        if line.partition(" ")[0] in self.orders():
            super().obey(line)
        else:
            self.scan(line)
