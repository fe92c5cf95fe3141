"""What the fuzzer asks of one codec, for any bytes; plain Python, so that the tests can ask it too.

The first three bytes of an input say how the rest is meant, so that one input is one case and stays it.
"""

import dataclasses
import json
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from typing import Any

from devices.framing import BadBytes, BadFrame, Framer
from devices.wire import Way, WireProtocol, way_of
from tests.devices.conftest import recorded

HEAD = 3
"""Flags, number of a recorded frame, seed of the cuts."""
FROM_HOST, CHANGED = 1, 2
LONGEST_PIECE = 40


class WireAsking:
    """Asks one protocol: raises AssertionError, or whatever the codec should not have raised."""

    def __init__(self, wire: WireProtocol) -> None:
        self._wire = wire
        self._vectors = [*recorded(wire.name), *recorded(wire.name, valid=False)]
        self._ways = [way_of(wire, vector["kind"], None) for vector in self._vectors]

    def __call__(self, content: bytes) -> None:
        """Ask for one input."""
        if len(content) < HEAD:
            return
        flags, number, seed = content[:HEAD]
        if flags & CHANGED:
            self._ask_changed(content[HEAD:], number, seed)
            return
        kind = self._ways[number % len(self._ways)].kind
        dialects = self._wire.dialects
        dialect = dialects[(flags >> 2) % len(dialects)] if dialects else None
        way = Way(from_host=bool(flags & FROM_HOST), dialect=dialect, kind=kind)
        self._ask(way, content[HEAD:], seed)

    def seeds(self) -> Iterator[bytes]:
        """An input for each recorded frame, and one for each of its parts that can be changed."""
        for number, (vector, way) in enumerate(zip(self._vectors, self._ways, strict=True)):
            dialects = self._wire.dialects
            dialect = dialects.index(way.dialect) if way.dialect else 0
            head = bytes((way.from_host * FROM_HOST | dialect << 2, number, number))
            yield head + bytes.fromhex(vector["bytes"])
            yield from self._seeds_of_parts(number)

    def _seeds_of_parts(self, number: int) -> Iterator[bytes]:
        for frame in self._frames(self._ways[number], bytes.fromhex(self._vectors[number]["bytes"]))[:1]:
            for at, name in enumerate(_parts(frame)):
                value = getattr(frame, name)
                content = value if isinstance(value, bytes) else str(value).encode("latin-1", "replace")
                yield bytes((CHANGED, number, at)) + content

    def _frames(self, way: Way, *pieces: bytes) -> list[Any]:
        decoder = self._wire.decoder(way)
        found: list[Any] = []
        for piece in pieces:
            found += decoder.feed(piece)
            assert decoder.held <= self._wire.longest, f"{decoder.held} bytes are held back"
        found += decoder.idle()
        assert decoder.held == 0, f"{decoder.held} bytes are held back after a pause"
        if isinstance(decoder, Framer):
            self._tile(found, sum(map(len, pieces)))
        return [each for each in found if not isinstance(each, BadBytes)]

    def _tile(self, found: list[Any], size: int) -> None:
        """Every byte belongs to one frame or to one piece of noise."""
        sizes = [each.size if isinstance(each, BadBytes) else self._size(each) for each in found]
        assert None in sizes or sum(filter(None, sizes)) == size, f"{size} bytes are {sizes}"

    def _size(self, frame: Any) -> int | None:
        try:
            return len(self._wire.encode(frame))
        except BadFrame:
            return None

    def _ask(self, way: Way, content: bytes, seed: int) -> list[Any]:
        frames = self._frames(way, content)
        assert self._frames(way, *_pieces(content, Random(seed))) == frames, "pieces give other frames"
        for frame in frames:
            self._ask_frame(way, frame)
        return frames

    def _ask_frame(self, way: Way, frame: Any) -> None:
        with suppress(BadFrame):
            assert json.dumps(self._wire.fields(frame, way), allow_nan=False)
        try:
            content = self._wire.encode(frame)
        except BadFrame:
            return
        assert self._frames(way, content) == [frame], f"{content.hex(' ')} is another frame again"

    def _ask_changed(self, content: bytes, number: int, part: int) -> None:
        """A recorded frame with another value in one place, and a right check: what no mutation finds."""
        number %= len(self._vectors)
        way = self._ways[number]
        for frame in self._frames(way, bytes.fromhex(self._vectors[number]["bytes"]))[:1]:
            for changed in _changed(frame, part, content):
                try:
                    encoded = self._wire.encode(changed)
                except (ValueError, OverflowError, LookupError, struct.error):  # no such frame exists
                    return
                self._ask(way, encoded, part)


def _pieces(content: bytes, chance: Random) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        size = chance.randint(1, LONGEST_PIECE)
        yield content[at : at + size]
        at += size


def _parts(frame: Any) -> list[str]:
    """Names of what a frame is made of; none where it is no dataclass."""
    return [field.name for field in dataclasses.fields(frame)] if dataclasses.is_dataclass(frame) else []


def _changed(frame: Any, part: int, content: bytes) -> Iterator[Any]:
    names = _parts(frame)
    if not names:
        return
    name = names[part % len(names)]
    made = MADE.get(type(getattr(frame, name)))
    if made is not None:
        try:
            yield dataclasses.replace(frame, **{name: made(content)})
        except ValueError:
            return


MADE: dict[type, Callable[[bytes], Any]] = {
    bytes: lambda content: content,
    str: lambda content: content.decode("latin-1"),
    int: lambda content: int.from_bytes(content[:3], "big"),
    bool: lambda content: bool(content[:1].strip(b"\0")),
}
"""How a value of each type is made of an input's bytes; parts of other types keep what they have."""
