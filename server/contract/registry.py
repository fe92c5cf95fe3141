"""The registry: one row for each route of the app, by subject."""

from server.contract.row import Row
from server.contract.rows.carriers import ROWS as CARRIERS
from server.contract.rows.catalogue import ROWS as CATALOGUE
from server.contract.rows.centre import ROWS as CENTRE
from server.contract.rows.evidence import ROWS as EVIDENCE
from server.contract.rows.inbound import ROWS as INBOUND
from server.contract.rows.ledger import ROWS as LEDGER
from server.contract.rows.refunds import ROWS as REFUNDS
from server.contract.rows.returns import ROWS as RETURNS
from server.contract.rows.stations import ROWS as STATIONS
from server.contract.rows.subjects import ROWS as SUBJECTS

ROWS: tuple[Row, ...] = (
    *CENTRE,
    *LEDGER,
    *CATALOGUE,
    *RETURNS,
    *CARRIERS,
    *STATIONS,
    *EVIDENCE,
    *REFUNDS,
    *INBOUND,
    *SUBJECTS,
)
