"""What scales and their host say to each other.

Columns are kept as they were sent, blanks and zeros included: a frame can be written again byte for byte,
and what is recorded is what the scale said.

Source: Mettler-Toledo MT-SICS manual 11780711; A&D EK-L manual p.28; Dini Argeo LTP manual p.43 and DFW
serial protocol 21-03; NCI 7800 manual p.32 and NCI 6702 manual p.14; Ohaus RS232 manual p.5.
Nothing here was tried on a physical scale by us.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

NUMBER = re.compile(r"([+-]?)(?:0(?=\d))*(\d+(?:\.\d*)?|\.\d+)")


class Fault(StrEnum):
    """Why a scale shows no weight."""

    OVERLOAD = "overload"
    UNDERLOAD = "underload"
    TILT = "tilt"
    ZERO_ERROR = "zero_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """What stands on the display, and whether it moves."""

    number: str
    """The column of the weight: `     0.0`, `+001234.5`, `^^^^^^`."""
    unit: str
    """The column of the unit: `g`, `  g`, ` g    `, `,kg`."""
    stable: bool | None
    """None where only the status says it, by bits that differ between makers."""
    fault: Fault | None = None
    mode: str | None = None
    """`gross` or `net`, where the line says it."""
    head: str = ""
    """What stands before the number: `ST`, or an address `01ST`."""
    status: str | None = None
    """Status characters of an NCI scale, or what stands behind an Ohaus one's weight, as sent."""

    @property
    def value(self) -> str:
        """The number without blanks, plus and leading zeros; every digit behind the point stays."""
        found = NUMBER.fullmatch(self.number.replace(" ", ""))
        if found is None:
            return ""
        sign, digits = found.groups()
        return ("-" if sign == "-" else "") + digits

    @property
    def plain_unit(self) -> str:
        """The unit without blanks and comma, as sent."""
        return self.unit.strip(" ,")

    @property
    def as_sent(self) -> str:
        """Value and unit, such as `100.00 g`."""
        return f"{self.value} {self.plain_unit}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """NCI: the status alone, which answers `S` and `Z`, and `W` while the scale cannot tell its weight."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The scale does not do what it was asked."""

    code: str
    """As the scale says it: `I` (not now), `ES`, `ET`, `EL`, `E11`, `ERR04`, `?`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Any other whole answer, such as `Z A` or `I4 A "0123"`."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What the host says."""

    text: str


Said = Weighing | Status | Refusal | Answer
Frame = Said | Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A display, in no maker's words: what an emulated scale has to say."""

    value: str
    """Digits, a point and perhaps a minus, such as `100.00`."""
    unit: str
    moves: bool = False
    fault: Fault | None = None
