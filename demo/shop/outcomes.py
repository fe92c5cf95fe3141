"""Tells the centre what became of each refund, signed, until it has answered."""

import asyncio
import base64
import time
from dataclasses import dataclass

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from demo.shop.ledger import Books, Waiting
from inspection.custody.signing import public_bytes
from inspection.errors import BadMessage
from inspection.messages.refund import OutcomeAnswer
from inspection.messages.webhook import sign_webhook
from inspection.messages.webhook_keys import SigningKey
from link.errors import LinkError, Refused
from link.http import HttpLink

IDLE_S = 0.2
AFTER_FAULT_S = 0.5
FINAL = frozenset({404, 409, 422})
"""No such instruction, another content under the same id, not readable: never another answer to the same
bytes. Any other refusal is about the caller or the moment (403 also while the clocks differ), so it is
told again, under a new timestamp.
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Announces the shop's endpoint once, then sends outcomes as they come up."""

    books: Books
    centre: HttpLink
    key: Ed25519PrivateKey
    url: str
    """Where the centre should send instructions."""

    async def run(self) -> None:
        """Work until cancelled."""
        announced = False
        while True:
            announced = announced or await self._announced()
            waiting = self.books.waiting()
            told = [await self._tell(one) for one in waiting]
            await asyncio.sleep(IDLE_S if announced and all(told) else AFTER_FAULT_S)

    async def _announced(self) -> bool:
        outcome_key = base64.b64encode(public_bytes(self.key)).decode()
        body = {"url": self.url, "outcome_public_key": outcome_key}
        try:
            await self.centre.request("PUT", "/v1/refunds/endpoint", json=body)
        except LinkError as error:
            log.warning("not announced", reason=str(error))
            return False
        return True

    async def _tell(self, waiting: Waiting) -> bool:
        headers = sign_webhook((SigningKey(self.key),), waiting.id, int(time.time()), waiting.body)
        try:
            answer = await self.centre.request(
                "POST",
                "/v1/refunds/outcomes",
                content=waiting.body,
                headers=headers | {"Content-Type": "application/json"},
                idempotent=True,
            )
            told = OutcomeAnswer.read(answer.content)
        except (LinkError, BadMessage) as error:
            return self._not_told(waiting, error)
        self.books.answered(waiting.id, "recorded" if told.matches else "mismatch")
        return True

    def _not_told(self, waiting: Waiting, error: LinkError | BadMessage) -> bool:
        """Give up for good where the same bytes never get another answer; True then."""
        if not isinstance(error, Refused) or error.status not in FINAL:
            log.info("outcome not told yet", outcome=waiting.id, reason=str(error))
            self.books.tried(waiting.id)
            return False
        code = str(error.problem.get("code", error.status))
        log.error("outcome given up", outcome=waiting.id, answer=code, reason=str(error))
        self.books.answered(waiting.id, code)
        return True
