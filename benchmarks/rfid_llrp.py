"""Our emulated LLRP reader before sllurp: `python -m benchmarks.rfid_llrp [--pages FOLDER]`.

The emulator stands on llrpkit's, which sllurp does not read; with what we put in it does. Needs `make
peers-devices`. Exit code 1 when sllurp finds anything else than what lies in the field.
"""

import argparse
import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any

from benchmarks.rfid_serial import ITEMS, PEERS, ROOT, Tried, keep
from devices.rfid.llrp.emulator import LlrpEmulator
from link.ports import free_ports

PEER = ROOT / "benchmarks" / "peers" / "devices_llrp.py"
SECONDS = 4
LEAST_READS = 100
TIMEOUT_S = 60


async def asked(port: int) -> dict[str, Any]:
    """What sllurp finds."""
    process = await asyncio.create_subprocess_exec(
        PEERS, "-W", "ignore", PEER, "127.0.0.1", str(port), str(SECONDS), stdout=PIPE, stderr=DEVNULL
    )
    async with asyncio.timeout(TIMEOUT_S):
        out, _ = await process.communicate()
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


async def run(pages: Path | None) -> bool:
    """Three tags on three antennas, then none, then the same again by the same reader."""
    [port] = free_ports(1)
    async with LlrpEmulator(f"tcp://127.0.0.1:{port}") as reader:
        for antenna, epc in enumerate(ITEMS, 1):
            reader.place(epc, antenna=antenna, rssi_dbm=-50)
        full = await asked(port)
        reader.clear()
        empty = await asked(port)
    places = {epc.hex(): antenna for antenna, epc in enumerate(ITEMS, 1)}
    reads = sum(full.get("reads", {}).values())
    tried = [
        Tried(what="three tags, each on its antenna", wanted=places, found=full.get("antennas")),
        Tried(what=f"{LEAST_READS} reads in {SECONDS} s ({reads})", wanted=True, found=reads >= LEAST_READS),
        Tried(what="connects again; no tag", wanted={}, found=empty.get("reads")),
    ]  # fmt: skip
    if "failed" in full:
        tried.append(Tried(what="runs to its end", wanted=None, found=full["failed"]))
    return await keep("llrp", f"sllurp {full['version']}", tried, pages, "benchmarks.rfid_llrp")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, help="folder for the dated page")
    return 0 if asyncio.run(run(parser.parse_args().pages)) else 1


if __name__ == "__main__":
    sys.exit(main())
