"""Work at a centre that is stopped, from the command line: a running one alone writes its database."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from server.centre import Centre

T = TypeVar("T")


def with_centre(directory: Path, work: "Callable[[Centre], Awaitable[T]]", instead: str = "") -> T:
    """Do something with a stopped centre.

    Raises AlreadyRunning while it runs, with the route `instead` that does the same there, if one does.
    """
    import asyncio
    import os

    from server.centre import DATABASE, open_centre
    from server.errors import AlreadyRunning, BadSettings
    from server.keys import read_keys
    from server.settings import load_settings

    if not (directory / DATABASE).is_file():
        raise BadSettings(f"{directory} holds no centre; `regrade server init` makes one")
    settings, keys = load_settings(directory, os.environ), read_keys(directory)

    async def run() -> T:
        async with open_centre(directory, settings, keys) as centre:
            return await work(centre)

    try:
        return asyncio.run(run())
    except AlreadyRunning as error:
        if not instead:
            raise
        raise AlreadyRunning(
            f"this centre runs, and it alone writes its database: {instead} does the same"
        ) from error
