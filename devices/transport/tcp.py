"""A byte stream over TCP: readers with an Ethernet port, serial ports behind an Ethernet-serial server."""

import asyncio
import socket
from contextlib import suppress
from typing import Self

from devices.errors import LinkLost

CONNECT_S = 5.0
CHUNK = 4096
KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3}
"""Seconds, seconds, tries: a server whose power was cut is found after 11 s although nobody writes."""


class TcpStream:
    """One connection to a device; may be entered again after it was left."""

    def __init__(self, host: str, port: int) -> None:
        self.name = f"tcp://{host}:{port}"
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(CONNECT_S):
                self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        except TimeoutError as error:
            raise LinkLost(f"{self.name} does not answer", reason="port_missing") from error
        except ConnectionRefusedError as error:
            raise LinkLost(f"{self.name} takes no connection", reason="port_missing") from error
        except OSError as error:
            raise LinkLost(f"{self.name} cannot be reached: {error}", reason="port_missing") from error
        self._keep_alive(self._writer.get_extra_info("socket"))
        return self

    async def __aexit__(self, *exc: object) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with suppress(OSError, asyncio.TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 1.0)

    async def read(self) -> bytes:
        """Wait for at least one byte and return all there are; raises LinkLost on a hang-up."""
        if self._reader is None:
            raise LinkLost(f"{self.name} is closed")
        try:
            content = await self._reader.read(CHUNK)
        except OSError as error:
            raise self._gone() from error
        if not content:
            raise self._gone()
        return content

    async def write(self, content: bytes) -> None:
        """Write all of it; raises LinkLost on a hang-up or when the peer takes nothing for 5 s."""
        if self._writer is None:
            raise LinkLost(f"{self.name} is closed")
        try:
            self._writer.write(content)
            async with asyncio.timeout(CONNECT_S):
                await self._writer.drain()
        except TimeoutError:
            raise LinkLost(f"{self.name} takes no more bytes", reason="port_stuck") from None
        except OSError as error:
            raise self._gone() from error

    def _gone(self) -> LinkLost:
        return LinkLost(f"{self.name} hung up", reason="unplugged")

    def _keep_alive(self, line: socket.socket) -> None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE.items():
            if hasattr(socket, name):  # not on every system
                line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
