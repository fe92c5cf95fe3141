"""Rows of the ledger, of the log over HTTP and of alarms."""

from inspection.errors import BadMessage, BadSignature, WrongReceipt
from inspection.messages.uplink import LogKeys, RefillAnswer, RefillBatch
from server import errors
from server.contract.messages import STATEMENTS
from server.contract.refusals import WRITES
from server.contract.row import BYTES, LINES, NOTE, Row
from server.ledger.overrides import Override, Overrides, Proposal
from server.ledger.retention_router import RetentionAnswer, RetentionRequest
from server.ledger.schemas import EntryProof, LogCard
from server.ledger.statement_schemas import (
    AlarmPage,
    Cleared,
    Clearing,
    StatementAnswer,
)

READ = (errors.TooOften, errors.NotWitnessed, *WRITES)
"""Of reads that are noted in the ledger before they are answered."""
ROWS = (
    Row("GET /v1/log", gives=LogCard),
    Row("GET /v1/log/keys", gives=LogKeys),
    Row("GET /v1/ledger/export", gives=LINES, refuses=READ),
    Row(
        "POST /v1/ledger/retention",
        takes=RetentionRequest,
        gives=RetentionAnswer,
        refuses=(errors.RetentionRefused, errors.DuplicateId),
    ),
    Row("GET /v1/ledger/overrides", gives=Overrides),
    Row(
        "POST /v1/ledger/overrides",
        takes=Proposal,
        gives=Override,
        status=202,
        refuses=(errors.NotFound, errors.Conflict),
    ),
    Row(
        "POST /v1/ledger/overrides/{override}/approval",
        gives=Override,
        refuses=(errors.NotFound, errors.Conflict, errors.SecondPersonNeeded),
    ),
    Row("GET /site/{site}/checkpoint", gives=NOTE, refuses=(errors.NotFound, *WRITES)),
    Row("GET /site/{site}/checkpoint/{size}", gives=NOTE, refuses=(errors.NotFound, *WRITES)),
    Row(
        "GET /site/{site}/tile/entries/{place}",
        gives=BYTES,
        refuses=(errors.NotFound, errors.Withheld, *READ),
    ),
    Row("GET /site/{site}/tile/{place}", gives=BYTES, refuses=(errors.NotFound, errors.LedgerRecovering)),
    Row(
        "GET /v1/ledger/entries/{index}",
        gives=EntryProof,
        refuses=(errors.NotFound, errors.Withheld, *READ),
    ),
    Row("GET /v1/ledger/proofs/{index}", gives=NOTE, refuses=(errors.NotFound, *WRITES)),
    Row(
        "POST /v1/ledger/refill",
        takes=RefillBatch,
        gives=RefillAnswer,
        refuses=(BadMessage, BadSignature, WrongReceipt, errors.DuplicateId),
    ),
    Row(
        "POST /v1/ledger/statements",
        takes=STATEMENTS,
        gives=StatementAnswer,
        refuses=(errors.NotFound, errors.Conflict, errors.DuplicateId, errors.Withheld),
    ),
    Row("GET /v1/alarms", gives=AlarmPage),
    Row(
        "POST /v1/alarms/{id}/clear",
        takes=Clearing,
        gives=Cleared,
        refuses=(errors.NotFound, errors.Conflict),
    ),
)
