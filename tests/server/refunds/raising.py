"""Each kind of case, raised by what raises it in life, for a unit of one merchant."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, update

from inspection.custody.signing import public_bytes
from inspection.messages.refund import OutcomeStatus, RefundOutcome
from inspection.messages.webhook import sign_webhook
from inspection.messages.webhook_keys import SigningKey
from inspection.refund_exceptions import CaseKind
from server.db.refund_tables import endpoints, standing_approvals
from server.refunds import cases, gate, outbox
from server.refunds.cases import CaseRow
from server.refunds.cashier import Cashier, books_of
from server.refunds.missing import MissingUnits
from server.refunds.places import Places
from server.refunds.releasing import Release
from tests.server.refunds.strict import StrictSystem, Trouble

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

KEY = Ed25519PrivateKey.generate()
Raise = Callable[["Site", "Bench"], Awaitable[None]]
UNIT = "R1/1/1"
DUE_S = 7200.0
"""From the sign-off of a parcel to its deadline."""


async def listen(site: "Site", mode: str = "inform") -> None:
    """The merchant's refund system is known; in `execute` the centre pays itself."""
    key = base64.b64encode(public_bytes(KEY)).decode()
    body = {"url": "http://127.0.0.1:9/hook", "outcome_public_key": key}
    answer = await site.http.put("/v1/refunds/endpoint", json=body, headers=site.shop)
    assert answer.status_code == 200, answer.text
    change = update(endpoints).values(mode=mode, gateway="stripe", credentials=b"sealed")
    await site.centre.writer.submit(lambda c: c.execute(change))


async def inspect(site: "Site", bench: "Bench", unit: str = UNIT, **verdict: Any) -> None:
    """The unit is announced and goes over the bench with this verdict."""
    await site.announce(unit)
    answer = await site.send(bench, bench.signed(unit, verdict=verdict))
    assert answer.results[0].kind == "receipt", answer


async def report(site: "Site", **changes: Any) -> dict[str, Any]:
    """The refund system was told, and says what became of the unit's first instruction."""
    await site.centre.checkpoints.now()
    await Release(site.centre).now()
    said = {
        "v": 1,
        "id": "re_1",
        "merchant": "m1",
        "instruction": f"{UNIT}#1",
        "unit": UNIT,
        "status": OutcomeStatus.SETTLED,
        "refunded_total_minor": 4000,
        "currency": "CNY",
        "happened_at": site.clock.moment,
    }
    body = RefundOutcome.model_validate(said | changes).to_json()
    signed = sign_webhook((SigningKey(KEY),), "msg_1", int(site.clock.moment.timestamp()), body)
    answer = await site.http.post("/v1/refunds/outcomes", content=body, headers={**site.shop, **signed})
    assert answer.status_code in (200, 202), answer.text
    return dict(answer.json())


def by_verdict(exception: str) -> Raise:
    """A verdict that holds the refund by its exception."""

    async def raised(site: "Site", bench: "Bench") -> None:
        await listen(site)
        await inspect(site, bench, exception=exception, disposition="hold")

    return raised


def by_outcome(**said: Any) -> Raise:
    """What the refund system says of a refund that was owed."""

    async def raised(site: "Site", bench: "Bench") -> None:
        await listen(site)
        await inspect(site, bench)
        if said.get("status") in (OutcomeStatus.FAILED, OutcomeStatus.REVERSED):
            await report(site, id="re_0")
        await report(site, **said)

    return raised


async def without_return(site: "Site", bench: "Bench") -> None:
    """Money went back for a unit that nobody has seen; then it comes, and is held."""
    await listen(site)
    await report(site, instruction=None, refunded_total_minor=1000)
    await inspect(site, bench)


async def returned_twice(site: "Site", bench: "Bench") -> None:
    """The same unit of one order line, under two authorizations: the second waits."""
    await listen(site)
    await site.announce("R0/1/1", order="O-1")
    await inspect(site, bench)


async def ungraded(site: "Site", bench: "Bench") -> None:
    """Nobody could grade it."""
    await listen(site)
    await inspect(site, bench, grade="ungraded", disposition="hold", condition=None)


async def unapproved(site: "Site", bench: "Bench") -> None:
    """The centre pays itself, and nobody has approved it."""
    await listen(site, "execute")
    await inspect(site, bench)


async def corrected(site: "Site", bench: "Bench") -> None:
    """Paid, and then an appeal finds that less is owed."""
    await listen(site)
    await inspect(site, bench)
    await report(site)
    await site.announce(UNIT, inspection=2, purpose="appeal")
    again = bench.signed(
        UNIT, unit={"inspection": 2, "purpose": "appeal"}, verdict={"grade": "damaged", "condition": "D"}
    )
    await site.send(bench, again)


def in_paying(
    kind: CaseKind, *, captured: int = 5000, foreign: int = 0, troubles: Sequence[Trouble] = ()
) -> Raise:
    """What the centre meets while it pays itself a whole refund that was approved in advance."""

    async def raised(site: "Site", bench: "Bench") -> None:
        await listen(site, "execute")
        await approve_whole(site)
        await inspect(site, bench, grade="new", condition="A")
        shop = StrictSystem(captured={"O-1": captured}, troubles=list(troubles))
        if foreign:
            shop.refunds["by hand"] = ("O-1", foreign)
        await site.centre.checkpoints.now()
        await Release(site.centre).now()
        task = asyncio.create_task(Cashier(site.centre, books_of(site.centre), lambda _: shop).run())
        try:
            await until_raised(site, kind)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return raised


async def approve_whole(site: "Site") -> None:
    """Somebody lets whole refunds be paid, whatever they come to."""
    row = {"site": "s1", "id": "a1", "merchant": "m1", "currency": "CNY", "up_to_minor": 10_000, "by": "Ada"}
    until = {"at": site.centre.now(), "until": "2030-01-01T00:00:00.000000Z", "leaf_seq": 0}
    approval = insert(standing_approvals).values(**row, **until)
    await site.centre.writer.submit(lambda c: c.execute(approval))


async def until_raised(site: "Site", kind: CaseKind) -> None:
    """Wait for the case, moving the clock."""
    for _ in range(400):
        found = await site.centre.reader.run(lambda c: cases.open_of(c, "s1", [UNIT]))
        if any(row.kind is kind for row in found.get(UNIT, [])):
            return
        await asyncio.sleep(0.005)
        site.clock.forward(600)
        site.centre.payments_due.set()
    raise AssertionError(f"no {kind}")


async def undelivered(site: "Site", bench: "Bench") -> None:
    """The refund system took it in no attempt."""
    await listen(site)
    await inspect(site, bench)
    await site.centre.checkpoints.now()
    log, now = site.centre.log, site.clock.moment.timestamp()

    def given_up(c: Any) -> None:
        gate.lets_go(c, log.site, 100)
        for job in outbox.claim(c, log.site, now + 60, Places(most=9, taken={}), 1.0):
            outbox.give_up(c, log.site, job, "no_answer", site.centre.now())

    await site.centre.writer.submit(given_up)


async def not_in_the_parcel(site: "Site", bench: "Bench") -> None:
    """Three units were announced in a parcel, two lay in it, and its time is over."""
    others = ("R1/1/2", "R1/1/3")
    await site.announce(UNIT, *others, parcel="P-1")
    await sign_off(site)
    await site.send(bench, *(bench.signed(unit) for unit in others))
    site.clock.forward(DUE_S)
    await MissingUnits(site.centre).look()


async def sign_off(site: "Site", parcel: str = "P-1") -> None:
    """The carrier handed the parcel over now."""
    body = {"at": site.centre.now()}
    answer = await site.http.post(f"/v1/parcels/{parcel}/sign-off", json=body, headers=site.shop)
    assert answer.status_code == 200, answer.text


RAISES: dict[CaseKind, Raise] = {
    CaseKind.REFUND_WITHOUT_RETURN: without_return,
    CaseKind.AMOUNT_MISMATCH: by_outcome(refunded_total_minor=3000),
    CaseKind.CURRENCY_MISMATCH: by_outcome(currency="EUR"),
    CaseKind.OVER_REFUND: in_paying(CaseKind.OVER_REFUND, captured=4999),
    CaseKind.ALREADY_REFUNDED: in_paying(CaseKind.ALREADY_REFUNDED, foreign=1000),
    CaseKind.DUPLICATE_RETURN: returned_twice,
    CaseKind.WRONG_ITEM: by_verdict("wrong_item"),
    CaseKind.WRONG_SERIAL: by_verdict("wrong_serial"),
    CaseKind.EMPTY_BOX: by_verdict("empty_box"),
    CaseKind.PARTIAL_QUANTITY: by_verdict("over_quantity"),
    CaseKind.MISSING_UNIT: not_in_the_parcel,
    CaseKind.MISSING_PART: by_verdict("missing_part"),
    CaseKind.UNCLEAR_UNIT: by_verdict("hazard"),
    CaseKind.NEEDS_PERSON: ungraded,
    CaseKind.NEEDS_APPROVER: unapproved,
    CaseKind.CORRECTED_AFTER_REFUND: corrected,
    CaseKind.LATE_FAILURE: by_outcome(status=OutcomeStatus.FAILED, refunded_total_minor=0),
    CaseKind.REVERSED: by_outcome(status=OutcomeStatus.REVERSED, refunded_total_minor=0),
    CaseKind.STALE_VERSION: in_paying(CaseKind.STALE_VERSION, troubles=[Trouble.STALE] * 50),
    CaseKind.REJECTED: by_outcome(status=OutcomeStatus.REJECTED, refunded_total_minor=0),
    CaseKind.UNKNOWN_OUTCOME: in_paying(
        CaseKind.UNKNOWN_OUTCOME, troubles=[Trouble.LOST_AFTER, *[Trouble.DOWN] * 50]
    ),
    CaseKind.UNDELIVERED: undelivered,
}


async def the_case(site: "Site", kind: CaseKind) -> CaseRow:
    """The open case of this kind."""
    found = await site.centre.reader.run(lambda c: cases.open_of(c, site.centre.site, [UNIT]))
    (row,) = (case for case in found.get(UNIT, []) if case.kind is kind)
    return row
