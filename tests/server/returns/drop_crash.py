"""A centre that reads a dropped file and dies in the middle: run by the test of it, as its own process.

Arguments: the centre's folder, the batch at which it dies (0: when all are read), and when: `before` it is
settled, or `inside` the transaction that settles it.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from server.centre import open_centre
from server.keys import read_keys
from server.returns.dropping import repository, watcher
from server.returns.dropping.watcher import Watcher, settle_batch
from server.settings import ServerSettings

DIED = 9


async def main(folder: Path, deadly: int, when: str) -> None:
    settings = ServerSettings(
        host_name="centre.test", site="s1", returns_drop_dir=folder / "drop", drop_settle_s=0
    )
    count = 0

    def counted(*args: Any, **named: Any) -> list[str]:
        nonlocal count
        count += 1
        if (count, when) == (deadly, "before"):
            os._exit(DIED)
        done = settle_batch(*args, **named)
        if (count, when) == (deadly, "inside"):
            os._exit(DIED)
        return done

    def ending(*_: Any) -> None:
        os._exit(DIED)

    setattr(watcher, "settle_batch", counted)  # noqa: B010 # seen by mypy as the function it stands for
    if deadly == 0:
        setattr(repository, "end", ending)  # noqa: B010
    async with open_centre(folder, settings, read_keys(folder)) as centre:
        await Watcher(centre, folder / "drop").turn()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
