"""The ledger on the wire."""

from typing import Annotated

from pydantic import Field

from inspection.custody.leaf import MAX_LEAF_BYTES
from inspection.messages.base import Base64, Count, Hex64, Message, Origin
from inspection.messages.station import PublicKey
from server.ledger.standing import LogState


class LogCard(Message):
    """`GET /v1/log`: the log's name, length, head, state and public keys."""

    origin: Origin
    size: Count
    head: Hex64
    state: LogState
    min_index: Count
    """Entries below it are no longer shown."""
    fork_detectable: bool
    quorum: str
    """Name of the witnesses that must have seen an entry before money moves; `none` where nobody need."""
    witnessed: Count
    """Entries below this index have been seen by them."""
    log_key: str
    """As in signed notes: `name+hash+base64`."""
    log_key_previous: str | None
    log_public_key: PublicKey
    sealing_public_key: PublicKey
    webhook_key: str
    """As `whpk_` and base64: checks the `v1a` signatures of webhooks."""
    webhook_key_previous: str | None
    """Signs too, while one key replaces the other."""
    webhook_public_key: PublicKey


class EntryProof(Message):
    """`GET /v1/ledger/entries/{index}`: an entry's own bytes and the proof of its place."""

    index: Count
    leaf: Annotated[Base64, Field(max_length=MAX_LEAF_BYTES)]
    proof: str
    """c2sp.org/tlog-proof@v1, to the newest checkpoint."""
