"""`regrade server contract`: the interfaces as documents, for whoever makes a client."""

import sys
from enum import StrEnum
from typing import Annotated

import typer


class Kind(StrEnum):
    """Which interface."""

    OPENAPI = "openapi"
    """The HTTP API."""
    ASYNCAPI = "asyncapi"
    """What goes out and comes in as messages by themselves."""


def register(server: typer.Typer) -> None:
    """Mount the command."""
    server.command("contract")(contract)


def contract(kind: Annotated[Kind, typer.Argument(help="openapi or asyncapi.")]) -> None:
    """Print the contract of the HTTP API, or of the messages; the same program prints the same bytes."""
    from server.app import routes_app
    from server.contract import asyncapi, openapi
    from server.contract.text import text_of

    made = openapi.document(routes_app()) if kind is Kind.OPENAPI else asyncapi.document()
    sys.stdout.buffer.write(text_of(made))
