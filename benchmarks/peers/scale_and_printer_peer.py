"""What other people's clients say to our emulated scale and printer, in their own environment.

`.venv/peers-devices/bin/python benchmarks/peers/scale_and_printer_peer.py STEP PORT` prints one JSON object.
Imports nothing of ours.
"""

import importlib.metadata
import json
import sys
from typing import Any


def scale(port: str) -> dict[str, Any]:
    """mettler_toledo_device: what the scale is, its weight twice, and setting it to zero."""
    from mettler_toledo_device import MettlerToledoDevice

    balance = MettlerToledoDevice(port=port)
    found = {
        "serial": balance.get_serial_number(),
        "data": balance.get_balance_data(),
        "stable": balance.get_weight_stable(),
        "weight": balance.get_weight(),
        "zeroed": balance.zero_stable(),
        "after": balance.get_weight(),
    }
    balance.close()
    return found


def moving(port: str) -> dict[str, Any]:
    """The same client at a scale that moves."""
    from mettler_toledo_device import MettlerToledoDevice

    balance = MettlerToledoDevice(port=port)
    found = {"stable": balance.get_weight_stable(), "weight": balance.get_weight()}
    balance.close()
    return found


def overloaded(port: str) -> dict[str, Any]:
    """The same client at a scale that holds too much."""
    from mettler_toledo_device import MettlerToledoDevice, MettlerToledoError

    balance = MettlerToledoDevice(port=port)
    try:
        return {"weight": balance.get_weight()}
    except MettlerToledoError as error:
        return {"weight": error.value}
    finally:
        balance.close()


def printer(port: str) -> dict[str, Any]:
    """zpl: what the printer is, how it is, and a label that the client draws."""
    from zpl import Label, TCPPrinter

    host, _, number = port.removeprefix("tcp://").partition(":")
    label = Label(20, 40, dpmm=8)
    label.origin(2, 2)
    label.write_text("RMA-1", char_height=4, char_width=4)
    label.endorigin()
    device = TCPPrinter(host, int(number))
    found = {"info": device.get_printer_info(), "status": device.get_printer_status()}
    device.send_job(label.dumpZPL())
    return {**found, "label": label.dumpZPL()}


STEPS = {
    "scale": (scale, "mettler_toledo_device"),
    "moving": (moving, "mettler_toledo_device"),
    "overloaded": (overloaded, "mettler_toledo_device"),
    "printer": (printer, "zpl"),
}

if __name__ == "__main__":
    step, package = STEPS[sys.argv[1]]
    try:
        found = step(sys.argv[2])
    except Exception as error:  # what it is goes onto the page
        found = {"failed": f"{type(error).__name__}: {error}"}
    print(json.dumps({"version": importlib.metadata.version(package), **found}))
