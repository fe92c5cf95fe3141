"""The station's settings: one frozen object from station.toml and the environment.

Everything is checked here, before a port or a device is opened. An environment variable
`REGRADE_STATION_PORT=8412` overrides `port`; `REGRADE_STATION_TIMINGS__HEALTH_S=2` reaches into a table.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from devices.config import DeviceConfig, check_devices
from devices.errors import WrongSetUp
from devices.presence.places import PlaceSettings, places_of
from devices.registry import DRIVERS
from edge.errors import BadConfig
from edge.window import TriggerKind
from inspection.confirmed import MAX_ROWS
from inspection.messages.base import View, sentence
from link.errors import NotSent
from link.http import refuse_plain_http

PREFIX = "REGRADE_STATION_"
CONFIG_FILE = "station.toml"

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Settings(BaseModel):
    """Base of the tables: unknown keys are refused, for a misspelt key would silently do nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Timings(Settings):
    """How often and how long, in seconds."""

    worklist_s: Seconds = 2.0
    health_s: Seconds = 5.0
    references_s: Seconds = 30.0
    """Between two questions for references that are new at the centre."""
    retry_min_s: Seconds = 0.2
    retry_max_s: Seconds = 15.0
    http_timeout_s: Seconds = 10.0
    capture_timeout_s: Seconds = 10.0
    frame_gap_s: Annotated[float, Field(ge=0, le=5)] = 0.2
    """Between the two frames of a view; longer than the camera needs for its next picture."""
    gone_after_s: Seconds = 2.0
    """A tag unseen for so long has departed."""
    settle_s: Annotated[float, Field(ge=0, le=10)] = 0.3
    """How long an item must be alone on the bench before it is taken as the one."""
    sign_out_s: Seconds = 3600.0
    """Without any input for so long the bench locks itself."""
    light_check_s: Seconds = 14_400.0
    """The light of a calibrated bench is checked again after so long."""


class Retention(Settings):
    """How much is kept on this disk, and for how long."""

    images_s: Annotated[float, Field(ge=0)] = 86_400.0
    """Images stay so long after the centre has confirmed them and receipted their record."""
    delivered_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Receipted and refused records stay so long, and the images of refused ones with them."""
    evidence_bytes: Annotated[int, Field(ge=1_000_000)] = 8_000_000_000
    references_bytes: Annotated[int, Field(ge=0)] = 20_000_000_000
    """Banks from the centre, all together; 0: none are taken."""
    outbox_records: Annotated[int, Field(ge=1)] = 20_000
    free_disk_bytes: Annotated[int, Field(ge=0)] = 200_000_000
    """Below this much free disk no new item is begun."""
    verdict_rows: Annotated[int, Field(ge=0, le=MAX_ROWS)] = 50_000
    """Confirmed verdicts kept for learning, the oldest go first; 0: none are written."""


class StationConfig(Settings):
    """All that a station is told before it starts."""

    centre: str
    """Address of the centre: https, or http on this very machine."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8410
    """Of the page, on 127.0.0.1; 0 takes a free one."""
    language: Literal["zh_CN", "en"] = "zh_CN"
    """Until somebody signs in."""
    auto_capture: bool = False
    """True: pictures are taken as soon as the item is known."""
    views: tuple[View, ...] = ()
    """Views that every item is photographed from; empty: every camera's."""
    frames_per_view: Annotated[int, Field(ge=1, le=2)] = 1
    """2: a view is photographed twice, so that motion is seen; only the second frame is graded and kept."""
    references: Path = Path("references")
    """Store of reference photos; a relative path begins at the station's folder."""
    models: Path | None = None
    """Folder of the station's own models, beside the shipped ones."""
    models_aside: Annotated[tuple[str, ...], Field(max_length=64)] = ()
    """Names of models that are not used, shipped ones too."""
    allow_unapproved: bool = False
    """True: models that nobody approved may grade; for trying them out, never for returns."""
    threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Of the model runtime."""
    policy: Path | None = None
    """A policy as JSON; without one the default policy applies."""
    ca_file: Path | None = None
    """Certificate authority of the centre, where it is not a public one."""
    broker: Literal["none", "nats", "mosquitto", "external"] = "none"
    broker_host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    """Where the station's own broker listens; the bench network's address where readers have a cable."""
    broker_port: Annotated[int, Field(ge=0, le=65535)] = 0
    broker_url: str | None = None
    trigger: TriggerKind = "none"
    """What a new item begins with; reads of tags before it do not count."""
    trigger_weight_g: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    """For `weight`: a pan that holds less is empty."""
    devices: tuple[DeviceConfig, ...] = ()
    places: Annotated[tuple[PlaceSettings, ...], Field(max_length=16)] = ()
    """Which antennas watch which place; those that no place names watch the bench."""
    timings: Timings = Timings()
    retention: Retention = Retention()

    @field_validator("centre")
    @classmethod
    def _centre_is_safe(cls, value: str) -> str:
        try:
            refuse_plain_http(value)
        except NotSent as error:
            raise ValueError(str(error)) from error
        if "@" in value:
            raise ValueError("no password belongs into the address")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        try:
            check_devices(self.devices)
            places_of(self.places, self.devices)
        except WrongSetUp as error:
            raise ValueError(str(error)) from error
        blind = set(self.views) - {getattr(device, "view", None) for device in self.devices}
        if blind:
            raise ValueError(f"no camera shows the view {min(blind)!r}")
        mqtt = [device.name for device in self.devices if DRIVERS[device.driver].topics is not None]
        if mqtt and self.broker == "none":
            raise ValueError(f"device {mqtt[0]!r} speaks MQTT: set broker to nats, mosquitto or external")
        if (self.broker == "external") != (self.broker_url is not None):
            raise ValueError("broker_url belongs to broker = 'external', and only there")
        return self


def load_config(folder: Path, environ: Mapping[str, str]) -> StationConfig:
    """Read station.toml and the environment; raises BadConfig and names the key."""
    path = folder / CONFIG_FILE
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadConfig(f"{path} is missing: enrol the station, or write it") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadConfig(f"{path} cannot be read: {error}") from error
    for name, value in environ.items():
        if name.startswith(PREFIX):
            _override(found, name.removeprefix(PREFIX).lower().split("__"), value)
    return _checked(found, folder)


def _checked(found: dict[str, Any], folder: Path) -> StationConfig:
    try:
        config = StationConfig.model_validate(found)
    except ValidationError as error:
        raise BadConfig(f"{CONFIG_FILE}: {sentence(error)}") from error
    places = {name: getattr(config, name) for name in ("references", "models", "policy", "ca_file")}
    placed = {name: folder / path for name, path in places.items() if path is not None}
    return config.model_copy(update=placed)


def _override(found: dict[str, Any], keys: list[str], value: str) -> None:
    """Put one environment variable into the tree; raises BadConfig where a key is a table already."""
    table = found
    for key in keys[:-1]:
        inner = table.setdefault(key, {})
        if not isinstance(inner, dict):
            raise BadConfig(f"{PREFIX}{'__'.join(keys).upper()}: {key} is no table")
        table = inner
    table[keys[-1]] = _value(value)


def _value(text: str) -> object:
    """A list is written as in TOML, such as `["top"]`; everything else is taken as text."""
    if not text.startswith("["):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{text[:80]!r} is no list: {error}") from error
