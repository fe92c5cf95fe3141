"""Our emulated scale and printer before others' clients: `python -m benchmarks.scale_and_printer`.

mettler_toledo_device weighs on the MT-SICS scale over a pseudo-terminal, zpl prints on the printer over TCP.
Needs `make peers-devices`. Exit code 1 when a client finds anything else than what the emulator shows.
"""

import argparse
import asyncio
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.rfid_serial import ROOT, Tried, asked, keep
from devices.printer.zpl.emulator import ZplEmulator
from devices.scale.emulator import ScaleEmulator

PEER = ROOT / "benchmarks" / "peers" / "scale_and_printer_peer.py"
MODULE = "benchmarks.scale_and_printer"


async def scale(folder: Path) -> tuple[str, list[Tried]]:
    """mettler_toledo_device at rest, in motion and under too much."""
    async with ScaleEmulator(folder / "scale") as pan:
        pan.put("412.50")
        still = await asked("scale", pan, PEER)
        pan.put("80.00")
        pan.shake()
        moving = await asked("moving", pan, PEER)
        pan.shake(on=False)
        pan.put("9000.00")
        overloaded = await asked("overloaded", pan, PEER)
    return f"mettler_toledo_device {still['version']}", [
        Tried(what="serial number (`I4`)", wanted="E0000001", found=still.get("serial")),
        Tried(what="data (`I2`)", wanted=["EMULATED", "Standard", "6200.00", "g"], found=still.get("data")),
        Tried(what="stable weight (`S`)", wanted=[412.5, "g"], found=still.get("stable")),
        Tried(what="weight of now (`SI`)", wanted=[412.5, "g", "S"], found=still.get("weight")),
        Tried(what="zero (`Z`)", wanted=True, found=still.get("zeroed")),
        Tried(what="weight after it", wanted=[0.0, "g", "S"], found=still.get("after")),
        Tried(what="no stable weight in motion", wanted=None, found=moving.get("stable", "missing")),
        Tried(what="weight in motion", wanted=[80.0, "g", "D"], found=moving.get("weight")),
        Tried(what="too much", wanted="Balance in overload range.", found=overloaded.get("weight")),
    ]


async def printer(folder: Path) -> tuple[str, list[Tried]]:
    """zpl at a printer that can print, and at one that is paused without paper."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
    async with ZplEmulator(port) as device:
        ready = await asked("printer", device, PEER)
        printed = [label.decode() for label in device.printed]
        device.load(0)
        device.pause()
        stopped = await asked("printer", device, PEER)
    flags = ("paper_out", "pause", "head_up", "ribbon_out", "over_temp")
    info = {"model": "EMULATED-203dpi", "version": "V84.20.18Z", "dpmm": "8", "mem": "8176KB"}
    return f"zpl {ready['version']}", [
        Tried(what="what it is (`~HI`)", wanted=info, found=ready.get("info")),
        Tried(what="ready (`~HS`)", wanted=dict.fromkeys(flags, "0"), found=_of(ready, flags)),
        Tried(what="its own label comes out", wanted=[ready.get("label")], found=printed),
        Tried(
            what="no paper and paused (`~HS`)",
            wanted=dict.fromkeys(flags, "0") | {"paper_out": "1", "pause": "1"},
            found=_of(stopped, flags),
        ),
    ]


def _of(found: dict[str, object], flags: tuple[str, ...]) -> dict[str, object]:
    status = found.get("status")
    return {flag: status.get(flag) for flag in flags} if isinstance(status, dict) else {}


STEPS: dict[str, Callable[[Path], Awaitable[tuple[str, list[Tried]]]]] = {"scale": scale, "zpl": printer}


async def run(pages: Path | None) -> bool:
    """Try every client; returns whether all held."""
    held = True
    with tempfile.TemporaryDirectory() as folder:
        for name, step in STEPS.items():
            client, tried = await step(Path(folder))
            held = await keep(name, client, tried, pages, MODULE) and held
    return held


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, help="folder for one dated page per device")
    return 0 if asyncio.run(run(parser.parse_args().pages)) else 1


if __name__ == "__main__":
    sys.exit(main())
