"""What the adapters that call a payment system share: asking, and what an HTTP status is certain of.

Only a refusal that the platform gives before it does anything is certain. Everything else that is not a
success may have moved money, a 400 too: Medusa answers one after it has paid.
"""

from collections.abc import Mapping
from typing import Protocol

from inspection.payouts import PayoutCode
from server.errors import EndpointRefused, GatewayDown, GatewayRefused
from server.outward.calling import NoAnswer, Reply, retry_after_s
from server.refunds.gateway import Payout, PayoutAnswer, PayoutState, RefundGateway


class Calls(Protocol):
    """What an adapter needs of `server.outward.calling.Caller`."""

    async def call(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """Call once; raises NoAnswer or EndpointRefused."""
        ...


def answer(state: PayoutState, code: PayoutCode) -> PayoutAnswer:
    """An answer that names no refund."""
    return PayoutAnswer(state=state, code=code)


async def ask(caller: Calls, url: str, headers: Mapping[str, str]) -> Reply:
    """GET what a payment system says; raises GatewayDown for now, GatewayRefused for good."""
    try:
        reply = await caller.call("GET", url, headers)
    except (NoAnswer, EndpointRefused) as error:
        raise GatewayDown(f"the payment system cannot be asked: {error}") from error
    if reply.status in (401, 403):
        raise GatewayRefused("the payment system refuses the key")
    if reply.status == 404:
        raise GatewayRefused("the payment system knows no such payment")
    if reply.status != 200 or reply.cut:
        raise GatewayDown(f"the payment system answered HTTP {reply.status}, which says nothing")
    return reply


async def post(caller: Calls, url: str, headers: Mapping[str, str], body: bytes) -> Reply | PayoutAnswer:
    """POST once; an answer of ours where the status, or its absence, says all there is to know."""
    try:
        reply = await caller.call("POST", url, headers, body)
    except EndpointRefused:
        return answer(PayoutState.NOT_SENT, PayoutCode.ADDRESS_REFUSED)
    except NoAnswer as error:
        if error.sent:
            return answer(PayoutState.UNKNOWN, PayoutCode.NO_ANSWER)
        return answer(PayoutState.NOT_SENT, PayoutCode.NOT_REACHED)
    return _by_status(reply) or reply


async def unless_paid(
    gateway: RefundGateway,
    payout: Payout,
    said: PayoutAnswer,
    doubted: frozenset[PayoutCode] = frozenset({PayoutCode.ALREADY_REFUNDED}),
) -> PayoutAnswer:
    """A refusal, unless the money moved all the same: then what became of it.

    Read back where an earlier attempt of ours may be why, and where the reason is one of the `doubted`.
    """
    again = payout.sent_before is not None or said.code in doubted
    if said.state != PayoutState.REFUSED or not again:
        return said
    try:
        return await gateway.look_up(payout) or said
    except GatewayDown:
        return answer(PayoutState.UNKNOWN, PayoutCode.NO_ANSWER)


def _by_status(reply: Reply) -> PayoutAnswer | None:
    if reply.status in (401, 403):
        return answer(PayoutState.NOT_SENT, PayoutCode.CREDENTIALS_REFUSED)
    if reply.status == 429:
        return PayoutAnswer(
            state=PayoutState.NOT_SENT,
            code=PayoutCode.TOO_MANY_CALLS,
            retry_after_s=retry_after_s(reply.headers),
        )
    if reply.status >= 500:
        return answer(PayoutState.UNKNOWN, PayoutCode.PEER_FAILED)
    if reply.cut:
        return answer(PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER)
    return None
