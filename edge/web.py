"""The station's own web server: state, pictures, metrics; on 127.0.0.1 alone."""

from fastapi import FastAPI, Response
from prometheus_client import generate_latest

from devices.errors import DeviceError
from edge.reporting import Reporting
from edge.snapshot import Snapshot
from link.only_here import OnlyHere

NO_STORE = {"Cache-Control": "no-store"}


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
