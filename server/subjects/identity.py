"""Who a key belongs to: pseudonyms of people, and the two secrets that the key store works with. Pure.

A pseudonym is an HMAC under a secret that lies in `keys.json`, apart from every database: nobody finds a
customer number by trying them all on a copy of the tables.
"""

import hmac
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from inspection.custody.canonical import canonical

SECRET_BYTES = 32


class SubjectKind(StrEnum):
    """Whose data it is."""

    CUSTOMER = "customer"
    INSPECTOR = "inspector"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SubjectSecrets:
    """What is derived from the `wrap` secret of `keys.json`. Its `repr` shows nothing."""

    wrapping: bytes
    """AES-256 key over the subjects' keys."""
    naming: bytes
    """HMAC key of the pseudonyms."""

    @classmethod
    def of(cls, wrap: bytes) -> "SubjectSecrets":
        """Derive both; RFC 5869, each under a label of its own."""
        return cls(
            wrapping=_derived(wrap, b"regrade/subject-wrapping/v1"),
            naming=_derived(wrap, b"regrade/subject-naming/v1"),
        )

    def customer(self, merchant: str, customer: str) -> str:
        """The pseudonym of a merchant's customer, 64 hex digits."""
        return self._name([SubjectKind.CUSTOMER.value, merchant, customer])

    def inspector(self, inspector: str) -> str:
        """The pseudonym of an inspector, 64 hex digits."""
        return self._name([SubjectKind.INSPECTOR.value, inspector])

    def tag(self, epc: str) -> str:
        """What stands for a tag where rows are looked up by it, 64 hex digits."""
        return self._name(["tag", epc])

    def order(self, merchant: str, order: str) -> str:
        """What stands for a merchant's order, 64 hex digits."""
        return self._name(["order", merchant, order])

    def serial(self, merchant: str, serial: str) -> str:
        """What stands for a serial number at a merchant, 64 hex digits."""
        return self._name(["serial", merchant, serial])

    def payment(self, merchant: str, payment: str) -> str:
        """What stands for a merchant's captured payment, 64 hex digits."""
        return self._name(["payment", merchant, payment])

    def transit(self) -> str:
        """The name of the key for what waits for its place after a restore, 64 hex digits: nobody's own."""
        return self._name(["transit"])

    def salt(self, erasure: str) -> bytes:
        """The salt of an erasure's commitment, 32 bytes: made again when asked for, kept nowhere."""
        return bytes.fromhex(self._name(["erasure", erasure]))

    def _name(self, parts: list[str]) -> str:
        return hmac.digest(self.naming, canonical(parts), "sha256").hex()


def _derived(secret: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=SECRET_BYTES, salt=None, info=label).derive(secret)
