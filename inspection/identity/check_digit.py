"""The GS1 check digit. Source: GS1 General Specifications, section 7.9.1."""

GTIN_LENGTHS = (8, 12, 13, 14)
SSCC_LENGTH = 18


def check_digit(digits: str) -> str:
    """Return the check digit that belongs behind `digits`.

    >>> check_digit("0950110153000")
    '3'
    """
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def is_digits(text: str) -> bool:
    """Whether the text is made of the ASCII digits 0..9 only."""
    return text.isascii() and text.isdigit()


def has_right_check_digit(digits: str) -> bool:
    """Whether the last of `digits` is the check digit of those before it."""
    return len(digits) > 1 and is_digits(digits) and check_digit(digits[:-1]) == digits[-1]
