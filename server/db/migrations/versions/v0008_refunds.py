"""The refund link: how far each unit's refund has come, money that the centre moves itself, and cases."""

import sqlalchemy as sa
from alembic import op

revision = "v0008"
down_revision = "v0007"
branch_labels = None
depends_on = None

OPEN_PAYOUT = "state IN ('intended', 'sent', 'pending', 'unknown')"
AWAITING = "state = 'awaiting_checkpoint'"
OPEN_CASE = "state IN ('open', 'taken')"
MADE = (
    "merchant_entries",
    "standing_approvals",
    "cases",
    "found_money",
    "payouts",
    "refunds",
    "endpoint_keys",
)
OF_ENDPOINTS = (
    "mode", "gateway", "credentials", "failures", "failing_since", "open_until", "disabled_at",
)  # fmt: skip
FIRST_KEYS = """
INSERT INTO endpoint_keys (site, merchant, id, "use", algorithm, secret, added_at)
SELECT site, merchant, 'first', 'verify', 'v1a', outcome_public_key, set_at FROM endpoints
"""
PLACES = """
UPDATE deliveries SET ordering = unit, leaf_seq = (
    SELECT leaf_seq FROM instructions
    WHERE instructions.site = deliveries.site AND instructions.id = deliveries.instruction
)
"""
FIRST_REFUNDS = """
INSERT INTO refunds (site, unit, merchant, payment, instruction, kind, target_total_minor, paid_minor,
    currency, state, due_at, attempts, told_at, changed_at, return_reason)
SELECT i.site, i.unit, i.merchant, 'unit:' || i.unit, i.id, i.kind, i.target_total_minor, 0, i.currency,
    CASE WHEN i.kind = 'hold' THEN 'held' ELSE 'approved' END, 0, 0,
    json_extract(CAST(i.body AS TEXT), '$.issued_at'), json_extract(CAST(i.body AS TEXT), '$.issued_at'),
    'other'
FROM instructions AS i
WHERE i.number = (SELECT max(number) FROM instructions AS n WHERE n.site = i.site AND n.unit = i.unit)
"""
FIRST_ENTRIES = """
INSERT OR IGNORE INTO merchant_entries (site, merchant, seq)
SELECT site, merchant, leaf_seq FROM instructions
UNION SELECT site, merchant, leaf_seq FROM outcomes
UNION SELECT p.site, p.merchant, l.seq FROM parcels AS p
    JOIN leaves AS l ON l.site = p.site AND l.id = 'parcel:' || p.merchant || ':' || p.id || ':signed-off'
"""


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=nullable, autoincrement=False)


def _bytes(name: str, *, nullable: bool = False) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _real(name: str, *, nullable: bool = False) -> "sa.Column[float]":
    return sa.Column(name, sa.Float(), nullable=nullable)


def upgrade() -> None:
    """Make the tables, and fill them from what was told so far."""
    _endpoints()
    _deliveries()
    _refunds()
    _payouts()
    _found_money()
    _cases()
    _approvals()
    _entries()


def _endpoints() -> None:
    op.create_table(
        "endpoint_keys",
        _text("site"),
        _text("merchant"),
        _text("id"),
        _text("use"),
        _text("algorithm"),
        _bytes("secret"),
        _text("added_at"),
        _text("not_after", nullable=True),
        sa.PrimaryKeyConstraint("site", "merchant", "id", name="pk_endpoint_keys"),
    )
    op.execute(FIRST_KEYS)
    op.drop_column("endpoints", "outcome_public_key")
    mode = sa.Column("mode", sa.String(), nullable=False, server_default="inform")
    op.add_column("endpoints", mode)
    op.add_column("endpoints", _text("gateway", nullable=True))
    op.add_column("endpoints", _bytes("credentials", nullable=True))
    failures = sa.Column("failures", sa.Integer(), nullable=False, autoincrement=False, server_default="0")
    op.add_column("endpoints", failures)
    op.add_column("endpoints", _real("failing_since", nullable=True))
    op.add_column("endpoints", _real("open_until", nullable=True))
    op.add_column("endpoints", _text("disabled_at", nullable=True))


def _deliveries() -> None:
    op.drop_index("ix_deliveries_site_unit_state_number", "deliveries")
    leaf_seq = sa.Column("leaf_seq", sa.Integer(), nullable=False, autoincrement=False, server_default="0")
    op.add_column("deliveries", leaf_seq)
    op.add_column("deliveries", sa.Column("ordering", sa.String(), nullable=False, server_default=""))
    op.add_column("deliveries", _bytes("event", nullable=True))
    op.execute(PLACES)
    op.execute("UPDATE deliveries SET state = 'awaiting_checkpoint' WHERE state = 'awaiting_witness'")
    op.create_index(
        "ix_deliveries_site_ordering_state_leaf_seq", "deliveries", ["site", "ordering", "state", "leaf_seq"]
    )
    places = ["site", "leaf_seq", "merchant", "state", "attempts"]
    op.create_index(f"ix_deliveries_{'_'.join(places)}", "deliveries", places)
    op.create_index(
        "ix_deliveries_awaiting", "deliveries", ["site", "needs_size"], sqlite_where=sa.text(AWAITING)
    )


def _refunds() -> None:
    op.create_table(
        "refunds",
        _text("site"),
        _text("unit"),
        _text("merchant"),
        _text("payment"),
        _text("instruction"),
        _text("kind"),
        _number("target_total_minor"),
        _number("paid_minor"),
        _text("currency"),
        _text("state"),
        _text("reason", nullable=True),
        _real("due_at"),
        _number("attempts"),
        _text("approved_by", nullable=True),
        _text("told_at"),
        _text("changed_at"),
        _text("return_reason"),
        sa.PrimaryKeyConstraint("site", "unit", name="pk_refunds"),
    )
    op.create_index(
        "ix_refunds_site_merchant_state_due_at", "refunds", ["site", "merchant", "state", "due_at"]
    )
    op.create_index("ix_refunds_site_payment", "refunds", ["site", "payment"])
    for place in (["site"], ["site", "merchant"], ["site", "state"]):
        columns = [*place, "told_at", "unit"]
        op.create_index(f"ix_refunds_{'_'.join(columns)}", "refunds", columns)
    op.get_bind().exec_driver_sql(FIRST_REFUNDS)


def _payouts() -> None:
    op.create_table(
        "payouts",
        _text("site"),
        _text("key"),
        _text("merchant"),
        _text("unit"),
        _text("payment"),
        _text("instruction"),
        _number("amount_minor"),
        _text("currency"),
        _text("state"),
        _text("code", nullable=True),
        _text("reference", nullable=True),
        _text("begun_at"),
        _text("sent_at", nullable=True),
        _real("due_at"),
        _number("attempts"),
        _text("changed_at"),
        sa.PrimaryKeyConstraint("site", "key", name="pk_payouts"),
    )
    op.create_index(
        "ix_payouts_open", "payouts", ["site", "payment"], unique=True, sqlite_where=sa.text(OPEN_PAYOUT)
    )
    op.create_index("ix_payouts_due", "payouts", ["site", "due_at"], sqlite_where=sa.text(OPEN_PAYOUT))
    op.create_index("ix_payouts_site_unit", "payouts", ["site", "unit"])


def _found_money() -> None:
    op.create_table(
        "found_money",
        _text("site"),
        _text("id"),
        _text("merchant"),
        _text("payment"),
        _text("unit", nullable=True),
        _number("amount_minor"),
        _text("by"),
        _text("at"),
        sa.PrimaryKeyConstraint("site", "id", name="pk_found_money"),
    )
    op.create_index("ix_found_money_site_payment", "found_money", ["site", "payment"])
    op.create_index("ix_found_money_site_unit", "found_money", ["site", "unit"])


def _cases() -> None:
    op.create_table(
        "cases",
        _text("site"),
        _number("id"),
        _text("merchant"),
        _text("kind"),
        _text("owner"),
        _text("unit"),
        _text("about", nullable=True),
        _text("state"),
        _number("amount_minor", nullable=True),
        _number("expected_minor", nullable=True),
        _text("currency", nullable=True),
        _text("raised_at"),
        _text("person", nullable=True),
        _text("changed_at"),
        _text("way_out", nullable=True),
        _number("leaf_seq", nullable=True),
        sa.PrimaryKeyConstraint("site", "id", name="pk_cases"),
    )
    once = ["site", "unit", "kind", "merchant"]
    op.create_index("ix_cases_open", "cases", once, unique=True, sqlite_where=sa.text(OPEN_CASE))
    op.create_index("ix_cases_site_unit", "cases", ["site", "unit"])
    op.create_index("ix_cases_site_state_owner_id", "cases", ["site", "state", "owner", "id"])
    op.create_index("ix_cases_site_merchant_state_id", "cases", ["site", "merchant", "state", "id"])


def _approvals() -> None:
    op.create_table(
        "standing_approvals",
        _text("site"),
        _text("id"),
        _text("merchant"),
        _text("currency"),
        _number("up_to_minor"),
        _text("by"),
        _text("at"),
        _text("until"),
        _text("withdrawn_at", nullable=True),
        _number("leaf_seq"),
        sa.PrimaryKeyConstraint("site", "id", name="pk_standing_approvals"),
    )
    op.create_index("ix_standing_approvals_site_merchant", "standing_approvals", ["site", "merchant"])


def _entries() -> None:
    op.create_table(
        "merchant_entries",
        _text("site"),
        _text("merchant"),
        _number("seq"),
        sa.PrimaryKeyConstraint("site", "merchant", "seq", name="pk_merchant_entries"),
        sqlite_with_rowid=False,
    )
    op.get_bind().exec_driver_sql(FIRST_ENTRIES)  # its colons are no parameters


def downgrade() -> None:
    """Go back to one endpoint with one key; what was moved and decided since is lost."""
    for table in MADE[:-1]:
        op.drop_table(table)
    op.drop_index("ix_deliveries_awaiting", "deliveries")
    op.drop_index("ix_deliveries_site_ordering_state_leaf_seq", "deliveries")
    op.drop_index("ix_deliveries_site_leaf_seq_merchant_state_attempts", "deliveries")
    for name in ("event", "ordering", "leaf_seq"):
        op.drop_column("deliveries", name)
    op.execute("UPDATE deliveries SET state = 'awaiting_witness' WHERE state = 'awaiting_checkpoint'")
    op.create_index("ix_deliveries_site_unit_state_number", "deliveries", ["site", "unit", "state", "number"])
    empty = sa.Column("outcome_public_key", sa.LargeBinary(), nullable=False, server_default=sa.text("x''"))
    op.add_column("endpoints", empty)
    op.execute(
        "UPDATE endpoints SET outcome_public_key = coalesce((SELECT secret FROM endpoint_keys AS k "
        "WHERE k.site = endpoints.site AND k.merchant = endpoints.merchant AND k.algorithm = 'v1a' "
        "AND k.\"use\" = 'verify' ORDER BY k.added_at DESC LIMIT 1), x'')"
    )
    for name in OF_ENDPOINTS:
        op.drop_column("endpoints", name)
    op.drop_table("endpoint_keys")
