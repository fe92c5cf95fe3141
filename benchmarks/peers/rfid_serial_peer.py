"""What other people's clients read from our emulated serial readers, in their own environment.

`.venv/peers-devices/bin/python benchmarks/peers/rfid_serial_peer.py STEP PORT` prints one JSON object.
Imports nothing of ours.
"""

import contextlib
import importlib.metadata
import json
import queue
import sys
from typing import Any

QUIET_S = 1.0


def m100(port: str) -> dict[str, Any]:
    """rfid-r200: information, power set and asked for, ten rounds of a multi-poll."""
    # Its wheel puts the package below `src`.
    from src.rfid_r200 import R200

    with R200(port, timeout=0.3) as reader:
        about, before = reader.hw_info(), reader.get_power()
        taken = reader.set_power(20)
        after = reader.get_power()
        tags, error = reader.read_tags()
    return {
        "about": about.lstrip("\0"),
        "power_dbm": [before, after],
        "power_taken": taken,
        "tags": sorted([bytes(tag.epc).hex(), tag.rssi, f"{tag.pc:04x}", f"{tag.crc:04x}"] for tag in tags),
        "error": str(error) if error else None,
    }


def a0(port: str) -> dict[str, Any]:
    """pyImpinj: each antenna selected, a real-time inventory on each, a session inventory on the last."""
    from pyImpinj import ImpinjR2KReader

    heard: queue.Queue[dict[str, Any]] = queue.Queue(1024)
    reader = ImpinjR2KReader(heard, address=1)
    reader.connect(port)
    reader.worker_start()
    reader.protocol.version()
    firmware = list(reader.command_queue.get(timeout=QUIET_S)["data"])
    found: dict[str, Any] = {"firmware": firmware, "selected": [], "inventories": []}
    for antenna in range(4):
        found["selected"].append(reader.set_work_antenna(antenna)[0])
        reader.rt_inventory(repeat=2)
        found["inventories"].append(inventory(heard))
    reader.session_inventory(session="S1", target="A", repeat=1)
    found["session"] = inventory(heard)
    reader.worker_close()
    return found


def inventory(heard: "queue.Queue[dict[str, Any]]") -> list[Any]:
    """All that one inventory said, to its end."""
    said: list[Any] = []
    while True:
        with contextlib.suppress(queue.Empty):
            each = heard.get(timeout=QUIET_S)
            if each["type"] == "TAG":
                said.append([each["epc"].lower(), each["antenna"], each["rssi"], each["frequency"]])
                continue
            said.append([each["type"], each.get("total_read"), each.get("logs")])
        return said


def rdm6300(port: str) -> dict[str, Any]:
    """rdm6300: the card that lies before the coil."""
    from rdm6300 import Reader

    reader = Reader(port)
    card = reader.read(timeout=QUIET_S)
    reader.close()
    if card is None:
        return {"card": None}
    return {"card": [card.type, card.value, card.checksum, card.is_valid]}


STEPS = {"m100": (m100, "rfid-r200"), "a0": (a0, "pyImpinj"), "rdm6300": (rdm6300, "rdm6300")}

if __name__ == "__main__":
    step, package = STEPS[sys.argv[1]]
    try:
        found = step(sys.argv[2])
    except Exception as error:  # what it is goes onto the page
        found = {"failed": f"{type(error).__name__}: {error}"}
    print(json.dumps({"version": importlib.metadata.version(package), **found}))
