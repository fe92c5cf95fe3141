"""A receipt that comes back, with what travels beside its record: only what belongs to it is taken.

The receipt proves its entry by itself, whoever hands it in. Openings and image keys are proven by nothing:
over the network they are taken from the record's own station alone, and openings must fit the commitments
that it signed.
"""

from collections.abc import Sequence

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, Leaf
from inspection.custody.note import VerifierKey
from inspection.messages.uplink import RefillItem
from inspection.record import read_record
from server.access import Caller
from server.ingest.checking import misopened
from server.ledger.rebuilding import Beside
from server.ledger.receipts import check_own
from server.ledger.refill import Offered


def offer_of(
    item: RefillItem, known: Sequence[VerifierKey], origin: str, giver: Caller | None = None
) -> Offered:
    """What an item offers; openings and keys that are not of its entry are left out, the entry is not.

    `giver` is None for a file that whoever runs the centre hands in. Raises BadSignature or WrongReceipt
    for a receipt that is not of this log.
    """
    receipt = item.receipt.receipt()
    leaf = check_own(receipt, known, origin)
    return Offered(seq=receipt.index, leaf=receipt.leaf, beside=_beside(item, leaf, giver))


def _beside(item: RefillItem, leaf: Leaf, giver: Caller | None) -> Beside | None:
    if leaf.type != EntryType.VERDICT or not (item.openings or item.image_keys):
        return None
    record = read_record(canonical(leaf.body))
    if giver is not None and giver.station != record.station:
        return None
    if misopened(record, item.openings) is not None:
        return None
    return Beside(openings=item.openings, image_keys=item.image_keys)
