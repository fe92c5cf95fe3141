"""The demo's shop: pays what is missing, once, and fails only as planned."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.shop.app import HOOK, Shop
from demo.shop.faults import FAULTY_ATTEMPTS, Fault, FaultPlan, planned
from demo.shop.ledger import Books
from demo.shop.page import render
from demo.shop.settings import FaultRates, ShopSettings, outcome_key, read_settings, write_settings
from inspection.messages.refund import InstructionEvent, OutcomeStatus, RefundInstruction, RefundOutcome
from inspection.messages.uplink import ReceiptMessage
from inspection.refund import RefundKind
from kit.errors import Conflict
from kit.receiver import Standing

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
Make = Callable[..., InstructionEvent]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Books(tmp_path / "shop.sqlite")
    yield made
    made.close()


@pytest.fixture
def event() -> Make:
    """An event that was believed already: the books look only at its instruction."""

    def make(
        number: int = 1, target: int = 800, kind: RefundKind = RefundKind.PARTIAL, currency: str = "EUR"
    ) -> InstructionEvent:
        instruction = RefundInstruction.model_validate(
            {
                "v": 1,
                "id": f"R1/1/1#{number}",
                "number": number,
                "merchant": "m1",
                "site": "s1",
                "unit": "R1/1/1",
                "authorization": "R1",
                "order": "<O-1>",
                "kind": kind,
                "target_total_minor": target,
                "currency": currency,
                "grade": "used",
                "disposition": "resale",
                "exception": None,
                "rule": "refund.share",
                "reasons": (),
                "images": ("ab" * 32,),
                "issued_at": NOW,
            },
            strict=False,
        )
        receipt = ReceiptMessage(
            origin="centre/site/s1", index=7, leaf=b"{}", log_key="0" * 32, signature=bytes(64)
        )
        return InstructionEvent(timestamp=NOW, instruction=instruction, verdict=receipt)

    return make


def told(books: Books) -> list[tuple[OutcomeStatus, int]]:
    outcomes = [RefundOutcome.read(waiting.body) for waiting in books.waiting()]
    return [(outcome.status, outcome.refunded_total_minor) for outcome in outcomes]


def test_an_instruction_is_paid_once_however_often_it_comes(books: Books, event: Make) -> None:
    assert [books.take(event(), NOW) for _ in range(3)] == [Standing.NEW, Standing.SAME, Standing.SAME]
    assert [(row["paid_minor"], row["payments"]) for row in books.refunds()] == [(800, 1)]
    assert told(books) == [(OutcomeStatus.SETTLED, 800)]


def test_a_higher_total_pays_only_what_is_missing(books: Books, event: Make) -> None:
    books.take(event(), NOW)
    books.take(event(2, 1000, RefundKind.APPROVE), NOW)
    assert told(books) == [(OutcomeStatus.SETTLED, 800), (OutcomeStatus.SETTLED, 1000)]


def test_a_lower_total_is_held_and_takes_nothing_back(books: Books, event: Make) -> None:
    books.take(event(), NOW)
    books.take(event(2, 300), NOW)
    assert told(books)[1] == (OutcomeStatus.HELD, 800)


def test_what_a_newer_instruction_replaces_is_shown_as_void_and_its_money_counts(
    books: Books, event: Make
) -> None:
    books.take(event(1, 0, RefundKind.HOLD), NOW)
    newer = event(2, 1000, RefundKind.APPROVE)
    said = newer.instruction.model_copy(update={"replaces": "R1/1/1#1"})
    books.take(newer.model_copy(update={"instruction": said}), NOW)
    assert [row["status"] for row in books.refunds()] == ["settled", "replaced"]
    assert told(books) == [(OutcomeStatus.HELD, 0), (OutcomeStatus.SETTLED, 1000)]
    assert "↻ replaced" in render(books.refunds(), books.totals())


def test_money_in_another_currency_counts_for_nothing_and_holds_the_refund(books: Books, event: Make) -> None:
    books.take(event(1, 4000, currency="CNY"), NOW)
    books.take(event(2, 5000, currency="USD"), NOW)
    assert told(books) == [(OutcomeStatus.SETTLED, 4000), (OutcomeStatus.HELD, 0)]
    newest, first = books.refunds()
    assert (newest["paid_minor"], newest["why"]) == (0, "other_currency")
    assert (first["paid_minor"], first["why"]) == (4000, None)
    assert "held: other_currency" in render(books.refunds(), books.totals())
    books.take(event(3, 4500, currency="CNY"), NOW)
    assert told(books)[-1] == (OutcomeStatus.SETTLED, 4500), "its own currency goes on"


@pytest.mark.parametrize("kind", [RefundKind.HOLD, RefundKind.DENY_PROPOSED])
def test_what_moves_no_money_is_held(books: Books, event: Make, kind: RefundKind) -> None:
    books.take(event(1, 0, kind), NOW)
    assert told(books) == [(OutcomeStatus.HELD, 0)]


def test_a_conflict_changes_nothing(books: Books, event: Make) -> None:
    books.take(event(), NOW)
    with pytest.raises(Conflict):
        books.take(event(1, 900), NOW)
    assert told(books) == [(OutcomeStatus.SETTLED, 800)]


def test_books_are_whole_after_a_reopening(books: Books, event: Make, tmp_path: Path) -> None:
    books.take(event(), NOW)
    again = Books(tmp_path / "shop.sqlite")
    assert again.take(event(), NOW) is Standing.SAME
    again.close()


def test_an_answered_outcome_is_told_no_more(books: Books, event: Make) -> None:
    books.take(event(), NOW)
    one = books.waiting()[0]
    books.tried(one.id)
    assert books.totals() == {"settled": 1, "untold": 1}
    books.answered(one.id, "recorded")
    assert books.waiting() == []


def test_the_database_itself_refuses_a_second_payment(books: Books, event: Make, tmp_path: Path) -> None:
    books.take(event(), NOW)
    other = sqlite3.connect(tmp_path / "shop.sqlite")
    with pytest.raises(sqlite3.IntegrityError):
        other.execute("INSERT INTO payments VALUES ('R1/1/1#1', 'R1/1/1', 1, 'EUR', '')")
    other.close()


def test_a_seed_fixes_the_faults() -> None:
    rates = FaultRates(error=250_000, silence=250_000, late_error=250_000, slow=250_000)
    first = [planned(1, f"R{n}", 1, rates) for n in range(100)]
    assert first == [planned(1, f"R{n}", 1, rates) for n in range(100)]
    assert set(first) == set(Fault)
    assert first != [planned(2, f"R{n}", 1, rates) for n in range(100)]


def test_faults_end_after_a_few_deliveries() -> None:
    plan = FaultPlan(seed=1, rates=FaultRates(error=1_000_000))
    faults = [plan.next("R1") for _ in range(FAULTY_ATTEMPTS + 2)]
    assert faults == [Fault.ERROR] * FAULTY_ATTEMPTS + [None, None]
    assert plan.counts == {"error": FAULTY_ATTEMPTS}


def test_every_kind_of_fault_comes_early() -> None:
    plan = FaultPlan(seed=1, rates=FaultRates(error=1, silence=1, late_error=1, slow=1))
    faults = [plan.next(f"R{number}") for number in range(8)]
    assert faults == [Fault.ERROR, None, Fault.SILENCE, None, Fault.LATE_ERROR, None, Fault.SLOW, None]


@pytest.fixture
def settings() -> ShopSettings:
    return ShopSettings(
        centre="http://127.0.0.1:1",
        api_key="shop_secret",
        merchant="m1",
        origin="centre/site/s1",
        webhook_key=bytes(range(32)),
        log_key=bytes(range(32)),
    )


def test_settings_and_key_are_private_and_come_back(settings: ShopSettings, tmp_path: Path) -> None:
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings
    assert "shop_secret" not in repr(settings)
    assert outcome_key(tmp_path).private_bytes_raw() == outcome_key(tmp_path).private_bytes_raw()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"{}"),
        ({"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1a,AAAA"}, b"{}"),
        ({}, b"x" * 100_000),
    ],
)
async def test_a_webhook_that_cannot_be_believed_is_refused_by_name(
    books: Books, settings: ShopSettings, headers: dict[str, str], body: bytes
) -> None:
    shop = Shop(settings, books)
    answer = await posted(shop, headers, body)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"malformed", "untrusted"}
    assert sum(shop.rejected.values()) == 1


async def test_nothing_is_paid_before_the_bench_can_take_it_back_no_more(
    books: Books, settings: ShopSettings, event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)
    early = event()
    said = early.instruction.model_copy(update={"not_before": soon})
    early = early.model_copy(update={"instruction": said})
    monkeypatch.setattr("demo.shop.app.check_event", lambda *_: early)
    headers = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1a,AAAA"}
    answer = await posted(Shop(settings, books), headers, b"{}")
    assert answer.status_code == 425
    assert 1 <= int(answer.headers["retry-after"]) <= 30
    assert books.refunds() == []


async def posted(shop: Shop, headers: dict[str, str], body: bytes) -> httpx.Response:
    from fastapi import FastAPI

    app = FastAPI()
    app.add_api_route(HOOK, shop.hook, methods=["POST"])
    transport: Any = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        return await client.post(HOOK, content=body, headers=headers)


def test_the_page_shows_refunds_and_escapes_what_others_wrote(books: Books, event: Make) -> None:
    books.take(event(), NOW)
    page = render(books.refunds(), books.totals())
    assert "&lt;O-1&gt;" in page
    assert "8.00 EUR" in page
    assert "✓ settled" in page
