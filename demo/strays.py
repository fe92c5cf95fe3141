"""Bad input as it comes on a bench: strange tags, noise on the line, codes that are none.

Each is provoked on purpose, waited for on the station's snapshot, and cleared away as a person would.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from demo.goods import gtin
from demo.inspector import GONE_S, LOOK_S, Inspector, Mind, Snapshot, choose
from demo.plan import TAGGED, PlannedItem, Twist
from inspection.identity.epc import sgtin96_for

PATIENCE_S = 60.0
SAME_CODE_S = 1.7
"""Longer than a scanner takes a code for a repetition."""
TID_LIKE = bytes.fromhex("e28011700000020a1b2c3d4e")
BLANK = bytes(12)
NOT_SOLD = gtin(99_999)
"""A right number of a product that nobody announced."""
STRANGER = sgtin96_for(NOT_SOLD, 4711).encode()
OTHER_STRANGER = sgtin96_for(NOT_SOLD, 4712).encode()
NOISE = bytes(range(256)) + b"\x04\xff\xff" * 40
NONSENSE = (b"", b"\xff\xfe", b"[]", b'{"tagInventoryEvent":{"epc":"not base64!"}}', b"{" * 5000)
UNKNOWN_CODE = f"01{NOT_SOLD}219999"
WRONG_CHECK_DIGIT = NOT_SOLD[:-1] + str((int(NOT_SOLD[-1]) + 1) % 10)
OVERLONG = b"\x80\xffgarbage" * 2000 + b"\r"


class Strays:
    """Brings bad input to one bench."""

    def __init__(self, inspector: Inspector, upcoming: Callable[[], Sequence[PlannedItem]]) -> None:
        self._inspector = inspector
        self._bench = inspector.bench
        self._upcoming = upcoming

    async def before(self, item: PlannedItem) -> None:
        """Everything that happens before the item itself lies on the bench."""
        for twist in item.twists:
            if twist in BEFORE:
                await self._ready(item)
                await BEFORE[twist](self)

    async def after(self, item: PlannedItem) -> None:
        """What happens once the item is recorded."""
        if Twist.DUPLICATE_ITEM in item.twists:
            if item.way in TAGGED:  # the bench has to see that it left
                await self._until(lambda seen: seen["state"] == "idle")
            await asyncio.sleep(SAME_CODE_S)
            self._inspector.lay_down(item)
            await self._held_then_cleared()

    async def unknown_tag(self) -> None:
        """A trade item that nobody announced."""
        await self._tags(STRANGER)

    async def no_item_tag(self) -> None:
        """A tag that shows its chip's number."""
        await self._tags(TID_LIKE)

    async def blank_tag(self) -> None:
        """A tag that was never written."""
        await self._tags(BLANK)

    async def two_tags(self) -> None:
        """Two returns at once, where the list still has two; strangers otherwise."""
        known = [bytes.fromhex(item.unit.epc) for item in self._upcoming() if item.unit.epc]
        await self._tags(*[*known, STRANGER, OTHER_STRANGER][:2])

    async def line_noise(self) -> None:
        """Bytes on the reader's line that are no frame."""
        if self._bench.serial:
            self._bench.serial.noise(NOISE)
        await asyncio.sleep(0.3)

    async def bad_checksum(self) -> None:
        """Frames that arrive damaged."""
        if self._bench.serial:
            self._bench.serial.spoil_next(2)
        await asyncio.sleep(0.5)

    async def mqtt_nonsense(self) -> None:
        """Messages that are no report of a reader."""
        if self._bench.impinj:
            for payload in NONSENSE:
                await self._bench.impinj.send(payload)
        await asyncio.sleep(0.3)

    async def scanner_noise(self) -> None:
        """An endless line without a meaning."""
        self._bench.scanner.noise(OVERLONG)
        await asyncio.sleep(0.3)
        await self._cleared()

    async def unknown_barcode(self) -> None:
        """A right code of a product that nobody sells here."""
        self._bench.scan(UNKNOWN_CODE, "]d2")
        await self._held_then_cleared()

    async def bad_barcode(self) -> None:
        """A code with a wrong check digit."""
        self._bench.scan(WRONG_CHECK_DIGIT)
        await self._held_then_cleared()

    async def _tags(self, *epcs: bytes) -> None:
        self._bench.tags.place(*epcs)
        await self._held_then_cleared()

    async def _held_then_cleared(self) -> None:
        await self._until(lambda seen: seen["state"] == "held")
        await self._cleared()

    async def _cleared(self) -> None:
        """Tags that left end their hold by themselves; for anything else the item is set aside."""
        self._bench.tags.clear()
        await asyncio.sleep(GONE_S)
        seen = await self._inspector.eyes.look()
        if seen is not None and seen["state"] == "held":
            self._bench.scan("CMD:SETASIDE")
        await self._until(lambda seen: seen["state"] in ("idle", "committed"))

    async def _ready(self, item: PlannedItem) -> None:
        """Somebody has to be signed in before the bench looks at anything."""
        mind = Mind(item=item, badge=self._inspector.badge)
        seen = await self._inspector.eyes.look()
        if seen is not None and seen["inspector"] is None:
            act = choose(seen, mind)
            if act is not None:
                self._bench.scan(act.text)
        await self._until(lambda seen: seen["inspector"] is not None)

    async def _until(self, holds: Callable[[Snapshot], bool]) -> bool:
        """Wait for the bench; False when it does not come to that, which the run's counts will show."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            seen = await self._inspector.eyes.look()
            if seen is not None and holds(seen):
                return True
            await asyncio.sleep(LOOK_S)
        return False


BEFORE: Mapping[Twist, Callable[[Strays], Awaitable[None]]] = {
    Twist.UNKNOWN_TAG: Strays.unknown_tag,
    Twist.NO_ITEM_TAG: Strays.no_item_tag,
    Twist.BLANK_TAG: Strays.blank_tag,
    Twist.TWO_TAGS: Strays.two_tags,
    Twist.LINE_NOISE: Strays.line_noise,
    Twist.BAD_CHECKSUM: Strays.bad_checksum,
    Twist.MQTT_NONSENSE: Strays.mqtt_nonsense,
    Twist.SCANNER_NOISE: Strays.scanner_noise,
    Twist.UNKNOWN_BARCODE: Strays.unknown_barcode,
    Twist.BAD_BARCODE: Strays.bad_barcode,
}
"""What comes before the item; the others happen with it."""
