"""The station's web server inside the station's own event loop, without its own signals."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from edge.errors import PortTaken

HOST = "127.0.0.1"
LINGER_S = 1


class PageServer(uvicorn.Server):
    """uvicorn, stopped by the station alone: two handlers for one signal would race."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=LINGER_S,
                limit_concurrency=200,
                server_header=False,
            )
        )
        self.ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the station."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, and tell that the page answers."""
        await super().startup(sockets)
        self.ready.set()


def open_port(port: int) -> socket.socket:
    """Listen on the loopback address alone; raises PortTaken."""
    # With the protocol left at 0 asyncio does not set TCP_NODELAY, and every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise PortTaken(f"port {port} of the page is taken: choose another with --port") from error
    return listener
