"""The ledger on the wire."""

from typing import Annotated

from pydantic import Field

from inspection.custody.leaf import MAX_LEAF_BYTES
from inspection.messages.base import Base64, Count, Message


class EntryProof(Message):
    """`GET /v1/ledger/entries/{index}`: an entry's own bytes and the proof of its place."""

    index: Count
    leaf: Annotated[Base64, Field(max_length=MAX_LEAF_BYTES)]
    proof: str
    """c2sp.org/tlog-proof@v1, to the newest checkpoint."""
