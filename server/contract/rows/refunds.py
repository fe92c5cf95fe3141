"""Rows of refunds."""

from inspection.messages.refund import OutcomeAnswer, RefundOutcome
from server import errors
from server.contract.row import Row
from server.contract.webhooks import SIGNED, UNSIGNED
from server.refunds.cases_schemas import CaseCounts, CaseLeft, CaseMessage, CasePage, LeaveCase, TakeCase
from server.refunds.reconciling_schemas import ReconciliationPage
from server.refunds.schemas import Endpoint, InstructionPage, Requeued, WithoutReturn

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
            errors.DuplicateId,
        ),
    ),
    Row("GET /v1/refunds/reconciliation", gives=ReconciliationPage),
    Row("POST /v1/refunds/{instruction}/resend", gives=Requeued, refuses=(errors.NotFound, errors.Withheld)),
)
