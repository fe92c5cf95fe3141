"""A new key for the log: written down, entered in the ledger, signed in by the old one.

While the old key is kept as `log_previous`, every checkpoint bears both signatures, so whoever knows one of
them can go on. The entry of the new key is receipted by the old one, in a file that is served to all.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.leaf import EntryType, read_leaf
from inspection.custody.note import note_key
from inspection.custody.signing import key_id
from inspection.messages.entries import KeyAddEntry, KeyRole
from inspection.messages.uplink import ReceiptMessage
from server.centre import Centre
from server.errors import BadRequest
from server.keys import read_keys, replace_log_key
from server.ledger.entries import entry_of
from server.ledger.receipts import receipt_of
from server.ledger.succession import add_succession, read_succession
from server.ledger.trust import name_log
from server.stopped import with_centre


def rotate(directory: Path) -> str:
    """Give the log a new key; returns its `vkey`. Begun and not finished, it is finished by the next call.

    Raises BadRequest while the key before the last one is not dropped, or what keeps the log from growing.
    """
    keys = read_keys(directory)
    if keys.log_previous is None:
        with_centre(directory, _must_be_open)
        replace_log_key(directory, Ed25519PrivateKey.generate(), keys.log)
    elif with_centre(directory, lambda centre: _is_signed_in(centre, directory)):
        raise BadRequest("the old key is still in use beside this one: drop it first (--drop-old)")
    return with_centre(directory, lambda centre: _sign_in(centre, directory))


def drop_old_key(directory: Path) -> None:
    """Let only the newest key sign; raises BadRequest where there is no old one.

    Signs the new one in first, as far as that is not done: nobody but the old one can.
    """
    keys = read_keys(directory)
    if keys.log_previous is None:
        raise BadRequest("the log has one key only")
    with_centre(directory, lambda centre: _sign_in(centre, directory))
    replace_log_key(directory, keys.log, None)


async def _must_be_open(centre: Centre) -> None:
    """A checkpoint of today, under today's keys, before anything changes."""
    await centre.checkpoints.now()


async def _is_signed_in(centre: Centre, directory: Path) -> bool:
    """Whether the old key's receipt is kept and the policy names the new key."""
    public = centre.keys.log_public
    leaves = (read_leaf(receipt.leaf) for receipt in read_succession(directory))
    receipted = any(leaf.body["key"] == key_id(public) for leaf in leaves)
    return receipted and any(log.key.public_key == public for log in centre.trust.logs)


async def _sign_in(centre: Centre, directory: Path) -> str:
    """Enter the new key, receipt it by the old one, and name it; each step once, however often asked."""
    keys, log, previous = centre.keys, centre.log, centre.keys.log_previous
    if previous is None:
        raise BadRequest("the old key is gone: it cannot sign the new one in")
    body = KeyAddEntry(
        role=KeyRole.LOG,
        site=log.site,
        key=key_id(keys.log_public),
        public_key=keys.log_public,
        name=log.origin,
    )
    entry, at = entry_of(EntryType.KEY_ADD, body), centre.now()
    place = await centre.writer.submit(lambda c: log.append(c, entry, at))
    receipt = receipt_of(previous, log.origin, place)
    add_succession(directory, ReceiptMessage.of(receipt))
    name_log(directory, note_key(log.origin, keys.log))
    await centre.checkpoints.now()
    return note_key(log.origin, keys.log).to_text()
