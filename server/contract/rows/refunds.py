"""Rows of refunds."""

from inspection.errors import BadKeyText, UnknownCurrency
from inspection.messages.refund import OutcomeAnswer, RefundOutcome
from server import errors
from server.contract.row import JSON, Media, Row
from server.contract.webhooks import SIGNED, UNSIGNED
from server.refunds.approvals_schemas import Approval, Approvals, Approved, NewApproval, Withdrawal
from server.refunds.cases_schemas import CaseCounts, CaseLeft, CaseMessage, CasePage, LeaveCase, TakeCase
from server.refunds.endpoints_schemas import (
    EndpointChange,
    EndpointKey,
    EndpointKeyChange,
    EndpointStatus,
    NewEndpointKey,
    Retirement,
)
from server.refunds.feed import MOST_PER_PAGE
from server.refunds.lookup_schemas import RefundPage, Statistics
from server.refunds.reconciling_schemas import ReconciliationPage
from server.refunds.replay import Replay, Replayed
from server.refunds.schemas import InstructionPage, Requeued, WithoutReturn

ENTRY = {
    "type": ["object", "null"],
    "description": "The leaf as it was hashed; null for one that is not shown.",
}
PAGE = Media(
    type=JSON,
    about="The merchant's next entries, in the ledger's order.",
    schema={
        "type": "object",
        "required": ["events", "cursor", "more"],
        "additionalProperties": False,
        "properties": {
            "events": {
                "type": "array",
                "maxItems": MOST_PER_PAGE,
                "items": {
                    "type": "object",
                    "required": ["index", "entry"],
                    "additionalProperties": False,
                    "properties": {"index": {"type": "integer", "minimum": 0}, "entry": ENTRY},
                },
            },
            "cursor": {"type": "integer", "minimum": -1},
            "more": {"type": "boolean"},
        },
    },
)
EVENT = Media(
    type=JSON,
    about="The body of the webhook about this instruction, byte for byte; of another entry the leaf.",
    schema={"type": "object"},
)

REFUND_TABLE = Media(
    type="text/csv; charset=utf-8",
    about="A table in UTF-8 with a header row; `regrade-rows` says how many rows it begins with.",
    schema={"type": "string"},
)

ROWS = (
    Row(
        "PUT /v1/refunds/endpoint",
        takes=EndpointChange,
        gives=EndpointStatus,
        refuses=(errors.EndpointRefused, errors.BadRequest, errors.RefundOpen, BadKeyText),
    ),
    Row("GET /v1/refunds/endpoint", gives=EndpointStatus, refuses=(errors.NotFound,)),
    Row("POST /v1/refunds/endpoint/enable", gives=EndpointStatus, refuses=(errors.NotFound,)),
    Row(
        "POST /v1/refunds/endpoint/keys",
        takes=EndpointKeyChange,
        gives=NewEndpointKey,
        status=201,
        refuses=(errors.NotFound, errors.BadRequest, errors.TooManyKeys, BadKeyText),
    ),
    Row(
        "POST /v1/refunds/endpoint/keys/{id}/retire",
        takes=Retirement,
        gives=EndpointKey,
        refuses=(errors.NotFound,),
    ),
    Row("DELETE /v1/refunds/endpoint/keys/{id}", status=204, refuses=(errors.NotFound,)),
    Row(
        "POST /v1/refunds/outcomes",
        takes=RefundOutcome,
        gives=OutcomeAnswer,
        answers={202: WithoutReturn},
        headers=SIGNED,
        refuses=(
            *UNSIGNED,
            errors.NotFound,
            errors.Conflict,
            UnknownCurrency,
            errors.TooManyOutcomes,
            errors.NotTold,
            errors.DuplicateId,
            errors.Withheld,
        ),
    ),
    Row("GET /v1/refunds", gives=InstructionPage),
    Row("GET /v1/refunds/cases", gives=CasePage),
    Row("GET /v1/refunds/cases/counts", gives=CaseCounts),
    Row("GET /v1/refunds/cases/{id}", gives=CaseMessage),
    Row("POST /v1/refunds/cases/{id}/take", takes=TakeCase, gives=CaseMessage, refuses=(errors.Conflict,)),
    Row(
        "POST /v1/refunds/cases/{id}/leave",
        takes=LeaveCase,
        gives=CaseLeft,
        refuses=(
            errors.NoSuchWayOut,
            errors.SecondPersonNeeded,
            errors.Conflict,
            errors.RefundOpen,
            errors.EvidenceMissing,
            errors.Erased,
            errors.Withheld,
            errors.DuplicateId,
        ),
    ),
    Row("GET /v1/refunds/reconciliation", gives=ReconciliationPage),
    Row("GET /v1/refunds/approvals", gives=Approvals),
    Row(
        "POST /v1/refunds/approvals",
        takes=NewApproval,
        gives=Approved,
        refuses=(errors.NotFound, errors.Conflict, errors.DuplicateId, UnknownCurrency),
    ),
    Row(
        "POST /v1/refunds/approvals/{id}/withdraw",
        takes=Withdrawal,
        gives=Approval,
        refuses=(errors.DuplicateId,),
    ),
    Row("GET /v1/refunds/search", gives=RefundPage),
    Row("GET /v1/refunds/statistics", gives=Statistics),
    Row("GET /v1/refunds/export.csv", gives=REFUND_TABLE, refuses=(errors.TooOften,)),
    Row("POST /v1/refunds/replay", takes=Replay, gives=Replayed),
    Row(
        "POST /v1/refunds/{instruction}/resend",
        gives=Requeued,
        refuses=(errors.NotFound, errors.Withheld, errors.Erased),
    ),
    Row("GET /v1/events", gives=PAGE),
    Row("GET /v1/events/{index}", gives=EVENT, refuses=(errors.NotFound, errors.Withheld, errors.Erased)),
)
