"""A barcode scanner that sends what it is told to scan, on a pseudo-terminal."""

from pathlib import Path
from typing import Self

from devices.transport.pty_end import PtyEnd


class ScannerEmulator:
    """One emulated scanner; `link` is the port to configure. An async context manager."""

    def __init__(self, link: Path, *, suffix: bytes = b"\r") -> None:
        self._line = PtyEnd(link, _deaf)
        self._suffix = suffix

    async def __aenter__(self) -> Self:
        self._line.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._line.unplug()

    def scan(self, text: str, *, symbology: str | None = None) -> None:
        """Pull the trigger on a code; `symbology` is the AIM identifier to send before it."""
        self._line.write((symbology or "").encode() + text.encode() + self._suffix)

    def noise(self, content: bytes) -> None:
        """Send these bytes as they are."""
        self._line.write(content)

    def unplug(self) -> None:
        """Pull the cable."""
        self._line.unplug()

    def replug(self) -> None:
        """Plug it in again, at the same link."""
        self._line.plug()


def _deaf(content: bytes) -> None:
    """Scanners take commands, but ours are set up with printed codes."""
