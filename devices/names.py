"""How a device and a view may be called: both are part of topics, metrics, file names and records."""

from typing import Annotated

from pydantic import StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,24}$")]
View = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,16}$")]
"""As short as a record takes it: found at the start of a station, not at the first commit."""
