"""A payment system that answers what a test tells it to, and answers that real ones once gave."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from server.outward.calling import NoAnswer, Reply
from server.refunds.gateway import PaymentRef, Payout

RECORDED = Path(__file__).parent / "recorded"
"""Written by `tests/peers` while the real programs ran; keys and secrets taken out."""

HOSTILE = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b"<html>200 OK</html>",
    b"\xff\xfe\x00",
    b'{"payment": 1, "error": 1, "data": 1}',
    b'{"payment": {"currency_code": "eur", "refunds": [{"id": "x"}]}}',
    b'{"id": "re_1", "amount": -5, "currency": "eur", "status": "succeeded"}',
    b'{"id": "re_1", "amount": 1e3, "currency": "eur", "status": "succeeded"}',
    b'{"id": "re_1", "amount": 5, "currency": "eur", "status": "surely"}',
    b'{"data": [{"id": "re_1"}], "has_more": false}',
    b'{"data": [], "has_more": "no"}',
    b"[" * 100_000,
    b'{"error": {"code": "' + b"x" * 100_000 + b'"}}',
)
"""Bodies that no payment system documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call that was made."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Peer:
    """Answers one after the other; the last one for ever."""

    answers: list[Reply | Exception]
    asked: list[Asked] = field(default_factory=list)

    async def call(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        self.asked.append(Asked(method=method, url=url, headers=headers or {}, body=body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def says(status: int, content: bytes = b"{}", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, content=content)


def recorded(peer: str, name: str) -> Reply:
    """What a real one answered."""
    kept = json.loads((RECORDED / peer / f"{name}.json").read_text("utf-8"))
    return says(kept["status"], kept["content"].encode(), date=kept["date"])


def recorded_request(peer: str, name: str) -> bytes:
    """What a real one was asked."""
    return str(json.loads((RECORDED / peer / f"{name}.json").read_text("utf-8"))["sent"]).encode()


def lost(*, sent: bool) -> NoAnswer:
    return NoAnswer("no answer within 15 s", sent=sent)


def payout(payment: str, amount_minor: int = 1234, key: str = "R1/1/1#1/1", currency: str = "EUR") -> Payout:
    return Payout(
        key=key,
        payment=PaymentRef(merchant="m1", payment=payment, order="O-1", currency=currency),
        amount_minor=amount_minor,
        unit="R1/1/1",
        reason="refund.share",
    )
