"""The lamps that hang on an emulated reader's outputs, as the room sees them."""

from collections.abc import Callable, Mapping

from devices.device import Lamp


class LampsEmulator:
    """Looks at the reader's outputs; `bits` says them, bit 0 is output 1."""

    def __init__(
        self, bits: Callable[[], int | None], pins: Mapping[Lamp, int], *, inverted: bool = False
    ) -> None:
        self._bits, self._pins, self._inverted = bits, pins, inverted

    @property
    def shining(self) -> frozenset[Lamp]:
        """The lamps that shine now."""
        bits = self._bits() or 0
        on = {lamp for lamp, pin in self._pins.items() if bool(bits >> pin - 1 & 1) != self._inverted}
        return frozenset(on)
