"""A run is judged right only when everything is right; each fault alone makes it fail."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from demo.facts import Facts, Kept, Leaves
from demo.inspector import Inspected
from demo.intruder import Attempt
from demo.judgement import LIES_MUST, SHOP_MUST, STATIONS_MUST, Judgement, judge
from demo.outside import GOODWILL
from demo.plan import MQTT_BENCH, SERIAL_BENCH, Plan, Planner
from demo.tables import BAD_ROWS, GOOD_ROWS, Imported

KEYS = [
    "items", "recorded", "refunds_expected", "refunds_settled", "lost", "duplicated", "ledger_verified",
    "grades", "dispositions", "exceptions", "truth", "median_item_s", "seconds",
]  # fmt: skip
Change = Callable[[Facts], Facts]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Planner(seed=1, benches=(SERIAL_BENCH, MQTT_BENCH)).plan(60)


@pytest.fixture(scope="module")
def done(plan: Plan) -> list[Inspected]:
    return [Inspected(item=item, seconds=1.0, machine=item.truth.value) for item in plan.items]


@pytest.fixture
def facts(plan: Plan) -> Facts:
    """What a perfect run leaves behind."""
    verdicts = {
        item.unit.id: [
            {
                "grade": item.grade.value,
                "disposition": item.disposition.value,
                "rule": "hold.price_missing" if item.disposition == "hold" else "value.best",
            }
        ]
        for item in plan.counted
    }
    return Facts(
        leaves=Leaves(verdicts=verdicts, images={unit: frozenset({"ab"}) for unit in verdicts}),
        verified=True,
        verification="verified",
        kept=tuple(Kept(unit=unit, state="delivered", receipt="{}") for unit in verdicts),
        shop={"refunds": refunds(plan), "faults": dict.fromkeys(SHOP_MUST, 1), "rejected": {}},
        faults=Counter({codes[0]: 1 for codes in STATIONS_MUST.values()}),
        lies=dict.fromkeys(LIES_MUST, 1),
        attempts=(Attempt(name="forged", wanted="bad_signature", got="bad_signature"),),
        imports=(Imported(encoding="utf-8", accepted=GOOD_ROWS, rejected=len(BAD_ROWS)),),
        cases=({"unit": GOODWILL, "kind": "refund_without_return"}, {"unit": "U-1", "kind": "needs_person"}),
        reconciled=True,
        reconciliation="nothing differs",
    )


def refunds(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "unit": item.unit.id,
            "kind": item.kind.value,
            "target_minor": item.total_minor,
            "paid_minor": item.total_minor if item.settled else 0,
            "payments": 1 if item.settled and item.total_minor else 0,
            "status": "settled" if item.settled else "held",
            "answer": "recorded",
            "images": "ab",
        }
        for item in plan.counted
    ]


def judged(plan: Plan, done: list[Inspected], facts: Facts) -> Judgement:
    return judge(plan, done, facts, 12.34)


def test_a_perfect_run_has_no_failures(plan: Plan, done: list[Inspected], facts: Facts) -> None:
    judgement = judged(plan, done, facts)
    assert judgement.failures == ()
    assert list(judgement.report)[: len(KEYS)] == KEYS
    assert judgement.report["items"] == judgement.report["recorded"] == 60
    assert judgement.report["refunds_settled"] == judgement.report["refunds_expected"]
    new = sum(item.truth == "new" for item in plan.items)
    assert judgement.report["truth"]["new"] == {"new": new, "used": 0, "damaged": 0, "ungraded": 0}


def first_refund(**changes: Any) -> Change:
    """Change the first refund that pays something."""

    def change(facts: Facts) -> Facts:
        rows = [dict(row) for row in facts.shop["refunds"]]
        paid = next(row for row in rows if row["paid_minor"])
        paid.update(changes)
        return replace(facts, shop={**facts.shop, "refunds": rows})

    return change


def first_leaf(**changes: Any) -> Change:
    """Change the first verdict; `times` repeats it."""

    def change(facts: Facts) -> Facts:
        unit, rows = next(iter(facts.leaves.verdicts.items()))
        times = changes.get("times", 1)
        said = {key: value for key, value in changes.items() if key != "times"}
        verdicts = {**facts.leaves.verdicts, unit: [{**rows[0], **said}] * times}
        verdicts = {unit: rows for unit, rows in verdicts.items() if rows}
        return replace(facts, leaves=replace(facts.leaves, verdicts=verdicts))

    return change


WRONG: dict[str, Change] = {
    "an unverified ledger": lambda facts: replace(facts, verified=False),
    "a lost leaf": first_leaf(times=0),
    "a doubled leaf": first_leaf(times=2),
    "another grade": first_leaf(grade="ungraded"),
    "another disposition": first_leaf(disposition="other"),
    "a lost receipt": lambda facts: replace(facts, kept=facts.kept[1:]),
    "a doubled payment": first_refund(payments=2),
    "another amount": first_refund(paid_minor=1),
    "another target": first_refund(target_minor=1),
    "an unsettled refund": first_refund(status="held"),
    "an outcome that was refused": first_refund(answer="not_found"),
    "an image out of nowhere": first_refund(images="cd"),
    "a lost refund": lambda facts: replace(facts, shop={**facts.shop, "refunds": facts.shop["refunds"][1:]}),
    "a webhook that was not believed": lambda facts: replace(
        facts, shop={**facts.shop, "rejected": {"untrusted": 1}}
    ),
    "an intruder who got in": lambda facts: replace(
        facts, attempts=(Attempt(name="forged", wanted="bad_signature", got="receipt"),)
    ),
    "a list that was taken whole": lambda facts: replace(
        facts, imports=(Imported(encoding="utf-8", accepted=7, rejected=0),)
    ),
    "a refund without a return that nobody hears of": lambda facts: replace(facts, cases=()),
    "another amount than was owed": lambda facts: replace(
        facts, cases=(*facts.cases, {"unit": "U-2", "kind": "amount_mismatch"})
    ),
    "books that differ": lambda facts: replace(facts, reconciled=False),
    "more paid than owed": first_refund(status="held", paid_minor=10**9),
    "a shop without faults": lambda facts: replace(facts, shop={**facts.shop, "faults": {}}),
    "a proxy that never lied": lambda facts: replace(facts, lies={}),
}


@pytest.mark.parametrize("what", WRONG)
def test_one_thing_wrong_fails_the_run(plan: Plan, done: list[Inspected], facts: Facts, what: str) -> None:
    assert judged(plan, done, WRONG[what](facts)).failures


@pytest.mark.parametrize("name", STATIONS_MUST)
def test_bad_input_that_did_not_show_fails_the_run(
    plan: Plan, done: list[Inspected], facts: Facts, name: str
) -> None:
    faults = Counter(facts.faults)
    for code in STATIONS_MUST[name]:
        del faults[code]
    failures = judged(plan, done, replace(facts, faults=faults)).failures
    assert any(name in failure for failure in failures)


def test_a_cancelled_item_in_the_ledger_fails_the_run(
    plan: Plan, done: list[Inspected], facts: Facts
) -> None:
    cancelled = next(item for item in plan.items if not item.recorded)
    verdicts = {
        **facts.leaves.verdicts,
        cancelled.unit.id: [{"grade": "new", "disposition": "hold", "rule": ""}],
    }
    leaves = replace(facts.leaves, verdicts=verdicts)
    assert any("cancelled" in line for line in judged(plan, done, replace(facts, leaves=leaves)).failures)
