"""Serve the console on this machine until it is told to stop."""

import asyncio
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from nicegui import ui

from link.only_here import OnlyHere
from server.centre import DATABASE
from server.console.board import Board
from server.console.page import build_pages
from server.console.refunds_page import build_refund_pages
from server.errors import BadSettings
from server.serving import LOOPBACK, listen, serve_app
from server.settings import ServerSettings

LINGER_S = 1
"""Open pages hold their web sockets for ever: they are closed after this."""
MOST_CONNECTIONS = 200


def serve_console(directory: Path, settings: ServerSettings, port: int) -> None:
    """Serve until SIGINT or SIGTERM; prints one line when it is ready. Raises BadSettings."""
    database = directory / DATABASE
    if not database.is_file():
        raise BadSettings(f"{directory} holds no centre; `regrade server init` makes one")
    board = Board(database, settings.site)
    try:
        with listen(LOOPBACK, port) as listening:
            address = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
            serving = serve_app(
                console_app(board, settings.site),
                listening,
                lambda: print(f"console ready {address}", flush=True),
                timeout_graceful_shutdown=LINGER_S,
                limit_concurrency=MOST_CONNECTIONS,
            )
            asyncio.run(serving)
    finally:
        board.close()


def console_app(board: Board, site: str) -> FastAPI:
    """The page in an app of its own; everything it needs comes from this machine."""
    app = FastAPI(title="Regrade console", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(OnlyHere)
    build_pages(board, site)
    build_refund_pages(board)
    options: dict[str, Any] = {"show_welcome_message": False, "tailwind": False, "reconnect_timeout": 30.0}
    ui.run_with(app, title="Regrade", **options)
    return app
