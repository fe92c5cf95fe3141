"""Webhooks of a carrier: one event each."""

from inspection.messages.carrier import CarrierEvent
from server.carriers.nodes import take_event
from server.carriers.rows import Told
from server.centre import Centre
from server.errors import EventAhead, UnknownParcel
from server.inbound.hooks import About, Taken, Unmatched, VerifiedHook
from server.returns.service import AHEAD


class CarrierHooks:
    """Handler of the source `carrier`."""

    async def take(self, centre: Centre, merchant: str, hook: VerifiedHook) -> Taken | Unmatched:
        """As the Protocol says; an event of a parcel that nobody announced waits."""
        event = CarrierEvent.read(hook.body)
        try:
            await record(centre, Told(merchant=merchant, event=event))
        except UnknownParcel:
            return Unmatched(about=About.PARCEL, name=event.parcel)
        return Taken()


async def record(centre: Centre, told: Told) -> bool:
    """Record one event and count it; raises EventAhead for a future one, UnknownParcel, TooManyEvents."""
    if told.event.at > centre.clock() + AHEAD:
        raise EventAhead("the event lies in the future")
    at, due_s = centre.now(), centre.settings.inspection_due_s
    news = await centre.writer.submit(lambda c: take_event(c, centre.log, told, due_s, at))
    if news:
        centre.metrics.parcel_nodes.labels(told.event.event.value).inc()
    return news
