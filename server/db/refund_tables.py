"""The tables of refunds: what is owed, how it is told or paid, what came of it, and what went wrong."""

from sqlalchemy import Column, Float, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy import text as sql

from server.db.columns import blob, metadata, number, text

OPEN_PAYOUT = "state IN ('intended', 'sent', 'pending', 'unknown')"
"""Money of these may be moving: one such row per payment is the lock on it."""
AWAITING = "state = 'awaiting_checkpoint'"
OPEN_CASE = "state IN ('open', 'taken')"

endpoints = Table(
    "endpoints",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("url"),
    text("set_at"),
    text("gone_at", nullable=True),
    text("mode"),  # inform, execute
    text("gateway", nullable=True),  # of `execute`: which payment system
    blob("credentials", nullable=True),  # sealed JSON, in the gateway's own words
    number("failures"),  # in a row, none of them an answer
    Column("failing_since", Float, nullable=True),  # of the first of all failures since the last success
    Column("open_until", Float, nullable=True),  # the circuit is open: nothing is tried before
    text("disabled_at", nullable=True),  # given up for now; what is owed goes on queueing
)
endpoint_keys = Table(  # secrets that sign what we send, and keys that sign what comes back
    "endpoint_keys",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("id", key=True),
    text("use"),  # sign, verify
    text("algorithm"),  # v1, v1a
    blob("secret"),  # sealed; of v1a to verify the raw public key
    text("added_at"),
    text("not_after", nullable=True),
)
instructions = Table(
    "instructions",
    metadata,
    text("site", key=True),
    text("id", key=True),
    text("merchant"),
    text("unit"),
    number("number"),
    number("inspection"),
    text("record"),
    number("verdict_seq"),
    number("leaf_seq"),
    text("kind"),
    number("target_total_minor"),
    text("currency"),
    blob("body"),  # without the order
    blob("personal", nullable=True),  # the order under its customer's key; empty once erased
    UniqueConstraint("site", "unit", "number"),
    Index(None, "site", "merchant", "leaf_seq"),
)
deliveries = Table(
    "deliveries",
    metadata,
    text("site", key=True),
    text("instruction", key=True),
    text("merchant"),
    text("unit"),
    number("number"),
    number("needs_size"),  # of the checkpoint it waits for; see server/refunds/gate.py
    text("state"),
    number("attempts"),
    Column("due_at", Float, nullable=False),
    text("answer", nullable=True),
    text("delivered_at", nullable=True),
    number("leaf_seq"),
    text("ordering"),  # what stands for its order: of one order they go one after the other
    blob("event", nullable=True),  # the body as it was first sent, under the customer's key
    ForeignKeyConstraint(["site", "instruction"], ["instructions.site", "instructions.id"]),
    Index(None, "site", "merchant", "state", "due_at"),
    Index(None, "site", "ordering", "state", "leaf_seq"),
    Index(None, "site", "leaf_seq", "merchant", "state", "attempts"),
    Index("ix_deliveries_awaiting", "site", "needs_size", sqlite_where=sql(AWAITING)),
)
outcomes = Table(
    "outcomes",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("id", key=True),
    text("sha256"),
    text("instruction"),
    text("status"),
    number("refunded_total_minor"),
    number("matches"),
    number("leaf_seq"),
    Index(None, "site", "instruction"),
    Index(None, "site", "leaf_seq"),
)
refunds = Table(  # one row per unit: how far its refund has come
    "refunds",
    metadata,
    text("site", key=True),
    text("unit", key=True),
    text("merchant"),
    text("payment"),  # what stands for its payment
    text("instruction"),
    text("kind"),
    number("target_total_minor"),
    number("paid_minor"),
    text("currency"),
    text("grade"),  # as the instruction says it
    text("state"),
    text("reason", nullable=True),  # why it is held: a case, or a rule
    Column("due_at", Float, nullable=False),  # of `execute`: not before, and when it is tried again
    number("attempts"),
    text("approved_by", nullable=True),
    text("told_at"),  # when the instruction was issued
    text("changed_at"),
    text("return_reason"),
    Column("settled_s", Float, nullable=True),  # from its verdict to the first outcome that settles it
    Index(None, "site", "merchant", "state", "due_at"),
    Index(None, "site", "payment"),
    Index(None, "site", "told_at", "unit"),
    Index(None, "site", "merchant", "told_at", "unit"),
    Index(None, "site", "state", "told_at", "unit"),
)
payouts = Table(  # movements of money that the centre asks for itself, for ever
    "payouts",
    metadata,
    text("site", key=True),
    text("key", key=True),
    text("merchant"),
    text("unit"),
    text("payment"),
    text("instruction"),
    number("amount_minor"),  # 0 while it is intended
    text("currency"),
    text("state"),
    text("code", nullable=True),
    text("reference", nullable=True),
    text("begun_at"),
    text("sent_at", nullable=True),
    Column("due_at", Float, nullable=False),  # when it is looked up next, in seconds since 1970
    number("attempts"),
    text("changed_at"),
    Index("ix_payouts_open", "site", "payment", unique=True, sqlite_where=sql(OPEN_PAYOUT)),
    Index("ix_payouts_due", "site", "merchant", "due_at", sqlite_where=sql(OPEN_PAYOUT)),
    Index(None, "site", "unit"),
)
found_money = Table(  # refunds that others made, accounted for by a person
    "found_money",
    metadata,
    text("site", key=True),
    text("id", key=True),
    text("merchant"),
    text("payment"),
    text("unit", nullable=True),  # whose refund it is; null where it is another matter
    number("amount_minor"),
    text("by"),
    text("at"),
    Index(None, "site", "payment"),
    Index(None, "site", "unit"),
)
cases = Table(
    "cases",
    metadata,
    text("site", key=True),
    number("id", key=True),
    text("merchant"),
    text("kind"),
    text("owner"),
    text("unit"),
    text("about", nullable=True),  # the instruction, payout, outcome or deadline in question
    text("state"),
    number("amount_minor", nullable=True),  # what was found, paid or asked, as the kind has it
    number("expected_minor", nullable=True),
    text("currency", nullable=True),
    text("raised_at"),
    text("person", nullable=True),  # who works on it, or left it
    text("changed_at"),
    text("way_out", nullable=True),
    number("leaf_seq", nullable=True),  # of the person's word in the ledger
    Index("ix_cases_open", "site", "unit", "kind", "merchant", unique=True, sqlite_where=sql(OPEN_CASE)),
    Index(None, "site", "unit", "id"),
    Index(None, "site", "state", "owner", "id"),
    Index(None, "site", "merchant", "state", "id"),
)
standing_approvals = Table(  # a named person lets whole refunds up to a limit be paid without asking
    "standing_approvals",
    metadata,
    text("site", key=True),
    text("id", key=True),
    text("merchant"),
    text("currency"),
    number("up_to_minor"),
    text("by"),
    text("at"),
    text("until"),
    text("withdrawn_at", nullable=True),
    number("leaf_seq"),
    Index(None, "site", "merchant"),
)
merchant_entries = Table(  # which entries of the ledger a merchant's systems hear of: the feed's index
    "merchant_entries",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    number("seq", key=True),
    sqlite_with_rowid=False,
)
