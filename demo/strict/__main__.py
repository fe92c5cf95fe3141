"""Run it: `python -m demo.strict --dir DIR --port 8700`, with a `strict.json` in DIR.

Without one, `--new` writes one for a payment system whose key is `sk_test_strict`, all faults included.
"""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from demo.strict.app import create_app
from demo.strict.faults import Rates
from demo.strict.settings import FILE_NAME, PaymentSettings, StrictSettings, read_settings, write_settings

EVERYTHING = Rates.model_validate(
    dict.fromkeys(Rates.model_fields, 30000) | {"late_failure": 10_000, "doubled": 100_000}
)
"""Every fault often enough to be seen."""
CONNECTIONS = 512


def main(
    dir: Annotated[Path, typer.Option(help="Its folder: settings, key and books.")],
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8700,
    new: Annotated[bool, typer.Option("--new", help="Write settings for a payment system first.")] = False,
    hooks: Annotated[str | None, typer.Option(help="Where the payment system's webhooks go.")] = None,
    secret: Annotated[str, typer.Option(help="What signs them.")] = "",
    seed: Annotated[int, typer.Option(help="What the faults follow from.")] = 1,
) -> None:
    """Play a refund system."""
    if new and not (dir / FILE_NAME).exists():
        account = PaymentSettings(api_key="sk_test_strict", hook_url=hooks, hook_secret=secret)
        write_settings(dir, StrictSettings(payments=account, seed=seed, rates=EVERYTHING))
    app = create_app(dir, read_settings(dir))
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        access_log=False,
        log_level="critical",
        limit_concurrency=CONNECTIONS,
    )


if __name__ == "__main__":
    typer.run(main)
