"""The carrier's webhooks, with what goes wrong on their way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.carrier.faults import Faults, NewsFault
from inspection.messages.carrier import CarrierEvent
from inspection.messages.webhook import SIGNATURE_HEADER, sign_webhook
from inspection.messages.webhook_keys import HmacKey

SKEW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook to send."""

    event: str
    headers: dict[str, str]
    body: bytes
    spoilt: bool
    """True where a good receiver refuses it: it is sent once more, in order."""


def deliveries(
    events: Sequence[CarrierEvent], faults: Faults, key: HmacKey, now: datetime
) -> tuple[list[Delivery], list[CarrierEvent]]:
    """Webhooks of these events, and the events that are kept for later."""
    told: list[Delivery] = []
    late: list[CarrierEvent] = []
    for event in events:
        if faults.has(NewsFault.LATE):
            late.append(event)
            continue
        if faults.has(NewsFault.WRONG_SIGNATURE):
            forged = _signed(event, key, now)
            told.append(_spoilt(forged, {SIGNATURE_HEADER: "v1," + "A" * 43 + "="}))
        if faults.has(NewsFault.CLOCK_SKEW):
            told.append(_spoilt(_signed(event, key, now - SKEW), {}))
        good = _signed(event, key, now)
        told += [good, good] if faults.has(NewsFault.DOUBLED) else [good]
    if faults.has(NewsFault.REORDERED):
        faults.random.shuffle(told)
    return told, late


def _signed(event: CarrierEvent, key: HmacKey, now: datetime) -> Delivery:
    body = event.to_json()
    headers = sign_webhook((key,), f"carrier_{event.id}", int(now.timestamp()), body)
    return Delivery(event=event.id, headers=headers, body=body, spoilt=False)


def _spoilt(good: Delivery, headers: dict[str, str]) -> Delivery:
    return Delivery(event=good.event, headers=good.headers | headers, body=good.body, spoilt=True)
