"""Which devices a bench has, as read from the station's settings."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, TypeAdapter, ValidationError

from devices.driver import DeviceSettings
from devices.errors import WrongSetUp
from devices.registry import DRIVERS


def _read(found: Any) -> DeviceSettings:
    """By the name of its driver; a pydantic union would name every driver in each refusal."""
    if isinstance(found, DeviceSettings):
        return found
    name = found.get("driver") if isinstance(found, dict) else None
    if not isinstance(name, str) or name not in DRIVERS:
        raise ValueError(f"driver {name!r} is none of {', '.join(DRIVERS)}")
    return DRIVERS[name].config.model_validate(found)


DeviceConfig = Annotated[
    DeviceSettings, PlainValidator(_read), PlainSerializer(lambda device: device.model_dump())
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


def check_devices(devices: Iterable[DeviceSettings]) -> None:
    """Raise WrongSetUp where two devices share a name, or two cameras a view."""
    names: set[str] = set()
    for device in devices:
        view = getattr(device, "view", None)
        wanted = {device.name} | ({f"view {view}"} if view is not None else set())
        taken = names & wanted
        if taken:
            raise WrongSetUp(f"two devices are called {min(taken)}", reason="bad_config")
        names |= wanted
