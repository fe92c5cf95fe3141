"""Serve the centre until it is told to stop."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from server.app import create_app
from server.centre import open_centre
from server.errors import BadSettings
from server.keys import ServerKeys
from server.settings import ServerSettings

GRACE_S = 10
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Server(uvicorn.Server):
    """uvicorn that says when it accepts connections, and leaves signals to its owner.

    Its own `capture_signals` raises the signal again at the end: the process would die by it before
    the database is closed.
    """

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._said = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._said()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM stop the server, and nothing else."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)


async def serve(
    directory: Path, settings: ServerSettings, keys: ServerKeys, ready: Callable[[str], None]
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` hears the address once connections are accepted.

    The port is bound after the database is open and sound. What was accepted is answered first.
    """
    async with open_centre(directory, settings, keys) as centre:
        listening = _listen(settings)
        address = _address(settings, listening)
        server = _Server(_config(settings, create_app(centre)), lambda: ready(address))
        await server.serve(sockets=[listening])


def _config(settings: ServerSettings, app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type] # uvicorn's own ASGI types are not Starlette's
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=settings.behind_proxy,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=GRACE_S,
    )


def _listen(settings: ServerSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
    # With the protocol left at 0 asyncio does not set TCP_NODELAY, and every answer waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.bind, settings.port))
    except OSError as error:
        listening.close()
        raise BadSettings(f"{settings.bind} port {settings.port} cannot be used: {error.strerror}") from error
    return listening


def _address(settings: ServerSettings, listening: socket.socket) -> str:
    scheme = "https" if settings.tls_cert else "http"
    host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    return f"{scheme}://{host}:{listening.getsockname()[1]}"
