"""What is asked of refunds by the hundred thousand stands in their rows, and each queue has its index."""

import sqlalchemy as sa
from alembic import op

revision = "v0009"
down_revision = "v0008"
branch_labels = None
depends_on = None

OPEN_PAYOUT = "state IN ('intended', 'sent', 'pending', 'unknown')"
FIGURES = """
UPDATE refunds SET grade = coalesce((
    SELECT json_extract(CAST(i.body AS TEXT), '$.grade') FROM instructions AS i
    WHERE i.site = refunds.site AND i.id = refunds.instruction
), ''), settled_s = (
    SELECT max(0.0, (julianday(l.recorded_at) - julianday(r.recorded_at)) * 86400)
    FROM instructions AS i, records AS r, leaves AS l
    WHERE i.site = refunds.site AND i.id = refunds.instruction AND r.site = i.site AND r.id = i.record
    AND l.site = i.site AND l.seq = (
        SELECT min(o.leaf_seq + 0) FROM outcomes AS o
        WHERE o.site = i.site AND o.instruction = i.id AND o.status = 'settled'
    )
)
"""


def upgrade() -> None:
    """Add the figures of what is there, and put indexes in place of narrower ones."""
    op.add_column("refunds", sa.Column("grade", sa.String(), nullable=False, server_default=""))
    op.add_column("refunds", sa.Column("settled_s", sa.Float(), nullable=True))
    op.execute(FIGURES)
    due = ["site", "merchant", "due_at"]
    op.drop_index("ix_payouts_due", "payouts")
    op.create_index("ix_payouts_due", "payouts", due, sqlite_where=sa.text(OPEN_PAYOUT))
    op.drop_index("ix_cases_site_unit", "cases")
    op.create_index("ix_cases_site_unit_id", "cases", ["site", "unit", "id"])


def downgrade() -> None:
    """Take the figures out again."""
    op.drop_index("ix_cases_site_unit_id", "cases")
    op.create_index("ix_cases_site_unit", "cases", ["site", "unit"])
    op.drop_index("ix_payouts_due", "payouts")
    op.create_index("ix_payouts_due", "payouts", ["site", "due_at"], sqlite_where=sa.text(OPEN_PAYOUT))
    op.drop_column("refunds", "settled_s")
    op.drop_column("refunds", "grade")
