"""Rows of merchants, products and references."""

from inspection.messages.references import (
    PublishedReferences,
    ReferenceFileAnswer,
    ReferencePage,
    ReferenceSet,
)
from server import errors
from server.catalogue.schemas import Accepted, MerchantMessage, ProductList
from server.contract.row import BYTES, CSV, Row
from server.imports import ImportAnswer

FILE = "/v1/reference-files/{merchant}/{sha256}"
ROWS = (
    Row(
        "POST /v1/merchants",
        takes=MerchantMessage,
        gives=MerchantMessage,
        status=201,
        refuses=(errors.Conflict,),
    ),
    Row("PUT /v1/catalogue/products", takes=ProductList, gives=Accepted, refuses=(errors.NotTaken,)),
    Row("POST /v1/catalogue/products.csv", takes=CSV, gives=ImportAnswer, refuses=(errors.BadRequest,)),
    Row(
        f"PUT {FILE}",
        takes=BYTES,
        gives=ReferenceFileAnswer,
        refuses=(
            errors.LengthMissing,
            errors.NotTaken,
            errors.HashMismatch,
            errors.QuotaUsed,
            errors.NotFound,
        ),
    ),
    Row(f"HEAD {FILE}", refuses=(errors.NotFound,)),
    Row(f"GET {FILE}", gives=BYTES, answers={206: BYTES}, refuses=(errors.NotFound,)),
    Row(
        "PUT /v1/references",
        takes=ReferenceSet,
        gives=PublishedReferences,
        refuses=(errors.NotFound, errors.Conflict, errors.QuotaUsed),
    ),
    Row("GET /v1/references", gives=ReferencePage),
)
