"""VC0706 frames as JSON, and the protocol as a whole."""

from devices.camera.vc0706.codec import BAUDS, MOST_DATA, REPLY_SIZE, commands, encode, replies
from devices.camera.vc0706.frames import Block, Code, Command, Reply
from devices.wire import Check, Fields, Way, WireProtocol

BAUD_OF = {code: baud for baud, code in BAUDS.items()}


def fields(frame: Command | Reply | Block, way: Way) -> Fields:
    """What a frame says."""
    if isinstance(frame, Block):
        return {"cmd": Code.READ_PICTURE.value, "status": 0, "picture": frame.content.hex()}
    if isinstance(frame, Command):
        return {"cmd": frame.code.value, "sn": frame.serial, "args": frame.args.hex()} | _asked(frame)
    head: Fields = {"cmd": frame.code.value, "sn": frame.serial, "status": frame.status}
    if frame.error:
        return head | {"error": frame.error}
    return head | ({"data": frame.data.hex()} if frame.data else {}) | _said(frame)


def _asked(command: Command) -> Fields:
    match command.code:
        case Code.PICTURE | Code.PICTURE_LENGTH:
            return {"arg": command.args[0]}
        case Code.SET_PORT:
            return {"baud": BAUD_OF.get(command.args[1:])}
        case Code.READ_PICTURE:
            address, size = command.args[2:6], command.args[6:10]
            return {"address": int.from_bytes(address, "big"), "size": int.from_bytes(size, "big")}
    return {}


def _said(reply: Reply) -> Fields:
    if reply.code is Code.PICTURE_LENGTH and reply.data:
        return {"length": int.from_bytes(reply.data, "big")}
    if reply.code is Code.VERSION:
        return {"version": reply.data.decode("ascii", "replace")}
    return {}


VC0706_WIRE = WireProtocol(
    name="vc0706",
    check=Check.NONE,
    longest=REPLY_SIZE + MOST_DATA,
    decoder=lambda way: commands() if way.from_host else replies(),
    encode=encode,
    fields=fields,
    baud=38400,
)
