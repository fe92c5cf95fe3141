"""A stack light on a reader's outputs as a Signal: one wire per lamp, and no line of its own."""

import asyncio
from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from devices.device import CountFault, Lamp, Outputs
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.names import Name

Pin = Annotated[int, Field(ge=1, le=16)]


class GpoLightConfig(DeviceSettings):
    """One light; a lamp without a pin is not there."""

    driver: Literal["gpo_light"]
    reader: Name
    """Name of the device whose outputs the lamps hang on."""
    red: Pin | None = None
    amber: Pin | None = None
    green: Pin | None = None
    blue: Pin | None = None
    buzzer: Pin | None = None
    inverted: bool = False
    """True where a lamp shines while its output is off, such as through a relay."""
    again_s: float = Field(default=30.0, ge=0.05, le=3600.0)
    """A reader that lost its power forgets its outputs: what is shown is set anew so often."""

    @property
    def pins(self) -> dict[Lamp, int]:
        """The lamps that there are."""
        wired = {lamp: getattr(self, lamp.value) for lamp in Lamp}
        return {lamp: pin for lamp, pin in wired.items() if pin is not None}

    @model_validator(mode="after")
    def _one_output_per_lamp(self) -> Self:
        if not self.pins:
            raise ValueError("no lamp is wired: say which output of the reader each hangs on")
        if len(set(self.pins.values())) < len(self.pins):
            raise ValueError("two lamps are wired to one output")
        return self


class GpoLight:
    """A Signal that has the reader switch its outputs."""

    def __init__(self, config: GpoLightConfig, around: Surroundings) -> None:
        self.counts: Counter[str] = Counter()
        """`switched`: how often an output was set."""
        self._config, self._around = config, around
        self._pins = config.pins
        self._shown: frozenset[Lamp] = frozenset()
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._turn = asyncio.Lock()
        await self._set(self._shown)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Nothing is switched: whoever stops the station decides what the room sees last."""

    async def show(self, lamps: frozenset[Lamp]) -> None:
        """Switch these on and all others off; a lamp that is not there is left out."""
        self._shown = lamps
        await self._set(lamps)

    async def watch(self) -> None:
        """Show the same again now and then; raises LinkLost or DeviceFault when the reader cannot."""
        while True:
            await asyncio.sleep(self._config.again_s)
            await self._set(self._shown)

    async def _set(self, lamps: frozenset[Lamp]) -> None:
        outputs = self._reader()
        async with self._turn:
            for lamp, pin in self._pins.items():
                await outputs.set_output(pin, (lamp in lamps) != self._config.inverted)
                self.counts["switched"] += 1

    def _reader(self) -> Outputs:
        """Looked up when it is needed: the reader may stand behind the light in the settings."""
        return self._around.outputs(self._config.reader)


def _build(config: GpoLightConfig, around: Surroundings, count: CountFault) -> GpoLight:
    return GpoLight(config, around)


GPO_LIGHT = Driver(
    kind=Kind.SIGNAL,
    title="stack light on a reader's outputs",
    config=GpoLightConfig,
    build=_build,
)
