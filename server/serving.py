"""An app served from a socket that is already bound, until SIGINT or SIGTERM."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from server.errors import BadSettings

GRACE_S = 10
LOOPBACK = "127.0.0.1"
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class AppServer(uvicorn.Server):
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


def listen(bind: str, port: int) -> socket.socket:
    """Take a port, before anything is served from it; raises BadSettings when it cannot be had."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    # With the protocol left at 0 asyncio does not set TCP_NODELAY, and every answer waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((bind, port))
    except OSError as error:
        listening.close()
        raise BadSettings(f"{bind} port {port} cannot be used: {error.strerror}") from error
    return listening


async def serve_app(app: Any, listening: socket.socket, started: Callable[[], None], **options: Any) -> None:
    """Serve until told to stop; what was accepted is answered first. `options` are uvicorn's."""
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        **{"timeout_graceful_shutdown": GRACE_S, **options},
    )
    await AppServer(config, started).serve(sockets=[listening])
