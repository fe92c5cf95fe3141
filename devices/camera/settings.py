"""What the settings of every camera have."""

from pydantic import Field

from devices.driver import DeviceSettings
from devices.names import View


class CameraSettings(DeviceSettings):
    """One camera that shows one view of the bench."""

    view: View
    """Which side of the bench it shows, such as `top`."""
    largest_mib: int = Field(default=32, ge=1, le=256)
    """A larger picture is refused."""
    codes: bool = False
    """Read the codes in its pictures too, as a scanner would."""
