"""pyserial on the event loop.

`add_reader` answers in 25-36 us where a thread has a tail of 36 ms (measured with pyserial 3.5).
A hang-up shows itself as SerialException or as plain OSError, depending on the call: both count.
"""

import asyncio
import errno
import os
from abc import ABC, abstractmethod
from typing import Protocol, Self

import serial

from devices.errors import DeviceError, LinkLost, WrongSetUp

CHUNK = 4096
BUFFER_LIMIT = 65536
"""Bytes kept for a reader of ours that is late; beyond that the port itself has to wait."""
WRITE_S = 5.0

OPEN_FAILURES: dict[int, tuple[type[DeviceError], str, str]] = {
    errno.ENOENT: (LinkLost, "port_missing", "{} is not there: is the cable plugged in?"),
    errno.ENXIO: (LinkLost, "port_missing", "{} is not there: is the cable plugged in?"),
    errno.EACCES: (WrongSetUp, "port_forbidden", "{} may not be opened: add this user to the port's group"),
    errno.EPERM: (WrongSetUp, "port_forbidden", "{} may not be opened: add this user to the port's group"),
    errno.EAGAIN: (LinkLost, "port_busy", "{} is in use by another program"),
    errno.EBUSY: (LinkLost, "port_busy", "{} is in use by another program"),
}


class OpenPort(Protocol):
    """What is read from: a serial port, or another device file."""

    def fileno(self) -> int:
        """The handle."""
        ...

    def read(self, size: int = 1, /) -> bytes:
        """What is there, at most so many bytes; raises OSError where the device is gone."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class PortStream(ABC):
    """A device file on the event loop; a kind of its own says how it is opened."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._port: OpenPort | None = None
        self._buffer = bytearray()
        self._woken = asyncio.Event()
        self._lost: LinkLost | None = None

    async def __aenter__(self) -> Self:
        self._buffer.clear()
        self._lost = None
        self._port = self._open()
        asyncio.get_running_loop().add_reader(self._port.fileno(), self._readable)
        return self

    async def __aexit__(self, *exc: object) -> None:
        port, self._port = self._port, None
        if port is not None:
            self._stop_listening(port)
            port.close()

    async def read(self) -> bytes:
        """Wait for at least one byte and return all there are; raises LinkLost on a hang-up."""
        while not self._buffer:
            if self._lost is not None:
                raise self._lost
            self._woken.clear()
            await self._woken.wait()
        full = len(self._buffer) >= BUFFER_LIMIT
        content = bytes(self._buffer)
        self._buffer.clear()
        if full and self._port is not None and self._lost is None:
            asyncio.get_running_loop().add_reader(self._port.fileno(), self._readable)
        return content

    async def write(self, content: bytes) -> None:
        """Write all of it; raises LinkLost on a hang-up or when the port takes nothing any more."""
        left = memoryview(content)
        while left:
            if self._lost is not None or self._port is None:
                raise self._lost or LinkLost(f"{self.name} is closed")
            try:
                # pyserial's own write spins while the port is full.
                left = left[os.write(self._port.fileno(), left) :]
            except BlockingIOError:
                await self._writable(self._port)
            except OSError as error:
                self._hang_up(error)

    @abstractmethod
    def _open(self) -> OpenPort:
        """Open it for us alone; raises LinkLost or WrongSetUp."""

    def _readable(self) -> None:
        if self._port is None:
            return
        try:
            self._buffer += self._port.read(CHUNK)
        except (serial.SerialException, OSError) as error:
            self._hang_up(error)
        if len(self._buffer) >= BUFFER_LIMIT:
            self._stop_listening(self._port)
        self._woken.set()

    def _hang_up(self, error: Exception) -> None:
        """The reader must go first: a hung-up port is readable for ever."""
        if self._port is not None:
            self._stop_listening(self._port)
        self._lost = LinkLost(f"{self.name} was unplugged", reason="unplugged")
        self._lost.__cause__ = error
        self._woken.set()

    def _stop_listening(self, port: OpenPort) -> None:
        asyncio.get_running_loop().remove_reader(port.fileno())

    async def _writable(self, port: OpenPort) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_writer(port.fileno(), ready.set)
        try:
            async with asyncio.timeout(WRITE_S):
                await ready.wait()
        except TimeoutError:
            raise LinkLost(f"{self.name} takes no more bytes", reason="port_stuck") from None
        finally:
            loop.remove_writer(port.fileno())


class SerialStream(PortStream):
    """One serial port, opened for us alone; `character` says data bits, parity and stop bits."""

    def __init__(self, name: str, *, baud: int, character: str = "8N1") -> None:
        super().__init__(name)
        self._baud = baud
        self._bits, self._parity, self._stop = int(character[0]), character[1], int(character[2])

    def _open(self) -> serial.Serial:
        try:
            return serial.Serial(
                self.name,
                baudrate=self._baud,
                bytesize=self._bits,
                parity=self._parity,
                stopbits=self._stop,
                timeout=0,
                exclusive=True,
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise refusal(self.name, error) from error


def refusal(name: str, error: Exception) -> DeviceError:
    """Why a device file cannot be opened, in words."""
    kind, reason, sentence = OPEN_FAILURES.get(
        getattr(error, "errno", None) or 0,
        (LinkLost, "port_broken", f"{{}} cannot be opened: {error}"),
    )
    return kind(sentence.format(name), reason=reason)
