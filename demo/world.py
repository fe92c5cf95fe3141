"""The things on a bench that are not ours: readers, scanners, cameras, and what lies before them.

They live in the orchestrator's process, so that the world goes on when any of our programs dies.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any, Protocol, Self

from demo.camera import View
from demo.fitting import PLAYED, READ_ITEMS, VIEW, Place, Table
from devices.rfid.impinj.emulator import ImpinjEmulator
from devices.rfid.uhfreader.emulator import UhfReaderEmulator
from devices.scale.emulator import ScaleEmulator
from devices.scanner.emulator import ScannerEmulator


class TagField(Protocol):
    """What all readers have: tags that come and go."""

    def place(self, epc: bytes) -> None:
        """Bring a tag into the field."""
        ...

    def remove(self, epc: bytes) -> None:
        """Take it away."""
        ...

    def clear(self) -> None:
        """Take all away."""
        ...


class Fields:
    """The fields of all readers of a bench: what is placed comes before one of them, in turn."""

    def __init__(self, fields: Sequence[TagField]) -> None:
        self._fields = fields
        self._turns = cycle(fields)

    def place(self, *epcs: bytes) -> None:
        """Bring these tags into the field of the next reader, all into the same."""
        field = next(self._turns)
        for epc in epcs:
            field.place(epc)

    def clear(self) -> None:
        """Take all tags away."""
        for field in self._fields:
            field.clear()


class Bench:
    """One bench with its devices; an async context manager."""

    def __init__(self, tables: Sequence[Table], place: Place) -> None:
        self._tables, self._place = tables, place
        self._stack = AsyncExitStack()
        self.devices: dict[str, Any] = {}
        """The emulators by the names of their devices."""
        self.tags = Fields(())

    async def __aenter__(self) -> Self:
        self._place.folder.mkdir(parents=True, exist_ok=True)
        for table in self._tables:
            if table["driver"] in PLAYED:
                played = PLAYED[table["driver"]](table, self._place)
                self.devices[table["name"]] = await self._stack.enter_async_context(played)
        self.tags = Fields([self.devices[t["name"]] for t in self._tables if t["driver"] in READ_ITEMS])
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @property
    def scanner(self) -> ScannerEmulator:
        """The barcode scanner."""
        found: ScannerEmulator = self.devices["scanner"]
        return found

    @property
    def camera(self) -> View:
        """What lies before the camera."""
        found: View = self.devices[f"cam-{VIEW}"]
        return found

    @property
    def scale(self) -> ScaleEmulator:
        """The scale under the item."""
        found: ScaleEmulator = self.devices["scale"]
        return found

    @property
    def serial(self) -> UhfReaderEmulator | None:
        """A reader whose line can be spoilt; None where all speak MQTT."""
        return self.devices.get("gate")

    @property
    def impinj(self) -> ImpinjEmulator | None:
        """A reader that can be made to say nonsense; None where none speaks MQTT."""
        return self.devices.get("reader")

    def scan(self, text: str, symbology: str | None = None) -> None:
        """Hold a code before the scanner."""
        self.scanner.scan(text, symbology=symbology)

    def weigh(self, grams: int) -> None:
        """Load the scale; it moves for a moment before it rests."""
        self.scale.put(f"{grams}.00" if grams else "0.00", settling=2)

    def show(self, picture: bytes) -> None:
        """Put something under the camera."""
        self.camera.put(picture)


@contextmanager
def kept_or_temporary(folder: Path | None) -> Iterator[Path]:
    """The folder that was named, made where it is missing; else a temporary one, removed at the end."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="regrade-") as made:
        yield Path(made)
