"""Which protocols let a flipped bit pass: `python -m benchmarks.flips [--count N] [--page FILE] [NAME ...]`.

Every single flip of every recorded frame, and a seeded sample of double flips, through the decoder of each
protocol. Wrong is a frame that is decoded, makes sense and is not the one that was sent; `other reading`
counts those of them that would tell the bench another tag or weight.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.progress import Progress

from devices.protocols import PROTOCOLS
from devices.wire import Fields, Way, WireProtocol, decode, way_of

VECTORS = Path(__file__).parents[1] / "tests" / "devices" / "vectors"
SEED = 20_26
COUNT = 1_000_000
STEP = 10_000
NO_FRAME = frozenset({"noise", "cut_short", "crc", "checksum", "too_long", "bad_frame"})
READING = ("epc", "id", "tags", "value", "unit", "stable")
"""Fields that a bench acts upon."""

Flip = tuple[int, ...]
"""Numbers of the flipped bits."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A frame that was recorded, and what it says."""

    content: bytes
    way: Way
    said: list[Fields]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a flip."""

    wrong: bool = False
    other_reading: bool = False


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of all flips of one protocol."""

    wire: WireProtocol
    frames: int
    singles: int = 0
    wrong_singles: int = 0
    doubles: int = 0
    wrong_doubles: int = 0
    other_readings: int = 0
    different: int = 0
    """Double flips that are not the same one again."""
    known: dict[tuple[int, Flip], Outcome] = field(default_factory=dict)


def frames_of(wire: WireProtocol) -> list[Recorded]:
    """Every valid recorded frame."""
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{wire.name}.json").read_text(encoding="utf-8"))
    return [recorded(wire, vector) for vector in found if vector["valid"]]


def recorded(wire: WireProtocol, vector: dict[str, Any]) -> Recorded:
    """One of them with what it says."""
    content, way = bytes.fromhex(vector["bytes"]), way_of(wire, vector["kind"], None)
    return Recorded(content, way, decode(wire, content, way))


def outcome(wire: WireProtocol, sent: Recorded, flip: Flip) -> Outcome:
    """Decode the frame with these bits flipped."""
    content = bytearray(sent.content)
    for bit in flip:
        content[bit // 8] ^= 1 << bit % 8
    found = [each for each in decode(wire, bytes(content), sent.way) if each.get("error") not in NO_FRAME]
    wrong = [each for each in found if each not in sent.said]
    return Outcome(bool(wrong), any(is_another_reading(each, sent.said) for each in wrong))


def is_another_reading(found: Fields, said: Iterable[Fields]) -> bool:
    """Whether a bench would be told something else; a tag whose own CRC is wrong is told to nobody."""
    told = {name: found[name] for name in READING if name in found}
    if not told or found.get("tag_crc_right") is False:
        return False
    return all(any(each.get(name) != value for name, value in told.items()) for each in said)


def pairs(frames: list[Recorded], count: int) -> Iterator[tuple[int, Flip]]:
    """A seeded sample: any frame, then any two of its bits."""
    dice = Random(SEED)  # noqa: S311  # a sample that can be taken again
    for _ in range(count):
        number = dice.randrange(len(frames))
        bits = len(frames[number].content) * 8
        first, second = dice.randrange(bits), dice.randrange(bits - 1)
        second += second >= first
        yield number, (min(first, second), max(first, second))


def measured(wire: WireProtocol, count: int, progress: Progress) -> Tally:
    """All single flips and `count` double ones."""
    frames = frames_of(wire)
    tally = Tally(wire=wire, frames=len(frames))
    for sent in frames:
        for bit in range(len(sent.content) * 8):
            tally.singles += 1
            tally.wrong_singles += outcome(wire, sent, (bit,)).wrong
    task = progress.add_task(wire.name, total=count)
    for number, flip in pairs(frames, count):
        known = tally.known.get((number, flip))
        if known is None:
            known = tally.known[number, flip] = outcome(wire, frames[number], flip)
        tally.doubles += 1
        tally.wrong_doubles += known.wrong
        tally.other_readings += known.other_reading
        if tally.doubles % STEP == 0:
            progress.advance(task, STEP)
    tally.different = len(tally.known)
    tally.known.clear()
    return tally


def row(tally: Tally) -> str:
    """One line of the table."""
    cells = (
        f"`{tally.wire.name}`",
        str(tally.wire.check.value),
        f"{tally.frames}",
        f"{tally.wrong_singles:,} of {tally.singles:,}",
        f"{tally.different:,}",
        f"{tally.wrong_doubles:,}",
        share(tally.wrong_doubles, tally.doubles),
        share(tally.other_readings, tally.doubles),
    )
    return f"| {' | '.join(cells)} |"


def share(part: int, whole: int) -> str:
    """In percent."""
    if 0 < part < whole / 20_000:
        return "< 0.01 %"
    return f"{100 * part / whole:.2f} %" if whole else "-"


HEAD = (
    "| protocol | check | frames | single flips: wrong | double flips: different ones | wrong | rate "
    "| other reading |",
    "|---|---|---|---|---|---|---|---|",
)
NOTES = (
    "What keeps a wrong tag from the bench all the same: an M100 sends the tag's own CRC-16 along, and a "
    "read where that is wrong is dropped; any other tag counts from its second read on, and it takes the "
    "same fault of the line twice within the window to read the same wrong tag twice.",
    "",
    "A Mercury module's CRC is not the usual one: the last two bytes before it are taken in as they are, so "
    "a bit there and the same bit of the CRC, both flipped, pass; nothing else does. In a tag's frame these "
    "bytes are the tag's own CRC, which is looked at too; in a frame without content they are its status.",
    "",
    "What passes of a UHFReader is a heartbeat, `56` and five zeros, that a fault makes inside a frame of a "
    "tag of many zeros: it has no check, and says nothing.",
)


def page(tallies: list[Tally], count: int, took_s: float) -> str:
    """The tallies in Markdown."""
    meaning = (__doc__ or "").split("\n\n", 1)[1].strip().replace("\n", " ")
    return "\n".join((
        f"# Flipped bits that a check lets pass, {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"`python -m benchmarks.flips`: {count:,} double flips of each protocol, seed {SEED}; "
        f"Python {platform.python_version()}, {took_s:.0f} s.",
        "",
        meaning,
        "",
        *HEAD,
        *map(row, tallies),
        "",
        *NOTES,
        "",
    ))  # fmt: skip


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="double flips of each protocol")
    parser.add_argument("--page", type=Path, help="file for the page; default: standard output")
    parser.add_argument("names", nargs="*", help="protocols; default: all")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(PROTOCOLS)
    if unknown:
        parser.error(f"no such protocol: {', '.join(sorted(unknown))}")
    began = time.monotonic()
    with Progress(console=Console(stderr=True)) as progress:
        tallies = [measured(PROTOCOLS[name], asked.count, progress) for name in asked.names or PROTOCOLS]
    text = page(tallies, asked.count, time.monotonic() - began)
    if asked.page:
        asked.page.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
