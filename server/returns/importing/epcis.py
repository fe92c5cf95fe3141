"""EPCIS 2.0 documents: which trade items of which return are on their way, in which parcel. Pure.

An event says what moves and never what it cost, so it announces nothing: it gives units that the shop has
announced their serial number and their parcel. Taken are ObjectEvents and AggregationEvents whose business
step is `shipping`, or whose disposition is `returned`, with a business transaction of type `rma`.
Source: GS1 EPCIS 2.0 and CBV 2.0; GS1 Digital Link 1.1; EPC Tag Data Standard 2.1, section 6.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from inspection.errors import NotUnderstood
from inspection.identity.check_digit import check_digit, is_digits
from inspection.identity.gs1 import read_code
from server.returns.importing.mapped import MappingFault, Place, Tree, Unmappable

MOST_EVENTS = 1000
MOST_ITEMS = 1000
TAKEN = {"ObjectEvent": "epcList", "AggregationEvent": "childEPCs"}
"""Where each kind of event lists its items."""
SGTIN, SSCC = "urn:epc:id:sgtin:", "urn:epc:id:sscc:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One item on its way back."""

    authorization: str
    gtin: str
    serial: str
    parcel: str | None
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """All of a document."""

    items: tuple[Moved, ...] = ()
    faults: tuple[MappingFault, ...] = ()


def moves_of(document: Tree) -> Moves:
    """Read a document; what cannot be read comes back as a fault with its place."""
    whole = Place(path="", value=document)
    try:
        if whole.at("type").value != "EPCISDocument":
            raise Unmappable("type", "not_epcis", "an EPCISDocument is needed here")
        events = list(whole.at("epcisBody").at("eventList").each(MOST_EVENTS))
    except Unmappable as error:
        return Moves(faults=(MappingFault.of(error),))
    items: list[Moved] = []
    faults: list[MappingFault] = []
    for event in events:
        try:
            for moved in _items(event):
                if isinstance(moved, MappingFault):
                    faults.append(moved)
                else:
                    items.append(moved)
        except Unmappable as error:
            faults.append(MappingFault.of(error))
        if len(items) > MOST_ITEMS:
            detail = f"at most {MOST_ITEMS} items are taken at once"
            return Moves(faults=(MappingFault(path=event.path, code="too_many", detail=detail),))
    return Moves(items=tuple(items), faults=tuple(faults))


def _items(event: Place) -> Iterator[Moved | MappingFault]:
    kind = event.at("type")
    if kind.word() not in TAKEN:
        raise Unmappable(kind.path, "other_event", f"taken are: {', '.join(TAKEN)}")
    if _word(event.at("bizStep")) != "shipping" and _word(event.at("disposition")) != "returned":
        raise Unmappable(event.at("bizStep").path, "not_a_return", "no item is shipped or returned here")
    authorization, parcel = _authorization(event), _parcel(event.at("parentID"))
    for item in event.at(TAKEN[kind.word()]).each(MOST_ITEMS):
        try:
            gtin, serial = _trade_item(item)
        except Unmappable as error:
            yield MappingFault.of(error)
        else:
            yield Moved(authorization=authorization, gtin=gtin, serial=serial, parcel=parcel, path=item.path)


def _word(place: Place) -> str:
    """`shipping` of `urn:epcglobal:cbv:bizstep:shipping`, `.../cbv/BizStep-shipping` and the bare word."""
    return place.word().rpartition(":")[2].rpartition("/")[2].rpartition("-")[2]


def _authorization(event: Place) -> str:
    """The number of the return: the last part of a URN or an address."""
    for transaction in event.at("bizTransactionList").each():
        if _word(transaction.at("type")) == "rma":
            value = transaction.at("bizTransaction").text()
            return unquote(value.rpartition("/")[2].rpartition(":")[2])[:64]
    raise Unmappable(event.at("bizTransactionList").path, "no_rma", "no transaction of type rma is named")


def _parcel(parent: Place) -> str | None:
    """The parcel's SSCC, 20 characters with its `00`; another id as it stands."""
    if parent.value is None:
        return None
    text = parent.text()
    if text.startswith(SSCC):
        prefix, _, reference = text.removeprefix(SSCC).partition(".")
        digits = f"{reference[:1]}{prefix}{reference[1:]}"
        if len(digits) != 17 or not is_digits(digits):
            raise Unmappable(parent.path, "bad_identifier", "an SSCC has 17 digits before its check digit")
        return f"00{digits}{check_digit(digits)}"
    _, mark, number = text.rpartition("/00/")
    return f"{'00' if mark else ''}{number}"[:64]


def _trade_item(place: Place) -> tuple[str, str]:
    """GTIN and serial number of `urn:epc:id:sgtin:` or a GS1 Digital Link."""
    text = place.text()
    if text.startswith(SGTIN):
        return _from_urn(place, text.removeprefix(SGTIN))
    try:
        code = read_code(text) if text.startswith(("https://", "http://")) else None
    except NotUnderstood as error:
        raise Unmappable(place.path, error.code, str(error)) from error
    if code is None or code.gtin is None or code.serial is None:
        raise Unmappable(place.path, "not_an_item", "a serialised trade item is needed here")
    return code.gtin, code.serial


def _from_urn(place: Place, text: str) -> tuple[str, str]:
    prefix, _, rest = text.partition(".")
    reference, _, serial = rest.partition(".")
    digits = f"{reference[:1]}{prefix}{reference[1:]}"
    serial = unquote(serial)
    if len(digits) != 13 or not is_digits(digits) or not 1 <= len(serial) <= 20:
        raise Unmappable(place.path, "bad_identifier", "this is no SGTIN")
    return digits + check_digit(digits), serial
