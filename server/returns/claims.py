"""What the customer wrote, beside what each inspection found: a flag for a person, without any effect."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from inspection.claims.comparing import Comparison, Inspected, compare
from inspection.claims.understanding import ReasonReader, understand
from inspection.custody.canonical import canonical
from inspection.custody.leaf import read_leaf
from inspection.reasons import codes
from inspection.record import InspectionRecord, read_record
from server.db.ledger_tables import leaves
from server.returns.schemas import ClaimRow


def claim_rows(
    connection: Connection,
    site: str,
    text: str | None,
    places: Sequence[int],
    other: ReasonReader | None = None,
) -> dict[int, ClaimRow]:
    """Hold the customer's words against the verdicts at these indexes; none where there are no words."""
    if text is None or not places:
        return {}
    chosen = select(leaves.c.seq, leaves.c.leaf).where(
        leaves.c.site == site, leaves.c.seq.in_(places), leaves.c.leaf.is_not(None)
    )
    said = understand(text, other=other)
    return {
        row.seq: _row(compare(said, inspected(read_record(canonical(read_leaf(row.leaf).body)))))
        for row in connection.execute(chosen)
    }


def inspected(record: InspectionRecord) -> Inspected:
    """A signed record, as far as a claim can be held against it. Pure.

    Findings beyond what a record holds are in a file of the station's: then nothing was surely not found.
    """
    return Inspected(
        grade=record.verdict.grade,
        findings=record.findings,
        exception=record.verdict.exception,
        all_views=record.findings_file is None and bool(record.evidence),
    )


def _row(found: Comparison) -> ClaimRow:
    return ClaimRow(check=found.check, reasons=codes(found.reasons), needs_look=found.needs_look)
