"""Printed codes: GS1 element strings, Digital Link URIs, EAN and GTIN, or just a text.

GS1's syntax is read by biip; what it leaves to the caller is decided here: a wrong check
digit is refused by name, and two codes in one scan are refused rather than guessed at.
A missing group separator cannot be seen in the text: scanners must be set to send 0x1D.
"""

import re

from biip import BiipException, ParseResult, parse
from biip.gs1_element_strings import GS1ElementStrings

from inspection.errors import BadIdentifier
from inspection.identity.check_digit import (
    GTIN_LENGTHS,
    SSCC_LENGTH,
    check_digit,
    has_right_check_digit,
    is_digits,
    wrong_digits,
)
from inspection.identity.codes import ItemCode
from inspection.identity.faults import Fault

GROUP_SEPARATOR = "\x1d"
LONGEST_CODE = 4096
"""Characters; the largest QR code holds 4,296 of them."""
GS1_SYMBOLOGIES = frozenset({"]C1", "]e0", "]d2", "]Q3", "]J1"})
"""GS1-128, DataBar, GS1 DataMatrix, GS1 QR, GS1 DotCode: element strings by definition."""
AS_GS1_128 = "]C1"
"""All of them hold the same syntax, and biip does not know GS1 DotCode."""
RETAIL_PREFIX = "]E"
"""EAN and UPC."""
AIM_IN_FRONT = re.compile(r"\][A-Za-z][0-9A-Za-z]")
AIM_INSIDE = re.compile(r".\][A-Za-z][0-9A-Za-z](?=[0-9A-Za-z])")
LINK = re.compile(r"https?://", re.IGNORECASE)
LINK_INSIDE = re.compile(r"[^=/?&#]https?://", re.IGNORECASE)
"""An address behind another; one that is a parameter of the first is meant."""
SHORTEST_DOUBLED = 6
"""Characters of each half from which an exact repetition counts as two scans."""


def read_code(text: str, symbology: str | None = None) -> ItemCode:
    """Say what a printed code means.

    `symbology` is the AIM identifier such as `]d2`, where the scanner sends one; it may also
    still stand in front of the text. Raises BadIdentifier with a sentence for a person.
    """
    if symbology is None:
        symbology, text = split_symbology(text)
    elements = _elements(text, symbology)
    return _number(text, symbology) if elements is None else _item(text, elements)


def read_elements(text: str) -> dict[str, str]:
    """Every application identifier of a GS1 code, with its value; raises BadIdentifier where there is none.

    The text may begin with an AIM identifier; without one it is taken for an element string, unless it is an
    address, or the bare digits of an EAN, GTIN or SSCC, which give (01) or (00).
    """
    symbology, inner = split_symbology(text)
    bare = is_digits(inner) and len(inner) in (*GTIN_LENGTHS, SSCC_LENGTH)
    if symbology is None and not bare and not LINK.match(inner):
        symbology = AS_GS1_128
    elements = _elements(inner, symbology)
    if elements is not None:
        found = {element.ai.ai: element.value for element in elements}
    else:
        code = _number(inner, symbology)
        found = {key: digits for key, digits in (("01", code.gtin), ("00", code.sscc)) if digits is not None}
    if not found:
        raise BadIdentifier(f"{_short(text)} is no GS1 code", fault=Fault.BAD_CODE)
    return found


def split_symbology(text: str) -> tuple[str | None, str]:
    """The AIM identifier in front of a text, if there is one, and the text behind it."""
    return (text[:3], text[3:]) if AIM_IN_FRONT.match(text) else (None, text)


def are_stuck_together(text: str, symbology: str | None = None) -> bool:
    """Whether a scan holds two codes: one AIM identifier or address inside, or one code twice."""
    if AIM_INSIDE.search(text) or LINK_INSIDE.search(text):
        return True
    half = len(text) // 2
    front, back = text[:half], text[half:]
    if (
        symbology not in GS1_SYMBOLOGIES
        and half >= SHORTEST_DOUBLED
        and front == back
        and len(set(front)) > 1
    ):
        return True
    return (
        symbology not in GS1_SYMBOLOGIES
        and half in (12, 13, 14)
        and has_right_check_digit(front)
        and has_right_check_digit(back)
    )


def _refuse_noise(text: str) -> None:
    if not text.strip():
        raise BadIdentifier("the code is empty", fault=Fault.BAD_CODE)
    if len(text) > LONGEST_CODE:
        raise BadIdentifier(f"the code is too long: {len(text)} characters", fault=Fault.TOO_LONG)
    if any(ord(sign) < 0x20 and sign != GROUP_SEPARATOR for sign in text) or "\ufffd" in text:
        words = f"the code holds signs that cannot be printed: {_short(text)}"
        raise BadIdentifier(words, fault=Fault.BAD_TEXT)


def _looks_like_elements(text: str, symbology: str | None) -> bool:
    """Without an AIM identifier, believe in element strings only behind a right GTIN or SSCC."""
    if symbology is not None:
        return False
    if text[:2] == "01" and len(text) >= 16:
        return has_right_check_digit(text[2:16])
    return text[:2] == "00" and len(text) == 20 and has_right_check_digit(text[2:])


def _elements(text: str, symbology: str | None) -> GS1ElementStrings | None:
    """The checked element strings of a code or address; None where it holds none.

    An address without a GS1 key is a plain code: many labels carry the shop's own address.
    """
    _refuse_noise(text)
    if are_stuck_together(text, symbology):
        words = f"two codes were read as one: {_short(text)}; scan them one by one"
        raise BadIdentifier(words, fault=Fault.BAD_CODE)
    if LINK.match(text):
        answer = _parsed(text)
        address = answer.gs1_digital_link_uri if answer else None
        return _checked(address.element_strings) if address is not None else GS1ElementStrings()
    if symbology not in GS1_SYMBOLOGIES and not _looks_like_elements(text, symbology):
        return None
    answer = _parsed(AS_GS1_128 + text)
    if answer is None or answer.gs1_message is None:
        why = answer.gs1_message_error if answer else "it has no form of GS1's"
        raise BadIdentifier(f"the GS1 code {_short(text)} cannot be read: {why}", fault=Fault.BAD_CODE)
    return _checked(answer.gs1_message.element_strings)


def _parsed(text: str) -> ParseResult | None:
    """What biip says; None where it raises, as it does on `https://[`."""
    try:
        return parse(text)
    except (BiipException, ValueError):
        return None


def _checked(elements: GS1ElementStrings) -> GS1ElementStrings:
    """biip keeps elements whose check digit is wrong."""
    for element in elements:
        wrong = wrong_digits(element.ai.ai, element.value)
        if wrong is not None:
            raise _wrong_check_digit(wrong)
    return elements


def _item(text: str, elements: GS1ElementStrings) -> ItemCode:
    return ItemCode(
        raw=text,
        gtin=_first(elements, "01"),
        sscc=_first(elements, "00"),
        serial=_first(elements, "21"),
        lot=_first(elements, "10"),
    )


def _first(elements: GS1ElementStrings, identifier: str) -> str | None:
    found = elements.get(ai=identifier)
    return found.value if found else None


def _number(text: str, symbology: str | None) -> ItemCode:
    """EAN, UPC and bare GTINs or SSCCs; every other text stays what it is.

    An EAN symbol, or 12 to 14 digits from a scanner that names no symbology, must have a right
    check digit. Eight digits or a Code 128 may as well be an order number.
    """
    retail = symbology is not None and symbology.startswith(RETAIL_PREFIX)
    if not is_digits(text) or len(text) not in (*GTIN_LENGTHS, SSCC_LENGTH):
        if retail:
            words = f"{_short(text)} is no EAN: it needs 8, 12 or 13 digits"
            raise BadIdentifier(words, fault=Fault.BAD_NUMBER)
        return ItemCode(raw=text)
    if has_right_check_digit(text):
        return (
            ItemCode(raw=text, sscc=text)
            if len(text) == SSCC_LENGTH
            else ItemCode(raw=text, gtin=text.zfill(14))
        )
    if retail or (symbology is None and len(text) in (12, 13, 14)):
        raise _wrong_check_digit(text)
    return ItemCode(raw=text)


def _wrong_check_digit(digits: str) -> BadIdentifier:
    return BadIdentifier(
        f"the check digit of {digits} is {digits[-1]} and should be {check_digit(digits[:-1])}: "
        "scan the code again",
        fault=Fault.CHECK_DIGIT,
    )


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
