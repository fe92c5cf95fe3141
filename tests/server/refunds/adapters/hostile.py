"""Answers of a platform that is broken or lies, for the property tests of every mapping."""

from typing import Any

import orjson
from hypothesis import strategies as st

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.sampled_from(["", "0", "1.00", "-1", "1e99", "NaN", "9" * 40, "OP_SUCC", "SUCCESS", "12.3.4"])
)

NASTY = st.sampled_from(
    [
        b"", b"null", b"[]", b"{}", b"NaN", b"Infinity", b"<html><body>502</body></html>", b"\xff\xfe",
        b'{"a":' * 5_000, b"[" * 100_000, b"9" * 10_000, b'{"code":1e400}', b'"\\ud800"',
        b'{"error_response":{"code":1e400}}', b'{"error_response":{"code":NaN}}',
        b'{"error_response":null,"data":null}', b'{"data":{"returnProcess":null}}', b"x" * 1_100_000,
    ]
)  # fmt: skip


def answers(*names: str) -> st.SearchStrategy[bytes]:
    """Bytes of any kind; most often JSON of any shape, built from the words that the mapping looks for."""
    keys = st.sampled_from(names) | st.text(max_size=5)

    def bigger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4)

    shaped = st.recursive(LEAVES, bigger, max_leaves=12).map(orjson.dumps)
    return NASTY | st.binary(max_size=60) | shaped
