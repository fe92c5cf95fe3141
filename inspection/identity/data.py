"""Data behind an EPC of a `+` scheme: application identifiers in digits of 4 bits, each with its value.

Source: GS1 EPC Tag Data Standard 2.3, section 15.3 and table F. What begins with an identifier that is not in
the table, since it is newer, is kept as hex: its form is not known. The EPC in front is read all the same.
"""

from collections.abc import Iterator, Mapping

from inspection.errors import BadIdentifier
from inspection.identity.bits import BitReader, BitWriter
from inspection.identity.check_digit import wrong_digits
from inspection.identity.faults import Fault
from inspection.identity.moments import DAY, HOUR, MINUTE, SECOND, DayOrDays, Moment, MomentOf
from inspection.identity.text import LETTERS_39
from inspection.identity.values import (
    BinaryDigits,
    Country,
    Delimited,
    Digits,
    FixedDigits,
    Flag,
    Form,
    Joined,
    Minus,
    OneOfSome,
    Text,
)

Data = tuple[tuple[str, str], ...]

SSCC_BITS = 72
TEXTS: Mapping[int, str] = {
    2: "7010",
    3: "427 7008",
    4: "7040 7041",
    10: "7009 7255",
    12: "7005",
    20: "10 21 22 243 254 420 4318 7020 7021 7022 710 711 712 713 714 715 716 7240 8002 8012",
    24: "8007",
    25: "7242 8013 8020",
    28: "235",
    30: "240 241 250 251 400 401 403 4308 4319 7002 90 723x",
    35: "4300 4301 4310 4311 4320",
    40: "7253 7254 7259",
    50: "8009",
    70: "4302 4303 4304 4305 4306 4312 4313 4314 4315 4316 7257 8110 8112 8200",
    90: "7256 8030 91 92 93 94 95 96 97 98 99",
}
"""Text by its greatest length; `x` stands for any digit."""
DIGITS: Mapping[int, str] = {
    4: "7004", 6: "242", 8: "30 37", 10: "8019", 12: "8011", 15: "390x 392x 423 425",
}  # fmt: skip
"""Digits by their greatest number."""
BINARY: Mapping[int, str] = {
    1: "7252", 2: "20", 3: "422 424 426", 4: "394x 8111", 8: "7250", 12: "7251", 13: "7001", 14: "8001",
    6: "310x 311x 312x 313x 314x 315x 316x 320x 321x 322x 323x 324x 325x 326x 327x 328x 329x 330x 331x "
    "332x 333x 334x 335x 336x 337x 340x 341x 342x 343x 344x 345x 346x 347x 348x 349x 350x 351x 352x 353x "
    "354x 355x 356x 357x 360x 361x 362x 363x 364x 365x 366x 367x 368x 369x 395x 8005",
    17: "402", 20: "4309",
}  # fmt: skip
"""Digits of fixed number as one binary number."""
FIXED: Mapping[int, str] = {2: "7241", 13: "410 411 412 413 414 415 416 417", 14: "01 02", 18: "00 8006"}
"""Digits of fixed number, 4 bits each; 8017, 8018 and 8026 too."""
DATES = "11 12 13 15 16 17 4326 7006"
OTHERS: Mapping[str, Form] = {
    "8017": FixedDigits(18), "8018": FixedDigits(18), "8026": FixedDigits(18),
    "253": Joined(FixedDigits(13), Text(17, 0)), "255": Joined(FixedDigits(13), Digits(12, 0)),
    "8003": Joined(FixedDigits(14), Text(16, 0)), "421": Joined(BinaryDigits(3), Text(9)),
    **{f"703{last}": Joined(BinaryDigits(3), Text(27)) for last in range(10)},
    **{f"39{kind}{last}": Joined(BinaryDigits(3), Digits(15)) for kind in "13" for last in range(10)},
    **{f"433{last}": Joined(BinaryDigits(6), Minus()) for last in range(4)},
    **dict.fromkeys(("4321", "4322", "4323"), Flag()), **dict.fromkeys(("4307", "4317"), Country()),
    **dict.fromkeys(("4324", "4325", "7003"), Moment(MINUTE)), "7007": DayOrDays(), "7258": OneOfSome(),
    "7011": MomentOf((DAY, MINUTE)), "8008": MomentOf((HOUR, MINUTE, SECOND)),
    "7023": Delimited(30), "8004": Delimited(30), "8010": Delimited(30, LETTERS_39),
}  # fmt: skip


def _each(written: str) -> Iterator[str]:
    for identifier in written.split():
        if identifier.endswith("x"):
            yield from (f"{identifier[:-1]}{last}" for last in range(10))
        else:
            yield identifier


FORMS: Mapping[str, Form] = {
    **{identifier: Text(most) for most, written in TEXTS.items() for identifier in _each(written)},
    **{identifier: Digits(most) for most, written in DIGITS.items() for identifier in _each(written)},
    **{identifier: BinaryDigits(count) for count, written in BINARY.items() for identifier in _each(written)},
    **{identifier: FixedDigits(count) for count, written in FIXED.items() for identifier in _each(written)},
    **dict.fromkeys(DATES.split(), Moment()),
    **OTHERS,
}
"""How the value of each identifier is written."""


def take_data(reader: BitReader) -> tuple[Data, str]:
    """Read what follows an EPC, and the hex of what follows an identifier whose form is not known."""
    found: list[tuple[str, str]] = []
    while reader.left >= 8 and reader.rest():
        left = reader.left
        if reader.rest() >> left - 8 == 0 and left < 8 + SSCC_BITS:
            break
        digits = f"{reader.rest() << -left % 4:0{-(-left // 4)}x}"
        identifier = _take_identifier(reader)
        if identifier not in FORMS:
            reader.take(reader.left)
            return tuple(found), digits
        value = FORMS[identifier].take(reader)
        _need_check_digit(identifier, value)
        found.append((identifier, value))
    return tuple(found), ""


def put_data(writer: BitWriter, data: Data) -> None:
    """Write what `take_data` reads back."""
    for identifier, value in data:
        if identifier not in FORMS:
            raise BadIdentifier(f"({identifier}) cannot be written into a tag here", fault=Fault.BAD_NUMBER)
        _need_check_digit(identifier, value)
        for digit in identifier:
            writer.put(int(digit), 4)
        FORMS[identifier].put(writer, value)


def _take_identifier(reader: BitReader) -> str:
    """Two digits, or as many of up to four as make a known identifier."""
    identifier = f"{reader.take(8):02x}"
    while identifier not in FORMS and len(identifier) < 4 and reader.left >= 4:
        identifier += f"{reader.take(4):x}"
    return identifier


def _need_check_digit(identifier: str, value: str) -> None:
    wrong = wrong_digits(identifier, value)
    if wrong is not None:
        raise BadIdentifier(f"the check digit of {wrong} is wrong", fault=Fault.CHECK_DIGIT)
