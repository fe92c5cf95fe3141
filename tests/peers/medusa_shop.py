"""A shop in Medusa, through its Admin API: set up once, then orders that are paid and sent."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.peers.programs import EMAIL, PASSWORD

ADDRESS = {
    "first_name": "A",
    "last_name": "B",
    "address_1": "Lane 1",
    "city": "Town",
    "country_code": "de",
    "postal_code": "10115",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """An order that is paid and sent."""

    order: str
    item: str
    payment: str
    quantity: int
    price: int
    """Of one, in whole units of the currency."""


@dataclass(slots=True, kw_only=True)
class MedusaShop:
    """What stands in one Medusa, and who may ask it."""

    http: httpx.AsyncClient
    api_key: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    async def say(self, method: str, path: str, **body: Any) -> Any:
        """One request that must succeed."""
        answer = await self.http.request(method, path, json=body if method == "POST" else None)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:400]}"
        return answer.json()

    async def post(self, path: str, **body: Any) -> Any:
        """One POST that must succeed."""
        return await self.say("POST", path, **body)

    async def set_up(self) -> None:
        """Log in, take an API key, and make the least that orders need."""
        login = {"email": EMAIL, "password": PASSWORD}
        token = (await self.post("/auth/user/emailpass", **login))["token"]
        self.http.headers["authorization"] = f"Bearer {token}"
        self.api_key = (await self.post("/admin/api-keys", title="regrade", type="secret"))["api_key"][
            "token"
        ]
        self.ids["channel"] = (await self.post("/admin/sales-channels", name="peer"))["sales_channel"]["id"]
        self.ids["region"] = await self._region()
        await self._shipping()
        self.ids["variant"] = await self._variant()

    async def _region(self) -> str:
        made = await self.post(
            "/admin/regions",
            name="Europe",
            currency_code="eur",
            countries=["de"],
            payment_providers=["pp_system_default"],
        )
        return str(made["region"]["id"])

    async def _shipping(self) -> None:
        location = (await self.post("/admin/stock-locations", name="here"))["stock_location"]["id"]
        place = f"/admin/stock-locations/{location}"
        await self.post(f"{place}/sales-channels", add=[self.ids["channel"]])
        await self.post(f"{place}/fulfillment-providers", add=["manual_manual"])
        await self.post(f"{place}/fulfillment-sets", name="by post", type="shipping")
        shown = await self.say("GET", f"{place}?fields=*fulfillment_sets")
        fulfilment = shown["stock_location"]["fulfillment_sets"][0]["id"]
        zones = [{"type": "country", "country_code": "de"}]
        made = await self.post(
            f"/admin/fulfillment-sets/{fulfilment}/service-zones", name="zone", geo_zones=zones
        )
        zone = made["fulfillment_set"]["service_zones"][0]["id"]
        profiles = (await self.say("GET", "/admin/shipping-profiles"))["shipping_profiles"]
        profile = profiles[0]["id"] if profiles else await self._profile()
        self.ids |= {"location": location, "zone": zone, "profile": profile}
        self.ids["there"] = await self._option("there", [])
        back = [{"attribute": "is_return", "value": "true", "operator": "eq"}]
        self.ids["back"] = await self._option("back", back)

    async def _profile(self) -> str:
        made = await self.post("/admin/shipping-profiles", name="any", type="default")
        return str(made["shipping_profile"]["id"])

    async def _option(self, name: str, rules: list[dict[str, str]]) -> str:
        made = await self.post(
            "/admin/shipping-options",
            name=name,
            service_zone_id=self.ids["zone"],
            shipping_profile_id=self.ids["profile"],
            provider_id="manual_manual",
            price_type="flat",
            type={"label": name, "description": name, "code": name},
            prices=[{"currency_code": "eur", "amount": 0}],
            rules=rules,
        )
        return str(made["shipping_option"]["id"])

    async def _variant(self) -> str:
        variant = {
            "title": "one",
            "sku": "MUG-1",
            "manage_inventory": False,
            "options": {"size": "one"},
            "prices": [{"currency_code": "eur", "amount": 50}],
        }
        made = await self.post(
            "/admin/products",
            title="Mug",
            status="published",
            shipping_profile_id=self.ids["profile"],
            options=[{"title": "size", "values": ["one"]}],
            sales_channels=[{"id": self.ids["channel"]}],
            variants=[variant],
        )
        return str(made["product"]["variants"][0]["id"])

    async def sell(self, quantity: int = 1, price: int = 50) -> Sale:
        """An order by way of a draft: converted, captured, sent."""
        item = {"variant_id": self.ids["variant"], "quantity": quantity, "unit_price": price}
        method = {"shipping_option_id": self.ids["there"], "name": "there", "amount": 0}
        draft = await self.post(
            "/admin/draft-orders",
            email="customer@peer.example",
            region_id=self.ids["region"],
            sales_channel_id=self.ids["channel"],
            shipping_address=ADDRESS,
            items=[item],
            shipping_methods=[method],
        )
        order = str(draft["draft_order"]["id"])
        await self.post(f"/admin/draft-orders/{order}/convert-to-order")
        made = await self.post("/admin/payment-collections", order_id=order, amount=quantity * price)
        collection = made["payment_collection"]["id"]
        await self.post(f"/admin/payment-collections/{collection}/mark-as-paid", order_id=order)
        shown = await self.order(order, "*items,*payment_collections.payments")
        line = str(shown["items"][0]["id"])
        sent = [{"id": line, "quantity": quantity}]
        await self.post(f"/admin/orders/{order}/fulfillments", items=sent, location_id=self.ids["location"])
        payment = str(shown["payment_collections"][0]["payments"][0]["id"])
        return Sale(order=order, item=line, payment=payment, quantity=quantity, price=price)

    async def order(self, order: str, fields: str) -> Any:
        """The order as Medusa shows it."""
        return (await self.say("GET", f"/admin/orders/{order}?fields=id,{fields}"))["order"]

    async def refunds(self, sale: Sale) -> list[Any]:
        """All refunds of the payment."""
        fields = "id,refunds.id,refunds.amount,refunds.note,refunds.created_at"
        shown = await self.say("GET", f"/admin/payments/{sale.payment}?fields={fields}")
        return list(shown["payment"]["refunds"])

    async def open_return(self, sale: Sale, quantity: int = 1) -> str:
        """A return that was begun and not confirmed: the order cannot be changed by another meanwhile."""
        begun = await self.post("/admin/returns", order_id=sale.order, location_id=self.ids["location"])
        back = str(begun["return"]["id"])
        items = [{"id": sale.item, "quantity": quantity}]
        await self.post(f"/admin/returns/{back}/request-items", items=items)
        return back

    async def requested(self, sale: Sale, quantity: int = 1) -> str:
        """A return that the customer was told to send."""
        back = await self.open_return(sale, quantity)
        await self.post(f"/admin/returns/{back}/shipping-method", shipping_option_id=self.ids["back"])
        await self.post(f"/admin/returns/{back}/request")
        return back

    async def returned(self, sale: Sale, good: int = 1, damaged: int = 0) -> str:
        """A return that was announced, received and, for damaged ones, dismissed."""
        back = await self.requested(sale, good + damaged)
        await self.receive(back, sale, good, damaged)
        return back

    async def receive(self, back: str, sale: Sale, good: int = 1, damaged: int = 0) -> None:
        """What came back is booked in."""
        await self.post(f"/admin/returns/{back}/receive")
        if good:
            await self._receive(back, "receive-items", sale, good)
        if damaged:
            await self._receive(back, "dismiss-items", sale, damaged)
        await self.post(f"/admin/returns/{back}/receive/confirm")

    async def _receive(self, back: str, how: str, sale: Sale, quantity: int) -> None:
        items = [{"id": sale.item, "quantity": quantity}]
        await self.post(f"/admin/returns/{back}/{how}", items=items)
