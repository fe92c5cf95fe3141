"""Products and expected units on the wire, and their way into the domain."""

from typing import Annotated

from pydantic import Field

from inspection.catalogue import Hazard, Product, Recovery, RepairRoute
from inspection.grades import Channel, Grade
from inspection.messages.base import Count, Currency, Message, Name, Ppm, Sku, UnitId, Utc
from inspection.returns import ExpectedUnit, InspectionPurpose, ReturnReason, ReturnUnit

Gtin = Annotated[str, Field(pattern=r"^[0-9]{14}$")]
EpcHex = Annotated[str, Field(pattern=r"^([0-9a-f]{2}){1,62}$")]
Label = Annotated[str, Field(min_length=1, max_length=64)]
RETURN_UNIT_FIELDS = tuple(name for name in ReturnUnit.__slots__ if name != "epc")
"""What a unit says on the wire as in the domain."""


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
    reason: ReturnReason
    parcel: Label | None = None
    deadline: Utc | None = None
    inspection: Annotated[int, Field(ge=1, le=999)] = 1
    purpose: InspectionPurpose = InspectionPurpose.FIRST

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
