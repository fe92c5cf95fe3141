"""Our Stripe adapter before localstripe: as far as it goes, and where it is laxer than Stripe."""

import asyncio
import re
import time
from dataclasses import dataclass, replace
from typing import Any

import httpx

from inspection.errors import BadSignature
from inspection.paying import Owed, Purse, Stop, next_step
from inspection.payouts import PayoutCode
from inspection.refund_exceptions import CaseKind
from server.errors import GatewayRefused
from server.refunds.adapters.stripe import StripeRefunds
from server.refunds.adapters.stripe_events import read_event, verify
from server.refunds.gateway import PaymentRef, Payout, PayoutState
from tests.peers.medusa_alone import short
from tests.peers.telling import Recorder, Told

KEY = "sk_test_12345"
CARD = {
    "card[number]": "4242424242424242",
    "card[exp_month]": "12",
    "card[exp_year]": "2030",
    "card[cvc]": "123",
}


@dataclass(slots=True, kw_only=True)
class Till:
    """What each scenario needs."""

    http: httpx.AsyncClient
    recorder: Recorder
    adapter: StripeRefunds
    told: Told
    number: int = 0

    async def post(self, path: str, **form: str) -> Any:
        """One request that must succeed."""
        answer = await self.http.post(path, data=form)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    async def pay(self, amount: int = 10000, currency: str = "eur") -> Any:
        """A PaymentIntent that a customer's card has paid."""
        customer = (await self.post("/v1/customers", description="peer"))["id"]
        method = (await self.post("/v1/payment_methods", type="card", **CARD))["id"]
        await self.post(f"/v1/payment_methods/{method}/attach", customer=customer)
        form = {"amount": str(amount), "currency": currency, "customer": customer}
        return await self.post("/v1/payment_intents", **form, payment_method=method, confirm="true")

    def payout(self, payment: str, amount_minor: int, currency: str = "EUR") -> Payout:
        """A new one."""
        self.number += 1
        return Payout(
            key=f"S{self.number}/1/1#1/1",
            payment=PaymentRef(merchant="m1", payment=payment, order="O-1", currency=currency),
            amount_minor=amount_minor,
            unit=f"S{self.number}/1/1",
            reason="refund.share",
        )


async def one_refund(till: Till) -> None:
    """The common case, by the PaymentIntent and by its charge."""
    paid = await till.pay()
    for name, payment, amount in (
        ("intent", str(paid["id"]), 1234),
        ("charge", str(paid["latest_charge"]["id"]), 766),
    ):
        payout = till.payout(payment, amount)
        till.recorder.keep = f"standing_{name}"
        before = await till.adapter.standing(payout.payment)
        till.recorder.keep = f"refunded_{name}"
        answer = await till.adapter.pay_back(payout)
        found = await till.adapter.look_up(payout)
        till.recorder.keep = ""
        after = await till.adapter.standing(payout.payment)
        held = answer.state == PayoutState.CONFIRMED and answer == found
        held = held and before.captured_minor == 10000
        held = held and after.refunded_minor - before.refunded_minor == amount
        seen = f"{short(answer)}; refunded {before.refunded_minor} -> {after.refunded_minor}"
        till.told.row(f"{amount} of 10000, by the {name}", held, seen)


async def refused(till: Till) -> None:
    """What it refuses."""
    unknown = till.payout("pi_0000000000000000", 100)
    till.recorder.keep = "unknown_payment"
    answer = await till.adapter.pay_back(unknown)
    try:
        standing = str(await till.adapter.standing(unknown.payment))
    except GatewayRefused as error:
        standing = f"refused: {error}"
    till.recorder.keep = "bad_key"
    stranger = StripeRefunds(till.recorder, "pk_wrong", str(till.http.base_url))
    bad_key = await stranger.pay_back(unknown)
    till.recorder.keep = ""
    held = answer.state == PayoutState.REFUSED and standing.startswith("refused")
    till.told.row("a payment that it does not know", held, f"{short(answer)}; standing {standing}")
    held = bad_key.state in (PayoutState.NOT_SENT, PayoutState.REFUSED)
    till.told.row("a wrong key", held, short(bad_key))


async def lax(till: Till) -> None:
    """What it lets through, where Stripe does not."""
    payment = str((await till.pay())["id"])
    payout = till.payout(payment, 10000)
    first, second = await till.adapter.pay_back(payout), await till.adapter.pay_back(payout)
    found = short(await till.adapter.look_up(payout))
    till.recorder.keep = "over_refunded"
    standing = await till.adapter.standing(payout.payment)
    till.recorder.keep = ""
    held = found == "confirmed paid_twice 20000" and standing.refunded_minor == 20000
    seen = f"{short(first)}, {short(second)}; looked up: {found}"
    till.told.row("the same key twice: localstripe ignores it, and refunds 200 of 100", held, seen)
    purse = Purse(
        captured_minor=standing.captured_minor,
        refunded_minor=standing.refunded_minor,
        currency=standing.currency,
        known_minor=standing.refunded_minor,
    )
    step = next_step(Owed(target_total_minor=1, currency="EUR", paid_minor=0), purse)
    held = step == Stop(case=CaseKind.OVER_REFUND)
    till.told.row("our own cap, asked for one cent more", held, f"{purse.left_minor} left: {step}")


async def pages(till: Till) -> None:
    """A refund behind the first page of a payment's refunds."""
    payment = str((await till.pay(amount=20000))["id"])
    first = till.payout(payment, 7)
    await till.adapter.pay_back(first)
    for _ in range(0, 120, 12):
        await asyncio.gather(*(till.adapter.pay_back(till.payout(payment, 1)) for _ in range(12)))
    till.recorder.calls.clear()
    found = short(await till.adapter.look_up(first))
    none = await till.adapter.look_up(till.payout(payment, 7))
    held = found == "confirmed refunded 7" and none is None and len(till.recorder.calls) == 4
    till.told.row("looked up among 121 refunds", held, f"{found}; another key: {short(none)}; 2 pages each")


async def exact(till: Till) -> None:
    """Amounts in currencies with other exponents."""
    yen = await till.adapter.pay_back(till.payout(str((await till.pay(500, "jpy"))["id"]), 120, "JPY"))
    kwd = str((await till.pay(5000, "kwd"))["id"])
    whole = await till.adapter.pay_back(till.payout(kwd, 1230, "KWD"))
    part = await till.adapter.pay_back(till.payout(kwd, 1234, "KWD"))
    held = short(yen) == "confirmed refunded 120" and short(whole) == "confirmed refunded 1230"
    held = held and part.code == PayoutCode.AMOUNT_REFUSED
    seen = f"JPY {short(yen)}; KWD {short(whole)}; KWD 1.234: {short(part)}"
    till.told.row("yen and dinars; Stripe moves no odd thousandths", held, seen)


async def forgotten(till: Till) -> None:
    """Sent more than a day ago: looked up before it is sent again."""
    payment = str((await till.pay())["id"])
    payout = till.payout(payment, 4000)
    await till.adapter.pay_back(payout)
    old = replace(payout, sent_before=till.told.began)
    late = StripeRefunds(till.recorder, KEY, str(till.http.base_url), lambda: till.told.next_day)
    till.recorder.calls.clear()
    again = await late.pay_back(old)
    refunded = (await till.adapter.standing(payout.payment)).refunded_minor
    held = short(again) == "confirmed refunded 4000" and refunded == 4000
    seen = f"{short(again)} by {till.recorder.calls[0]}; refunded {refunded}"
    till.told.row("sent again a day later", held, seen)


async def webhook(till: Till) -> None:
    """Its webhooks are signed as Stripe's; of refunds it sends none."""
    came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])  # type: ignore[index]
        if not came.done():
            came.set_result(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        hook = {"url": f"http://127.0.0.1:{port}/", "secret": "whsec_peer"}
        await till.http.post("/_config/webhooks/peer", json=hook)
        await till.pay()
        head, _, body = (await asyncio.wait_for(came, 10)).partition(b"\r\n\r\n")
    header = re.search(r"(?im)^stripe-signature: *(.+?)\r?$", head.decode())
    assert header
    verify(header[1], body, ["whsec_peer"], time.time())
    try:
        verify(header[1], body + b" ", ["whsec_peer"], time.time())
        changed = "taken"
    except BadSignature as error:
        changed = error.code
    held = read_event(body) is None and changed == "bad_signature"
    till.told.row("a webhook of its, by our check", held, f"verified, about no refund; changed: {changed}")


SCENARIOS = (one_refund, refused, lax, pages, exact, forgotten, webhook)
