"""The one byte form of a value that is hashed or signed.

RFC 8785 (JCS) restricted to what needs no floating-point rules: objects with ASCII keys,
strings without lone surrogates, integers within 2^53 - 1, booleans, null, lists. Inside this
profile orjson's sorted output is byte-equal to JCS; `tests/inspection/custody` holds it to that.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from inspection.errors import BadMessage

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 16
SIMPLE = frozenset({str, bool, type(None)})
"""Within the profile whatever it is; that no text has a lone surrogate is seen when it is written."""
NESTS: frozenset[type] = frozenset({dict, list, tuple})

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def canonical(value: object) -> bytes:
    """Return the canonical bytes; raises BadMessage for what the profile leaves out."""
    content = _quickly(value)
    if content is None:
        _check(value, MAX_DEPTH)
        content = canonical_again(value)
    return content


def _quickly(value: object) -> bytes | None:
    """The canonical bytes of a value that is within the profile at first sight; None says nothing.

    What is written in ASCII has ASCII keys, and orjson writes no lone surrogates and no keys but text.
    """
    if type(value) not in NESTS or not _plain(value, MAX_DEPTH):  # type: ignore[arg-type] # it is one of them
        return None
    try:
        content = canonical_again(value)
    except orjson.JSONEncodeError:
        return None
    return content if content.isascii() else None


def parse_canonical(content: bytes) -> dict[str, Any]:
    """Read an object that must be in canonical form already; raises BadMessage otherwise.

    Comparing with the re-made bytes also refuses doubled keys, blanks and other spellings of
    the same value: two readers can never see two different records behind one hash.
    """
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadMessage(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadMessage("not a JSON object")
    if not (content.isascii() and _plain(value, MAX_DEPTH)):  # far quicker, where that suffices
        _check(value, MAX_DEPTH)
    if not writes_to(value, content):
        raise BadMessage("JSON, but not in canonical form")
    return value


def canonical_again(value: object) -> bytes:
    """The canonical bytes of what is known to be within the profile, as all `parse_canonical` returns."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def writes_to(value: object, content: bytes) -> bool:
    """True when the value is written as these bytes; where one is known to be canonical, so is the other."""
    return canonical_again(value) == content


def _plain(value: dict[str, Any] | list[Any] | tuple[Any, ...], depth: int) -> bool:
    """True when all is within the profile, keys and lone surrogates aside; False says nothing."""
    if depth == 1:  # nothing may be inside; `_check` sees whether anything is
        return False
    inner: Iterable[Any] = value.values() if isinstance(value, dict) else value
    for each in [one for one in inner if type(one) not in SIMPLE]:
        kind: type = type(each)
        if kind is int:
            if not -MAX_INTEGER <= each <= MAX_INTEGER:
                return False
        elif kind not in NESTS or not _plain(each, depth - 1):
            return False
    return True


def _check(value: object, depth: int) -> None:
    if depth == 0:
        raise BadMessage(f"nested deeper than {MAX_DEPTH} levels")
    if value is None or value is True or value is False:
        return
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):  # far quicker to ask for than Mapping
        _check_object(value, depth)
    elif isinstance(value, int):
        _check_integer(value)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, depth - 1)
    elif isinstance(value, Mapping):
        _check_object(value, depth)
    else:
        raise BadMessage(f"{type(value).__name__} has no canonical form")


def _check_object(value: Mapping[Any, object], depth: int) -> None:
    for key, item in value.items():
        _check_key(key)
        _check(item, depth - 1)


def _check_integer(value: int) -> None:
    if abs(value) > MAX_INTEGER:
        raise BadMessage(f"integer beyond 2^53 - 1: {value}")


def _check_text(value: str) -> None:
    if value.isascii():
        return
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadMessage("text with a lone surrogate") from error


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not key.isascii():
        raise BadMessage(f"key that is not ASCII text: {key!r}")
