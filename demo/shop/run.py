"""Runs the shop in this process until it is told to end."""

import asyncio
from pathlib import Path

import uvicorn
from pydantic import SecretStr

from demo.shop.app import HOOK, Shop, create_app
from demo.shop.ledger import Books
from demo.shop.outcomes import Teller
from demo.shop.settings import outcome_key, read_settings
from link.http import HttpConfig, HttpLink

CONNECTIONS = 64


def run(directory: Path, port: int) -> None:
    """Serve on 127.0.0.1 until SIGTERM or SIGINT."""
    asyncio.run(_serve(directory, port))


async def _serve(directory: Path, port: int) -> None:
    settings = read_settings(directory)
    books = Books(directory / "shop.sqlite")
    config = HttpConfig(base_url=settings.centre, key=SecretStr(settings.api_key), attempts=1, timeout_s=5)
    async with HttpLink(config) as centre:
        url = f"http://127.0.0.1:{port}{HOOK}"
        teller = Teller(books=books, centre=centre, key=outcome_key(directory), url=url)
        app = create_app(Shop(settings, books), teller)
        served = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            access_log=False,
            log_level="warning",
            limit_concurrency=CONNECTIONS,
        )
        await uvicorn.Server(served).serve()
    books.close()
