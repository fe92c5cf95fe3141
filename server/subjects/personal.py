"""Which fields of a row are personal, and how they are parted from the rest.

What is left in the row stays readable for ever: prices, SKUs and states are what refunds and the console
work with. The personal fields lie beside it, sealed under their person's key; once that is destroyed the
row reads with `ERASED` in their place.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass

import orjson

from inspection.messages.catalogue import UnitMessage
from inspection.messages.refund import RefundInstruction
from inspection.messages.station import InspectorMessage
from inspection.messages.uplink import ImageKey, Opening
from server.subjects.keys import SubjectKeys

ERASED = "erased"
"""Stands where a personal field was."""
WAITING = "refill"
HIDDEN: dict[str, object] = {
    "order": ERASED,
    "customer": ERASED,
    "epc": None,
    "serial": None,
    "payment": None,
    "reason_text": None,
    "photos": (),
}
"""The personal fields of a unit, and what stands in their place."""
ALWAYS = frozenset({"order", "customer", "epc", "serial"})
"""Those of the first version; the others are sealed only where they are there."""
GONE = b""
"""Stands where sealed bytes were, after an erasure; NULL is a row that was never sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """A message in two parts."""

    body: bytes
    """JSON that names nobody."""
    personal: bytes
    """The personal fields, sealed."""
    subject: str


def part_unit(keys: SubjectKeys, unit: UnitMessage) -> Parted:
    """Part a unit: what leads to its customer, and the customer's own words, go under that customer's key."""
    subject = keys.secrets.customer(unit.merchant, unit.customer)
    said = {name: value for name in HIDDEN if (value := getattr(unit, name)) or name in ALWAYS}
    hidden = {name: HIDDEN[name] for name in said}
    return Parted(
        body=unit.model_copy(update=hidden).to_json(),
        personal=keys.seal(subject, orjson.dumps(said), _unit_place(unit)),
        subject=subject,
    )


def whole_unit(keys: SubjectKeys, body: bytes, personal: bytes | None) -> UnitMessage:
    """Put a unit together again, as far as its customer's key is there."""
    unit = UnitMessage.read(body)
    opened = keys.open(personal, _unit_place(unit)) if personal else None
    if opened is None:
        return unit
    said = orjson.loads(opened)
    return unit.model_copy(update=said | {"photos": tuple(said.get("photos", ()))})


def part_instruction(keys: SubjectKeys, instruction: RefundInstruction, subject: str) -> Parted:
    """Part an instruction: the order goes under the customer's key."""
    body = orjson.dumps(instruction.model_dump(mode="json") | {"order": ERASED})
    place = f"instruction/{instruction.id}"
    personal = keys.seal(subject, instruction.order.encode(), place)
    return Parted(body=body, personal=personal, subject=subject)


def whole_instruction(keys: SubjectKeys, body: bytes, personal: bytes | None) -> RefundInstruction:
    """Put an instruction together again, as far as the customer's key is there."""
    instruction = RefundInstruction.read(body)
    opened = keys.open(personal, f"instruction/{instruction.id}") if personal else None
    return instruction.model_copy(update={"order": opened.decode()}) if opened is not None else instruction


def part_inspector(keys: SubjectKeys, person: InspectorMessage) -> Parted:
    """Part an inspector: the name goes under the inspector's key."""
    subject = keys.secrets.inspector(person.id)
    body = person.model_copy(update={"display_name": ERASED}).to_json()
    personal = keys.seal(subject, person.display_name.encode(), f"inspector/{person.id}")
    return Parted(body=body, personal=personal, subject=subject)


def whole_inspector(keys: SubjectKeys, body: bytes, personal: bytes | None) -> InspectorMessage:
    """Put an inspector together again, as far as the key is there."""
    person = InspectorMessage.read(body)
    opened = keys.open(personal, f"inspector/{person.id}") if personal else None
    return person.model_copy(update={"display_name": opened.decode()}) if opened is not None else person


def seal_opening(keys: SubjectKeys, record: str, opening: Opening, subject: str) -> bytes:
    """Seal the salt and value behind one commitment of a record."""
    content = orjson.dumps([opening.salt.hex(), opening.value])
    return keys.seal(subject, content, f"{record}/{opening.field}")


def open_opening(keys: SubjectKeys, record: str, field: str, sealed: bytes) -> Opening | None:
    """The salt and value behind one commitment; None when it was erased."""
    opened = keys.open(sealed, f"{record}/{field}") if sealed else None
    if opened is None:
        return None
    salt, value = orjson.loads(opened)
    return Opening.model_validate({"field": field, "salt": bytes.fromhex(salt), "value": value})


def seal_image_key(keys: SubjectKeys, record: str, key: ImageKey, subject: str) -> tuple[bytes, bytes]:
    """Seal an image's wrapped key and its salt: the site's key alone opens no image of an erased person."""
    place = f"{record}/{key.ciphertext_sha256}"
    return keys.seal(subject, key.wrapped, f"{place}/key"), keys.seal(subject, key.salt, f"{place}/salt")


def open_image_key(
    keys: SubjectKeys, record: str, sha256: str, sealed: tuple[bytes, bytes]
) -> ImageKey | None:
    """An image's wrapped key and salt; None when they were erased."""
    place = f"{record}/{sha256}"
    wrapped = keys.open(sealed[0], f"{place}/key") if sealed[0] else None
    salt = keys.open(sealed[1], f"{place}/salt") if sealed[1] else None
    if wrapped is None or salt is None:
        return None
    return ImageKey(ciphertext_sha256=sha256, wrapped=wrapped, salt=salt)


def seal_waiting(keys: SubjectKeys, text: str) -> str:
    """Seal what waits for its place after a restore, whoever it is about; base64."""
    return b64encode(keys.seal(keys.secrets.transit(), text.encode(), WAITING)).decode()


def open_waiting(keys: SubjectKeys, sealed: str) -> str | None:
    """What waits; None since somebody was erased, and then it is asked for again."""
    opened = keys.open(b64decode(sealed), WAITING)
    return opened.decode() if opened is not None else None


def _unit_place(unit: UnitMessage) -> str:
    return f"unit/{unit.merchant}/{unit.id}"
