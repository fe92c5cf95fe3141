"""The tree of errors of what leaves the building, cut by what the caller can do about them.

KitError
|-- Unreadable           a file that is not what it should be: get another copy
|   |-- NotAnExport
|   |-- NotABundle
|   |-- NotAProof
|   |-- NotAPolicy
|   |-- NotACheckpoint
|   `-- NotAReceipt
|-- BadWitness           a witness's folder, name or limit: fix the set-up
`-- Rejected             an event that must not move money; the subclass says why
    |-- Untrusted           a signature or a proof does not hold: never pay, alert somebody
    |-- Malformed           not an event of ours: answer 400 and look at the sender
    |-- Contradiction       the instruction and its proof say different things: never pay
    `-- Conflict            another content under a key that was used before: never pay
"""


class KitError(Exception):
    """Anything the kit refuses; `str()` is a sentence for a person."""

    code = "kit_error"
    """Language-neutral code: what a program, a metric or a translation goes by."""


class Unreadable(KitError):
    """A file that is not what it should be."""

    code = "unreadable"


class NotAnExport(Unreadable):
    """The file is no export of a log."""

    code = "not_an_export"


class NotABundle(Unreadable):
    """The file is no bundle of evidence and no pack that holds one."""

    code = "not_a_bundle"


class NotAProof(Unreadable):
    """The file is no proof that an entry stands in a log, or that a log grew."""

    code = "not_a_proof"


class NotAPolicy(Unreadable):
    """The file does not say whom to trust."""

    code = "not_a_policy"


class NotACheckpoint(Unreadable):
    """The file is no signed checkpoint."""

    code = "not_a_checkpoint"


class NotAReceipt(Unreadable):
    """The file is no receipt."""

    code = "not_a_receipt"


class BadWitness(KitError):
    """A witness's folder that cannot be used, a name that it cannot have, or a limit that it is at."""

    code = "bad_witness"


class Rejected(KitError):
    """An event that must not move money."""

    code = "rejected"


class Untrusted(Rejected):
    """A signature or a proof does not hold."""

    code = "untrusted"


class Malformed(Rejected):
    """Not an event of ours."""

    code = "malformed"


class Contradiction(Rejected):
    """The instruction and the leaf that should prove it say different things."""

    code = "contradiction"


class Conflict(Rejected):
    """The same instruction id came before with another content."""

    code = "conflict"
