"""What python-mercuryapi, over JADAK's own API, finds at an emulated module, in an environment of its own.

`.venv/peers-devices-mercury/bin/python benchmarks/peers/mercury_peer.py PORT` prints one JSON object. Imports
nothing of ours.
"""

import json
import sys
import time
from typing import Any

import mercury

POWER_CDBM = 2000
SWITCHED = 3
STREAM_S = 1.0


def told(tag: Any) -> list[Any]:
    """What the client says of one sighting."""
    return [tag.epc.decode().lower(), tag.rssi, tag.antenna, tag.frequency, tag.phase]


def found(port: str) -> dict[str, Any]:
    """Everything, from the first word to the last."""
    reader = mercury.Reader(f"tmr:///{port}")
    said: dict[str, Any] = {"model": reader.get_model(), "software": reader.get_software_version()}
    said["regions"] = reader.get_supported_regions()
    reader.set_region("NA2")
    said["power_range"] = list(reader.get_power_range())
    reader.set_read_plan([1], "GEN2", read_power=POWER_CDBM)
    reader.set_gpio_inputs([1, 2])
    reader.set_gpio_outputs([SWITCHED])
    said["pins"] = [reader.get_gpio_inputs(), reader.get_gpio_outputs()]
    said["read"] = [told(tag) for tag in reader.read(300)]
    streamed: list[list[Any]] = []
    reader.start_reading(lambda tag: streamed.append(told(tag)))
    time.sleep(STREAM_S)
    reader.stop_reading()
    said["streamed"] = streamed
    # Not while it streams, and no destroy(): the wrapper then waits for its thread and holds Python's lock.
    reader.gpo_set(SWITCHED, False)
    said["inputs"] = [reader.gpi_get(pin) for pin in (1, 2)]
    return said


if __name__ == "__main__":
    try:
        result = found(sys.argv[1])
    except Exception as error:  # what it is goes onto the page
        result = {"failed": f"{type(error).__name__}: {error}"}
    print(json.dumps(result))
