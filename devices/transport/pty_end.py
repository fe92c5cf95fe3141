"""The device's end of an emulated serial line: what an emulator answers on.

Only emulators use this. A symlink stays in place of a device name such as `/dev/serial/by-id/..`,
so that a driver finds the port again after it was plugged in anew.
"""

import asyncio
import os
import termios
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

RATES = {getattr(termios, f"B{baud}"): baud for baud in (9600, 19200, 38400, 57600, 115200)}
OUTPUT_SPEED = 5
"""Where `tcgetattr` keeps it."""


class PtyEnd:
    """A pseudo-terminal that can be unplugged; an async context manager."""

    def __init__(self, link: Path, hear: Callable[[bytes], None]) -> None:
        self.link = link
        self._hear = hear
        self._master: int | None = None
        self._slave: int | None = None

    async def __aenter__(self) -> Self:
        self.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.unplug()

    @property
    def baud(self) -> int | None:
        """The rate that the host set; nothing on a pseudo-terminal depends on it."""
        if self._slave is None:
            return None
        return RATES.get(termios.tcgetattr(self._slave)[OUTPUT_SPEED])

    def plug(self) -> None:
        """Appear at the link."""
        if self._master is not None:
            return
        # Our own slave end stays open: without one the master hangs up whenever the driver closes.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.link)
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def unplug(self) -> None:
        """Vanish, as a pulled cable does: whoever has the port open is hung up on."""
        if self._master is None or self._slave is None:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        self.link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = None

    def write(self, content: bytes) -> bool:
        """Send bytes; what nobody reads is lost, as on a real line. Returns whether all of it went."""
        if self._master is None:
            return False
        with suppress(BlockingIOError):
            return os.write(self._master, content) == len(content)
        return False

    def _readable(self) -> None:
        if self._master is None:
            return
        try:
            content = os.read(self._master, 4096)
        except OSError:
            return
        self._hear(content)
