"""Rows of refunds."""

from inspection.errors import UnknownCurrency
from inspection.messages.refund import OutcomeAnswer, RefundOutcome
from server import errors
from server.contract.row import Media, Row
from server.contract.webhooks import SIGNED, UNSIGNED
from server.refunds.approvals_schemas import Approval, Approvals, Approved, NewApproval, Withdrawal
from server.refunds.cases_schemas import CaseCounts, CaseLeft, CaseMessage, CasePage, LeaveCase, TakeCase
from server.refunds.lookup_schemas import RefundPage, Statistics
from server.refunds.reconciling_schemas import ReconciliationPage
from server.refunds.schemas import Endpoint, InstructionPage, Requeued, WithoutReturn

REFUND_TABLE = Media(
    type="text/csv; charset=utf-8",
    about="A table in UTF-8 with a header row; `regrade-rows` says how many rows it begins with.",
    schema={"type": "string"},
)

ROWS = (
    Row("PUT /v1/refunds/endpoint", takes=Endpoint, gives=Endpoint, refuses=(errors.EndpointRefused,)),
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
    Row("POST /v1/refunds/{instruction}/resend", gives=Requeued, refuses=(errors.NotFound, errors.Withheld)),
)
