"""An inspector that works by script: eyes on the station's snapshot, hands on the scanner.

`choose` is a pure table from what the bench shows to what a person would do next. Nothing is
remembered that the bench itself could forget: when the station dies in the middle of an item and
comes back, the same table signs in again and lays the item on the bench again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import httpx

from demo.errors import Stuck
from demo.plan import TAGGED, PlannedItem, Twist, Way
from demo.world import Bench
from inspection.grades import Grade
from link.tls import in_the_clear

Snapshot = Mapping[str, Any]
LOOK_S = 0.05
REPEAT_S = 1.7
"""What did not help is tried again after this; longer than the scanner's `same code` time."""
REPRESENT_S = 3.0
"""An item that the bench does not notice for so long is laid down again."""
GONE_S = 1.0
"""Longer than the demo's stations take to believe that a tag has left."""
ITEM_S = 240.0
"""Longest patience for one item, restarts of programs included."""
ACTS = 12
"""More than an item needs; each may be slowed down for people who watch."""
WRONG_BINS = "ABCD"
WORSE: Mapping[str, int] = {Grade.NEW: 0, Grade.USED: 1, Grade.DAMAGED: 2}


class Hand(StrEnum):
    """What the inspector does."""

    SCAN = "scan"
    LAY_DOWN = "lay_down"
    TAKE_OFF = "take_off"
    SHOW_AGAIN = "show_again"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing to do, and what to say to the scanner."""

    hand: Hand
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mind:
    """What the inspector still means to do with the item in hand."""

    item: PlannedItem
    badge: str
    wrong_bin: bool = False
    """Will hold the wrong bin's code before the scanner first."""
    cancel: bool = False
    """Waits for the shop to cancel before going on."""


def choose(snapshot: Snapshot, mind: Mind) -> Act | None:
    """What a person would do next; None is waiting. Pure."""
    if snapshot["inspector"] is None and snapshot["state"] not in ("boot", "self_test", "light_check"):
        return say_badge(mind)
    return STATES.get(snapshot["state"], _wait)(snapshot, mind)


def say(text: str) -> Act:
    """Hold a code before the scanner."""
    return Act(hand=Hand.SCAN, text=text)


def say_badge(mind: Mind) -> Act:
    """Sign in."""
    return say(f"BADGE:{mind.badge}")


def _wait(snapshot: Snapshot, mind: Mind) -> Act | None:
    return None


def _lay_down(snapshot: Snapshot, mind: Mind) -> Act | None:
    return Act(hand=Hand.LAY_DOWN)


def _matched(snapshot: Snapshot, mind: Mind) -> Act | None:
    return say("CMD:CAPTURE" if _is_mine(snapshot, mind) else "CMD:SETASIDE")


def _recapture(snapshot: Snapshot, mind: Mind) -> Act | None:
    return Act(hand=Hand.SHOW_AGAIN, text="CMD:RETAKE")


def _proposed(snapshot: Snapshot, mind: Mind) -> Act | None:
    if not _is_mine(snapshot, mind):
        return say("CMD:SETASIDE")
    if mind.cancel:
        return Act(hand=Hand.CANCEL)
    if mind.item.escalated:
        return say("CMD:ESCALATE")
    proposed = (snapshot["proposal"] or {}).get("grade")
    return say("CMD:ACCEPT" if proposed == mind.item.truth else f"CMD:{mind.item.truth.upper()}")


def _overridden(snapshot: Snapshot, mind: Mind) -> Act | None:
    """Reason 2: a defect was missed; 6: it is less severe than the machine thinks."""
    proposed = str((snapshot["proposal"] or {}).get("grade"))
    too_strict = WORSE.get(proposed, 0) > WORSE[mind.item.truth]
    return say("CMD:REASON6" if too_strict else "CMD:REASON2")


def _labelled(snapshot: Snapshot, mind: Mind) -> Act | None:
    right = (snapshot["bin"] or {}).get("letter")
    if right is None:
        return None
    if mind.wrong_bin:
        return say("BIN:" + next(letter for letter in WRONG_BINS if letter != right))
    return say(f"BIN:{right}")


def _committed(snapshot: Snapshot, mind: Mind) -> Act | None:
    """The item before still shows: the next one is laid down."""
    return Act(hand=Hand.LAY_DOWN)


def _held(snapshot: Snapshot, mind: Mind) -> Act | None:
    reason = (snapshot["hold"] or {}).get("reason")
    if reason == "wrong_bin":
        right = (snapshot["bin"] or {}).get("letter")
        return say(f"BIN:{right}" if right else "CMD:SETASIDE")
    if reason in ("image_unreadable", "camera_lost", "model_failed"):
        return Act(hand=Hand.SHOW_AGAIN, text="CMD:RETAKE")
    if reason in ("disk_full", "clock_skew"):
        return say("CMD:RETAKE")
    return Act(hand=Hand.TAKE_OFF, text="CMD:SETASIDE")


def _is_mine(snapshot: Snapshot, mind: Mind) -> bool:
    unit = snapshot["unit"]
    return unit is not None and unit["id"] == mind.item.unit.id


STATES: Mapping[str, Callable[[Snapshot, Mind], Act | None]] = {
    "idle": _lay_down,
    "identifying": _wait,
    "matched": _matched,
    "recapture": _recapture,
    "proposed": _proposed,
    "overridden": _overridden,
    "labelled": _labelled,
    "committed": _committed,
    "held": _held,
}
"""What to do where; states that pass by themselves are waited for."""


def is_done(snapshot: Snapshot, item: PlannedItem) -> bool:
    """True once the station has written the item down, now or before it was killed."""
    if any(entry["unit"] == item.unit.id for entry in snapshot["committed"]):
        return True
    hold = snapshot["hold"] or {}
    return hold.get("reason") == "duplicate_item" and hold.get("detail", "").startswith(item.unit.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What came of one item, as the inspector saw it."""

    item: PlannedItem
    seconds: float
    """From the first look at the bench to the record."""
    machine: str | None
    """Grade that the machine proposed; None when the inspector never saw a proposal."""


class Eyes:
    """Looks at a station's snapshot."""

    def __init__(self, port: int) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=5.0, trust_env=False, verify=in_the_clear()
        )

    async def look(self) -> Snapshot | None:
        """The snapshot; None while the station does not answer."""
        try:
            answer = await self._client.get("/state.json")
            seen: Snapshot = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return None
        return seen

    async def close(self) -> None:
        """Give the connection back."""
        await self._client.aclose()


@dataclass(slots=True, kw_only=True)
class Inspector:
    """Takes items over one bench."""

    bench: Bench
    eyes: Eyes
    badge: str
    cancel: Callable[[str], Awaitable[None]]
    """Asks the shop to cancel a unit."""
    pace_s: float = 0.0
    """A pause before each act, for people who watch."""
    patience_s: float = ITEM_S
    """Longest time for one item."""
    chooser: Callable[[Snapshot, Mind], Act | None] = choose
    noticed: Callable[[PlannedItem, Act], None] = lambda item, act: None
    """Told of each act before it is done."""
    _last: tuple[object, ...] = ()
    _last_at: float = 0.0
    _lain_at: float = field(default=-REPRESENT_S)
    _boot: str = ""
    _lies: bool = False
    """True while the item's tag is in the field."""

    async def inspect(self, item: PlannedItem, picture: bytes) -> Inspected:
        """Take one item to its record; raises Stuck when it takes too long."""
        mind = Mind(
            item=item,
            badge=self.badge,
            wrong_bin=Twist.WRONG_BIN in item.twists,
            cancel=Twist.CANCELLED in item.twists,
        )
        self.bench.show(picture)
        if Twist.BROKEN_PICTURE in item.twists:
            self.bench.camera.break_picture()
        self._lain_at = -REPRESENT_S
        began = time.monotonic()
        machine = None
        snapshot: Snapshot | None = None
        while time.monotonic() - began < self.patience_s + self.pace_s * ACTS:
            snapshot = await self.eyes.look()
            if snapshot is not None:
                if is_done(snapshot, item):
                    await self._take_off()
                    return Inspected(item=item, seconds=time.monotonic() - began, machine=machine)
                machine = self._proposal(snapshot, mind) or machine
                mind = await self._act(snapshot, mind, picture)
            await asyncio.sleep(LOOK_S)
        raise Stuck(f"item {item.unit.id} takes too long: {_where(snapshot)}")

    def _proposal(self, snapshot: Snapshot, mind: Mind) -> str | None:
        if snapshot["state"] != "proposed" or not _is_mine(snapshot, mind):
            return None
        grade: str | None = (snapshot["proposal"] or {}).get("grade")
        return grade

    async def _act(self, snapshot: Snapshot, mind: Mind, picture: bytes) -> Mind:
        self._note_boot(snapshot["boot"])
        act = self.chooser(snapshot, mind)
        if act is None or self._just_did(snapshot, act):
            return mind
        if self.pace_s:
            await asyncio.sleep(self.pace_s)
        self.noticed(mind.item, act)
        await self._do(act, mind.item, picture)
        if act.hand == Hand.CANCEL:
            return Mind(item=mind.item, badge=mind.badge, wrong_bin=mind.wrong_bin)
        if act.text.startswith("BIN:") and mind.wrong_bin:
            return Mind(item=mind.item, badge=mind.badge, cancel=mind.cancel)
        return mind

    def _note_boot(self, boot: str) -> None:
        """After a restart a code has to be scanned again; a tag is seen anew by itself."""
        if boot != self._boot:
            self._boot = boot
            self._lain_at = time.monotonic() if self._lies else -REPRESENT_S

    def _just_did(self, snapshot: Snapshot, act: Act) -> bool:
        now = time.monotonic()
        if act.hand == Hand.LAY_DOWN and now - self._lain_at < REPRESENT_S:
            return True
        hold = (snapshot["hold"] or {}).get("reason")
        this = (snapshot["boot"], snapshot["state"], hold, act)
        if this == self._last and now - self._last_at < REPEAT_S:
            return True
        self._last, self._last_at = this, now
        return False

    async def _do(self, act: Act, item: PlannedItem, picture: bytes) -> None:
        if act.hand == Hand.LAY_DOWN:
            self.lay_down(item)
        elif act.hand == Hand.TAKE_OFF:
            await self._take_off()
            self.bench.scan(act.text)
        elif act.hand == Hand.SHOW_AGAIN:
            self.bench.show(picture)
            self.bench.scan(act.text)
        elif act.hand == Hand.CANCEL:
            await self.cancel(item.unit.id)
        else:
            self.bench.scan(act.text)

    def lay_down(self, item: PlannedItem) -> None:
        """Put the item before the reader, or its code before the scanner.

        A tag that was set aside is looked at again only after it has left: an item that lies there
        without effect is taken off, and laid down again a moment later.
        """
        self._lain_at = time.monotonic()
        self.bench.weigh(item.good.product.weight_g or 0)
        if item.way in TAGGED and item.unit.epc is not None:
            self._lies = not self._lies
            if self._lies:
                self.bench.tags.place(bytes.fromhex(item.unit.epc))
            else:
                self.bench.tags.clear()
                self._lain_at += GONE_S - REPRESENT_S
        elif item.way == Way.SLIP:
            self.bench.scan(item.unit.id)
        else:
            self.bench.scan(f"01{item.good.product.gtin}21{item.unit.serial}", "]d2")

    async def _take_off(self) -> None:
        self.bench.tags.clear()
        self.bench.weigh(0)
        self._lies = False
        self._lain_at = -REPRESENT_S


def _where(snapshot: Snapshot | None) -> str:
    if snapshot is None:
        return "the station does not answer"
    return f"{snapshot['state']}, hold {snapshot['hold']}, faults {snapshot['faults']}"
