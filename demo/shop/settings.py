"""What the shop is told once: where the centre is, whom to believe, how often to fail."""

import os
from pathlib import Path
from typing import Annotated, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from demo.errors import BadSetUp
from inspection.custody.policy import read_policy
from inspection.errors import BadMessage
from inspection.messages.base import Message, Name, Origin, Ppm
from inspection.messages.station import PublicKey
from inspection.messages.webhook_keys import VerifyingKey
from kit.receiver import Trust

M = TypeVar("M", bound=Message)
FILE_NAME = "shop.json"
KEY_NAME = "outcome.key"


class FaultRates(Message):
    """How often a delivery of the webhook goes wrong, in ppm of deliveries; the rest goes well."""

    error: Ppm = 0
    """500, and nothing was done."""
    silence: Ppm = 0
    """No answer at all, and nothing was done."""
    late_error: Ppm = 0
    """The refund is paid, and then the answer is 500."""
    slow: Ppm = 0
    """The refund is paid, and the answer takes its time."""


class CentreSettings(Message):
    """What a refund system is told of its centre: where it is, its key there, and whom to believe."""

    centre: str
    api_key: Annotated[str, Field(repr=False)]
    merchant: Name
    origin: Origin
    webhook_key: PublicKey
    log_key: PublicKey
    policy: str | None = None
    """The trust policy (c2sp.org/tlog-policy): which witnesses must have seen what is to be paid."""

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


class ShopSettings(CentreSettings):
    """`shop.json`, readable by its owner only: it holds an API key."""

    seed: int = 0
    """Of the fault plan: the same seed fails the same deliveries."""
    faults: FaultRates = FaultRates()
    patience_s: float = 1.5
    """How long silence lasts before the connection is dropped."""


def read_settings(directory: Path) -> ShopSettings:
    """Read `shop.json`; raises BadSetUp."""
    return read_file(directory / FILE_NAME, ShopSettings)


def read_file(path: Path, kind: type[M]) -> M:
    """Read settings of this kind; raises BadSetUp that names the file."""
    try:
        return kind.read(path.read_bytes())
    except OSError as error:
        raise BadSetUp(f"{path}: {error.strerror}") from error
    except BadMessage as error:
        raise BadSetUp(f"{path}: {error}") from error


def write_settings(directory: Path, settings: ShopSettings) -> None:
    """Write `shop.json` with mode 0600."""
    write_private(directory / FILE_NAME, settings.to_json())


def outcome_key(directory: Path) -> Ed25519PrivateKey:
    """The key that signs outcomes; made at the first start, never sent."""
    path = directory / KEY_NAME
    if not path.exists():
        write_private(path, Ed25519PrivateKey.generate().private_bytes_raw())
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    new = path.with_suffix(".new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
