"""Dates and times in bits, of a day or a minute or whatever a tag's maker knew.

Source: GS1 EPC Tag Data Standard 2.3, sections 14.5.8 to 14.5.11.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass

from inspection.errors import BadIdentifier
from inspection.identity.bits import BitReader, BitWriter
from inspection.identity.check_digit import is_digits
from inspection.identity.faults import Fault

PLACES = (7, 4, 5, 5, 6, 6)
"""Bits of year, month, day, hour, minute and second, two digits each."""
DAY, HOUR, MINUTE, SECOND = 6, 8, 10, 12
"""Digits of a moment that is told as far as that."""
INDICATORS: Mapping[int, int] = {0b00: HOUR, 0b01: MINUTE, 0b10: SECOND, 0b11: DAY}
INDICATOR_OF = {digits: indicator for indicator, digits in INDICATORS.items()}


@dataclass(frozen=True, slots=True)
class Moment:
    """YYMMDD and so on, always as exact; day 00 stands for the whole month."""

    digits: int = DAY

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        value = "".join(f"{reader.take(bits):02d}" for bits in PLACES[: self.digits // 2])
        _need_moment(value, self.digits)
        return value

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        _need_moment(value, self.digits)
        for place, bits in enumerate(PLACES[: self.digits // 2]):
            writer.put(int(value[place * 2 : place * 2 + 2]), bits)


@dataclass(frozen=True, slots=True)
class MomentOf:
    """A moment behind two bits that say how exact it is."""

    allowed: tuple[int, ...]
    """Digits that its identifier may have."""

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        digits = INDICATORS[reader.take(2)]
        self._need(digits)
        return Moment(digits).take(reader)

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        self._need(len(value))
        writer.put(INDICATOR_OF[len(value)], 2)
        Moment(len(value)).put(writer, value)

    def _need(self, digits: int) -> None:
        if digits not in self.allowed:
            raise BadIdentifier(f"a time has {digits} digits", fault=Fault.BAD_DATE)


@dataclass(frozen=True, slots=True)
class DayOrDays:
    """One day, or the first and the last of several."""

    def take(self, reader: BitReader) -> str:
        """Read one value."""
        day = Moment()
        return day.take(reader) + day.take(reader) if reader.take(1) else day.take(reader)

    def put(self, writer: BitWriter, value: str) -> None:
        """Write one value."""
        writer.put(0 if len(value) == DAY else 1, 1)
        Moment().put(writer, value[:DAY])
        if len(value) != DAY:
            Moment().put(writer, value[DAY:])


def _need_moment(value: str, digits: int) -> None:
    if len(value) != digits or not is_digits(value) or not _exists(value):
        raise BadIdentifier(f"{value[:SECOND]!r} is no date or time", fault=Fault.BAD_DATE)


def _exists(value: str) -> bool:
    year, month, day, *clock = (int(value[start : start + 2]) for start in range(0, len(value), 2))
    if not 1 <= month <= 12 or day > monthrange(2000 + year, month)[1]:
        return False
    hour, *less = clock or [0]
    return all(part <= 59 for part in less) and (hour <= 23 or (hour == 24 and not any(less)))
