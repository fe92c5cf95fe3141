"""Another implementation beside ours: what epcpy writes we read as it does, and the other way round.

ADI-var is left out: epcpy raises on the standard's own example of it.
"""

import re
from typing import Any

from epcpy.epc_schemes.base_scheme import GS1Element, TagEncodable
from epcpy.utils.parsers import hex_to_tag_encodable
from hypothesis import assume, given
from hypothesis import strategies as st

from inspection.identity.assets import Gdti113, Giai202
from inspection.identity.borrowed import BORROWED
from inspection.identity.classic import ClassicEpc
from inspection.identity.epc import read_epc
from inspection.identity.items import Itip110, Itip212
from inspection.identity.partitions import PREFIX_DIGITS
from inspection.identity.parts import CpiVar
from inspection.identity.text import in_link
from tests.inspection.identity.drawn import CLASSIC, CPIS, digits

NUMBERS = st.integers(0, 2**31 - 1).map(str)
TRIPPING = frozenset('"%&/<>?#:.')
"""Signs that a URI escapes or uses itself: epcpy cuts at some, and counts an escaped one as three."""


def epcpy_trips(tag: ClassicEpc) -> bool:
    """What epcpy does not know, or is known to get wrong."""
    if isinstance(tag, Gdti113):
        return True
    if isinstance(tag, Itip110 | Itip212) and 99 in (tag.piece, tag.total):
        return True
    serial = tag.reference if isinstance(tag, Giai202) else getattr(tag, "serial", "")
    return not TRIPPING.isdisjoint(str(serial))


@given(CLASSIC)
def test_epcpy_reads_what_we_write(tag: ClassicEpc) -> None:
    assume(not epcpy_trips(tag))
    theirs = hex_to_tag_encodable(tag.encode().hex())
    assert theirs.epc_uri == tag.uri
    assert isinstance(theirs, GS1Element)
    written = theirs.gs1_element_string().removesuffix("(254)0")  # the extension of a place without one
    pairs = re.findall(r"\((\d{2,4})\)(.*?)(?=\((?:21|254)\)|$)", written)
    assert tag.digital_link == "".join(f"/{key}/{in_link(value)}" for key, value in pairs)


@given(CPIS)
def test_epcpy_reads_the_components_that_we_write(tag: CpiVar) -> None:
    assume(TRIPPING.isdisjoint(tag.component))
    assert hex_to_tag_encodable(tag.encode().hex()).epc_uri == tag.uri


@st.composite
def uris(draw: st.DrawFn, header: int) -> str:
    """The inner part of a pure identity URI."""
    length = draw(st.sampled_from(PREFIX_DIGITS))
    if header == 0x35:
        return ".".join(str(draw(st.integers(0, most))) for most in (2**28 - 1, 2**24 - 1, 2**36 - 1))
    if header == 0x2F:
        return f"{draw(st.text('0123456789ABCXYZ', min_size=5, max_size=6))}.{draw(NUMBERS)}"
    if header == 0x3C:
        return f"{draw(digits(length))}.{draw(st.integers(0, 999))}.{draw(NUMBERS)}"
    if header == 0x3F:
        number = draw(digits(12))
        return f"{number[:length]}.{number[length:]}.{draw(digits(1, 11))}"
    number = draw(digits(17))
    return f"{number[:length]}.{number[length:]}"


@given(st.sampled_from(sorted(BORROWED)).flatmap(lambda header: st.tuples(st.just(header), uris(header))))
def test_we_read_what_epcpy_writes(drawn: tuple[int, str]) -> None:
    header, inner = drawn
    borrowed = BORROWED[header]
    theirs: TagEncodable = borrowed.kind(f"urn:epc:id:{borrowed.kind.__name__.lower()}:{inner}")
    given: dict[str, Any] = {} if borrowed.filters is None else {"filter_value": borrowed.filters("2")}
    scheme = borrowed.kind.BinaryCodingScheme[borrowed.scheme.upper().replace("-", "_")]
    binary = theirs.binary(binary_coding_scheme=scheme, **given)
    code = read_epc(int(binary, 2).to_bytes(12, "big"))
    assert (code.uri, code.scheme) == (theirs.epc_uri, borrowed.scheme)
    assert code.filter == (None if borrowed.filters is None else 2)
