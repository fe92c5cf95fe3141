"""PROTOCOLS: all that `regrade devices decode` reads, by name."""

from collections.abc import Mapping

from devices.registry import DRIVERS
from devices.wire import WireProtocol, by_name

PROTOCOLS: Mapping[str, WireProtocol] = by_name(
    *(protocol for driver in DRIVERS.values() for protocol in driver.protocols)
)
"""Protocols of lines; what is written on tags and labels is read by `devices.decoding`."""
