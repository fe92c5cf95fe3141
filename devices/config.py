"""Which devices a bench has, as read from the station's settings."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from devices.camera.folder import FolderConfig
from devices.errors import WrongSetUp
from devices.rfid.impinj.driver import ImpinjConfig
from devices.rfid.uhfreader.driver import UhfReaderConfig
from devices.scanner.driver import ScannerConfig

DeviceConfig = Annotated[
    UhfReaderConfig | ImpinjConfig | ScannerConfig | FolderConfig, Field(discriminator="driver")
]
"""One device; `driver` says which of the models it is."""

_DEVICES: TypeAdapter[tuple[DeviceConfig, ...]] = TypeAdapter(tuple[DeviceConfig, ...])


def parse_devices(tables: Iterable[dict[str, Any]]) -> tuple[DeviceConfig, ...]:
    """Read the devices of a bench; raises WrongSetUp with one line per fault."""
    try:
        devices = _DEVICES.validate_python(tuple(tables))
    except ValidationError as error:
        faults = (
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()
        )
        raise WrongSetUp("the devices cannot be set up: " + "; ".join(faults), reason="bad_config") from error
    check_devices(devices)
    return devices


def check_devices(devices: Iterable[DeviceConfig]) -> None:
    """Raise WrongSetUp where two devices share a name, or two cameras a view."""
    names: set[str] = set()
    for device in devices:
        wanted = {device.name} | ({f"view {device.view}"} if isinstance(device, FolderConfig) else set())
        taken = names & wanted
        if taken:
            raise WrongSetUp(f"two devices are called {min(taken)}", reason="bad_config")
        names |= wanted
