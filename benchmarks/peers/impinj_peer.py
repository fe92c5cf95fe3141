"""What impinj-iot reads of a stream of R700 events: `impinj_peer.py URL` prints one JSON object.

Imports nothing of ours. The client asks by HTTPS; here its address is set to plain HTTP of this machine.
"""

import importlib.metadata
import json
import queue
import sys

import requests
from impinj_iot import ImpinjIot


def main(url: str) -> None:
    """Read until the stream ends."""
    client = ImpinjIot()
    found = []
    client.set_notification_callback(
        lambda tag: found.append([tag.epc.lower(), tag.antenna_port, tag.peak_rssi_cdbm, tag.frequency])
    )
    client._base_url, client._session = url, requests.Session()
    client._event_queue = queue.Queue()
    client._stream_running = True
    client._stream_worker()
    client._process_worker()
    version = importlib.metadata.version("impinj-iot")
    print(json.dumps({"version": version, "tags": found}))


if __name__ == "__main__":
    main(sys.argv[1])
