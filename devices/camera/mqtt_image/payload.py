"""Messages of a camera to the bytes of a picture; touches no broker and no clock.

There is no standard. Seen in the field: the file itself (Home Assistant, Frigate), base64 text, a `data:`
URI, a field of a JSON object, and parts between a beginning and an end, since the buffer of a small camera
holds no whole picture. What a message says of its own type is never believed: the picture's first bytes do.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devices.camera.picture import MAGIC

BASE64 = re.compile(rb"[A-Za-z0-9+/_=\s-]{16,}")
URL_SAFE = bytes.maketrans(b"-_", b"+/")
LONGEST_MARK = 256
"""Bytes of a message that begins or ends a picture; a longer one is a part of it."""
NUMBER = re.compile(rb"\d{1,9}")


class NoPicture(ValueError):
    """A message that holds no picture."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        """`not_a_picture`, `picture_too_large` or `picture_cut_short`."""


def unpack(payload: bytes, path: Sequence[str], largest_bytes: int) -> bytes:
    """The bytes of the picture in a whole payload; raises NoPicture.

    `path` names the field of a JSON object; empty where the payload is the picture, as it is or as base64.
    """
    _check_size(len(payload), largest_bytes * 4 // 3 + 4096)
    content = payload
    if path:
        content = _field(payload, path)
    if not content.startswith(tuple(MAGIC)):
        content = _from_text(content)
    _check_size(len(content), largest_bytes)
    return content


def _field(payload: bytes, path: Sequence[str]) -> bytes:
    try:
        found: Any = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise NoPicture("not_json", "a message that is no JSON") from error
    for name in path:
        if isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, dict) and name in found:
            found = found[name]
        else:
            raise NoPicture("not_a_picture", f"a message without the field {'.'.join(path)}")
    if not isinstance(found, str):
        raise NoPicture("not_a_picture", f"the field {'.'.join(path)} is no text")
    return found.encode()


def _from_text(text: bytes) -> bytes:
    if text[:5].lower() == b"data:":
        head, comma, text = text.partition(b",")
        if not comma or not head.lower().endswith(b";base64"):
            raise NoPicture("not_a_picture", "a data: URI that is not base64")
    if not BASE64.fullmatch(text):
        raise NoPicture("not_a_picture", "a message that is neither JPEG nor PNG nor base64")
    bare = b"".join(text.split()).rstrip(b"=").translate(URL_SAFE)
    try:
        return base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except binascii.Error as error:
        raise NoPicture("picture_cut_short", "base64 that ends in the middle") from error


def _check_size(size: int, largest: int) -> None:
    if size > largest:
        raise NoPicture("picture_too_large", f"a picture of {size} bytes; {largest} are taken")


@dataclass(slots=True)
class _Open:
    """A picture whose parts are coming."""

    content: bytearray
    size: int | None
    heard_s: float


class Assembler:
    """Puts the parts of a picture together; times are seconds of any clock that only moves forward.

    A message that begins with `start` begins a picture, and its first number is the picture's size in bytes;
    `end` ends it. Without `end` it is complete when the size is reached. Holds one picture at most.
    """

    def __init__(self, *, start: bytes, end: bytes | None, largest_bytes: int, longest_gap_s: float) -> None:
        self._start, self._end = start, end
        self._largest = largest_bytes
        self._longest_gap_s = longest_gap_s
        self._open: _Open | None = None

    @property
    def held(self) -> int:
        """Bytes held back."""
        return len(self._open.content) if self._open else 0

    def begins(self, payload: bytes) -> bool:
        """Whether this message begins a picture."""
        return len(payload) <= LONGEST_MARK and payload.startswith(self._start)

    def feed(self, payload: bytes, now_s: float) -> bytes | None:
        """Take a message; return the payload that is complete with it. Raises NoPicture: it was dropped."""
        open_, self._open = self._open, None
        if self.begins(payload):
            number = NUMBER.search(payload, len(self._start))
            self._open = _Open(bytearray(), int(number[0]) if number else None, now_s)
            if self._end is None and number is None:
                self._open = None
                raise NoPicture("picture_cut_short", "a picture that begins without its size")
            if open_ is not None:
                raise NoPicture("picture_cut_short", "a picture began before the one before it was complete")
            return None
        if open_ is None:
            raise NoPicture("picture_cut_short", "a part of a picture whose beginning did not come")
        if now_s - open_.heard_s > self._longest_gap_s:
            raise NoPicture("picture_cut_short", "the rest of a picture came too late")
        return self._continued(open_, payload, now_s)

    def _continued(self, open_: _Open, payload: bytes, now_s: float) -> bytes | None:
        if self._end is not None and payload.strip() == self._end:
            if open_.size not in (None, len(open_.content)):
                raise NoPicture("picture_cut_short", f"{len(open_.content)} bytes came of {open_.size}")
            return bytes(open_.content)
        _check_size(len(open_.content) + len(payload), min(open_.size or self._largest, self._largest))
        open_.content += payload
        if self._end is None and len(open_.content) == open_.size:
            return bytes(open_.content)
        open_.heard_s = now_s
        self._open = open_
        return None
