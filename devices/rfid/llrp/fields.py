"""LLRP messages as JSON, and the protocol as a whole."""

from devices.framing import BadFrame
from devices.rfid.llrp.codec import LONGEST, decoder, encode, read_status
from devices.rfid.llrp.frames import Message, Type
from devices.wire import Check, Fields, Way, WireProtocol

NAMES = {each.value: each.name for each in Type}


def fields(message: Message, way: Way) -> Fields:
    """What a message says; raises BadFrame where its status does not add up."""
    said: Fields = {"type": message.type, "id": message.id}
    if name := NAMES.get(message.type):
        said["name"] = name
    if message.type == Type.GET_READER_CAPABILITIES:
        if not message.body:
            raise BadFrame("a question for capabilities that does not say which")
        said["requested"] = message.body[0]
    elif status := read_status(message):
        said |= {"status": status.code, "text": status.text}
    else:
        said["data"] = message.body.hex()
    return said


LLRP_WIRE = WireProtocol(
    name="llrp",
    check=Check.NONE,
    longest=LONGEST,
    decoder=lambda way: decoder(),
    encode=encode,
    fields=fields,
    baud=100_000_000,
)
