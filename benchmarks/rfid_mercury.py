"""Our emulated Mercury modules before the maker's API: `python -m benchmarks.rfid_mercury [--pages FOLDER]`.

python-mercuryapi, built with JADAK's own API, reads a Nano and an M7e over a pseudo-terminal. Needs
`make peers-devices-mercury`. Exit code 1 when it finds anything else than what lies in the field.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from benchmarks.rfid_serial import ITEMS, ROOT, Tried, keep
from devices.rfid.mercury.emulator import CHANNELS_KHZ, MercuryEmulator
from devices.rfid.mercury.frames import Key

PEERS = ROOT / ".venv" / "peers-devices-mercury" / "bin" / "python"
PEER = ROOT / "benchmarks" / "peers" / "mercury_peer.py"
TIMEOUT_S = 30
LEAST_SIGHTINGS = 10
"""Of each tag in a second; the emulator reports 25, as a Nano did."""
MODELS: dict[Literal["nano", "m7e"], str] = {"nano": "M6e Nano", "m7e": "M7e Hecto"}
CLIENT = "python-mercuryapi 0.5.3 over JADAK's API 1.37.5"


async def asked(emulator: MercuryEmulator) -> dict[str, Any]:
    """What the client finds at the emulator."""
    process = await asyncio.create_subprocess_exec(
        PEERS, "-W", "ignore", PEER, str(emulator.port), stdout=PIPE, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        return {"failed": f"it did not end within {TIMEOUT_S} s"}
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def tags(sightings: list[list[Any]]) -> list[list[Any]]:
    """EPC, signal, antenna and phase of each, once, without the channel."""
    return sorted(map(list, {(epc, rssi, antenna, phase) for epc, rssi, antenna, _, phase in sightings}))


def times(sightings: list[list[Any]]) -> list[int]:
    """How often each tag was told."""
    told = [sighting[0] for sighting in sightings]
    return [told.count(epc.hex()) for epc in ITEMS]


async def tried(folder: Path, model: Literal["nano", "m7e"]) -> list[Tried]:
    """One module with three tags, with its filter and without."""
    async with MercuryEmulator(folder / model, model=model) as emulator:
        for at, epc in enumerate(ITEMS):
            emulator.place(epc, rssi_dbm=-50 - at)
        found = await asked(emulator)
        level = emulator.module.levels[3]
        emulator.module.configuration[Key.READ_FILTER] = b"\x00"
        again = await asked(emulator)
    lie = [[epc.hex(), -50 - at, 1, 0] for at, epc in enumerate(ITEMS)]
    often, every = times(again.get("streamed", [])), again.get("streamed", [])
    channels = {sighting[3] for sighting in every}
    return [
        Tried(what="which module it is", wanted=MODELS[model], found=found.get("model")),
        Tried(what="limits of its power", wanted=[0, 2700], found=found.get("power_range")),
        Tried(what="pins: inputs, outputs", wanted=[[1, 2, 4], [3]], found=found.get("pins")),
        Tried(what="one read out of the buffer", wanted=lie, found=tags(found.get("read", []))),
        Tried(what="while it streams", wanted=lie, found=tags(found.get("streamed", []))),
        Tried(what="with the filter, each once", wanted=[1, 1, 1], found=times(found.get("streamed", []))),
        Tried(what="without it, more often", wanted=True, found=min(often) >= LEAST_SIGHTINGS),
        Tried(what="on channels of the module", wanted=True, found=bool(channels <= set(CHANNELS_KHZ))),
        Tried(what="stopped, then an output switched", wanted=False, found=level),
        Tried(what="levels of two inputs", wanted=[True, True], found=found.get("inputs")),
        Tried(what="faults", wanted=[], found=[one["failed"] for one in (found, again) if "failed" in one]),
    ]


async def run(pages: Path | None) -> bool:
    """Try every module; returns whether all held."""
    every: list[Tried] = []
    with tempfile.TemporaryDirectory() as folder:
        for model, name in MODELS.items():
            steps = await tried(Path(folder), model)
            every += (replace(step, what=f"{name}: {step.what}") for step in steps)
    return await keep("mercury", CLIENT, every, pages, "benchmarks.rfid_mercury")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, help="folder for the dated page")
    return 0 if asyncio.run(run(parser.parse_args().pages)) else 1


if __name__ == "__main__":
    sys.exit(main())
