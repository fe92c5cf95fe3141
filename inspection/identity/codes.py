"""What a tag or a printed code says about the thing that carries it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCode:
    """One identifier, however it was read; what the code does not say is None."""

    raw: str
    """As read: lower-case hex for a tag, the text for a printed code."""
    gtin: str | None = None
    """14 digits with a right check digit."""
    serial: str | None = None
    lot: str | None = None
    sscc: str | None = None
    """18 digits with a right check digit: a parcel or pallet, never an item."""
    epc: bytes | None = None
    """The tag's EPC as sent over the air; None for a printed code."""
    uri: str | None = None
    """EPC pure identity URI, such as `urn:epc:id:sgtin:0614141.812345.6789`; `+` schemes have none."""
    digital_link: str | None = None
    """Path of the GS1 Digital Link behind the domain, such as `/01/80614141123458/21/6789`; tags only."""
    scheme: str | None = None
    """EPC scheme of a tag, such as `SGTIN-96` or `SGTIN+`."""
    filter: int | None = None
    """What kind of package a tag is on, 0..7; up to 63 in an ADI."""
    company_prefix: str | None = None
    """Where the code says how long it is: a printed code and the `+` schemes do not."""
    host: str | None = None
    """Host of the Digital Link, of a `++` scheme."""
    data: tuple[tuple[str, str], ...] = ()
    """What follows the EPC of a `+` scheme, by application identifier."""
    unread: str = ""
    """Hex of what follows, from the first identifier on that this program does not read."""

    @property
    def is_plain(self) -> bool:
        """True where only the text itself is known, such as an order number."""
        return self.gtin is None and self.sscc is None and self.scheme is None
