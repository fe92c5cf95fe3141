"""Rows of records and encrypted images."""

from inspection.messages.uplink import BatchAnswer, EvidenceAnswer
from server import errors
from server.contract.messages import Submissions
from server.contract.row import BYTES, Row

ROWS = (
    Row("POST /v1/records", takes=Submissions, gives=BatchAnswer),
    Row(
        "PUT /v1/evidence/{sha256}",
        takes=BYTES,
        gives=EvidenceAnswer,
        refuses=(errors.LengthMissing, errors.NotTaken, errors.HashMismatch, errors.QuotaUsed, errors.Erased),
    ),
    Row("HEAD /v1/evidence/{sha256}", refuses=(errors.NotFound, errors.Erased)),
)
