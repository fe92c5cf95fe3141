"""What people and the shop's own systems do at the centre: announce, cancel, look."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from demo.goods import MERCHANT
from inspection.messages.catalogue import ProductMessage, UnitMessage
from link.http import HttpConfig, HttpLink

SHOP_NAME = "Blue Shop"
MOST_AT_ONCE = 200
"""Products or units in one call; the centre takes 500."""
MOST_CASES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeys:
    """The log and its public keys, as the centre publishes them."""

    origin: str
    log: bytes
    webhook: bytes


class Office:
    """Two desks at the centre: the console's, and the shop's once it has a key."""

    def __init__(self, url: str, console_key: str) -> None:
        self.url = url
        self._console = _link(url, console_key)
        self._shop: HttpLink | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for link in (self._console, self._shop):
            if link is not None:
                await link.__aexit__(*exc)

    @property
    def shop(self) -> HttpLink:
        """The shop's link; raises RuntimeError before `open_shop`."""
        if self._shop is None:
            raise RuntimeError("the shop has no key yet")
        return self._shop

    async def keys(self) -> LogKeys:
        """`GET /v1/log`."""
        said = (await self._console.get("/v1/log")).json()
        return LogKeys(
            origin=said["origin"],
            log=base64.b64decode(said["log_public_key"]),
            webhook=base64.b64decode(said["webhook_public_key"]),
        )

    async def open_shop(self) -> str:
        """Make the merchant and its API key; returns the key."""
        await self._console.post("/v1/merchants", {"id": MERCHANT, "name": SHOP_NAME})
        key = await self.new_key("shop", MERCHANT, "demo shop")
        self._shop = _link(self.url, key)
        return key

    async def new_key(self, scope: str, merchant: str | None, label: str) -> str:
        """A new API key."""
        wanted = {"scope": scope, "label": label} | ({"merchant": merchant} if merchant else {})
        answer = await self._console.post("/v1/keys", wanted)
        key: str = answer.json()["api_key"]
        return key

    async def station_code(self, station: str, site: str) -> str:
        """A one-time code for enrolment."""
        answer = await self._console.post("/v1/stations/codes", {"station": station, "site": site})
        code: str = answer.json()["code"]
        return code

    async def inspector(self, site: str, name: str, badge: str, language: str) -> None:
        """Somebody who may sign in."""
        person = {
            "site": site,
            "id": name,
            "display_name": name.capitalize(),
            "badge": badge,
            "language": language,
            "role": "inspector",
        }
        await self._console.post("/v1/inspectors", person)

    async def announce(self, products: Sequence[ProductMessage], units: Sequence[UnitMessage]) -> None:
        """Put the catalogue and the expected returns in."""
        if products:
            said = {"products": [product.model_dump(mode="json") for product in products]}
            await self.shop.request("PUT", "/v1/catalogue/products", json=said)
        for part in _parts(units):
            said = {"units": [unit.model_dump(mode="json") for unit in part]}
            await self.shop.post("/v1/returns", said, idempotent=True)

    async def cancel(self, unit: str) -> None:
        """The shop does not expect a unit any more."""
        await self.shop.post(f"/v1/returns/{quote(unit)}/cancel", None, idempotent=True)

    async def hear(self, source: str, key: str) -> None:
        """Let the shop's centre believe webhooks that are signed with a key."""
        await self.shop.request("PUT", f"/v1/hooks/{source}", json={"key": key})

    async def cases(self) -> list[dict[str, Any]]:
        """Every open case of a refund, as the console lists them."""
        page = (await self._console.get("/v1/refunds/cases", params={"limit": MOST_CASES})).json()
        found: list[dict[str, Any]] = page["cases"]
        return found

    async def refunds(self) -> list[dict[str, Any]]:
        """Every instruction of the shop with its state."""
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            page = (await self.shop.get("/v1/refunds", params={"after": after, "limit": 100})).json()
            found += page["instructions"]
            if not page["more"]:
                return found
            after = page["cursor"]

    async def export(self) -> bytes:
        """The whole ledger, as `regrade verify log` reads it."""
        return (await self._console.get("/v1/ledger/export")).content

    async def metrics(self) -> dict[str, float]:
        """The centre's metrics, `name{label,label}` to value."""
        text = (await self._console.get("/metrics")).content.decode()
        return dict(_samples(text))


def _samples(text: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(str(value) for _, value in sorted(sample.labels.items()))
            yield (f"{sample.name}{{{labels}}}" if labels else sample.name), sample.value


def _parts(units: Sequence[UnitMessage]) -> Iterator[Sequence[UnitMessage]]:
    for start in range(0, len(units), MOST_AT_ONCE):
        yield units[start : start + MOST_AT_ONCE]


def _link(url: str, key: str) -> HttpLink:
    return HttpLink(HttpConfig(base_url=url, key=SecretStr(key), attempts=6, timeout_s=15))
