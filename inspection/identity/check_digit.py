"""The GS1 check digit. Source: GS1 General Specifications, section 7.9.1."""

from collections.abc import Mapping

GTIN_LENGTHS = (8, 12, 13, 14)
SSCC_LENGTH = 18

_GLNS = tuple(str(identifier) for identifier in range(410, 418))
CHECKED: Mapping[str, slice] = {
    "00": slice(0, 18), "01": slice(0, 14), "02": slice(0, 14), "253": slice(0, 13), "255": slice(0, 13),
    "402": slice(0, 17), **dict.fromkeys(_GLNS, slice(0, 13)), "8003": slice(1, 14), "8006": slice(0, 14),
    "8017": slice(0, 18), "8018": slice(0, 18), "8026": slice(0, 14),
}  # fmt: skip
"""Application identifiers whose value holds a check digit, and which digits it ends."""


def check_digit(digits: str) -> str:
    """Return the check digit that belongs behind `digits`.

    >>> check_digit("0950110153000")
    '3'
    """
    signs = digits.encode()
    heavy, light = signs[::-2], signs[-2::-2]
    zeros = 48 * (3 * len(heavy) + len(light))  # each ASCII digit is 48 more than its value
    return str((zeros - 3 * sum(heavy) - sum(light)) % 10)


def is_digits(text: str) -> bool:
    """Whether the text is made of the ASCII digits 0..9 only."""
    return text.isascii() and text.isdigit()


def has_right_check_digit(digits: str) -> bool:
    """Whether the last of `digits` is the check digit of those before it."""
    return len(digits) > 1 and is_digits(digits) and check_digit(digits[:-1]) == digits[-1]


def wrong_digits(identifier: str, value: str) -> str | None:
    """The digits in the value of an application identifier whose check digit is wrong; None if none is."""
    place = CHECKED.get(identifier)
    if place is None or has_right_check_digit(value[place]):
        return None
    return value[place]
