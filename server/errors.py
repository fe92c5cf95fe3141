"""The tree of the centre's errors, cut by what the caller can do about them.

CentreError
|-- TryLater              the centre cannot take it now: send the same again
|   |-- Busy                  a queue is full
|   |-- TooOften              a rate limit
|   |-- StorageFailed         the disk did not take the commit
|   |-- GatewayDown           a payment system does not answer
|   |   `-- UnclearAnswer         it answered what it does not document
|   |-- QueueFull             too much waits to be matched: clear it, or announce what it is about
|   |-- CarrierAway           the carrier does not answer; nothing was booked
|   |-- BookingUnsure         the carrier did not answer in time; it is looked up before it is booked again
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
|   |   |-- UnknownSource         a source of webhooks that nobody handles here
|   |   |-- NoCarrier             the merchant has no carrier here
|   |   `-- Withheld              an entry below the minimum index: provable, its body is not shown
|   |-- Erased                it was erased with its customer: never send it again
|   |-- Conflict              something else stands there already
|   |   |-- RetentionRefused      bodies that the policy, a hold or a refund keeps
|   |   |-- OnHold                a legal hold keeps it from being erased
|   |   |-- RefundOpen            money is on its way: wait until it has arrived
|   |   |-- EvidenceMissing       an image of the verdict is not here yet
|   |   |-- NotTold               an outcome of an instruction that was not sent there
|   |   |-- TooManyOutcomes       an instruction has as many outcomes as it may have
|   |   |-- TooManyEvents         a parcel has as many events as it may have
|   |   |-- EventAhead            an event of a parcel whose time has not come: a clock is wrong
|   |   |-- TooManyKeys           a source has as many keys in force as it may have
|   |   |-- HookReused            a webhook's id came before, with another body
|   |   |-- KeyReused             a pick-up's key came before, for another pick-up
|   |   |-- PickUpBooked          the parcel's pick-up is booked already
|   |   `-- DuplicateId           an entry with this id says something else
|   |-- NoSuchWayOut          a case of this kind is not left so
|   |-- EndpointRefused       an address of another system that the policy does not allow
|   |-- CarrierRefused        the carrier says no to it
|   |-- GatewayRefused        a payment system knows no such payment, or not these credentials
|   `-- NotSayable            another platform has no word for it, or an identifier that it needs is missing
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


class QueueFull(TryLater):
    """As much waits to be matched as may: what waits is kept, and this one is to come again later."""

    code = "queue_full"
    retry_after_s = 300


class CarrierAway(TryLater):
    """The carrier does not answer, and for certain booked nothing."""

    code = "carrier_away"
    retry_after_s = 30


class BookingUnsure(TryLater):
    """The carrier may have booked it: sent again, it is looked up first."""

    code = "booking_unsure"
    retry_after_s = 30


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


class UnclearAnswer(GatewayDown):
    """Another platform answered, but not what it documents: nothing is concluded from it."""

    code = "unclear_answer"


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


class UnknownSource(NotFound):
    """A source of webhooks that nobody handles here."""

    code = "unknown_source"


class NoCarrier(NotFound):
    """The merchant has no carrier here."""

    code = "no_carrier"


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


class EvidenceMissing(Conflict):
    """An image of the verdict that money would rest on is not here yet."""

    code = "evidence_missing"


class NotTold(Conflict):
    """An outcome of an instruction that this refund system was never told of."""

    code = "not_told"


class TooManyOutcomes(Conflict):
    """An instruction has as many outcomes as it may have."""

    code = "too_many_outcomes"


class TooManyEvents(Conflict):
    """A parcel has as many events as it may have."""

    code = "too_many_events"


class EventAhead(Conflict):
    """An event of a parcel lies in the future: a clock is wrong, and it may be told again later."""

    code = "event_ahead"


class TooManyKeys(Conflict):
    """A source has as many keys in force as it may have."""

    code = "too_many_keys"


class HookReused(Conflict):
    """The webhook's id came before, with another body."""

    code = "hook_reused"


class KeyReused(Conflict):
    """The pick-up's key came before, for another pick-up."""

    code = "key_reused"


class PickUpBooked(Conflict):
    """The parcel's pick-up is booked already, under another key."""

    code = "pick_up_booked"


class DuplicateId(Conflict):
    """An entry with this id stands in the ledger already, and says something else."""

    code = "duplicate_id"


class CarrierRefused(NotTaken):
    """The carrier says no to it."""

    code = "carrier_refused"


class NoSuchWayOut(NotTaken):
    """A case of this kind is left by other ways."""

    code = "no_such_way_out"


class EndpointRefused(NotTaken):
    """An address of another system, of refunds or a carrier, that the policy does not allow."""

    code = "endpoint_refused"


class GatewayRefused(NotTaken):
    """A payment system says no to the question: no such payment, or credentials that are not good."""

    code = "gateway_refused"


class NotSayable(NotTaken):
    """Another platform has no word for it, or needs an identifier that is missing or wrong."""

    code = "not_sayable"


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
