"""What the strict refund system is told once: which side it plays, whom it tells, how often it fails."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from demo.shop.settings import CentreSettings, read_file, write_private
from demo.strict.faults import Rates
from inspection.messages.base import Message

FILE_NAME = "strict.json"
BOOKS_NAME = "strict.sqlite"


class PaymentSettings(Message):
    """A payment system in Stripe's words: the centre calls it."""

    api_key: Annotated[str, Field(repr=False, min_length=8)]
    hook_url: str | None = None
    """`{centre}/v1/hooks/{merchant}/stripe`."""
    hook_secret: Annotated[str, Field(repr=False)] = ""
    over_refund: bool = False
    """True lets more be refunded than was captured, as some systems do."""
    key_memory_s: Annotated[float, Field(ge=0)] | None = None
    """How long an idempotency key is remembered; None for ever."""


class InformSettings(CentreSettings):
    """A refund system that is told what is owed, pays, and tells what became of it."""


class StrictSettings(Message):
    """`strict.json`, readable by its owner only: it holds keys."""

    payments: PaymentSettings | None = None
    inform: InformSettings | None = None
    seed: int = 0
    """Of the fault plan: the same seed fails the same requests."""
    rates: Rates = Rates()
    patience_s: Annotated[float, Field(gt=0)] = 20.0
    """How long an answer takes that nobody waits for: more than the centre's `refund_timeout_s`."""
    late_s: Annotated[float, Field(ge=0)] = 3.0
    """How long after it was paid a refund fails at most."""


def read_settings(directory: Path) -> StrictSettings:
    """Read `strict.json`; raises BadSetUp."""
    return read_file(directory / FILE_NAME, StrictSettings)


def write_settings(directory: Path, settings: StrictSettings) -> None:
    """Write `strict.json` with mode 0600."""
    directory.mkdir(parents=True, exist_ok=True)
    write_private(directory / FILE_NAME, settings.to_json())
