"""Amounts for people: minor units and an ISO 4217 code become `64.53 EUR`."""

from inspection.money import EXPONENTS


def money(amount_minor: int, currency: str) -> str:
    """Return an amount in major units with its currency; exact, no rounding; two digits for unknown codes."""
    digits = EXPONENTS.get(currency, 2)
    whole, rest = divmod(abs(amount_minor), 10**digits)
    sign = "-" if amount_minor < 0 else ""
    fraction = f".{rest:0{digits}d}" if digits else ""
    return f"{sign}{whole}{fraction} {currency}"


def percent(ppm: int) -> str:
    """Return ppm as per cent with at most two digits behind the point."""
    return f"{ppm / 10_000:.2f}".rstrip("0").rstrip(".") + " %"
