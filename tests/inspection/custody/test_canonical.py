"""One value, one spelling: the bytes that are hashed and signed."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.custody.canonical import MAX_INTEGER, canonical, parse_canonical
from inspection.errors import BadMessage

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.text(st.characters(max_codepoint=127), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(keys, values, max_size=5)


def jcs(value: object) -> str:
    """A second, slow writer after the text of RFC 8785, section 3.2."""
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
        return "{" + ",".join(f"{jcs(k)}:{jcs(v)}" for k, v in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(jcs, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@given(objects)
def test_the_fast_writer_agrees_with_one_written_after_the_rfc(value: dict[str, object]) -> None:
    assert canonical(value).decode() == jcs(value)


@given(objects)
def test_what_is_written_reads_back(value: dict[str, object]) -> None:
    assert parse_canonical(canonical(value)) == value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"a": 1.5}, "float"),
        ({"a": 2**53}, "2\\^53"),
        ({"ä": 1}, "ASCII"),
        ({1: 1}, "ASCII"),
        ({"a": "\ud800"}, "surrogate"),
        ({"a": b"bytes"}, "bytes"),
    ],
)
def test_what_the_profile_leaves_out_is_refused_by_name(value: object, why: str) -> None:
    with pytest.raises(BadMessage, match=why):
        canonical(value)


def test_a_bomb_of_brackets_is_refused() -> None:
    value: object = 0
    for _ in range(100):
        value = [value]
    with pytest.raises(BadMessage, match="nested"):
        canonical({"a": value})


@pytest.mark.parametrize(
    "content",
    [
        b'{"b":1,"a":2}',
        b'{ "a":1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":"\\u0041"}',
        b'{"a":1}\n',
        b"[1]",
        b"",
        b"{",
        b'{"a":"\xff"}',
        b'{"a":9007199254740993}',
    ],
)
def test_another_spelling_of_a_value_is_refused(content: bytes) -> None:
    with pytest.raises(BadMessage):
        parse_canonical(content)


TRICKY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**54), 2**54)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from('0123456789.eE:[,{"-é'), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "é", ":1.5"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(value=st.dictionaries(st.text("ab", max_size=2), TRICKY, max_size=4), nested=st.integers(0, 20))
def test_what_is_read_at_one_look_is_read_as_by_looking_at_every_part(value: Any, nested: int) -> None:
    for _ in range(nested):
        value = {"n": [value]}
    content = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    try:
        wanted = canonical(orjson.loads(content))
    except BadMessage:
        with pytest.raises(BadMessage):
            parse_canonical(content)
    else:
        assert canonical(parse_canonical(content)) == wanted == content


def in_full(value: Any) -> bytes | None:
    """What `canonical` writes when it looks at every part; None where it refuses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inspection.custody.canonical._quickly", lambda _: None)
        try:
            return canonical(value)
        except BadMessage:
            return None


ANY_TEXT = st.text(st.characters(), max_size=3)
ANYTHING = st.recursive(
    scalars | ANY_TEXT | st.floats() | st.integers() | st.binary(max_size=2) | st.dates() | st.uuids(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(ANY_TEXT | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=ANYTHING, nested=st.integers(0, 20))
def test_what_is_written_at_one_look_is_written_as_by_looking_at_every_part(value: Any, nested: int) -> None:
    for _ in range(nested):
        value = {"n": [value]}
    wanted = in_full(value)
    if wanted is None:
        with pytest.raises(BadMessage):
            canonical(value)
    else:
        assert canonical(value) == wanted


@pytest.mark.parametrize("levels", range(13, 19))
@pytest.mark.parametrize("inside", ["a", "\u00e4", 1, [], {}])
def test_one_depth_is_allowed_whatever_lies_at_the_bottom(levels: int, inside: object) -> None:
    value: Any = inside
    for _ in range(levels):
        value = {"n": value}
    content = orjson.dumps(value)
    if in_full(value) is None:
        with pytest.raises(BadMessage, match="nested"):
            parse_canonical(content)
    else:
        assert parse_canonical(content) == value
