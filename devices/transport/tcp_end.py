"""The device's end of a line over TCP: what an emulator answers on. Loopback only; one client at a time."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress


class TcpEnd:
    """A listening device that can be unplugged."""

    def __init__(self, host: str, port: int, hear: Callable[[bytes], None]) -> None:
        self._address = (host, port)
        self._hear = hear
        self._listening: socket.socket | None = None
        self._line: socket.socket | None = None

    @property
    def port(self) -> int:
        """The number it listens at; where 0 was asked for, the one that was free."""
        return self._address[1]

    @property
    def baud(self) -> None:
        """None: the server in between knows it."""
        return None

    def plug(self) -> None:
        """Take connections."""
        if self._listening is not None:
            return
        listening = socket.create_server(self._address)
        listening.setblocking(False)
        self._address = listening.getsockname()[:2]
        self._listening = listening
        asyncio.get_running_loop().add_reader(listening.fileno(), self._accept)

    def unplug(self) -> None:
        """Vanish: whoever is connected is hung up on."""
        self._hang_up()
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening.fileno())
            self._listening.close()
            self._listening = None

    def write(self, content: bytes) -> bool:
        """Send bytes; what nobody reads is lost, as on a real line. Returns whether all of it went."""
        if self._line is None:
            return False
        with suppress(OSError):
            return self._line.send(content) == len(content)
        return False

    def _accept(self) -> None:
        if self._listening is None:
            return
        with suppress(OSError):
            line, _ = self._listening.accept()
            self._hang_up()
            line.setblocking(False)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._line = line
            asyncio.get_running_loop().add_reader(line.fileno(), self._readable)

    def _readable(self) -> None:
        if self._line is None:
            return
        try:
            content = self._line.recv(4096)
        except OSError:
            content = b""
        if content:
            self._hear(content)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            asyncio.get_running_loop().remove_reader(self._line.fileno())
            self._line.close()
            self._line = None
