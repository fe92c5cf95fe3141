"""The console is for this machine: Host and Origin must name it, for pages and for web sockets.

Any page that the browser visits could send requests here (DNS rebinding, cross-site sockets).
"""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    # NiceGUI builds its page from inline scripts; nothing may come from elsewhere
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        "connect-src 'self' ws:; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


class OnlyThisMachine:
    """Lets a request pass only when it was made to this machine, by a page of this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to others; close foreign web sockets."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        port = (scope.get("server") or ("", 0))[1]
        if is_ours(headers.get("host", ""), headers.getlist("origin"), port):
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await Response("this page is for this machine only", 403)(scope, receive, send)


def is_ours(host: str, origins: Iterable[str], port: int | None) -> bool:
    """True when a request names this machine and port, and no other page sent it. Pure."""
    here = {f"{name}:{port}" for name in NAMES}
    pages = {f"http://{name}" for name in here}
    return host.lower() in here and all(origin.lower() in pages for origin in origins)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return sending
