"""Which return lies on the bench: from a tag or a code to the expected unit, or to a named hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from edge import journal, worklist
from edge.bench import Hold
from edge.worklist import Listed
from inspection.errors import BadIdentifier, NotAnItem
from inspection.identity.codes import ItemCode
from inspection.identity.epc import read_epc
from inspection.identity.gs1 import read_code
from inspection.journey import HoldReason
from inspection.returns import ExpectedUnit

UNIT_ID = re.compile(r"[A-Za-z0-9_./-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The one expected unit."""

    expected: ExpectedUnit


Found = Match | Hold


def by_tag(connection: Connection, epc: bytes) -> Found:
    """Find the unit of a tag: by its EPC, else by the GTIN and serial inside it."""
    listed = worklist.by_epcs(connection, (epc,)).get(epc)
    if listed is not None:
        return _unless_committed(connection, (listed,), epc.hex())
    try:
        code = read_epc(epc)
    except NotAnItem as error:
        return Hold(reason=HoldReason.NOT_AN_ITEM, detail=str(error))
    except BadIdentifier as error:
        return Hold(reason=HoldReason.UNREADABLE_CODE, detail=str(error))
    return _by_item_code(connection, code, epc.hex())


def by_code(connection: Connection, text: str, symbology: str | None) -> Found:
    """Find the unit of a scanned code: a return slip's unit id, else a GS1 code of the product."""
    if UNIT_ID.fullmatch(text):
        slip = worklist.by_unit_id(connection, text)
        if slip:
            return _unless_committed(connection, slip, text)
    try:
        code = read_code(text, symbology)
    except BadIdentifier as error:
        return Hold(reason=HoldReason.UNREADABLE_CODE, detail=str(error))
    return _by_item_code(connection, code, text)


def contradicts(expected: ExpectedUnit, text: str, symbology: str | None) -> bool:
    """True where a code that was scanned beside a tag belongs to another product."""
    try:
        code = read_code(text, symbology)
    except BadIdentifier:
        return False
    return code.gtin is not None and code.gtin != expected.product.gtin


def _by_item_code(connection: Connection, code: ItemCode, said: str) -> Found:
    if code.gtin is None:
        return Hold(reason=HoldReason.NO_MATCH, detail=printable(said))
    found: tuple[Listed, ...] = ()
    if code.serial is not None:
        found = worklist.by_serial(connection, code.gtin, code.serial)
    if not found:
        unserialised = [each for each in worklist.by_gtin(connection, code.gtin) if _may_be(each, code)]
        found = tuple(unserialised)
    return _unless_committed(connection, found, said)


def _may_be(listed: Listed, code: ItemCode) -> bool:
    """A unit whose own serial or tag is known is not any unit of its product."""
    if code.serial is None:
        return True
    unit = listed.expected.unit
    return unit.serial is None and unit.epc is None


def _unless_committed(connection: Connection, found: Sequence[Listed], said: str) -> Found:
    done = [each.expected for each in found if _is_committed(connection, each.expected)]
    left = [each.expected for each in found if each.open and each.expected not in done]
    if len(left) == 1:
        return Match(expected=left[0])
    if left:
        return Hold(reason=HoldReason.SEVERAL_MATCHES, detail=", ".join(each.unit.id for each in left[:4]))
    if done:
        return Hold(reason=HoldReason.DUPLICATE_ITEM, detail=done[0].unit.id)
    return Hold(reason=HoldReason.NO_MATCH, detail=printable(said))


def _is_committed(connection: Connection, expected: ExpectedUnit) -> bool:
    return journal.is_committed(connection, expected.merchant, expected.unit.id, expected.inspection)


def printable(text: str) -> str:
    """What was read, cut and printable: a peer's bytes go to a screen here."""
    return "".join(char if char.isprintable() else "?" for char in text[:64])
