"""A door for pages that belong to this machine alone: Host and Origin must name it.

Any web page that the machine's browser visits could send requests here (DNS rebinding, cross-site
sockets), so both are checked for HTTP and for web sockets, and nothing may be loaded from elsewhere.
"""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost", "[::1]")
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws:; frame-ancestors 'none'"
)
"""NiceGUI builds its page from inline scripts; nothing may come from elsewhere."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


class OnlyHere:
    """Lets a request pass only when it was made to this machine, by a page of this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 421 or 403 to others; close foreign web sockets."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        port = (scope.get("server") or ("", 0))[1]
        refusal = refused(headers.get("host", ""), headers.getlist("origin"), port)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await Response(refusal[1], refusal[0])(scope, receive, send)


def refused(host: str, origins: Iterable[str], port: int | None) -> tuple[int, str] | None:
    """Say with which status a request is refused, and why; None where it may pass."""
    here = {f"{name}:{port}" for name in NAMES}
    if host.lower() not in here:
        return 421, "this page is for this machine only"
    if any(origin.lower() not in {f"http://{name}" for name in here} for origin in origins):
        return 403, "another page may not use this one"
    return None


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return sending
