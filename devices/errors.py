"""The tree of device errors, cut by remedy.

DeviceError
|-- LinkLost        the cable, port or broker went away: the supervisor connects again
|-- DeviceFault     the device answers but cannot do it: ask the operator
`-- WrongSetUp      the configuration does not fit the device: fix the set-up
"""


class DeviceError(Exception):
    """Anything a device cannot do; `str()` is a sentence for a person."""

    code = "device_error"

    def __init__(self, sentence: str, *, reason: str | None = None) -> None:
        super().__init__(sentence)
        self.reason = reason or self.code
        """Language-neutral code of the case, such as `port_missing`: the key of words and metrics."""


class LinkLost(DeviceError):
    """The cable, port or broker went away."""

    code = "link_lost"


class DeviceFault(DeviceError):
    """The device answers but cannot do what was asked."""

    code = "device_fault"


class WrongSetUp(DeviceError):
    """The configuration does not fit the device."""

    code = "wrong_set_up"
