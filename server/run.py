"""Serve the centre until it is told to stop."""

import socket
from collections.abc import Callable
from pathlib import Path

from server.app import create_app
from server.centre import open_centre
from server.keys import ServerKeys
from server.serving import listen, serve_app
from server.settings import ServerSettings


async def serve(
    directory: Path, settings: ServerSettings, keys: ServerKeys, ready: Callable[[str], None]
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` hears the address once connections are accepted.

    The port is bound after the database is open and sound. What was accepted is answered first.
    """
    async with open_centre(directory, settings, keys) as centre:
        listening = listen(settings.bind, settings.port)
        address = _address(settings, listening)
        await serve_app(
            create_app(centre),
            listening,
            lambda: ready(address),
            proxy_headers=settings.behind_proxy,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
        )


def _address(settings: ServerSettings, listening: socket.socket) -> str:
    scheme = "https" if settings.tls_cert else "http"
    host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    return f"{scheme}://{host}:{listening.getsockname()[1]}"
