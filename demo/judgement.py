"""Judges a run: what was lost, doubled or wrong, and which bad input did not show. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from demo.facts import Facts
from demo.inspector import Inspected
from demo.outside import GOODWILL
from demo.plan import Plan, PlannedItem
from inspection.grades import Disposition, Grade
from inspection.refund_exceptions import CaseKind

FULL_RUN = 40
"""From so many items on every grade, disposition and fault of the shop has to occur."""
GRADED = (Grade.NEW, Grade.USED, Grade.DAMAGED)
SETTLED = "settled"

STATIONS_MUST: Mapping[str, tuple[str, ...]] = {
    "unknown_item": ("no_match",),
    "no_item_tag": ("not_an_item",),
    "several_tags": ("several_tags",),
    "unreadable_code": ("unreadable_code",),
    "broken_picture": ("camera_lost", "image_unreadable", "unreadable"),
    "wrong_bin": ("wrong_bin",),
    "duplicate_item": ("duplicate_item",),
    "record_refused": ("refused_unknown_unit",),
    "serial_noise": ("gate.bad_bytes", "gate.bad_frame"),
    "mqtt_nonsense": ("reader.not_json", "reader.not_an_event", "reader.bad_epc", "reader.empty_message"),
    "scanner_noise": ("scanner.too_long", "scanner.cut_short", "scanner.stuck_together"),
}
"""Bad input, and the codes under which stations and devices count it; any of them will do."""
LIES_MUST = ("forged_receipt", "another_receipt", "dropped_answer")
SHOP_MUST = ("error", "silence", "late_error", "slow")

MONEY_WENT_WRONG = frozenset(
    {
        CaseKind.AMOUNT_MISMATCH,
        CaseKind.CURRENCY_MISMATCH,
        CaseKind.OVER_REFUND,
        CaseKind.ALREADY_REFUNDED,
        CaseKind.CORRECTED_AFTER_REFUND,
        CaseKind.LATE_FAILURE,
        CaseKind.REVERSED,
        CaseKind.UNKNOWN_OUTCOME,
        CaseKind.UNDELIVERED,
    }
)
"""Cases that no run may leave open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The answer of `regrade demo --check`."""

    report: Mapping[str, Any]
    """The one line of JSON on stdout."""
    failures: tuple[str, ...]
    """Sentences; empty when everything holds."""


def judge(plan: Plan, done: Sequence[Inspected], facts: Facts, seconds: float) -> Judgement:
    """Compare what the plan expects with what happened."""
    counted = plan.counted
    recorded = [item for item in counted if item.unit.id in facts.leaves.verdicts]
    exceptions = occurred(facts)
    report = {
        "items": len(counted),
        "recorded": len(recorded),
        "refunds_expected": sum(item.settled for item in counted),
        "refunds_settled": sum(_is_settled(item, facts) for item in counted if item.settled),
        "lost": len(_lost(counted, facts)),
        "duplicated": _duplicated(facts),
        "ledger_verified": facts.verified,
        "grades": _tally(recorded, facts, "grade"),
        "dispositions": _tally(recorded, facts, "disposition"),
        "exceptions": dict(sorted(exceptions.items())),
        "truth": truth_table(done),
        "median_item_s": round(median(one.seconds for one in done), 2) if done else 0.0,
        "seconds": round(seconds, 1),
        "products": products(done),
        "paid_twice": len(_paid_twice(facts)),
        "reconciled": facts.reconciled,
        "cases": dict(sorted(Counter(case["kind"] for case in facts.cases).items())),
    }
    if plan.photos_exhausted:
        report["photos_exhausted"] = list(plan.photos_exhausted)
    return Judgement(report=report, failures=tuple(_failures(plan, facts, report, exceptions)))


def occurred(facts: Facts) -> Counter[str]:
    """Every kind of bad input that was noticed, by name."""
    found: Counter[str] = Counter()
    for name, codes in STATIONS_MUST.items():
        found[name] = sum(facts.faults[code] for code in codes)
    found["price_missing"] = sum(
        verdict["rule"] == "hold.price_missing" for rows in facts.leaves.verdicts.values() for verdict in rows
    )
    found.update({f"uplink.{name}": count for name, count in facts.lies.items()})
    found.update({f"shop.{name}": count for name, count in facts.shop["faults"].items()})
    found.update({f"intruder.{one.name}": int(one.repelled) for one in facts.attempts})
    found.update({f"table.{one.encoding}": one.rejected for one in facts.imports})
    return +found


def truth_table(done: Sequence[Inspected]) -> dict[str, dict[str, int]]:
    """What the machine proposed, by the truth."""
    table = {truth.value: dict.fromkeys((grade.value for grade in Grade), 0) for truth in GRADED}
    for one in done:
        if one.machine is not None:
            table[one.item.truth.value][one.machine] += 1
    return table


def products(done: Sequence[Inspected]) -> dict[str, dict[str, Any]]:
    """The same by product, with what it says of the models where there is enough to say."""
    by_sku: dict[str, list[Inspected]] = defaultdict(list)
    for one in done:
        by_sku[one.item.good.product.sku].append(one)
    return {sku: _product(rows) for sku, rows in sorted(by_sku.items())}


def _product(rows: Sequence[Inspected]) -> dict[str, Any]:
    good = [one.machine for one in rows if one.item.truth == Grade.NEW and one.machine]
    bad = [one.machine for one in rows if one.item.truth != Grade.NEW and one.machine]
    found = sum(machine != Grade.NEW for machine in bad)
    alarms = sum(machine != Grade.NEW for machine in good)
    return {
        "items": len(rows),
        "truth": {truth: counts for truth, counts in truth_table(rows).items() if any(counts.values())},
        "defects_found": f"{found}/{len(bad)}",
        "false_alarms": f"{alarms}/{len(good)}",
    }


def _tally(recorded: Sequence[PlannedItem], facts: Facts, name: str) -> dict[str, int]:
    said = Counter(facts.leaves.verdicts[item.unit.id][0][name] for item in recorded)
    return dict(sorted(said.items()))


def _lost(counted: Sequence[PlannedItem], facts: Facts) -> list[str]:
    """Units without a leaf, or without a receipt at their station."""
    receipted = {row.unit for row in facts.kept if row.state == "delivered" and row.receipt}
    units = (item.unit.id for item in counted)
    return [unit for unit in units if unit not in facts.leaves.verdicts or unit not in receipted]


def _duplicated(facts: Facts) -> int:
    leaves = sum(len(rows) - 1 for rows in facts.leaves.verdicts.values())
    payments = (int(row["payments"]) for row in facts.shop["refunds"])
    return leaves + sum(max(0, count - 1) for count in payments)


def _paid_twice(facts: Facts) -> list[str]:
    """Units for which more was paid than is owed in total."""
    return [row["unit"] for row in facts.shop["refunds"] if row["paid_minor"] > row["target_minor"]]


def _case_failures(facts: Facts) -> Iterator[str]:
    """The one refund without a return is there, and nothing that money went wrong by."""
    without = [case["unit"] for case in facts.cases if case["kind"] == CaseKind.REFUND_WITHOUT_RETURN]
    if without != [GOODWILL]:
        yield f"refunds without a return: {without}, not {[GOODWILL]}"
    for case in facts.cases:
        if case["kind"] in MONEY_WENT_WRONG:
            yield f"{case['unit']} has the case {case['kind']}"


def _refund(item: PlannedItem, facts: Facts) -> Mapping[str, Any] | None:
    rows = [row for row in facts.shop["refunds"] if row["unit"] == item.unit.id]
    return rows[0] if len(rows) == 1 else None


def _is_settled(item: PlannedItem, facts: Facts) -> bool:
    row = _refund(item, facts)
    return row is not None and row["status"] == SETTLED and row["answer"] == "recorded"


def _failures(plan: Plan, facts: Facts, report: Mapping[str, Any], exceptions: Counter[str]) -> Iterator[str]:
    for name, wanted in (("recorded", report["items"]), ("refunds_settled", report["refunds_expected"])):
        if report[name] != wanted:
            yield f"{name} is {report[name]}, not {wanted}"
    if report["lost"] or report["duplicated"]:
        yield f"lost: {_lost(plan.counted, facts)[:5]}; duplicated: {report['duplicated']}"
    if not facts.verified:
        yield f"the ledger is not verified: {facts.verification}"
    for item in plan.counted:
        yield from _item_failures(item, facts)
    yield from _unwanted(plan, facts)
    if report["paid_twice"]:
        yield f"paid twice: {_paid_twice(facts)[:5]}"
    if not facts.reconciled:
        yield f"the books of refunds differ: {facts.reconciliation[-300:]}"
    yield from _case_failures(facts)
    for attempt in facts.attempts:
        if not attempt.repelled:
            yield f"the intruder's {attempt.name} was answered {attempt.got}, not {attempt.wanted}"
    for imported in facts.imports:
        if not imported.right:
            yield f"the {imported.encoding} list: {imported.accepted} taken, {imported.rejected} rejected"
    yield from _missing(plan, report, exceptions)


def _item_failures(item: PlannedItem, facts: Facts) -> Iterator[str]:
    """Grade, disposition and amount against the rules for the truth."""
    unit = item.unit.id
    for verdict in facts.leaves.verdicts.get(unit, ()):
        said = (verdict["grade"], verdict["disposition"])
        if said != (item.grade, item.disposition):
            yield f"{unit} is {said}, not {(item.grade.value, item.disposition.value)}"
    row = _refund(item, facts)
    if row is None:
        yield f"{unit} has no refund, or several"
    elif (row["kind"], row["target_minor"]) != (item.kind, item.total_minor):
        yield f"{unit}: {row['kind']} {row['target_minor']}, not {item.kind} {item.total_minor}"
    elif item.settled and row["paid_minor"] != item.total_minor:
        yield f"{unit}: {row['paid_minor']} were paid, {item.total_minor} are owed"
    elif not set(row["images"].split()) <= facts.leaves.images.get(unit, frozenset()):
        yield f"{unit}: its refund names images that its verdict does not"


def _unwanted(plan: Plan, facts: Facts) -> Iterator[str]:
    for item in plan.items:
        if not item.recorded and item.unit.id in facts.leaves.verdicts:
            yield f"{item.unit.id} was cancelled, and recorded nevertheless"
    if facts.shop["rejected"]:
        yield f"the shop rejected webhooks: {facts.shop['rejected']}"


def _missing(plan: Plan, report: Mapping[str, Any], exceptions: Counter[str]) -> Iterator[str]:
    must = [*STATIONS_MUST]
    if len(plan.counted) >= FULL_RUN:
        must += ["price_missing", *(f"uplink.{lie}" for lie in LIES_MUST), *(f"shop.{f}" for f in SHOP_MUST)]
        for name, kinds in (("grades", GRADED), ("dispositions", tuple(Disposition))):
            absent = [kind.value for kind in kinds if not report[name].get(kind)]
            if absent:
                yield f"no item came to {', '.join(absent)}"
    absent = [name for name in must if not exceptions[name]]
    if absent:
        yield f"bad input that did not show: {', '.join(absent)}"
