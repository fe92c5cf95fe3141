"""Sends the carrier's webhooks until the centre has taken them."""

from contextlib import suppress

import httpx

from demo.carrier.app import Desk
from demo.carrier.news import deliveries
from inspection.messages.webhook_keys import HmacKey


async def tell(desk: Desk, http: httpx.AsyncClient, url: str, key: HmacKey) -> None:
    """Send what no webhook has told yet; what the centre does not take is sent again."""
    events, desk.world.unsent = desk.world.unsent, []
    told, late = deliveries(events, desk.faults, key, desk.clock())
    by_id, taken = {event.id: event for event in events}, set()
    for each in told:
        with suppress(httpx.HTTPError):
            answer = await http.post(url, content=each.body, headers=each.headers)
            if answer.is_success:
                taken.add(each.event)
    left = {each.event for each in told} - taken
    desk.world.unsent = [*late, *(by_id[id] for id in by_id if id in left), *desk.world.unsent]
