"""What an inspector says to the bench by scanner or key: commands, badges, bins.

Every key has a printed command barcode, so that a bench works without a keyboard. What is
no command, badge or bin is an item's code and belongs to `inspection.identity`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from inspection.errors import NotUnderstood
from inspection.grades import Disposition, Grade, ReturnException
from inspection.journey import State
from inspection.verdict import OverrideReason


class CommandCode(StrEnum):
    """What a command barcode says behind `CMD:`."""

    ACCEPT = "ACCEPT"
    NEW = "NEW"
    USED = "USED"
    DAMAGED = "DAMAGED"
    CAPTURE = "CAPTURE"
    RETAKE = "RETAKE"
    CLEAN = "CLEAN"
    ESCALATE = "ESCALATE"
    BACK = "BACK"
    SETASIDE = "SETASIDE"
    PRINT = "PRINT"
    SIGNOUT = "SIGNOUT"
    EMPTY = "EMPTY"
    MISSING = "MISSING"
    WRONG = "WRONG"
    HAZARD = "HAZARD"
    REASON1 = "REASON1"
    REASON2 = "REASON2"
    REASON3 = "REASON3"
    REASON4 = "REASON4"
    REASON5 = "REASON5"
    REASON6 = "REASON6"
    REASON7 = "REASON7"
    REASON8 = "REASON8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of the inspector."""

    code: CommandCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """Somebody signs in."""

    code: str = field(repr=False)
    """Never logged or kept; compared by commitment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The bin that the item was put into."""

    letter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BinMark:
    """How a bin looks: letter, colour and shape, for colour alone tells nobody enough."""

    letter: str
    color: str
    shape: str


C = CommandCode

GRADE_FOR: Mapping[CommandCode, Grade] = {C.NEW: Grade.NEW, C.USED: Grade.USED, C.DAMAGED: Grade.DAMAGED}
"""Commands that set a grade."""

REASON_FOR: Mapping[CommandCode, OverrideReason] = {
    CommandCode(f"REASON{number}"): reason for number, reason in enumerate(OverrideReason, start=1)
}
"""The eight tiles, in their order."""

EXCEPTION_FOR: Mapping[CommandCode, ReturnException] = {
    C.EMPTY: ReturnException.EMPTY_BOX,
    C.MISSING: ReturnException.MISSING_PART,
    C.WRONG: ReturnException.WRONG_ITEM,
    C.HAZARD: ReturnException.HAZARD,
}
"""What only a person can see before a picture is taken."""

BINS: Mapping[Disposition, BinMark] = {
    Disposition.RESALE: BinMark(letter="A", color="green", shape="circle"),
    Disposition.REPAIR: BinMark(letter="B", color="blue", shape="square"),
    Disposition.SCRAP: BinMark(letter="C", color="red", shape="triangle"),
    Disposition.HOLD: BinMark(letter="D", color="yellow", shape="diamond"),
}

KEYS: Mapping[str, CommandCode] = {
    "Enter": C.ACCEPT,
    "1": C.NEW,
    "2": C.USED,
    "3": C.DAMAGED,
    " ": C.CAPTURE,
    "r": C.RETAKE,
    "c": C.CLEAN,
    "q": C.ESCALATE,
    "Backspace": C.BACK,
    "Escape": C.SETASIDE,
    "p": C.PRINT,
    "0": C.MISSING,
    "e": C.EMPTY,
    "w": C.WRONG,
    "h": C.HAZARD,
    "o": C.SIGNOUT,
}
"""Key names as browsers send them, in lower case where they are letters."""

REASON_KEYS: Mapping[str, CommandCode] = {str(n): CommandCode(f"REASON{n}") for n in range(1, 9)}
"""1..8 while the bench asks for a reason."""

_SPOKEN = re.compile(r"(CMD|BADGE|BIN):(.*)", re.IGNORECASE | re.DOTALL)
_BADGE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def parse(text: str) -> Command | Badge | Bin | None:
    """Read what was scanned or typed; None: it is an item's code.

    Raises NotUnderstood where the prefix is ours but the rest is not.
    """
    match = _SPOKEN.fullmatch(text.strip())
    if match is None:
        return None
    prefix, rest = match[1].upper(), match[2]
    if prefix == "CMD" and rest.upper() in CommandCode.__members__:
        return Command(code=CommandCode[rest.upper()])
    if prefix == "BADGE" and _BADGE.fullmatch(rest):
        return Badge(code=rest)
    if prefix == "BIN" and rest.upper() in {mark.letter for mark in BINS.values()}:
        return Bin(letter=rest.upper())
    raise NotUnderstood(f"no such {prefix} code; print the command sheet again")


def command_for(key: str, state: State) -> Command | None:
    """Return the command of a key; None for a key without one."""
    keys = REASON_KEYS if state == State.OVERRIDDEN and key in REASON_KEYS else KEYS
    code = keys.get(key if len(key) > 1 else key.lower())
    return None if code is None else Command(code=code)
