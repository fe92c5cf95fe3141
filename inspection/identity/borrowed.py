"""The classic EPCs of digits alone that a returns bench meets seldom, read by epcpy.

epcpy skips what it does not expect (bits behind the number, a gap inside a text), so that two different
tags could say the same: what it reads must encode to the same bits again. Schemes with letters are not
asked of it: it trips over signs that a URI escapes or uses itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from epcpy.epc_schemes.base_scheme import GS1Element, TagEncodable
from epcpy.epc_schemes.cpi import CPI, CPIFilterValue
from epcpy.epc_schemes.gid import GID
from epcpy.epc_schemes.gsrn import GSRN, GSRNFilterValue
from epcpy.epc_schemes.gsrnp import GSRNP, GSRNPFilterValue
from epcpy.epc_schemes.sgcn import SGCN, SGCNFilterValue
from epcpy.epc_schemes.usdod import USDOD, USDODFilterValue
from epcpy.utils.common import ConvertException

from inspection.errors import BadIdentifier
from inspection.identity.codes import ItemCode
from inspection.identity.faults import Fault
from inspection.identity.text import in_link

BORROWED_BITS = 96
"""Of each of them."""
PART, PART_SERIAL = "8010", "8011"
"""Application identifiers of a component and of its serial."""


@dataclass(frozen=True, slots=True)
class Borrowed:
    """One scheme of epcpy."""

    scheme: str
    kind: type[TagEncodable]
    filters: Callable[[str], Any] | None
    """The filter values, by their number; None where the scheme has none."""
    filter_bits: int = 3

    def filter(self, binary: str) -> int | None:
        """The filter in the bits of an EPC."""
        return None if self.filters is None else int(binary[8 : 8 + self.filter_bits], 2)


BORROWED: Mapping[int, Borrowed] = {
    0x2D: Borrowed("GSRN-96", GSRN, GSRNFilterValue),
    0x2E: Borrowed("GSRNP-96", GSRNP, GSRNPFilterValue),
    0x2F: Borrowed("USDOD-96", USDOD, USDODFilterValue, 4),
    0x35: Borrowed("GID-96", GID, None),
    0x3C: Borrowed("CPI-96", CPI, CPIFilterValue),
    0x3F: Borrowed("SGCN-96", SGCN, SGCNFilterValue),
}
"""By header."""


def read_borrowed(value: int, epc: bytes) -> ItemCode:
    """Read an EPC, given as a number of 96 bits too; raises BadIdentifier."""
    borrowed = BORROWED[value >> BORROWED_BITS - 8]
    binary = f"{value:0{BORROWED_BITS}b}"
    filter = borrowed.filter(binary)
    try:
        found = borrowed.kind.from_binary(binary)
        again = _encoded(borrowed, found, filter)
    except (ConvertException, ValueError, KeyError, IndexError) as error:
        raise BadIdentifier("the tag's number is damaged", fault=Fault.DAMAGED) from error
    if again != binary:
        raise BadIdentifier("what the EPC says does not encode to it again", fault=Fault.DAMAGED)
    return ItemCode(
        raw=epc.hex(),
        epc=epc,
        uri=found.epc_uri,
        digital_link=_digital_link(found),
        scheme=borrowed.scheme,
        filter=filter,
        company_prefix=found.epc_uri.split(":")[4].split(".")[0] if isinstance(found, GS1Element) else None,
    )


def _encoded(borrowed: Borrowed, found: TagEncodable, filter: int | None) -> str:
    """The bits that epcpy would write."""
    scheme = borrowed.kind.BinaryCodingScheme[borrowed.scheme.upper().replace("-", "_")]
    given = {} if borrowed.filters is None else {"filter_value": borrowed.filters(str(filter))}
    return found.binary(binary_coding_scheme=scheme, **given)


def _digital_link(found: TagEncodable) -> str | None:
    """Path of the GS1 Digital Link, from epcpy's `(key)value(qualifier)value`; None outside GS1."""
    if not isinstance(found, GS1Element):
        return None
    key, _, value = found.gs1_element_string()[1:].partition(")")
    value, _, serial = value.partition(f"({PART_SERIAL})")
    return f"/{key}/{in_link(value)}" + (f"/{PART_SERIAL}/{serial}" if key == PART else "")
