"""What other people's clients read from an emulated UHFReader, and what they say to frames; own environment.

`.venv/peers-devices/bin/python benchmarks/peers/devices_uhfreader.py STEP [PORT]` prints one JSON object; the
step `frames` takes a JSON list of hex on its standard input. Imports nothing of ours.
"""

import json
import socket
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from chafon_rfid import command, uhfreader18, uhfreader288m
from chafon_rfid.base import CommandRunner, ReaderCommand, ReaderInfoFrame, ReaderResponseFrame
from chafon_rfid.transport_serial import SerialTransport
from uhfreader18 import FrameError, RfidClient, StreamBuffer, build_command_frame, parse_response

MORE_FOLLOWS = 3
LISTENS_S = 1.0


def chafon(port: str, inventory: Any, read: Any) -> dict[str, Any]:
    """wabson.chafon-rfid: information, then one inventory with all its frames."""
    transport = SerialTransport(device=port, timeout=5)
    runner = CommandRunner(transport)
    info = ReaderInfoFrame(runner.run(ReaderCommand(command.CF_GET_READER_INFO)))
    frames = [runner.run(inventory)]
    while frames[-1][3] == MORE_FOLLOWS:
        frames.append(transport.read_frame())
    transport.destroy()
    tags = [tag for frame in frames for tag in read(bytes(frame)).get_tag()]
    return {
        "info": [info.type.name, info.frequency_band.name, info.power, info.scan_time],
        "tags": [[bytes(tag.epc).hex(), tag.antenna_num, tag.rssi] for tag in tags],
    }


def chafon18(port: str) -> dict[str, Any]:
    """The dialect without antenna and signal."""
    asked = ReaderCommand(command.G2_TAG_INVENTORY, addr=0)
    return chafon(port, asked, uhfreader18.G2InventoryResponse)


def chafon288(port: str) -> dict[str, Any]:
    """The dialect with them."""
    return chafon(port, uhfreader288m.G2InventoryCommand(), uhfreader288m.G2InventoryResponse)


def client18(port: str) -> dict[str, Any]:
    """uhfreader18 over TCP: find the reader, set its power and scan time, ask for its mode."""
    host, _, number = port.removeprefix("tcp://").rpartition(":")
    with RfidClient(host, int(number)) as client:
        before, address = client.discover_address()
        client.set_power(address, 20)
        client.set_scan_time(address, 15)
        after = client.get_reader_info(address)
        mode = client.get_work_mode(address)
        try:
            client.set_eas_accuracy(address, 5)
            refused = None
        except RuntimeError as error:
            refused = str(error)
    return {
        "address": address,
        "power_and_scan": [[each.power, each.scan_time] for each in (before, after)],
        "mode": mode.work_mode.name,
        "refused": refused,
    }


def stream18(port: str) -> dict[str, Any]:
    """uhfreader18's stream buffer at a reader in scan mode, one byte at a time."""
    host, _, number = port.removeprefix("tcp://").rpartition(":")
    buffer, tags, heartbeats, errors = StreamBuffer(), set[str](), 0, 0
    until = time.monotonic() + LISTENS_S
    with socket.create_connection((host, int(number)), timeout=LISTENS_S) as line:
        while time.monotonic() < until:
            for byte in line.recv(4096):
                found = buffer.feed(bytes((byte,)))
                tags |= {frame.data.hex() for frame in found.frames}
                heartbeats += len(found.heartbeats)
                errors += len(found.errors)
    return {"tags": sorted(tags), "heartbeats": heartbeats >= 3, "errors": errors}


def frames(_: str) -> dict[str, Any]:
    """What both say to each frame; and the command that uhfreader18 builds with the same content."""
    return {"frames": [said(bytes.fromhex(each)) for each in json.load(sys.stdin)]}


def said(content: bytes) -> dict[str, Any]:
    """None where a client refuses it."""
    ours = tried(lambda: ReaderResponseFrame(bytearray(content)))
    theirs = tried(lambda: parse_response(content))
    tags18 = tried(lambda: list(uhfreader18.G2InventoryResponse(content).get_tag()))
    tags288 = tried(lambda: list(uhfreader288m.G2InventoryResponse(content).get_tag()))
    return {
        "chafon": ours and [ours.reader_addr, ours.resp_cmd, ours.result_status, bytes(ours.data).hex()],
        "uhfreader18": theirs and [theirs.reader_address, theirs.command, theirs.status, theirs.data.hex()],
        "tags18": None if tags18 is None else [bytes(tag.epc).hex() for tag in tags18],
        "tags288": None if tags288 is None else [[bytes(tag.epc).hex(), tag.rssi] for tag in tags288],
        "built": build_command_frame(content[1], content[2], content[3:-2]).hex(),
    }


def tried(ask: Callable[[], Any]) -> Any:
    """What it gives, or None where it refuses."""
    try:
        return ask()
    except (ValueError, IndexError, FrameError):
        return None


STEPS = {
    "chafon18": chafon18,
    "chafon288": chafon288,
    "client18": client18,
    "stream18": stream18,
    "frames": frames,
}

if __name__ == "__main__":
    step, port = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    try:
        found = STEPS[step](port)
    except Exception as error:  # what it is goes onto the page
        found = {"failed": f"{type(error).__name__}: {error}"}
    versions = {name: version(name) for name in ("wabson.chafon-rfid", "uhfreader18")}
    print(json.dumps({"versions": versions, **found}))
