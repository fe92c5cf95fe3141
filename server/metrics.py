"""What the centre counts; the registry is passed in, so that two centres in one process never mix."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """Counters by name; labels take codes from fixed lists only."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._count_money(registry)
        self.refused = Counter(
            "regrade_refused", "Records refused, by reason.", ["reason"], registry=registry
        )
        self.refusals_not_kept = Counter(
            "regrade_refusals_not_kept", "Refusals beyond those kept for a station.", registry=registry
        )
        self.recorded = Counter("regrade_recorded", "Records taken into the ledger.", registry=registry)
        self.held = Counter("regrade_held", "Records from the future, sent back to wait.", registry=registry)
        self.replayed = Counter(
            "regrade_replayed", "Records that were answered again with the same answer.", registry=registry
        )
        self.problems = Counter(
            "regrade_problems", "Requests answered with a problem, by code.", ["code"], registry=registry
        )
        self.rows_rejected = Counter(
            "regrade_rows_rejected", "Rows of imports not taken, by code.", ["code"], registry=registry
        )
        self._count_news(registry)
        self.drop_files = Counter(
            "regrade_drop_files", "Dropped files that ended, by result.", ["result"], registry=registry
        )
        self.drop_rows = Counter("regrade_drop_rows", "Rows read of dropped files.", registry=registry)
        self.drop_waiting = Gauge("regrade_drop_waiting", "Dropped files that wait.", registry=registry)
        self.evidence_bytes = Counter(
            "regrade_evidence_bytes", "Bytes of encrypted images stored.", registry=registry
        )
        self.reference_bytes = Counter(
            "regrade_reference_bytes", "Bytes of banks and reference photos stored.", registry=registry
        )
        self.batch = Histogram(
            "regrade_batch_records", "Records per batch.", buckets=(1, 2, 4, 8, 16, 32, 64), registry=registry
        )
        self.ledger_size = Gauge("regrade_ledger_size", "Leaves in the ledger.", registry=registry)
        self.alarms = Gauge("regrade_alarms", "Alarms that stand, by kind.", ["kind"], registry=registry)
        self.writer_waiting = Gauge(
            "regrade_writer_waiting", "Requests that wait for the writer.", registry=registry
        )

    def _count_money(self, registry: CollectorRegistry) -> None:
        self.deliveries = Counter(
            "regrade_refund_deliveries", "Attempts to deliver an instruction.", ["result"], registry=registry
        )
        self.payouts = Counter(
            "regrade_payouts",
            "What became of money that the centre asked for.",
            ["result"],
            registry=registry,
        )
        self.endpoint_changes = Counter(
            "regrade_refund_endpoint_changes", "Changes of endpoints, by what became of them.", ["to"],
            registry=registry,
        )  # fmt: skip
        self.outcomes = Counter(
            "regrade_refund_outcomes", "Outcomes of refund systems.", ["status"], registry=registry
        )
        self.mismatches = Counter(
            "regrade_refund_mismatches", "Outcomes that differ from what was owed.", registry=registry
        )
        self.cosignatures = Counter(
            "regrade_cosignatures", "Answers of witnesses, by result.", ["result"], registry=registry
        )
        self.awaiting_witness = Gauge(
            "regrade_awaiting_witness", "Instructions that wait for a checkpoint.", registry=registry
        )
        self.fork_detectable = Gauge(
            "regrade_fork_detectable", "1 with a quorum of witnesses, 0 without.", registry=registry
        )

    def _count_news(self, registry: CollectorRegistry) -> None:
        self.hooks = Counter(
            "regrade_hooks", "Webhooks of others, by result.", ["source", "result"], registry=registry
        )
        self.hooks_waiting = Gauge(
            "regrade_hooks_waiting", "Verified webhooks that match nothing yet.", registry=registry
        )
        self.parcel_nodes = Counter(
            "regrade_parcel_nodes", "Events of parcels taken, by node.", ["node"], registry=registry
        )
        self.carrier_polls = Counter(
            "regrade_carrier_polls", "Questions to carriers, by result.", ["result"], registry=registry
        )
        self.pick_ups = Counter("regrade_pick_ups", "Pick-ups, by state.", ["state"], registry=registry)
