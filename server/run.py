"""Serve the centre until it is told to stop."""

import gc
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from inspection.messages.entries import PolicyKind
from server.app import create_app
from server.centre import Centre, open_centre
from server.errors import LedgerFrozen, LedgerRecovering
from server.keys import ServerKeys
from server.ledger.policies import note_policy, rules_in_force
from server.serving import listen, serve_app
from server.settings import ServerSettings


async def serve(
    directory: Path, settings: ServerSettings, keys: ServerKeys, ready: Callable[[str], None]
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` hears the address once connections are accepted.

    The port is bound after the database is open and sound. What was accepted is answered first.
    """
    async with open_centre(directory, settings, keys) as centre:
        await _note_rules(directory, centre)
        listening = listen(settings.bind, settings.port)
        address = _address(settings, listening)
        _settle()
        await serve_app(
            create_app(centre),
            listening,
            lambda: ready(address),
            proxy_headers=settings.behind_proxy,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
        )


def _settle() -> None:
    """Collect garbage for the last time among what is there from the start.

    Else the collector goes through all modules, models and routes again and again, for 4 % of the time that
    records take.
    """
    gc.collect()
    gc.freeze()


async def _note_rules(directory: Path, centre: Centre) -> None:
    """Write into the ledger which rules hold from here on, where they have changed."""
    with suppress(LedgerRecovering, LedgerFrozen):  # then it is written at a later start
        for rules in rules_in_force(directory, centre.policy):
            await centre.writer.submit(partial(_note, centre, rules))


def _note(centre: Centre, rules: tuple[PolicyKind, str, str], connection: Connection) -> None:
    kind, name, sha256 = rules
    note_policy(connection, centre.log, kind, name, sha256, centre.now())


def _address(settings: ServerSettings, listening: socket.socket) -> str:
    scheme = "https" if settings.tls_cert else "http"
    host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    return f"{scheme}://{host}:{listening.getsockname()[1]}"
