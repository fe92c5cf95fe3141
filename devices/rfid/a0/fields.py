"""A0 frames as JSON, and the protocol as a whole."""

from devices.rfid.a0.codec import LONGEST, decoder, encode, read_inventory
from devices.rfid.a0.frames import INVENTORIES, Command, Ended, Frame, Refused, SeenTag
from devices.wire import Check, Fields, Way, WireProtocol


def fields(frame: Frame, way: Way) -> Fields:
    """What a frame says; raises BadFrame where its lengths do not add up."""
    head: Fields = {"adr": frame.address, "cmd": frame.command, "data": frame.body.hex()}
    if way.from_host:
        return head | _command(frame)
    if frame.command in INVENTORIES:
        return head | _inventory(frame)
    if frame.command == Command.FIRMWARE and len(frame.body) == 2:
        return head | {"version": f"{frame.body[0]}.{frame.body[1]}"}
    return head | ({"code": frame.body[0]} if len(frame.body) == 1 else {})


def _command(frame: Frame) -> Fields:
    body = frame.body
    if frame.command == Command.SET_ANTENNA and len(body) == 1:
        return {"antenna": body[0]}
    if frame.command == Command.REAL_TIME_INVENTORY and len(body) == 1:
        return {"repeat": body[0]}
    if frame.command == Command.SESSION_INVENTORY and len(body) == 3:
        return {"session": body[0], "target": "AB"[body[1] & 1], "repeat": body[2]}
    return {}


def _inventory(frame: Frame) -> Fields:
    match read_inventory(frame):
        case SeenTag() as tag:
            return {
                "freq_ant": tag.freq_ant,
                "channel": tag.channel,
                "antenna": tag.antenna,
                "pc": f"{tag.pc:04x}",
                "epc": tag.epc.hex(),
                "rssi_raw": tag.rssi_raw,
            }
        case Ended() as ended:
            return {
                "antenna": ended.antenna,
                "read_rate": ended.read_rate,
                "total_read": ended.total_read,
            }
        case Refused(code=code):
            return {"code": code}


A0_WIRE = WireProtocol(
    name="a0_invelion",
    check=Check.SUM,
    longest=LONGEST,
    decoder=lambda way: decoder(),
    encode=encode,
    fields=fields,
    baud=115200,
)
