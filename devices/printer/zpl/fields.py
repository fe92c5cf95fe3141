"""ZPL status as JSON, and the protocol as a whole."""

from devices.printer.zpl.codec import LONGEST_LABEL, decoder, encode
from devices.printer.zpl.frames import Ask, Frame, HostStatus, Label
from devices.wire import Check, Fields, Way, WireProtocol

SHOWN = (
    "paper_out",
    "paused",
    "head_open",
    "ribbon_out",
    "buffer_full",
    "partial_format",
    "corrupt_ram",
    "under_temperature",
    "over_temperature",
    "label_waiting",
    "formats_waiting",
    "labels_remaining",
)


def fields(frame: Frame, way: Way) -> Fields:
    """What a frame says."""
    match frame:
        case Ask():
            return {"command": frame.command}
        case Label():
            return {"label": frame.content.decode("utf-8", "replace")}
        case HostStatus():
            return {name: getattr(frame, name) for name in SHOWN}


ZPL_STATUS = WireProtocol(
    name="zpl_status",
    check=Check.NONE,
    longest=LONGEST_LABEL,
    decoder=lambda way: decoder(from_host=way.from_host),
    encode=encode,
    fields=fields,
    baud=9600,
)
