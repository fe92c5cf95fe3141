"""A bank is used only whole, unaltered, and for what it was made for."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.findings import Region, Severity
from models.bankfile import (
    BankHeader,
    ViewBank,
    check_channels,
    check_fits,
    read_bank,
    shapes_of,
    write_bank,
)
from models.errors import BankRefused
from models.looks import Banks, arrays_of
from models.partrows import fitted
from models.parts import Part, PartBank
from models.recipe import DEFAULT, PLAIN, Look
from models.reference import Bank

OWN = {"merchant": "m1", "sku": "MUG", "view": "top", "backbone_sha256": "b" * 64}


def small_bank() -> Banks:
    draw = np.random.default_rng(3)
    look = Bank(
        rows=4,
        columns=4,
        mean=draw.standard_normal(3).astype(np.float32),
        spread=np.array([0.5, 1.0, 2.0], np.float32),
        vectors=draw.standard_normal((10, 3)).astype(np.float32),
        noise=draw.uniform(0.5, 1.5, (4, 4)).astype(np.float32),
    )
    return Banks(looks=(look,), leave_one_out=(1.0, 1.1, 1.2, 1.3, 1.4))


SIGNATURES = np.arange(15, dtype=np.float32).reshape(5, 3)
PARTS = (
    PartBank(
        part=Part(
            name="cap",
            region=Region(left_ppm=400_000, top_ppm=0, width_ppm=200_000, height_ppm=150_000),
            severity=Severity.CRITICAL,
        ),
        rows=np.linspace(0, 1, 10, dtype=np.float32).reshape(5, 2),
        mean=0.1,
        spread=0.02,
        freedom=4,
    ),
)


def header_of(bank: Banks, **changes: object) -> BankHeader:
    values: dict[str, object] = {
        **OWN,
        "recipe": PLAIN,
        "photos": [f"{number:064x}" for number in range(5)],
        "height": 32,
        "width": 32,
        "finer": None,
        "min_sharpness": 100.0,
        "min_brightness": 90.0,
        "max_brightness": 110.0,
        "leave_one_out": bank.leave_one_out,
        "shapes": [shapes_of(look) for look in bank.looks],
        "signature_length": 3,
        "parts": [fitted(part) for part in PARTS],
        "part_length": 2,
    }
    return BankHeader.model_validate(values | changes)


CONTENT = write_bank(header_of(small_bank()), small_bank(), SIGNATURES, PARTS)


def resealed(body: bytes) -> bytes:
    return body + hashlib.sha256(body).digest()


def test_what_is_written_is_read() -> None:
    found, bank = read_bank(CONTENT), small_bank()
    for stored, original in zip(arrays_of(found.bank.looks[0]), arrays_of(bank.looks[0]), strict=True):
        assert np.array_equal(stored, original)
    assert found.header == header_of(bank)
    assert np.array_equal(found.signatures, SIGNATURES)
    assert [part.part for part in found.parts] == [part.part for part in PARTS]
    assert np.array_equal(found.parts[0].rows, PARTS[0].rows)
    assert found.bank.leave_one_out == bank.leave_one_out
    assert found.sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_the_same_bank_has_the_same_bytes() -> None:
    assert write_bank(header_of(small_bank()), small_bank(), SIGNATURES, PARTS) == CONTENT


@given(st.integers(0, len(CONTENT) - 1))
def test_a_bank_cut_anywhere_is_refused(cut: int) -> None:
    with pytest.raises(BankRefused):
        read_bank(CONTENT[:cut])


@settings(max_examples=200)
@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_a_bank_with_one_changed_byte_is_refused(at: int, flip: int) -> None:
    broken = bytearray(CONTENT)
    broken[at] ^= flip
    with pytest.raises(BankRefused):
        read_bank(bytes(broken))


@pytest.mark.parametrize("name", list(OWN))
def test_a_bank_for_something_else_is_refused_by_name(name: str) -> None:
    wanted = OWN | {name: "c" * 64}
    with pytest.raises(BankRefused, match="was made for"):
        check_fits(read_bank(CONTENT), **wanted, recipes=(PLAIN,))
    check_fits(read_bank(CONTENT), **OWN, recipes=(PLAIN,))


def test_a_bank_of_another_recipe_is_refused_with_the_remedy() -> None:
    with pytest.raises(BankRefused, match="another recipe: build it again"):
        check_fits(read_bank(CONTENT), **OWN, recipes=(DEFAULT,))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_bank_of_a_former_format_is_refused_with_the_remedy(version: int) -> None:
    with pytest.raises(BankRefused, match="version: build it again"):
        read_bank(CONTENT[:7] + bytes((version,)) + CONTENT[8:])


def spoilt(name: str) -> ViewBank:
    """A bank whose hash fits, but whose numbers do not."""
    bank = small_bank()
    mean, spread, vectors, noise = (array.copy() for array in arrays_of(bank.looks[0]))
    arrays = {"mean": mean, "spread": spread, "vectors": vectors, "noise": noise}
    arrays[name].flat[0] = 0.0 if name in {"spread", "noise"} else np.nan
    look = replace(bank.looks[0], mean=mean, spread=spread, vectors=vectors, noise=noise)
    return read_bank(write_bank(header_of(bank), Banks(looks=(look,), leave_one_out=()), SIGNATURES, PARTS))


@pytest.mark.parametrize("name", ["mean", "spread", "vectors", "noise"])
def test_numbers_that_cannot_be_used_are_refused(name: str) -> None:
    with pytest.raises(BankRefused, match="cannot be used"):
        spoilt(name)


@pytest.mark.parametrize(
    "changes",
    [
        {"shapes": [[[3], [3], [9, 3], [4, 4]]]},
        {"shapes": [[[3], [3], [3, 10], [4, 4]]]},
        {"leave_one_out": [1.0]},
        {"recipe": DEFAULT},
        {"finer": [64, 64]},
        {"height": 64},
        {"width": 4096, "height": 4096},
        {"signature_length": 4},
        {"parts": []},
        {"part_length": 3},
    ],
)
def test_a_header_that_does_not_fit_its_arrays_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BankRefused):
        read_bank(write_bank(header_of(small_bank(), **changes), small_bank(), SIGNATURES, PARTS))


@pytest.mark.parametrize("looks", [DEFAULT.whole_looks, DEFAULT.looks])
def test_a_view_has_the_finer_looks_or_not(looks: tuple[Look, ...]) -> None:
    shapes = {("f8", False): (4, 4), ("f16", False): (2, 2), ("f32", False): (1, 1), ("f16", True): (4, 4)}
    banks = Banks(
        looks=tuple(
            replace(small_bank().looks[0], rows=cells[0], columns=cells[1], noise=np.ones(cells, np.float32))
            for look in looks
            for cells in [shapes[look.levels[0], look.finer]]
        ),
        leave_one_out=small_bank().leave_one_out,
    )
    finer = [64, 64] if len(looks) == len(DEFAULT.looks) else None
    header = header_of(banks, recipe=DEFAULT, finer=finer)
    found = read_bank(write_bank(header, banks, SIGNATURES, PARTS))
    assert found.header.looks == looks
    assert [look.direction for look in found.bank.looks] == [look.direction for look in looks]
    other = header_of(banks, recipe=DEFAULT, finer=None if finer else [64, 64])
    with pytest.raises(BankRefused, match="do not fit its recipe"):
        read_bank(write_bank(other, banks, SIGNATURES, PARTS))


def test_an_array_of_many_dimensions_is_refused() -> None:
    text = header_of(small_bank()).model_dump_json()
    crafted = text.replace("[10,3]", str([1] * 70 + [10, 3]).replace(" ", "")).encode()
    arrays = CONTENT[12 + len(text) : -32]
    with pytest.raises(BankRefused, match="header"):
        read_bank(resealed(CONTENT[:8] + len(crafted).to_bytes(4, "big") + crafted + arrays))


def test_the_signatures_do_not_keep_the_whole_file() -> None:
    assert read_bank(CONTENT).signatures.base is None


OUTPUTS = {"f8": 1, "f16": 2, "embedding": 2}


def test_a_bank_with_other_numbers_than_the_backbones_is_refused() -> None:
    found = read_bank(CONTENT)
    check_channels(found, OUTPUTS, 3)
    for outputs, length in ((OUTPUTS | {"f8": 2}, 3), (OUTPUTS | {"embedding": 3}, 3), (OUTPUTS, 4)):
        with pytest.raises(BankRefused, match="build it again"):
            check_channels(found, outputs, length)


def test_a_header_of_any_length_is_refused_not_read() -> None:
    body = CONTENT[:8] + b"\xff\xff\xff\xff" + CONTENT[12:-32]
    with pytest.raises(BankRefused, match="too long"):
        read_bank(resealed(body))
    with pytest.raises(BankRefused, match="header"):
        read_bank(resealed(CONTENT[:8] + b"\0\0\0\x02{}"))
