"""Rows of carriers, and of what they do with parcels."""

from inspection.messages.carrier import PickUpRequest
from inspection.messages.uplink import ReceiptMessage
from server import errors
from server.carriers.schemas import Cancel, CarrierChange, CarrierStanding, DockScan, ParcelStanding, PickUp
from server.contract.row import Row

ASKED = (
    errors.NoCarrier,
    errors.UnknownParcel,
    errors.CarrierAway,
    errors.BookingUnsure,
    errors.CarrierRefused,
)
"""Of what the merchant's carrier is asked for."""
SIGNED_OFF = (errors.UnknownParcel, errors.Conflict, errors.DuplicateId, errors.Withheld)
ROWS = (
    Row("PUT /v1/carrier", takes=CarrierChange, gives=CarrierStanding, refuses=(errors.EndpointRefused,)),
    Row("GET /v1/carrier", gives=CarrierStanding, refuses=(errors.NoCarrier,)),
    Row(
        "POST /v1/parcels/{parcel}/pick-up",
        takes=PickUpRequest,
        gives=PickUp,
        refuses=(*ASKED, errors.KeyReused, errors.PickUpBooked, errors.EndpointRefused),
    ),
    Row(
        "POST /v1/parcels/{parcel}/pick-up/cancel",
        takes=Cancel,
        gives=PickUp,
        refuses=(*ASKED, errors.Conflict, errors.EndpointRefused),
    ),
    Row("POST /v1/parcels/{parcel}/dock-scan", takes=DockScan, gives=ReceiptMessage, refuses=SIGNED_OFF),
    Row("GET /v1/parcels/{parcel}", gives=ParcelStanding, refuses=(errors.UnknownParcel,)),
)
