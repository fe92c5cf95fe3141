"""Messages that only the contract names: what routes answer that need no message of their own."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, create_model

from inspection.custody.leaf import EntryType
from inspection.messages.base import Base64, Message
from inspection.messages.entries import ENTRY_BODIES
from inspection.messages.uplink import MAX_BATCH, SignedRecord
from server.ingest.schemas import LONGEST_BASE64
from server.ledger.statement_schemas import StatementRequest
from server.ledger.statements import OF_THE_CENTRE


class Alive(Message):
    """`GET /healthz`: the process answers."""

    status: Literal["ok"]


class UnreadableRecord(Message):
    """Anything with a record's bytes in it: it gets a signed refusal, and holds up no other."""

    model_config = ConfigDict(extra="allow")

    record: Annotated[Base64, Field(max_length=LONGEST_BASE64 // 4 * 3)]


class Submissions(Message):
    """`POST /v1/records`: a `RecordBatch`, in which one that cannot be read is answered for itself."""

    records: Annotated[tuple[SignedRecord | UnreadableRecord, ...], Field(min_length=1, max_length=MAX_BATCH)]


def _statement(type: EntryType, entry: type[Message]) -> type[Message]:
    """What somebody states: an entry's body without what the centre fills in."""
    own = OF_THE_CENTRE[type]
    fields: Any = {name: (f.annotation, f) for name, f in entry.model_fields.items() if name not in own}
    name = entry.__name__.removesuffix("Entry")
    if type is EntryType.APPROVAL:
        fields["kind"] = (Literal["statement"], ...)
    body: Any = create_model(f"{name}Body", __base__=Message, __doc__=entry.__doc__, **fields)
    kind: Any = Literal[type.value]
    about = f"{StatementRequest.__doc__}"
    return create_model(
        f"{name}Statement", __base__=StatementRequest, __doc__=about, type=(kind, ...), body=(body, ...)
    )


STATEMENTS: tuple[type[Message], ...] = tuple(_statement(type, ENTRY_BODIES[type]) for type in OF_THE_CENTRE)
"""`POST /v1/ledger/statements`, one message for each type."""
