"""The things on a bench that are not ours: readers, scanners, cameras, and what lies before them.

They live in the orchestrator's process, so that the world goes on when any of our programs dies.
"""

import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from devices.camera.folder.emulator import FolderCameraEmulator
from devices.rfid.impinj.emulator import ImpinjEmulator
from devices.rfid.uhfreader.emulator import UhfReaderEmulator
from devices.scanner.emulator import ScannerEmulator
from link.mqtt import MqttConfig

READER = "reader"
TOPIC = "devices/reader"
VIEW = "top"


class TagField(Protocol):
    """What both kinds of reader have: tags that come and go."""

    def place(self, epc: bytes) -> None:
        """Bring a tag into the field."""
        ...

    def remove(self, epc: bytes) -> None:
        """Take it away."""
        ...

    def clear(self) -> None:
        """Take all away."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchPorts:
    """Where a station finds the devices of its bench."""

    folder: Path
    """Short, for a symlink to a pseudo-terminal stands in it."""

    @property
    def reader(self) -> Path:
        """Serial port of the UHF reader."""
        return self.folder / "reader"

    @property
    def scanner(self) -> Path:
        """Serial port of the barcode scanner."""
        return self.folder / "scanner"

    @property
    def camera(self) -> Path:
        """Folder that the camera writes into."""
        return self.folder / "camera"


@dataclass(slots=True, kw_only=True)
class Bench:
    """One bench with its devices; an async context manager."""

    ports: BenchPorts
    mqtt: MqttConfig | None = None
    """The reader's account at the station's broker; None for a serial reader."""
    serial: UhfReaderEmulator | None = None
    impinj: ImpinjEmulator | None = None
    scanner: ScannerEmulator = field(init=False)
    camera: FolderCameraEmulator = field(init=False)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        self.ports.folder.mkdir(parents=True, exist_ok=True)
        self.camera = FolderCameraEmulator(self.ports.camera)
        self.scanner = await self._stack.enter_async_context(ScannerEmulator(self.ports.scanner))
        if self.mqtt is None:
            self.serial = await self._stack.enter_async_context(UhfReaderEmulator(self.ports.reader))
        else:
            self.impinj = await self._stack.enter_async_context(ImpinjEmulator(self.mqtt, TOPIC))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @property
    def tags(self) -> TagField:
        """The reader's field."""
        found = self.serial or self.impinj
        if found is None:
            raise RuntimeError("the bench is not entered")
        return found

    def scan(self, text: str, symbology: str | None = None) -> None:
        """Hold a code before the scanner."""
        self.scanner.scan(text, symbology=symbology)

    def show(self, picture: bytes) -> None:
        """Put something under the camera."""
        self.camera.show_bytes(picture, ".png" if picture.startswith(b"\x89PNG") else ".jpg")


@contextmanager
def kept_or_temporary(folder: Path | None) -> Iterator[Path]:
    """The folder that was named, made where it is missing; else a temporary one, removed at the end."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="regrade-") as made:
        yield Path(made)
