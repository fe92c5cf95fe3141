"""Rows of returns, parcels and evidence packs."""

from inspection.messages.uplink import ReceiptMessage
from server import errors
from server.contract.row import BYTES, CSV, JSON, ZIP, Media, Row
from server.contract.rows.ledger import READ
from server.imports import ImportAnswer
from server.returns.importing.schemas import DocumentAnswer
from server.returns.photos.router import PhotoAnswer
from server.returns.schemas import SignOff, UnitList, UnitPage, UnitsAccepted, UnitStanding, UnitState

FOREIGN = Media(
    type=JSON,
    about="A document of that system; what of it cannot be taken comes back by its path.",
    schema={"type": "object"},
)
PHOTO = "{} /v1/returns/{{unit}}/photos/{{sha256}}"
PICTURE = Media(type="image/*", about="The photo as it was sent.")
ROWS = (
    Row("POST /v1/returns", takes=UnitList, gives=UnitsAccepted, refuses=(errors.Conflict,)),
    Row("GET /v1/returns", gives=UnitPage),
    Row("POST /v1/returns.csv", takes=CSV, gives=ImportAnswer, refuses=(errors.BadRequest,)),
    *(
        Row(
            f"POST /v1/imports/{source}",
            takes=FOREIGN,
            gives=DocumentAnswer,
            refuses=(errors.BadRequest,),
        )
        for source in ("shopify", "medusa", "epcis")
    ),
    Row("POST /v1/returns/{unit}/cancel", gives=UnitState, refuses=(errors.NotFound, errors.Conflict)),
    Row("GET /v1/returns/{unit}", gives=UnitStanding, refuses=(errors.NotFound,)),
    Row(
        PHOTO.format("PUT"),
        takes=BYTES,
        gives=PhotoAnswer,
        refuses=(errors.LengthMissing, errors.NotTaken, errors.HashMismatch, errors.QuotaUsed, errors.Erased),
    ),
    Row(PHOTO.format("GET"), gives=PICTURE, refuses=(errors.Erased,)),
    Row(
        "GET /v1/returns/{unit}/evidence-pack",
        gives=ZIP,
        refuses=(errors.NotFound, errors.Withheld, *READ),
    ),
    Row(
        "POST /v1/parcels/{parcel}/sign-off",
        takes=SignOff,
        gives=ReceiptMessage,
        refuses=(errors.UnknownParcel, errors.Conflict, errors.DuplicateId, errors.Withheld),
    ),
)
