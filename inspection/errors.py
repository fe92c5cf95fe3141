"""The tree of domain errors, cut by what the caller can do about them.

DomainError
|-- NotUnderstood       the input is not what it claims to be: ask for it again
|   |-- NotAnItem           a tag that is no trade item (blank, TID-like, reserved)
|   |-- BadIdentifier       a code whose digits or length are wrong
|   |-- BadMessage          wire bytes that are no message of ours
|   |-- UnknownCurrency     a code that ISO 4217 does not have, or not any more
|   |-- BadAmount           an amount with a sign, too many decimals, or too large
|   |-- BadKeyText          a text that is no key for webhooks
|   `-- UnknownVersion      a message of a version that this program cannot read
|-- NotAllowed            the step cannot happen now: ask the operator
|   |-- NoSuchTransition    the journey's table has no such cell
|   `-- ReasonMissing       an override without a reason
|-- NotTrusted            a proof does not hold: never go on
|   |-- BadSignature
|   |   |-- BadWebhookHeader    a header of a webhook that is missing, too long or ambiguous
|   |   |-- BadWebhookTime      a webhook whose time is no number
|   |   |-- StaleWebhook        a webhook signed too long ago
|   |   |-- EarlyWebhook        a webhook signed in our future
|   |   `-- ExpiredKey          a signature by a key past its overlap
|   |-- WrongReceipt        a receipt for another record, or not by this log
|   |-- BadSeal             encrypted evidence that cannot be opened
|   |-- BadProof            a Merkle proof that does not lead to the root
|   |-- WrongLog            a checkpoint of a log that is not trusted here
|   `-- QuorumMissing       a checkpoint that too few witnesses cosigned
`-- SetUpIncomplete       the set-up lacks something: fix it
    |-- PriceMissing        a SKU without the price that a rule needs
    |-- RubricMissing       a category without a rubric
    |-- ReasonModelRefused  a file of a model that reads return reasons is not the right one, or damaged
    `-- ReasonModelMissing  the files of the embedding model are not installed
"""


class DomainError(Exception):
    """Anything the domain refuses; `str()` is a sentence for a person."""

    code = "domain_error"
    """Language-neutral code: the key of the words and of the metrics."""


class NotUnderstood(DomainError):
    """The input is not what it claims to be."""

    code = "not_understood"

    def __init__(self, *sentence: object, fault: str | None = None) -> None:
        super().__init__(*sentence)
        self.fault = fault
        """What is wrong, finer than `code`, such as `cut_short`; None where the sentence is all there is."""


class NotAnItem(NotUnderstood):
    """The tag carries no trade item."""

    code = "not_an_item"


class BadIdentifier(NotUnderstood):
    """A code whose digits, length or check digit are wrong."""

    code = "bad_identifier"


class BadMessage(NotUnderstood):
    """Wire bytes that are no message of ours."""

    code = "bad_message"


class UnknownCurrency(NotUnderstood):
    """A code that ISO 4217 does not have, or not any more."""

    code = "unknown_currency"


class BadAmount(NotUnderstood):
    """An amount with a sign, too many decimals, or too large."""

    code = "bad_amount"


class BadKeyText(NotUnderstood):
    """A text that is no key for webhooks; the sentence never repeats the text, which may be a secret."""

    code = "bad_key_text"


class UnknownVersion(NotUnderstood):
    """A message of a version that this program cannot read."""

    code = "unknown_version"


class NotAllowed(DomainError):
    """The step cannot happen now."""

    code = "not_allowed"


class NoSuchTransition(NotAllowed):
    """The journey's table has no such cell."""

    code = "no_such_transition"


class ReasonMissing(NotAllowed):
    """An override without a reason."""

    code = "reason_missing"


class NotTrusted(DomainError):
    """A proof does not hold."""

    code = "not_trusted"


class BadSignature(NotTrusted):
    """The signature does not fit the bytes and the key."""

    code = "bad_signature"


class BadWebhookHeader(BadSignature):
    """A header of a webhook is missing, too long, or could be read in two ways."""

    code = "bad_webhook_header"


class BadWebhookTime(BadSignature):
    """The time of a webhook is no number of seconds."""

    code = "bad_webhook_time"


class StaleWebhook(BadSignature):
    """The webhook was signed too long ago: it may be a replay, or a clock is wrong."""

    code = "webhook_stale"


class EarlyWebhook(BadSignature):
    """The webhook was signed in our future: a clock is wrong."""

    code = "webhook_early"


class ExpiredKey(BadSignature):
    """Only a key fits whose overlap with the newer one is over."""

    code = "signature_expired_key"


class WrongReceipt(NotTrusted):
    """A receipt that is for another record, or not by this log."""

    code = "wrong_receipt"


class BadSeal(NotTrusted):
    """Encrypted evidence that cannot be opened."""

    code = "bad_seal"


class BadProof(NotTrusted):
    """A Merkle proof that does not lead from what is to be proven to the root."""

    code = "bad_proof"


class WrongLog(NotTrusted):
    """A checkpoint of a log that is not trusted here."""

    code = "wrong_log"


class QuorumMissing(NotTrusted):
    """A checkpoint that fewer witnesses cosigned than the policy asks for."""

    code = "quorum_missing"


class SetUpIncomplete(DomainError):
    """The set-up lacks something that a rule needs."""

    code = "set_up_incomplete"


class PriceMissing(SetUpIncomplete):
    """A SKU without the price that a rule needs."""

    code = "price_missing"


class RubricMissing(SetUpIncomplete):
    """A category without a rubric."""

    code = "rubric_missing"


class ReasonModelRefused(SetUpIncomplete):
    """A file of a model that reads return reasons is damaged, or made for other claims."""

    code = "reason_model_refused"


class ReasonModelMissing(SetUpIncomplete):
    """The files of the embedding model, which is installed by itself, are not here."""

    code = "reason_model_missing"
