"""Our emulated UHFReader before others' clients: `python -m benchmarks.rfid_uhfreader [--pages FOLDER]`.

wabson.chafon-rfid reads both dialects over a pseudo-terminal, uhfreader18 its 18 over TCP; both say what they
make of every recorded frame and of thousands of random ones, whole and damaged. Needs `make peers-devices`.
Exit code 1 when a client finds anything else than what lies in the field, or reads a frame as we do not.
"""

import argparse
import asyncio
import json
import socket
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from random import Random
from typing import Any, Literal

from benchmarks.rfid_serial import ITEMS, PEERS, ROOT, Tried, keep
from devices.framing import BadFrame
from devices.rfid.uhfreader.codec import decoder, encode, read_inventory
from devices.rfid.uhfreader.emulator import RSSI_OFFSET, UhfReaderEmulator
from devices.rfid.uhfreader.frames import Command, Frame

PEER = ROOT / "benchmarks" / "peers" / "devices_uhfreader.py"
VECTORS = ROOT / "tests" / "devices" / "vectors" / "uhfreader.json"
TIMEOUT_S = 120
RANDOM_FRAMES = 4_000
SEED = 2026


async def asked(step: str, port: str = "", told: str = "") -> dict[str, Any]:
    """What the clients say to one step."""
    process = await asyncio.create_subprocess_exec(
        PEERS, "-W", "ignore", PEER, step, port, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    async with asyncio.timeout(TIMEOUT_S):
        out, _ = await process.communicate(told.encode())
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


async def dialect(folder: Path, name: Literal["18", "288"], wanted: list[Any]) -> list[Tried]:
    """chafon-rfid at one dialect with three tags, which need two frames, and with none."""
    async with UhfReaderEmulator(folder / name, dialect=name) as reader:
        for epc in (*ITEMS, bytes.fromhex("8a450224")):
            reader.place(epc, antenna=1, rssi_dbm=-55)
        full = await asked(f"chafon{name}", str(reader.port))
        reader.clear()
        empty = await asked(f"chafon{name}", str(reader.port))
    kind = {"18": "UHFReader18", "288": "UHFReader288M"}[name]
    return [
        Tried(what=f"{name}: asks what it is", wanted=[kind, "US", 26, 10], found=full.get("info")),
        Tried(what=f"{name}: four tags in two frames", wanted=wanted, found=full.get("tags")),
        Tried(what=f"{name}: no tag", wanted=[], found=empty.get("tags")),
    ]


async def over_tcp() -> list[Tried]:
    """uhfreader18 at the 18, asked; and in scan mode."""
    async with UhfReaderEmulator(_free_port(), address=7) as reader:
        found = await asked("client18", str(reader.port))
    async with UhfReaderEmulator(_free_port()) as reader:
        listening = asyncio.create_task(asked("stream18", str(reader.port)))
        while not listening.done():
            reader.heartbeat()
            for epc in ITEMS:
                reader.push(epc)
            await asyncio.sleep(0.05)
        pushed = await listening
    power = [[26, 10], [20, 15]]
    return [
        Tried(what="finds the address by a broadcast", wanted=7, found=found.get("address")),
        Tried(what="sets power and scan time", wanted=power, found=found.get("power_and_scan")),
        Tried(what="asks for the mode", wanted="ANSWER", found=found.get("mode")),
        Tried(
            what="an illegal command",
            wanted="Set EAS accuracy failed: Illegal Command Or Crc Error",
            found=found.get("refused"),
        ),
        Tried(
            what="scan mode: pushed tags", wanted=[epc.hex() for epc in ITEMS], found=pushed.get("tags")
        ),
        Tried(what="scan mode: heartbeats, no errors", wanted=[True, 0],
              found=[pushed.get("heartbeats"), pushed.get("errors")]),
    ]  # fmt: skip


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return f"tcp://127.0.0.1:{found.getsockname()[1]}"


def ours(content: bytes) -> dict[str, Any]:
    """What we say to a frame, in the words of the peer's."""
    found = decoder().feed(content)
    frame = found[0] if len(found) == 1 else None
    if not isinstance(frame, Frame):
        return {"frame": None, "tags18": None, "tags288": None}
    tags: dict[str, Any] = {}
    for name in ("18", "288"):
        try:
            seen = read_inventory(frame, name).tags if frame.command == Command.INVENTORY else None
        except BadFrame:
            seen = None
        tags[name] = seen
    return {
        "frame": [frame.address, frame.command, frame.body[0], frame.body[1:].hex()],
        "tags18": tags["18"] and [tag.epc.hex() for tag in tags["18"]],
        "tags288": tags["288"] and [[tag.epc.hex(), tag.rssi_raw] for tag in tags["288"]],
    }


def disagreements(content: bytes, said: dict[str, Any]) -> list[str]:
    """Where the peers read a frame otherwise; tags are compared where we find some."""
    mine = ours(content)
    wrong = [name for name in ("chafon", "uhfreader18") if said[name] != mine["frame"]]
    wrong += [name for name in ("tags18", "tags288") if mine[name] and mine[name] != said[name]]
    if mine["frame"] and said["built"] != content.hex():
        wrong.append("built")
    return [f"{content.hex()}: {name}" for name in wrong]


def samples() -> tuple[list[bytes], list[bytes]]:
    """The recorded answers, and random frames of which every other one has a flipped bit."""
    recorded = [bytes.fromhex(each["bytes"]) for each in json.loads(VECTORS.read_text())
                if not each["kind"].startswith("cmd")]  # fmt: skip
    chance = Random(SEED)  # noqa: S311
    made = []
    for number in range(RANDOM_FRAMES):
        body = chance.randbytes(chance.randint(1, 60))
        content = bytearray(
            encode(Frame(address=chance.randrange(256), command=chance.randrange(256), body=body))
        )
        if number % 2:
            content[chance.randrange(1, len(content))] ^= 1 << chance.randrange(8)
        made.append(bytes(content))
    return recorded, made


async def oracles() -> list[Tried]:
    """Both libraries beside our codec."""
    tried = []
    named = ("recorded answers", "random frames, half of them damaged")
    for what, contents in zip(named, samples(), strict=True):
        found = await asked("frames", told=json.dumps([content.hex() for content in contents]))
        both = zip(contents, found.get("frames", []), strict=True)
        wrong = [each for content, said in both for each in disagreements(content, said)]
        what = f"{len(contents)} {what}: those that they do not read as we do"
        tried.append(Tried(what=what, wanted=[], found=wrong[:5]))
    return tried


async def run(pages: Path | None) -> bool:
    """Try all; returns whether all held."""
    plain = [*(epc.hex() for epc in ITEMS), "8a450224"]
    with tempfile.TemporaryDirectory() as folder:
        tried = [
            *await dialect(Path(folder), "18", [[epc, 1, None] for epc in plain]),
            *await dialect(Path(folder), "288", [[epc, 1, RSSI_OFFSET - 55] for epc in plain]),
            *await over_tcp(),
            *await oracles(),
        ]
    clients = "wabson.chafon-rfid 1.0.0 and uhfreader18 0.6.0"
    return await keep("uhfreader", clients, tried, pages, "benchmarks.rfid_uhfreader")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, help="folder for the dated page")
    return 0 if asyncio.run(run(parser.parse_args().pages)) else 1


if __name__ == "__main__":
    sys.exit(main())
