"""The witness over HTTP: one loop asks the witness one request at a time, and bodies have an end.

No framework stands between the socket and the codec: three routes, bytes in, bytes out. The service
listens on this machine; a proxy that terminates TLS stands in front of it where others must reach it.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import uvicorn

from inspection.custody.witnessing import MAX_REQUEST_BYTES, TEXT
from kit.witness import Reply, Witness

LOOPBACK = "127.0.0.1"
CONNECTIONS = 64
BODY_S = 10.0
"""A request that takes longer to arrive is no request."""
SUBMIT = "/add-checkpoint"
ALIVE = "/healthz"
CHECKPOINT = "/checkpoint"

Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


class WitnessApp:
    """The ASGI application: submission and monitoring prefix are one."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request; other kinds are not spoken."""
        if scope["type"] == "http":
            reply = await self._answer(scope["method"], scope["raw_path"].decode("ascii", "replace"), receive)
            await _send(send, reply)

    async def _answer(self, method: str, path: str, receive: Receive) -> Reply:
        if path == SUBMIT:
            return await self._submit(receive) if method == "POST" else _plain(405)
        if method not in ("GET", "HEAD"):
            return _plain(404)
        if path == ALIVE:
            return _plain(200)
        if path.endswith(CHECKPOINT):
            return self._witness.newest(unquote(path.removesuffix(CHECKPOINT).removeprefix("/")))
        return _plain(404)

    async def _submit(self, receive: Receive) -> Reply:
        try:
            async with asyncio.timeout(BODY_S):
                body = await _bounded(receive)
        except TimeoutError:
            return _plain(408)
        if body is None:
            return _plain(413)
        # on the loop on purpose: it is the one writer, and requests are answered in the order they came
        return self._witness.add_checkpoint(body)


async def _bounded(receive: Receive) -> bytes | None:
    """The body; None when it is larger than any request is. A caller that leaves sends nothing more."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_REQUEST_BYTES:
            return None
        if message["type"] != "http.request" or not message.get("more_body"):
            return bytes(body)


async def _send(send: Send, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _plain(status: int) -> Reply:
    return Reply(status=status, body=f"{HTTPStatus(status).phrase}\n".encode(), content_type=TEXT)


class WitnessServer(uvicorn.Server):
    """uvicorn that says when and where it accepts connections."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: Any = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._ready(f"http://{host}:{port}")


def witness_server(witness: Witness, port: int, ready: Callable[[str], None]) -> WitnessServer:
    """A server on this machine, not running yet; `ready` hears its address. `serve()` ends by a signal."""
    config = uvicorn.Config(
        WitnessApp(witness),
        host=LOOPBACK,
        port=port,
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=5,
    )
    return WitnessServer(config, ready)
