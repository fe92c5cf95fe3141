"""A man in the middle between one station and the centre, who lies now and then.

For chosen answers to `POST /v1/records` it forges a receipt, answers with the receipt of another
record, or drops the answer after the centre has acted. A station must believe none of it and lose
nothing. Plain HTTP/1.1 on loopback; everything else passes untouched.
"""

import asyncio
import itertools
import socket
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum

import httpx
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inspection.custody.receipt import issue_receipt
from inspection.messages.uplink import BatchAnswer, ReceiptMessage
from link.tls import in_the_clear

RECORDS = "/v1/records"
LARGEST_BODY = 32 * 1024 * 1024
HOP_BY_HOP = frozenset(
    {"connection", "host", "keep-alive", "te", "transfer-encoding", "upgrade", "content-length"}
)
METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]


class Lie(StrEnum):
    """What the proxy does to an answer."""

    FORGED = "forged_receipt"
    ANOTHER = "another_receipt"
    DROPPED = "dropped_answer"


PLAN: Mapping[int, Lie] = {2: Lie.FORGED, 4: Lie.DROPPED, 6: Lie.ANOTHER, 9: Lie.DROPPED, 12: Lie.FORGED}
"""Which batch answer, counted from 1, is lied about; the others are not."""
EVERY = 15
"""After so many answers the plan begins anew."""


class Proxy:
    """Forwards to the centre; `counts` tells how often it lied."""

    def __init__(self, centre: str) -> None:
        self.counts: Counter[str] = Counter()
        self._client = httpx.AsyncClient(
            base_url=centre, timeout=15.0, trust_env=False, verify=in_the_clear()
        )
        self._numbers = itertools.count(1)
        self._seen: deque[ReceiptMessage] = deque(maxlen=8)
        self._key = Ed25519PrivateKey.generate()

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def forward(self, request: Request) -> Response:
        """Pass a request on and its answer back."""
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        body = await request.body()
        if len(body) > LARGEST_BODY:
            return Response(status_code=413)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        try:
            answer = await self._client.request(request.method, path, content=body, headers=headers)
        except httpx.HTTPError:
            return Response(status_code=502)
        content = answer.content
        if request.url.path == RECORDS and answer.status_code == 200:
            changed = self._lie(content)
            if changed is None:
                return Response(status_code=502)
            content = changed
        passed = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
        return Response(content, answer.status_code, passed)

    def _lie(self, content: bytes) -> bytes | None:
        """The answer as the station gets it; None when it gets none."""
        lie = PLAN.get(next(self._numbers) % EVERY)
        answer = BatchAnswer.read(content)
        receipts = [one for one in answer.results if isinstance(one, ReceiptMessage)]
        if lie is None or not receipts or (lie is Lie.ANOTHER and not self._seen):
            self._seen.extend(receipts)
            return content
        self.counts[lie.value] += 1
        if lie is Lie.DROPPED:
            return None
        swapped = [
            self._false(one, lie) if isinstance(one, ReceiptMessage) else one for one in answer.results
        ]
        self._seen.extend(receipts)
        return BatchAnswer(results=tuple(swapped)).to_json()

    def _false(self, receipt: ReceiptMessage, lie: Lie) -> ReceiptMessage:
        if lie is Lie.ANOTHER:
            return self._seen[0]
        forged = issue_receipt(self._key, receipt.origin, receipt.index, receipt.leaf)
        return receipt.model_copy(update={"signature": forged.signature})


@asynccontextmanager
async def running_proxy(centre: str, port: int) -> AsyncIterator[Proxy]:
    """A proxy on 127.0.0.1, in this process, for as long as the block lasts."""
    proxy = Proxy(centre)
    app = Starlette(routes=[Route("/{path:path}", proxy.forward, methods=METHODS)])
    config = uvicorn.Config(app, access_log=False, log_level="warning", lifespan="off")
    server = _QuietServer(config)
    with socket.create_server(("127.0.0.1", port)) as listening:  # takes connections from here on
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield proxy
        finally:
            server.should_exit = True
            await serving
            await proxy.close()


class _QuietServer(uvicorn.Server):
    """uvicorn that leaves the signals to the process that it lives in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield
