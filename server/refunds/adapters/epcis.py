"""Verdicts as GS1 EPCIS 2.0 events, for a merchant's own visibility repository. Pure.

Sources: GS1 EPCIS 2.0 (ObjectEvent, capture interface), GS1 CBV 2.0 (words, event hash). CBV has no
business step `returning`: a verdict is `inspecting`, and what was then done with the unit is an event of
its own. An event shows a serial in clear, unlike the ledger: it goes to the owner of the goods alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import orjson

from inspection.grades import Channel, Disposition, Grade, ReturnException
from inspection.identity.check_digit import has_right_check_digit
from inspection.identity.text import LETTERS_82, in_link
from server.errors import NotSayable
from server.refunds.adapters.wire import Request

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
CBV = "https://ref.gs1.org/cbv/"
LINK = "https://id.gs1.org"
"""GS1's own resolver: with it a Digital Link is in its canonical form."""
MOST_EVENTS = 500
LONGEST_SERIAL = 20
FURTHEST_OFFSET_MIN = 14 * 60


class Stage(StrEnum):
    """What an event tells of."""

    VERDICT = "verdict"
    CARRIED_OUT = "carried_out"
    """The unit was really repaired, destroyed or put back: never told at the verdict."""


EXCEPTIONS: Mapping[ReturnException, str] = {
    ReturnException.WRONG_ITEM: "mismatch_class",
    ReturnException.WRONG_SERIAL: "mismatch_instance",
    ReturnException.EMPTY_BOX: "mismatch_quantity",
    ReturnException.OVER_QUANTITY: "mismatch_quantity",
    ReturnException.MISSING_PART: "non_conformant",
    ReturnException.DUPLICATE: "non_conformant",
    ReturnException.HAZARD: "non_sellable_other",
    ReturnException.RECALL: "recalled",
    ReturnException.UNKNOWN: "unknown",
    ReturnException.UNREADABLE: "unknown",
    ReturnException.ALREADY_REFUNDED: "returned",
}
"""An exception says more of the unit than where it goes, so it wins."""
VERDICTS: Mapping[Disposition, str] = {
    Disposition.RESALE: "sellable_not_accessible",
    Disposition.REPAIR: "damaged",
    Disposition.SCRAP: "damaged",
    Disposition.HOLD: "returned",
}
TO_VENDOR = (Disposition.REPAIR, Channel.VENDOR_RETURN)
"""A repair by the supplier ends in another unit: `needs_replacement`."""
CARRIED_OUT: Mapping[tuple[Disposition, Channel], tuple[str, str]] = {
    (Disposition.RESALE, Channel.RESTOCK): ("stocking", "sellable_accessible"),
    (Disposition.RESALE, Channel.OPEN_BOX): ("stocking", "sellable_accessible"),
    (Disposition.REPAIR, Channel.REFURBISH): ("repairing", "in_progress"),
    (Disposition.SCRAP, Channel.RECYCLE): ("destroying", "destroyed"),
    (Disposition.SCRAP, Channel.PARTS): ("disassembling", "disposed"),
}
"""Business step and disposition; what leaves the building another way is `shipping`, which we do not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit and what was decided of it, in our words."""

    gtin: str | None
    """GTIN-14 of what lies on the bench; of an empty box, what was expected in it."""
    serial: str | None
    authorization: str
    station: str
    gln: str
    """GLN of the site, 13 digits."""
    grade: Grade
    disposition: Disposition
    channel: Channel
    exception: ReturnException | None
    parts_complete: bool | None
    """None where nobody counted."""
    at: datetime
    """Timezone-aware."""
    offset_min: int
    """The site's own clock, minutes east of UTC."""


def to_event(unit: Unit, stage: Stage = Stage.VERDICT) -> dict[str, Any]:
    """Return one ObjectEvent with its hash as id, so that a second capture of it changes nothing.

    Raises NotSayable where an identifier is missing or wrong, or CBV has no step for what was done.
    """
    step, disposition = _what(unit, stage)
    at, site = unit.at.astimezone(UTC), _gln(unit.gln)
    event: dict[str, Any] = {
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        "eventTimeZoneOffset": _offset(unit.offset_min),
        **_thing(unit),
        "action": "OBSERVE",
        "bizStep": step,
        "disposition": disposition,
        **_lasting(unit, stage),
        "readPoint": {"id": f"{LINK}/414/{site}/254/{in_link(unit.station)}"},
        "bizLocation": {"id": f"{LINK}/414/{site}"},
        "bizTransactionList": [{"type": "rma", "bizTransaction": _rma(site, unit.authorization)}],
    }
    return {"type": "ObjectEvent", "eventID": event_hash(event), **event}


def to_wire(events: Sequence[Mapping[str, Any]], created_at: datetime) -> Request:
    """Return the capture request for events; raises NotSayable for none or too many."""
    if not 0 < len(events) <= MOST_EVENTS:
        raise NotSayable(f"a capture holds 1 to {MOST_EVENTS} events, not {len(events)}")
    document = {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": f"{created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "epcisBody": {"eventList": list(events)},
    }
    headers = {
        "content-type": "application/ld+json",
        "gs1-epcis-version": "2.0.0",
        "gs1-cbv-version": "2.0.0",
        "gs1-epcis-capture-error-behaviour": "rollback",
    }
    return Request(method="POST", path="/capture", headers=headers, body=orjson.dumps(document))


class Captured(StrEnum):
    """What became of a capture. Any may be sent again: the ids of its events are their hashes."""

    TAKEN = "taken"
    """A job was made of it; the repository may still find fault, and says so under the job's address."""
    REFUSED = "refused"
    AGAIN = "again"


def read(status: int) -> Captured:
    """What an HTTP status means; the problem text that comes with it is never shown."""
    if 200 <= status < 300:
        return Captured.TAKEN
    return Captured.REFUSED if 400 <= status < 500 and status not in (408, 425, 429) else Captured.AGAIN


def event_hash(event: Mapping[str, Any]) -> str:
    """The event hash of CBV 2.0, of the fields that our events have, in its order."""
    said = ["eventType=ObjectEvent", f"eventTime={event['eventTime']}"]
    said += [f"eventTimeZoneOffset={event['eventTimeZoneOffset']}"]
    said += [f"epcListepc={epc}" for epc in event.get("epcList", ())]
    for row in event.get("quantityList", ()):
        said += [f"quantityListquantityElementepcClass={row['epcClass']}quantity={row['quantity']}"]
    said += [f"action={event['action']}", f"bizStep={CBV}BizStep-{event['bizStep']}"]
    said += [f"disposition={CBV}Disp-{event['disposition']}"]
    for change, names in event.get("persistentDisposition", {}).items():
        said += ["persistentDisposition", *(f"{change}={CBV}Disp-{name}" for name in sorted(names))]
    said += [f"readPointid={event['readPoint']['id']}", f"bizLocationid={event['bizLocation']['id']}"]
    for row in event["bizTransactionList"]:
        said += [f"bizTransactionListtype={CBV}BTT-{row['type']}bizTransaction={row['bizTransaction']}"]
    return f"ni:///sha-256;{sha256(''.join(said).encode()).hexdigest()}?ver=CBV2.0"


def _what(unit: Unit, stage: Stage) -> tuple[str, str]:
    """Business step and disposition."""
    way = (unit.disposition, unit.channel)
    if stage == Stage.VERDICT:
        if unit.exception is not None:
            return "inspecting", EXCEPTIONS[unit.exception]
        return "inspecting", "needs_replacement" if way == TO_VENDOR else VERDICTS[unit.disposition]
    if way not in CARRIED_OUT:
        raise NotSayable(f"there is no step for {unit.disposition} by {unit.channel} that we see")
    return CARRIED_OUT[way]


def _lasting(unit: Unit, stage: Stage) -> dict[str, Any]:
    """What stays true of the unit at later steps too."""
    if stage != Stage.VERDICT or unit.exception is not None:
        return {}
    names = [
        *(["completeness_verified"] if unit.parts_complete else []),
        *(["conformant"] if unit.grade == Grade.NEW else []),
    ]
    return {"persistentDisposition": {"set": names}} if names else {}


def _thing(unit: Unit) -> dict[str, Any]:
    """The unit itself where it has a serial; else so many of its product."""
    if unit.gtin is None or len(unit.gtin) != 14 or not has_right_check_digit(unit.gtin):
        raise NotSayable("an event names a unit by its GTIN-14, which is missing or wrong")
    product = f"{LINK}/01/{unit.gtin}"
    if unit.exception == ReturnException.EMPTY_BOX:
        return {"quantityList": [{"epcClass": product, "quantity": 0}]}
    if unit.serial is None:
        return {"quantityList": [{"epcClass": product, "quantity": 1}]}
    if not 0 < len(unit.serial) <= LONGEST_SERIAL or not LETTERS_82.issuperset(unit.serial):
        raise NotSayable("the serial is no serial of GS1 (AI 21)")
    return {"epcList": [f"{product}/21/{in_link(unit.serial)}"]}


def _gln(digits: str) -> str:
    if len(digits) != 13 or not has_right_check_digit(digits):
        raise NotSayable("an event names its site by a GLN of 13 digits, which is missing or wrong")
    return digits


def _rma(site: str, authorization: str) -> str:
    """A business transaction is told with the party whose number it is."""
    return f"urn:epcglobal:cbv:bt:{site}:{quote(authorization, safe='')}"


def _offset(minutes: int) -> str:
    if abs(minutes) > FURTHEST_OFFSET_MIN:
        raise NotSayable(f"no clock is {minutes} minutes off UTC")
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
