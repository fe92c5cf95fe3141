"""Rows of stations, keys and inspectors."""

from inspection.errors import BadSignature
from inspection.messages.station import (
    Birth,
    Death,
    Enrolment,
    EnrolmentRequest,
    Health,
    InspectorMessage,
    Presence,
    StationStanding,
    WorklistPage,
)
from server import errors
from server.contract.row import Row
from server.stations.schemas import (
    CodeRequest,
    CountersPage,
    HealthAnswer,
    Heard,
    KeyRequest,
    NewCode,
    NewInspector,
    NewKey,
    PresencePage,
    Revoked,
)

ROWS = (
    Row("POST /v1/keys", takes=KeyRequest, gives=NewKey, status=201, refuses=(errors.NotFound,)),
    Row("POST /v1/stations/codes", takes=CodeRequest, gives=NewCode, status=201, refuses=(errors.NotFound,)),
    Row(
        "POST /v1/stations/enrol",
        takes=EnrolmentRequest,
        gives=Enrolment,
        refuses=(errors.BadCode, BadSignature, errors.Conflict, errors.TooOften),
    ),
    Row("POST /v1/stations/{station}/revoke", gives=Revoked, refuses=(errors.NotFound,)),
    Row("GET /v1/stations/me", gives=StationStanding, refuses=(errors.NotFound,)),
    Row("GET /v1/stations/{station}/counters", gives=CountersPage),
    Row("POST /v1/stations/health", takes=Health, gives=HealthAnswer),
    Row("POST /v1/stations/birth", takes=Birth, gives=Heard),
    Row("POST /v1/stations/death", takes=Death, gives=Heard),
    Row("POST /v1/stations/presence", takes=Presence, gives=Heard),
    Row("GET /v1/stations/{station}/presence", gives=PresencePage),
    Row("GET /v1/worklist", gives=WorklistPage),
    Row(
        "POST /v1/inspectors",
        takes=NewInspector,
        gives=InspectorMessage,
        status=201,
        refuses=(errors.NotFound,),
    ),
)
