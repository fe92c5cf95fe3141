"""The `+` and `++` schemes of TDS 2.x: the key and serial as a barcode has them, then a host, then data.

Source: GS1 EPC Tag Data Standard 2.3, table 14-1 and sections 14.5.1, 14.5.3, 14.6 and 15.3. Unlike the
classic schemes they do not say where the company prefix ends, and they have no EPC URI.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspection.errors import BadIdentifier
from inspection.identity.bits import BitReader, BitWriter
from inspection.identity.check_digit import wrong_digits
from inspection.identity.codes import ItemCode
from inspection.identity.data import put_data, take_data
from inspection.identity.faults import Fault
from inspection.identity.hostname import put_hostname, take_hostname
from inspection.identity.moments import Moment
from inspection.identity.text import LETTERS_39, in_link
from inspection.identity.values import Delimited, Digits, FixedDigits, Form, Joined, Text

DATE = Moment()
DATES: Sequence[str] = ("11", "13", "15", "16", "17", "7006", "7007")
"""Application identifier of a DSGTIN's date, by its indicator of 4 bits."""
KEYS: Mapping[str, Mapping[str, Form]] = {
    "SGTIN": {"01": FixedDigits(14), "21": Text(20)},
    "DSGTIN": {"01": FixedDigits(14), "21": Text(20)},
    "SSCC": {"00": FixedDigits(18)},
    "SGLN": {"414": FixedDigits(13), "254": Text(20)},
    "GRAI": {"8003": Joined(FixedDigits(14), Text(16))},
    "GIAI": {"8004": Delimited(30)},
    "GSRN": {"8018": FixedDigits(18)},
    "GSRNP": {"8017": FixedDigits(18)},
    "GDTI": {"253": Joined(FixedDigits(13), Text(17))},
    "CPI": {"8010": Delimited(30, LETTERS_39), "8011": Digits(12)},
    "SGCN": {"255": Joined(FixedDigits(13), Digits(12))},
    "ITIP": {"8006": FixedDigits(18), "21": Text(20)},
}
"""What each key is made of, by application identifier, in the order of the bits."""
HEADERS: Mapping[int, str] = {
    0xF0: "CPI+", 0xF1: "GRAI+", 0xF2: "SGLN+", 0xF3: "ITIP+", 0xF4: "GSRN+", 0xF5: "GSRNP+",
    0xF6: "GDTI+", 0xF7: "SGTIN+", 0xF8: "SGCN+", 0xF9: "SSCC+", 0xFA: "GIAI+", 0xFB: "DSGTIN+",
    0xE6: "CPI++", 0xEB: "GRAI++", 0xE9: "SGLN++", 0xED: "ITIP++", 0xE7: "GSRN++", 0xE8: "GSRNP++",
    0xEA: "GDTI++", 0xFD: "SGTIN++", 0xEC: "SGCN++", 0xEF: "SSCC++", 0xEE: "GIAI++", 0xFC: "DSGTIN++",
}  # fmt: skip
HEADER_OF = {scheme: header for header, scheme in HEADERS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlusEpc:
    """One EPC of a `+` or `++` scheme."""

    scheme: str
    """Such as `SGTIN+`."""
    filter: int
    values: tuple[str, ...]
    """Of the key, then of its serial where that is an identifier of its own."""
    date: tuple[str, str] | None = None
    """Application identifier and YYMMDD, of a DSGTIN."""
    host: str | None = None
    """Of a `++` scheme, such as `id.example.com`."""
    data: tuple[tuple[str, str], ...] = ()
    """What follows the EPC, by application identifier."""
    unread: str = ""
    """Hex of data from the first identifier on whose form is not known here."""

    @property
    def elements(self) -> dict[str, str]:
        """The EPC by application identifier."""
        found = dict(zip(KEYS[self.scheme.rstrip("+")], self.values, strict=True))
        return found | dict([self.date] if self.date else [])

    @property
    def digital_link(self) -> str:
        """Path of the GS1 Digital Link behind the host."""
        identifiers = KEYS[self.scheme.rstrip("+")]
        parts = zip(identifiers, self.values, strict=True)
        path = "".join(f"/{identifier}/{in_link(value)}" for identifier, value in parts)
        return path + (f"?{self.date[0]}={self.date[1]}" if self.date else "")

    def encode(self) -> bytes:
        """The bytes of the EPC bank, in the shortest encoding, up to whole 16-bit words."""
        writer = BitWriter()
        writer.put(HEADER_OF[self.scheme], 8)
        writer.put(1 if self.data else 0, 1)
        writer.put(self.filter, 3)
        if self.date is not None:
            writer.put(DATES.index(self.date[0]), 4)
            DATE.put(writer, self.date[1])
        for (identifier, form), value in zip(self._forms(), self.values, strict=True):
            _need_check_digit(identifier, value)
            form.put(writer, value)
        if self.host is not None:
            put_hostname(writer, self.host)
        put_data(writer, self.data)
        return writer.in_words()

    def _forms(self) -> list[tuple[str, Form]]:
        name = self.scheme.rstrip("+")
        dated, hosted = name == "DSGTIN", self.scheme.endswith("++")
        own_parts = (dated, hosted) == (self.date is not None, self.host is not None)
        if not own_parts or self.unread:
            words = f"{self.scheme} needs exactly its own parts, and data that is understood"
            raise BadIdentifier(words, fault=Fault.DAMAGED)
        return list(KEYS[name].items())

    def item(self, epc: bytes) -> ItemCode:
        """What the tag says."""
        elements = self.elements
        return ItemCode(
            raw=epc.hex(),
            epc=epc,
            scheme=self.scheme,
            gtin=elements.get("01"),
            serial=elements.get("21") if "01" in elements else None,
            sscc=elements.get("00"),
            lot=dict(self.data).get("10"),
            filter=self.filter,
            digital_link=self.digital_link,
            host=self.host,
            data=self.data,
            unread=self.unread,
        )


def decode_plus(value: int, bits: int) -> PlusEpc:
    """Read an EPC of one of the 24 schemes, given as a number of so many bits; raises BadIdentifier."""
    reader = BitReader(value, bits)
    scheme = HEADERS[reader.take(8)]
    has_data, filter = reader.take(1), reader.take(3)
    name = scheme.rstrip("+")
    date = _take_date(reader) if name == "DSGTIN" else None
    values = tuple(_take_checked(reader, identifier, form) for identifier, form in KEYS[name].items())
    host = take_hostname(reader) if scheme.endswith("++") else None
    data, unread = take_data(reader) if has_data else ((), "")
    _need_end(reader, scheme)
    return PlusEpc(
        scheme=scheme, filter=filter, values=values, date=date, host=host, data=data, unread=unread
    )


def _take_date(reader: BitReader) -> tuple[str, str]:
    kind = reader.take(4)
    if kind >= len(DATES):
        raise BadIdentifier(f"date indicator {kind} is reserved", fault=Fault.BAD_DATE)
    return DATES[kind], DATE.take(reader)


def _take_checked(reader: BitReader, identifier: str, form: Form) -> str:
    value = form.take(reader)
    _need_check_digit(identifier, value)
    return value


def _need_check_digit(identifier: str, value: str) -> None:
    wrong = wrong_digits(identifier, value)
    if wrong is not None:
        raise BadIdentifier(f"the check digit of {wrong} is wrong", fault=Fault.CHECK_DIGIT)
    if identifier == "8003" and value[0] != "0":
        raise BadIdentifier(f"the number {value} does not begin with 0", fault=Fault.BAD_NUMBER)


def _need_end(reader: BitReader, scheme: str) -> None:
    """Only zeros may follow, up to the next 16-bit word."""
    if reader.rest():
        header = HEADER_OF.get(f"{scheme}+")
        if header is not None and _is_host(reader):
            words = f"a host follows, so it should be {scheme}+ with header {header:02X}"
            raise BadIdentifier(words, fault=Fault.WRONG_HEADER)
        raise BadIdentifier("the bits behind the EPC are not zero", fault=Fault.TRAILING_BITS)
    if reader.left >= 16:
        raise BadIdentifier(f"the EPC is too long: {reader.left} bits follow it", fault=Fault.TOO_LONG)


def _is_host(reader: BitReader) -> bool:
    probe = BitReader(reader.rest(), reader.left)
    try:
        take_hostname(probe)
    except BadIdentifier:
        return False
    return probe.rest() == 0
