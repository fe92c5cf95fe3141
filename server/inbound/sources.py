"""The registry: who may send webhooks, how they sign, and who handles them. One frozen row for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from server.carriers.hooks import CarrierHooks
from server.errors import UnknownSource
from server.inbound.hooks import Handler
from server.inbound.schemes import SHOPIFY, STANDARD, Scheme
from server.refunds.hooks import OutcomeHooks
from server.refunds.shopify_source import ShopifyHooks
from server.refunds.stripe_source import STRIPE, StripeHooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kind of sender. Ids are remembered for ever: money or a parcel hangs on each."""

    name: str
    scheme: Scheme
    handler: Handler


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        source.name: source
        for source in (
            Source(name="carrier", scheme=STANDARD, handler=CarrierHooks()),
            Source(name="refund.outcome", scheme=STANDARD, handler=OutcomeHooks()),
            Source(name="shopify", scheme=SHOPIFY, handler=ShopifyHooks()),
            Source(name="stripe", scheme=STRIPE, handler=StripeHooks()),
        )
    }
)


def source_of(name: str) -> Source:
    """The row of a source; raises UnknownSource."""
    if name not in SOURCES:
        raise UnknownSource(f"there is no source {name[:24]!r}; known are {', '.join(SOURCES)}")
    return SOURCES[name]
