"""What sllurp (GPL-3.0-only) reads from an emulated LLRP reader, in its own environment.

`.venv/peers-devices/bin/python benchmarks/peers/devices_llrp.py HOST PORT SECONDS` prints one JSON object.
Imports nothing of ours.
"""

import json
import logging
import sys
import time
from collections import Counter
from importlib.metadata import version
from typing import Any

from sllurp import llrp


def read(host: str, port: int, seconds: float) -> dict[str, Any]:
    """Inventory on all antennas for so long."""
    told = Counter[str]()
    antennas: dict[str, int] = {}

    def take(_: Any, reports: list[dict[str, Any]]) -> None:
        for tag in reports:
            epc = tag["EPC-96" if "EPC-96" in tag else "EPCData"]
            epc = epc["EPC"] if isinstance(epc, dict) else epc
            epc = epc.decode() if isinstance(epc, bytes) else epc
            told[epc] += 1
            antennas[epc] = tag["AntennaID"]

    config = llrp.LLRPReaderConfig({
        "antennas": [0],
        "start_inventory": True,
        "report_every_n_tags": 1,
        "tag_content_selector": {"EnableAntennaID": True, "EnablePeakRSSI": True, "EnableTagSeenCount": True},
    })  # fmt: skip
    client = llrp.LLRPReaderClient(host, port, config)
    client.add_tag_report_callback(take)
    client.connect()
    time.sleep(seconds)
    client.disconnect()
    client.join(timeout=5)
    return {"reads": told, "antennas": antennas}


if __name__ == "__main__":
    logging.disable()
    try:
        found = read(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
    except Exception as error:  # what it is goes onto the page
        found = {"failed": f"{type(error).__name__}: {error}"}
    print(json.dumps({"version": version("sllurp"), **found}))
