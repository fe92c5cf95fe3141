"""Rows of the centre itself."""

from server.contract.messages import Alive
from server.contract.row import DOCUMENT, Media, Row

METRICS = Media(type="text/plain", about="Counters for Prometheus.", schema={"type": "string"})
ROWS = (
    Row("GET /healthz", gives=Alive),
    Row("GET /metrics", gives=METRICS),
    Row("GET /openapi.json", gives=DOCUMENT),
    Row("GET /asyncapi.json", gives=DOCUMENT),
)
