"""Rows of people: erasures, holds, disclosures."""

from server import errors
from server.contract.row import Row
from server.contract.rows.ledger import READ
from server.subjects.schemas import (
    Disclosure,
    DisclosureRequest,
    ErasureAnswer,
    ErasureRequest,
    HoldList,
    HoldRequest,
    HoldRow,
    ReleaseRequest,
)

ROWS = (
    Row(
        "POST /v1/subjects/erasures",
        takes=ErasureRequest,
        gives=ErasureAnswer,
        refuses=(errors.NotFound, errors.OnHold, errors.RefundOpen),
    ),
    Row("GET /v1/subjects/erasures/{erasure}", gives=ErasureAnswer, refuses=(errors.NotFound,)),
    Row("POST /v1/holds", takes=HoldRequest, gives=HoldRow, status=201, refuses=(errors.NotFound,)),
    Row("GET /v1/holds", gives=HoldList),
    Row(
        "POST /v1/holds/{hold}/release",
        takes=ReleaseRequest,
        gives=HoldRow,
        refuses=(errors.NotFound, errors.Conflict),
    ),
    Row(
        "POST /v1/records/{record}/disclosures",
        takes=DisclosureRequest,
        gives=Disclosure,
        refuses=(errors.NotFound, errors.Erased, errors.Withheld, *READ),
    ),
)
