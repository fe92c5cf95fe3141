"""Our emulated serial readers before others' clients: `python -m benchmarks.rfid_serial [--pages FOLDER]`.

rfid-r200 reads the M100/R200, pyImpinj the A0, rdm6300 the RDM6300, each over a pseudo-terminal. Needs
`make peers-devices`. Exit code 1 when a client finds anything else than what lies in the field.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devices.emulation import LineEmulator
from devices.rfid.a0.emulator import A0Emulator
from devices.rfid.gen2 import tag_crc
from devices.rfid.m100.emulator import M100Emulator
from devices.rfid.rdm6300.emulator import Rdm6300Emulator
from inspection.identity.epc import sgtin96_for

ROOT = Path(__file__).parents[1]
PEERS = ROOT / ".venv" / "peers-devices" / "bin" / "python"
PEER = ROOT / "benchmarks" / "peers" / "rfid_serial_peer.py"
TIMEOUT_S = 60
ITEMS = tuple(sgtin96_for("80614141123458", serial).encode() for serial in (1, 2, 3))
CARD = bytes.fromhex("13005d1da5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One thing that a client did with an emulator."""

    what: str
    wanted: Any
    found: Any

    @property
    def held(self) -> bool:
        """Whether it found what lies there."""
        return bool(self.wanted == self.found)


async def asked(step: str, emulator: LineEmulator, peer: Path = PEER) -> dict[str, Any]:
    """What the client of this step finds at the emulator."""
    process = await asyncio.create_subprocess_exec(
        PEERS, "-W", "ignore", peer, step, str(emulator.port), stdout=PIPE, stderr=DEVNULL
    )
    async with asyncio.timeout(TIMEOUT_S):
        out, _ = await process.communicate()
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


async def m100(folder: Path) -> tuple[str, list[Tried]]:
    """rfid-r200 at an R200, with tags and without."""
    async with M100Emulator(folder / "m100", dialect="r200") as module:
        for at, epc in enumerate(ITEMS):
            module.place(epc, rssi_dbm=-50 - at)
        full = await asked("m100", module)
        module.clear()
        empty = await asked("m100", module)
    tags = [
        [epc.hex(), 256 - 50 - at, "3000", f"{tag_crc(bytes.fromhex('3000') + epc):04x}"]
        for at, epc in enumerate(ITEMS)
    ]
    return f"rfid-r200 {full['version']}", [
        Tried(what="asks what it is", wanted="M100 26dBm V1.0", found=full.get("about")),
        Tried(what="sets 20 dBm and asks again", wanted=[26.0, 20.0], found=full.get("power_dbm")),
        Tried(what="ten rounds, three tags: EPC, RSSI byte, PC, CRC", wanted=tags, found=full.get("tags")),
        Tried(what="ten rounds, no tag", wanted=[], found=empty.get("tags")),
        Tried(what="error 15", wanted="Error reading RFID: No tags detected", found=empty.get("error")),
    ]


async def a0(folder: Path) -> tuple[str, list[Tried]]:
    """pyImpinj at a reader with three antennas of four."""
    async with A0Emulator(folder / "a0", connected=(1, 2, 4)) as reader:
        for antenna, epc in zip((1, 1, 4), ITEMS, strict=True):
            reader.place(epc, antenna=antenna, rssi_dbm=-60)
        found = await asked("a0", reader)
    places = zip(ITEMS, (1, 1, 4), strict=True)
    first, second, third = ([epc.hex(), antenna, -60, 867.0] for epc, antenna in places)
    missing = [["ERROR", None, "Antenna miss error."]]
    rounds = [
        [first, second, first, second, ["DONE", 4, None]],
        [["DONE", 0, None]],
        missing,
        [third, third, ["DONE", 2, None]],
    ]
    return f"pyImpinj {found['version']}", [
        Tried(what="asks for the firmware", wanted=[1, 9], found=found.get("firmware")),
        Tried(what="selects four antennas", wanted=[True] * 4, found=found.get("selected")),
        Tried(what="real-time inventory on each", wanted=rounds, found=found.get("inventories")),
        Tried(what="session inventory", wanted=[third, ["DONE", 1, None]], found=found.get("session")),
    ]


async def rdm6300(folder: Path) -> tuple[str, list[Tried]]:
    """rdm6300 with a card, with a bad line, and without a card."""
    async with Rdm6300Emulator(folder / "rdm6300", period_s=0.05) as module:
        module.place(CARD)
        one = await asked("rdm6300", module)
        module.spoil_next(1000)
        spoilt = await asked("rdm6300", module)
        module.clear()
        none = await asked("rdm6300", module)
    number = [CARD[0], int.from_bytes(CARD[1:], "big"), 0xF6, True]
    return f"rdm6300 {one['version']}", [
        Tried(what="a card: type, number, check", wanted=number, found=one.get("card")),
        Tried(what="a card whose check is wrong is none", wanted=None, found=spoilt.get("card")),
        Tried(what="no card", wanted=None, found=none.get("card", "missing")),
    ]


STEPS: dict[str, Callable[[Path], Awaitable[tuple[str, list[Tried]]]]] = {
    "m100": m100,
    "a0": a0,
    "rdm6300": rdm6300,
}


def page(name: str, client: str, tried: list[Tried], module: str) -> str:
    """What was tried, in Markdown."""
    rows = (
        f"| {each.what} | {'yes' if each.held else 'NO'} | `{json.dumps(each.found)}` |" for each in tried
    )
    return "\n".join((
        f"# Our emulated {name} before {client}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "",
        f"`python -m {module}`: the client, which we did not write, over a line of its own.",
        "",
        "| tried | held | what it found |",
        "|---|---|---|",
        *rows,
        "",
    ))  # fmt: skip


async def keep(name: str, client: str, tried: list[Tried], pages: Path | None, module: str) -> bool:
    """Show what was tried, and keep its page; returns whether all held."""
    text = page(name, client, tried, module)
    print(text)
    if pages is not None:
        place = pages / f"devices-{name}-{datetime.now(UTC):%Y-%m-%d}.md"
        await asyncio.to_thread(place.write_text, text, encoding="utf-8")
    return all(each.held for each in tried)


async def run(pages: Path | None) -> bool:
    """Try every client; returns whether all held."""
    held = True
    with tempfile.TemporaryDirectory() as folder:
        for name, step in STEPS.items():
            client, tried = await step(Path(folder))
            held = await keep(name, client, tried, pages, "benchmarks.rfid_serial") and held
    return held


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, help="folder for one dated page per device")
    return 0 if asyncio.run(run(parser.parse_args().pages)) else 1


if __name__ == "__main__":
    sys.exit(main())
