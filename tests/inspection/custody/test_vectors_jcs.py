"""The RFC 8785 vectors of cyberphone: byte-equal, or outside our profile and refused by a named error."""

from pathlib import Path

import orjson
import pytest

from inspection.custody.canonical import canonical, parse_canonical
from inspection.errors import BadMessage

VECTORS = Path(__file__).parents[4] / "shared/vectors/ledger/rfc8785-cyberphone/testdata"

pytestmark = pytest.mark.skipif(not VECTORS.exists(), reason="RFC 8785 vectors are not beside this checkout")


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("arrays", None),
        ("unicode", None),
        ("french", "key that is not ASCII"),
        ("weird", "key that is not ASCII"),
        ("structures", "float has no canonical form"),
        ("values", "float has no canonical form"),
    ],
)
def test_each_of_the_six_is_byte_equal_or_refused_by_name(name: str, refused: str | None) -> None:
    value = orjson.loads((VECTORS / "input" / f"{name}.json").read_bytes())
    expected = (VECTORS / "output" / f"{name}.json").read_bytes()
    assert expected == bytes.fromhex((VECTORS / "outhex" / f"{name}.txt").read_text())
    if refused is None:
        assert canonical(value) == expected
        return
    with pytest.raises(BadMessage, match=refused):
        canonical(value)


def test_no_vector_is_left_out() -> None:
    assert len(list((VECTORS / "input").iterdir())) == 6


def test_the_form_without_a_float_s_spelling_is_inside_the_profile() -> None:
    expected = (VECTORS / "output" / "structures.json").read_bytes()  # 56.0 has become 56
    assert canonical(parse_canonical(expected)) == expected
