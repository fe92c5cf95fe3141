"""What the strict refund system is told once: which side it plays, whom it tells, how often it fails."""

from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from demo.errors import BadSetUp
from demo.shop.settings import write_private
from demo.strict.faults import Rates
from inspection.custody.policy import read_policy
from inspection.errors import BadMessage
from inspection.messages.base import Message, Name, Origin
from inspection.messages.station import PublicKey
from inspection.messages.webhook_keys import VerifyingKey
from kit.receiver import Trust

FILE_NAME = "strict.json"
KEY_NAME = "outcome.key"
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


class InformSettings(Message):
    """A refund system that is told what is owed, pays, and tells what became of it."""

    centre: str
    api_key: Annotated[str, Field(repr=False)]
    merchant: Name
    origin: Origin
    webhook_key: PublicKey
    log_key: PublicKey
    policy: str | None = None
    """The trust policy: which witnesses must have seen what is to be paid."""

    @property
    def trust(self) -> Trust:
        """Whom it believes."""
        return Trust(
            webhook_keys=(VerifyingKey(self.webhook_key),),
            log_key=self.log_key,
            origin=self.origin,
            merchant=self.merchant,
            policy=None if self.policy is None else read_policy(self.policy.encode()),
        )


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
    try:
        return StrictSettings.read((directory / FILE_NAME).read_bytes())
    except OSError as error:
        raise BadSetUp(f"{directory / FILE_NAME}: {error.strerror}") from error
    except BadMessage as error:
        raise BadSetUp(f"{directory / FILE_NAME}: {error}") from error


def write_settings(directory: Path, settings: StrictSettings) -> None:
    """Write `strict.json` with mode 0600."""
    directory.mkdir(parents=True, exist_ok=True)
    write_private(directory / FILE_NAME, settings.to_json())


def outcome_key(directory: Path) -> Ed25519PrivateKey:
    """The key that signs outcomes; made at the first start, never sent."""
    path = directory / KEY_NAME
    if not path.exists():
        write_private(path, Ed25519PrivateKey.generate().private_bytes_raw())
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
