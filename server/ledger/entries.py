"""Entries that the centre makes itself: from a body of the right schema, with the id that goes with it."""

from collections.abc import Iterable

from inspection.custody.leaf import EntryType
from inspection.errors import BadMessage
from inspection.messages.base import Message
from inspection.messages.entries import ENTRY_BODIES, body_bytes, entry_id
from server.ledger.log import TOLD, Entry


def entry_of(type: EntryType, body: Message, token: str = "") -> Entry:
    """Make an entry; `token` tells it from others of its type where the id does not follow from the body.

    Raises BadMessage for a body of another type, or a token that makes no id.
    """
    if not isinstance(body, ENTRY_BODIES[type]):
        raise BadMessage(
            f"a {type.value} entry says {ENTRY_BODIES[type].__name__}, not {body.__class__.__name__}"
        )
    told_to = str(getattr(body, "merchant", "")) or None if type in TOLD else None
    return Entry(type=type, id=entry_id(type, body, token), body=body_bytes(body), told_to=told_to)


def key_ids(keys: Iterable[str]) -> list[str]:
    """Ids of all that the ledger says of these keys: that they are good from there on, and no longer."""
    return [f"{said}:{key}" for key in keys for said in ("key", "revoke")]
