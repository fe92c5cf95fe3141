"""UHFReader18/288 frames as JSON, and the protocol as a whole."""

from devices.framing import BadFrame
from devices.rfid.uhfreader.codec import decoder, encode, read_info, read_inventory, read_pins
from devices.rfid.uhfreader.frames import Command, Frame, Heartbeat, Status
from devices.wire import Check, Fields, Way, WireProtocol

INVENTORIES = (Command.INVENTORY, Command.INVENTORY_SINGLE)


def fields(frame: Frame | Heartbeat, way: Way) -> Fields:
    """What a frame says; raises BadFrame where its lengths do not add up."""
    if isinstance(frame, Heartbeat):
        return {"heartbeat": True}
    head: Fields = {"adr": frame.address, "cmd": frame.command}
    if way.from_host:
        return head | {"data": frame.body.hex()}
    if not frame.body:
        raise BadFrame("an answer without a status")
    return head | {"status": frame.body[0], "data": frame.body[1:].hex()} | _content(frame, way)


def _content(frame: Frame, way: Way) -> Fields:
    if frame.command in INVENTORIES:
        return _inventory(frame, way.dialect or "18")
    if frame.command == Command.INFO:
        info = read_info(frame)
        return {
            "fw": list(info.firmware),
            "type": info.kind,
            "band": info.band,
            "power_dbm": info.power_dbm,
            "scan_100ms": info.scan_time_ms // 100,
        }
    if frame.command == Command.PINS and frame.body[0] == Status.SUCCESS:
        inputs, outputs = read_pins(frame)
        return {"inputs": list(inputs), "outputs": list(outputs)}
    if frame.command == Command.WORK_MODE and len(frame.body) > READ_MODE_AT:
        return {"read_mode": frame.body[READ_MODE_AT]}
    return {}


READ_MODE_AT = 5
"""Of the answer to `36`: 0 answers when asked, 1 scans by itself."""


def _inventory(frame: Frame, dialect: str) -> Fields:
    inventory = read_inventory(frame, dialect)
    if dialect == "18":
        return {"tags": [tag.epc.hex() for tag in inventory.tags]}
    return {
        "antenna": inventory.antenna,
        "tags": [[tag.epc.hex(), tag.rssi_raw] for tag in inventory.tags],
    }


UHFREADER_WIRE = WireProtocol(
    name="uhfreader",
    check=Check.CRC,
    longest=256,
    decoder=lambda way: decoder(from_host=way.from_host),
    encode=encode,
    fields=fields,
    dialects=("18", "288"),
    baud=57600,
)
