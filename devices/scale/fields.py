"""What scales say as JSON, and each dialect as a protocol of a line."""

from devices.scale.codec import LONGEST, Dialect
from devices.scale.dialects.aandd import AND
from devices.scale.dialects.mt_sics import MT_SICS
from devices.scale.dialects.nci import NCI
from devices.scale.dialects.ohaus import OHAUS
from devices.scale.dialects.stgs import STGS
from devices.scale.frames import Answer, Command, Frame, Refusal, Status, Weighing
from devices.wire import Check, Fields, Way, WireProtocol

DIALECTS = {dialect.name: dialect for dialect in (MT_SICS, AND, STGS, NCI, OHAUS)}


def fields(frame: Frame, way: Way) -> Fields:
    """What a frame says."""
    match frame:
        case Command():
            return {"command": frame.text}
        case Status():
            return {"status": frame.status}
        case Refusal():
            return {"error": frame.code}
        case Answer():
            return {"answer": frame.text}
        case Weighing():
            return _weighing(frame)


def _weighing(frame: Weighing) -> Fields:
    if frame.fault is not None:
        return {"error": frame.fault.value}
    said = {
        "stable": frame.stable,
        "mode": frame.mode,
        "value": frame.value,
        "unit": frame.plain_unit,
        "status": (frame.status or "").strip() or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _wire(dialect: Dialect, baud: int = 9600) -> WireProtocol:
    return WireProtocol(
        name=dialect.name,
        check=Check.NONE,
        longest=LONGEST,
        decoder=lambda way: dialect.decode(from_host=way.from_host),
        encode=dialect.encode,
        fields=fields,
        baud=baud,
    )


SCALE_WIRES = (_wire(MT_SICS), _wire(AND, 2400), _wire(STGS), _wire(NCI), _wire(OHAUS))
