"""Who sends the centre webhooks beside the refund system: the carrier, and the shop's own platform.

Both are played in this process, as the devices are; what they send is signed, doubled, out of order and now
and then forged.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from random import Random

import httpx

from demo.carrier.app import Desk
from demo.carrier.faults import Faults, NewsFault
from demo.carrier.telling import tell
from demo.carrier.world import World
from demo.errors import Stuck
from demo.goods import CURRENCY, LEAF_MUG, MERCHANT
from demo.office import Office
from inspection.messages.catalogue import UnitMessage
from inspection.messages.webhook_keys import HmacKey
from inspection.money import text_of
from inspection.parcels import Node
from inspection.returns import ReturnReason
from link.tls import in_the_clear

NEWS = {NewsFault.DOUBLED: 0.3, NewsFault.REORDERED: 0.3, NewsFault.WRONG_SIGNATURE: 0.2}
WAY = (Node.PICKED_UP, Node.SIGNED_OFF)
ROUNDS, ROUND_S = 40, 0.25
"""How often the carrier tells what the centre does not take, and how long it waits in between."""
GOODWILL = "9001/1/1"
"""A unit that the shop has paid for before it came."""
GOODWILL_MINOR = 2000


class Outside:
    """Their keys, and what they send."""

    def __init__(
        self, office: Office, seed: int, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._office = office
        faults = Faults(random=Random(seed), news_rates=NEWS)  # noqa: S311 (a game, not a secret)
        self._carrier = Desk(world=World(seed=seed), faults=faults, credential="", clock=clock)
        self._carrier_key = HmacKey(secrets.token_bytes(32))
        self._platform_key = "shpss_" + secrets.token_hex(16)

    async def introduce(self) -> None:
        """Give the centre the keys that webhooks are signed with."""
        await self._office.hear("carrier", self._carrier_key.to_text())
        await self._office.hear("shopify", self._platform_key)

    async def bring(self, parcels: Iterable[str]) -> None:
        """Pick parcels up and let the warehouse sign for them, once each; raises Stuck."""
        world = self._carrier.world
        for parcel in parcels:
            if parcel not in world.events:
                for node in WAY:
                    world.move(parcel, node, self._carrier.clock())
        url = f"{self._office.url}/v1/hooks/{MERCHANT}/carrier"
        async with httpx.AsyncClient(timeout=60.0, trust_env=False, verify=in_the_clear()) as http:
            for _ in range(ROUNDS):
                await tell(self._carrier, http, url, self._carrier_key)
                if not world.unsent:
                    return
                await asyncio.sleep(ROUND_S)
        raise Stuck(f"the centre does not take the carrier's news of {world.unsent[0].parcel}")

    async def refund_without_return(self) -> None:
        """The shop's platform pays for a unit that nobody has inspected: a case for the shop."""
        await self._office.announce((), [_goodwill()])
        body = json.dumps(_refund()).encode()
        mark = hmac.new(self._platform_key.encode(), body, hashlib.sha256).digest()
        headers = {
            "x-shopify-hmac-sha256": base64.b64encode(mark).decode(),
            "x-shopify-webhook-id": "goodwill",
        }
        url = f"{self._office.url}/v1/hooks/{MERCHANT}/shopify"
        async with httpx.AsyncClient(timeout=60.0, trust_env=False, verify=in_the_clear()) as http:
            answer = await http.post(url, content=body, headers=headers)
        if answer.status_code != httpx.codes.OK:
            raise Stuck(f"the centre does not take the platform's refund: {answer.status_code}")


def _goodwill() -> UnitMessage:
    return UnitMessage(
        merchant=MERCHANT,
        id=GOODWILL,
        authorization=GOODWILL.partition("/")[0],
        order="9001",
        customer="C-9001",
        line=1,
        index=1,
        sku=LEAF_MUG.product.sku,
        epc=None,
        serial=None,
        paid_minor=GOODWILL_MINOR,
        currency=CURRENCY,
        reason=ReturnReason.CHANGED_MIND,
    )


def _refund() -> dict[str, object]:
    """A Refund as Shopify's webhook brings it, no more of it than is read."""
    amount = text_of(GOODWILL_MINOR, CURRENCY)
    line = {
        "quantity": 1,
        "subtotal": amount,
        "total_tax": "0.00",
        "line_item": {"sku": LEAF_MUG.product.sku},
    }
    moved = {"kind": "refund", "status": "success", "amount": amount, "currency": CURRENCY}
    return {
        "id": 1,
        "order_id": 9001,
        "created_at": "2026-01-31T08:00:00Z",  # the same, whenever it is played
        "refund_line_items": [line],
        "transactions": [moved],
    }
