"""The station's own web server: state, pictures, metrics; on 127.0.0.1 alone.

Any web page that the bench's browser visits could send requests here (DNS rebinding, cross-site
sockets), so Host and Origin must name this very machine, for HTTP and for web sockets.
"""

from collections.abc import Iterable

from fastapi import FastAPI, Response
from prometheus_client import generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from devices.errors import DeviceError
from edge.reporting import Reporting
from edge.snapshot import Snapshot

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
NO_STORE = {"Cache-Control": "no-store"}


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


def create_app(reporting: Reporting) -> FastAPI:
    """The routes of a running station; the inspector's page is added by `edge.page`."""
    app = FastAPI(title="Regrade station", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(OnlyHere)
    station = reporting.station

    @app.get("/state.json", response_model=None)
    async def state(response: Response) -> Snapshot:
        response.headers.update(NO_STORE)
        return await reporting.snapshot()

    @app.get("/live/{view}.jpg")
    async def live(view: str) -> Response:
        try:
            picture = station.seeing.senses.latest(view)
        except DeviceError:
            picture = None
        if picture is None:
            return Response(status_code=404, headers=NO_STORE)
        return Response(picture.content, media_type=picture.media_type, headers=NO_STORE)

    @app.get("/frame/{view}.jpg")
    async def frame(view: str) -> Response:
        item = station.bench.item
        found = [each for each in item.frames if each.view == view] if item else []
        if not found:
            return Response(status_code=404, headers=NO_STORE)
        return Response(found[0].content, media_type=found[0].media_type, headers=NO_STORE)

    @app.get("/metrics")
    async def metrics() -> Response:
        await reporting.figures()
        text = generate_latest(reporting.metrics.registry)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    return app


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return sending
