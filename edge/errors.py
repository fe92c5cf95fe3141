"""The tree of station errors, cut by remedy.

StationError
|-- TryLater            it passes by itself: the station tries again
|   |-- CentreAway          the centre cannot be reached
|   `-- WrongFile           a downloaded file is not what was announced
|-- AskOperator         somebody at the bench must do something
|   `-- DiskFull            no room for more evidence or records
`-- SetUpWrong          the set-up must be mended before the station can work
    |-- BadConfig           station.toml or the environment says something impossible
    |-- NotEnrolled         the folder holds no enrolment
    |-- EnrolmentFailed     the centre did not accept the code
    |-- AlreadyRunning      another process works in the same folder
    |-- JournalBroken       station.sqlite is damaged or of a newer program
    |-- PortTaken           another program listens on the page's port
    |-- BrokerDown          the station's own broker cannot run (edge/broker.py)
    `-- KeyCloned           the centre knows more of our key than we do: enrol again
"""


class StationError(Exception):
    """Anything a station refuses; `str()` is a sentence for a person."""

    code = "station_error"
    """Language-neutral code: the key of the words and of the metrics."""


class TryLater(StationError):
    """It passes by itself."""

    code = "try_later"


class CentreAway(TryLater):
    """The centre cannot be reached."""

    code = "centre_away"


class WrongFile(TryLater):
    """A downloaded file is not what was announced; it is fetched again, from its beginning."""

    code = "wrong_file"


class AskOperator(StationError):
    """Somebody at the bench must do something."""

    code = "ask_operator"


class DiskFull(AskOperator):
    """No room for more evidence or records."""

    code = "disk_full"


class SetUpWrong(StationError):
    """The set-up must be mended before the station can work."""

    code = "set_up_wrong"


class BadConfig(SetUpWrong):
    """The configuration says something impossible."""

    code = "bad_config"


class NotEnrolled(SetUpWrong):
    """The folder holds no enrolment."""

    code = "not_enrolled"


class EnrolmentFailed(SetUpWrong):
    """The centre did not accept the code."""

    code = "enrolment_failed"


class AlreadyRunning(SetUpWrong):
    """Another process works in the same folder."""

    code = "already_running"


class JournalBroken(SetUpWrong):
    """The journal is damaged or of a newer program."""

    code = "journal_broken"


class PortTaken(SetUpWrong):
    """Another program listens on the page's port."""

    code = "port_taken"


class KeyCloned(SetUpWrong):
    """The centre knows more of our key than we do."""

    code = "key_cloned"
