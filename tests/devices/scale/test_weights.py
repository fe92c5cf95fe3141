"""Grams out of any unit, and when a weight is a new one."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.scale.frames import Weighing
from devices.scale.weights import Settling, grams


def shown(value: str) -> Weighing:
    return Weighing(number=value, unit="g", stable=True)


def settling(smallest_change: str = "0") -> Settling:
    return Settling(unit=None, smallest_change=Decimal(smallest_change))


@pytest.mark.parametrize(
    ("value", "unit", "whole"),
    [
        ("0.5", "g", 0),
        ("1.5", "g", 2),
        ("2.5", "g", 2),
        ("0.4535", "kg", 454),
        ("499.9", "mg", 0),
        ("1", "lb", 454),
        ("1", "oz", 28),
        ("99999.99", "KG", 99_999_990),
        ("7", "PCS", None),
        ("7", "", None),
    ],
)
def test_grams_are_exact_and_rounded_half_to_even(value: str, unit: str, whole: int | None) -> None:
    assert grams(value, unit) == whole


@given(st.integers(-(10**9), 10**9))
def test_milligrams_and_kilograms_never_differ(milligrams: int) -> None:
    assert grams(str(milligrams), "mg") == grams(str(Decimal(milligrams).scaleb(-6)), "kg")


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("+001234.5", "1234.5"),
        ("     0.0", "0.0"),
        ("-   100.00", "-100.00"),
        ("0012.34", "12.34"),
        ("+00000000", "0"),
        ("   .50", ".50"),
        ("-00.10", "-0.10"),
    ],
)
def test_a_value_loses_its_padding_and_no_digit(number: str, value: str) -> None:
    assert shown(number).value == value


def test_a_weight_that_moved_and_came_back_is_told_again() -> None:
    """Another item of the same weight may lie there now."""
    pan = settling()
    assert pan.look(shown("5.0"), stable=True) == shown("5.0")
    assert pan.look(shown("5.0"), stable=True) is None
    assert pan.look(shown("4.2"), stable=False) is None
    assert pan.look(shown("5.0"), stable=True) == shown("5.0")


def test_a_trouble_lasts_until_a_weight_is_none() -> None:
    pan = settling()
    for _ in range(2):
        assert pan.look(shown("-5.0"), stable=True) is None
        assert pan.trouble is not None and pan.trouble.code == "weight_negative"
    assert pan.look(shown("0.0"), stable=True) == shown("0.0")
    assert pan.trouble is None


def test_a_negative_nothing_is_nothing() -> None:
    assert settling().look(shown("-0.00"), stable=True) == shown("-0.00")
