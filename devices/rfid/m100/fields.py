"""M100/R200 frames as JSON, and the protocol as a whole."""

from devices.rfid.m100.codec import LONGEST, decoder, encode, is_intact, read_tag
from devices.rfid.m100.frames import HEADS, Command, Frame, FrameKind
from devices.wire import Check, Fields, Way, WireProtocol


def fields(frame: Frame, way: Way) -> Fields:
    """What a frame says; raises BadFrame where its lengths do not add up."""
    head: Fields = {"type": frame.kind, "cmd": frame.command, "data": frame.body.hex()}
    if frame.kind == FrameKind.NOTICE and frame.command == Command.POLL:
        return head | _tag(frame)
    if frame.kind == FrameKind.RESPONSE:
        return head | _response(frame)
    return head | _command(frame)


def _tag(frame: Frame) -> Fields:
    tag = read_tag(frame)
    return {
        "rssi_dbm": tag.rssi_dbm,
        "rssi_raw": tag.rssi_raw,
        "pc": f"{tag.pc:04x}",
        "epc": tag.epc.hex(),
        "tag_crc": f"{tag.crc:04x}",
        "tag_crc_right": is_intact(tag),
    }


def _response(frame: Frame) -> Fields:
    body = frame.body
    if frame.command == Command.FAILED and body:
        return {"error": body[0]}
    if frame.command == Command.INFO and len(body) > 1:
        return {"about": body[0], "text": body[1:].decode("ascii", errors="replace")}
    if frame.command == Command.GET_POWER and len(body) == 2:
        return {"power_cdbm": int.from_bytes(body, "big")}
    return {}


def _command(frame: Frame) -> Fields:
    body = frame.body
    if frame.command == Command.MULTI_POLL and len(body) == 3:
        return {"count": int.from_bytes(body[1:], "big")}
    if frame.command == Command.SET_POWER and len(body) == 2:
        return {"power_cdbm": int.from_bytes(body, "big")}
    if frame.command == Command.SET_REGION and len(body) == 1:
        return {"region": body[0]}
    return {}


M100_WIRE = WireProtocol(
    name="m100",
    check=Check.SUM,
    longest=LONGEST,
    decoder=lambda way: decoder(HEADS[way.dialect or "m100"], from_host=way.from_host),
    encode=encode,
    fields=fields,
    dialects=tuple(HEADS),
    baud=115200,
)
