"""The tree of the centre's errors, cut by what the caller can do about them.

CentreError
|-- TryLater              the centre cannot take it now: send the same again
|   |-- Busy                  a queue is full
|   |-- TooOften              a rate limit
|   |-- StorageFailed         the disk did not take the commit
|   |-- GatewayDown           a payment system does not answer
|   |-- NotWitnessed          the witnesses have not seen the newest entries yet
|   |-- LedgerRecovering      the ledger takes back what it had before a restore, and nothing new yet
|   `-- LedgerFrozen          the ledger takes nothing any more: a person must start a new one
|-- NotAdmitted           the caller may not do this: fix the key or the scope
|   |-- NoKey                 no API key, or one that is unknown or revoked
|   |-- WrongScope            the key is good for other routes
|   |-- SecondPersonNeeded    what one person proposed, the same person may not approve
|   `-- BadCode               an enrolment code that is unknown, used or too old
|-- NotTaken              the request itself is wrong: change it
|   |-- BadRequest            it cannot be read
|   |-- TooLarge              the body is larger than the route takes
|   |-- LengthMissing         a body without Content-Length where it is needed
|   |-- HashMismatch          the bytes are not those that the address names
|   |-- QuotaUsed             the station's or merchant's share of the store is used up
|   |-- NotFound              nothing of that name
|   |   |-- UnknownParcel         a parcel that no unit of the merchant names
|   |   `-- Withheld              an entry below the minimum index: provable, its body is not shown
|   |-- Erased                it was erased with its customer: never send it again
|   |-- Conflict              something else stands there already
|   |   |-- RetentionRefused      bodies that the policy, a hold or a refund keeps
|   |   |-- OnHold                a legal hold keeps it from being erased
|   |   |-- RefundOpen            money is on its way: erase when it has arrived
|   |   |-- TooManyOutcomes       an instruction has as many outcomes as it may have
|   |   `-- DuplicateId           an entry with this id says something else
|   |-- EndpointRefused       a webhook address that the policy does not allow
|   `-- GatewayRefused        a payment system knows no such payment, or not these credentials
`-- NotSetUp              the set-up is wrong: the centre does not start
    |-- BadSettings
    |-- BadKeys
    |-- AlreadyRunning        another process writes this database
    `-- LedgerBroken          the head does not fit the last leaf
"""


class CentreError(Exception):
    """Anything the centre refuses; `str()` is a sentence for a person."""

    code = "centre_error"
    """Language-neutral code: the key of the words and of the metrics."""


class TryLater(CentreError):
    """The centre cannot take it now."""

    code = "try_later"
    retry_after_s = 1


class Busy(TryLater):
    """A queue is full: the writer's, or the one for evidence packs."""

    code = "busy"


class TooOften(TryLater):
    """A rate limit was reached."""

    code = "too_often"
    retry_after_s = 60


class StorageFailed(TryLater):
    """The disk did not take the commit; nothing of it was recorded."""

    code = "storage_failed"
    retry_after_s = 5


class NotWitnessed(TryLater):
    """Too few witnesses have seen the entries that are to be proven."""

    code = "not_witnessed"
    retry_after_s = 5


class LedgerRecovering(TryLater):
    """The ledger is known to have been longer: it takes back what it had, and nothing new yet."""

    code = "recovering"
    retry_after_s = 10


class LedgerFrozen(TryLater):
    """The ledger takes nothing any more; what it holds stays readable."""

    code = "frozen"
    retry_after_s = 3600


class GatewayDown(TryLater):
    """A payment system does not answer, or not so that it can be understood."""

    code = "gateway_down"
    retry_after_s = 30


class NotAdmitted(CentreError):
    """The caller may not do this."""

    code = "not_admitted"


class NoKey(NotAdmitted):
    """No API key, or one that is unknown or revoked."""

    code = "no_key"


class WrongScope(NotAdmitted):
    """The key is good for other routes."""

    code = "wrong_scope"


class SecondPersonNeeded(NotAdmitted):
    """What one person proposed, the same person may not approve."""

    code = "second_person_needed"


class BadCode(NotAdmitted):
    """An enrolment code that is unknown, used or too old."""

    code = "bad_code"


class NotTaken(CentreError):
    """The request itself is wrong."""

    code = "not_taken"


class BadRequest(NotTaken):
    """The request cannot be read."""

    code = "bad_request"


class TooLarge(NotTaken):
    """The body is larger than the route takes."""

    code = "too_large"


class LengthMissing(NotTaken):
    """A body without Content-Length where it is needed."""

    code = "length_missing"


class HashMismatch(NotTaken):
    """The bytes are not those that the address names."""

    code = "hash_mismatch"


class QuotaUsed(NotTaken):
    """The caller's share of the store is used up."""

    code = "quota_used"


class NotFound(NotTaken):
    """Nothing of that name."""

    code = "not_found"


class UnknownParcel(NotFound):
    """A parcel that no unit of the merchant names."""

    code = "unknown_parcel"


class Erased(NotTaken):
    """It was erased with its customer."""

    code = "erased"


class Withheld(NotFound):
    """An entry below the minimum index: its place is provable, its body is no longer shown."""

    code = "withheld"


class Conflict(NotTaken):
    """Something else stands there already."""

    code = "conflict"


class RetentionRefused(Conflict):
    """The policy, a hold or a refund keeps these bodies shown."""

    code = "retention_refused"


class OnHold(Conflict):
    """A legal hold keeps it from being erased."""

    code = "on_hold"


class RefundOpen(Conflict):
    """Money is on its way for it."""

    code = "refund_open"


class TooManyOutcomes(Conflict):
    """An instruction has as many outcomes as it may have."""

    code = "too_many_outcomes"


class DuplicateId(Conflict):
    """An entry with this id stands in the ledger already, and says something else."""

    code = "duplicate_id"


class EndpointRefused(NotTaken):
    """A webhook address that the policy does not allow."""

    code = "endpoint_refused"


class GatewayRefused(NotTaken):
    """A payment system says no to the question: no such payment, or credentials that are not good."""

    code = "gateway_refused"


class NotSetUp(CentreError):
    """The set-up is wrong: the centre does not start."""

    code = "not_set_up"


class BadSettings(NotSetUp):
    """A setting is missing, unknown or wrong."""

    code = "bad_settings"


class BadKeys(NotSetUp):
    """The key file is missing, readable by others, or holds no real keys."""

    code = "bad_keys"


class AlreadyRunning(NotSetUp):
    """Another process writes this database."""

    code = "already_running"


class LedgerBroken(NotSetUp):
    """The head does not fit the last leaf."""

    code = "ledger_broken"
