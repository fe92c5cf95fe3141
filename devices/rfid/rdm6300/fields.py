"""RDM6300 cards as JSON, and the protocol as a whole."""

from devices.rfid.rdm6300.codec import SIZE, decoder, encode
from devices.rfid.rdm6300.frames import Card
from devices.wire import Check, Fields, Way, WireProtocol


def fields(card: Card, way: Way) -> Fields:
    """What a frame says."""
    return {"id": card.id.hex(), "version": card.id[0], "number": int.from_bytes(card.id[1:], "big")}


RDM6300_WIRE = WireProtocol(
    name="rdm6300",
    check=Check.XOR,
    longest=SIZE,
    decoder=lambda way: decoder(),
    encode=encode,
    fields=fields,
)
