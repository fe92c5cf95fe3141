"""The tree of demo errors.

DemoError
|-- BadSetUp        an option, a folder or a file that the demo cannot work with: fix it
|-- BookingConflict a pick-up that the played carrier does not book, or not cancel
|-- Stuck           a part of the virtual warehouse does not come up or on: look at its log
`-- NotProven       the run ended, but something that it had to show did not show
"""


class DemoError(Exception):
    """Anything the demo gives up on; `str()` is a sentence for a person."""

    code = "demo_error"


class BadSetUp(DemoError):
    """An option, a folder or a file that the demo cannot work with."""

    code = "bad_set_up"


class BookingConflict(DemoError):
    """The played carrier does not book the pick-up under this key, or does not cancel it any more."""

    code = "booking_conflict"


class Stuck(DemoError):
    """A part of the virtual warehouse does not come up, or does not get on."""

    code = "stuck"


class NotProven(DemoError):
    """The run ended, but something that it had to show did not show."""

    code = "not_proven"
