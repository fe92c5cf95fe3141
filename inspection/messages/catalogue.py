"""Products and expected units on the wire, and their way into the domain."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from inspection.catalogue import Hazard, Product, Recovery, RepairRoute
from inspection.grades import Channel, Grade
from inspection.messages.base import Count, Currency, Hex64, Message, Name, Ppm, Sku, UnitId, Utc
from inspection.returns import CustomerTier, ExpectedUnit, InspectionPurpose, ReturnReason, ReturnUnit

Gtin = Annotated[str, Field(pattern=r"^[0-9]{14}$", json_schema_extra={"format": "gtin"})]
"""Its last digit is GS1's check digit, which the centre looks at."""
EpcHex = Annotated[str, Field(pattern=r"^([0-9a-f]{2}){1,62}$")]
Label = Annotated[str, Field(min_length=1, max_length=64)]
LONGEST_REASON = 2000
MOST_PHOTOS = 8
MOST_PARTS = 20
RETURN_UNIT_FIELDS = tuple(name for name in ReturnUnit.__slots__ if name != "epc")
"""What a unit says on the wire as in the domain."""


def _absent(value: object) -> bool:
    return value is None or value == ()


def _only_if_said(default: Any = None, **bounds: Any) -> Any:
    """A field that came later: where nothing is said it is not written, so older programs read on."""
    return Field(default=default, exclude_if=_absent, **bounds)


class RecoveryMessage(Message):
    """`inspection.catalogue.Recovery`."""

    grade: Grade
    channel: Channel
    price_minor: Count
    sale_ppm: Ppm = 1_000_000
    cost_minor: Count = 0


class RepairRouteMessage(Message):
    """`inspection.catalogue.RepairRoute`."""

    name: Label
    cost_minor: Count
    success_ppm: Ppm
    price_after_minor: Count


class ProductMessage(Message):
    """`inspection.catalogue.Product`."""

    merchant: Name
    sku: Sku
    gtin: Gtin
    title: Annotated[str, Field(min_length=1, max_length=120)]
    category: Name
    currency: Currency
    list_price_minor: Count
    recovery: Annotated[tuple[RecoveryMessage, ...], Field(max_length=24)] = ()
    repair: RepairRouteMessage | None = None
    misgrade_loss_minor: Count = 0
    hygiene: bool = False
    hazards: Annotated[tuple[Hazard, ...], Field(max_length=3)] = ()
    recalled: bool = False
    weight_g: Count | None = None
    weight_tolerance_g: Count | None = None

    def product(self) -> Product:
        """The domain's product."""
        fields = {name: getattr(self, name) for name in ProductMessage.model_fields}
        fields["recovery"] = tuple(Recovery(**row.model_dump()) for row in self.recovery)
        fields["repair"] = RepairRoute(**self.repair.model_dump()) if self.repair else None
        return Product(**fields)


class UnitMessage(Message):
    """`inspection.returns.ExpectedUnit`, its product by SKU."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["reason"]},
                {"required": ["reason_text"], "properties": {"reason_text": {"type": "string"}}},
            ]
        }
    )

    merchant: Name
    id: UnitId
    authorization: Label
    order: Label
    customer: Label
    line: Annotated[int, Field(ge=1, le=9999)]
    index: Annotated[int, Field(ge=1, le=9999)]
    sku: Sku
    epc: EpcHex | None
    serial: Annotated[str, Field(max_length=40)] | None
    paid_minor: Count
    currency: Currency
    reason: ReturnReason = ReturnReason.OTHER
    """May be left out where `reason_text` is there: the centre reads it from the words."""
    parcel: Label | None = None
    deadline: Utc | None = None
    inspection: Annotated[int, Field(ge=1, le=999)] = 1
    purpose: InspectionPurpose = InspectionPurpose.FIRST
    # what follows stays at the centre: see AT_THE_CENTRE
    promised_minor: Count | None = _only_if_said()
    """What the shop promised to pay back for this unit; at most what was paid."""
    payment: Label | None = _only_if_said()
    """The shop's id of the captured payment that a refund goes back to."""
    reason_text: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)] | None = _only_if_said()
    """The customer's own words."""
    photos: tuple[Hex64, ...] = _only_if_said((), max_length=MOST_PHOTOS)
    """SHA-256 of each photo that the customer sent with the claim."""
    tier: CustomerTier | None = _only_if_said()
    batch: Label | None = _only_if_said()
    supplier: Label | None = _only_if_said()
    parts: tuple[Label, ...] = _only_if_said((), max_length=MOST_PARTS)
    """What must come back with it, such as `charger`."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.promised_minor is not None and self.promised_minor > self.paid_minor:
            raise ValueError("promised_minor is more than paid_minor")
        if "reason" not in self.model_fields_set and self.reason_text is None:
            raise ValueError("reason is needed where there is no reason_text")
        return self

    def for_stations(self) -> "UnitMessage":
        """What a bench needs of it: no words of the customer, no photos, nothing of the payment."""
        return self.model_copy(update=AT_THE_CENTRE)

    def return_unit(self) -> ReturnUnit:
        """The domain's unit, without its product."""
        fields = {name: getattr(self, name) for name in RETURN_UNIT_FIELDS}
        return ReturnUnit(**fields, epc=bytes.fromhex(self.epc) if self.epc else None)

    def expected(self, product: Product) -> ExpectedUnit:
        """The domain's expected unit, with its product."""
        return ExpectedUnit(
            merchant=self.merchant,
            unit=self.return_unit(),
            product=product,
            customer=self.customer,
            inspection=self.inspection,
            purpose=self.purpose,
        )


AT_THE_CENTRE: dict[str, object] = {
    name: field.default for name, field in UnitMessage.model_fields.items() if field.exclude_if is not None
}
"""What no station is told, as it stands there: the fields that came with the refund link."""
