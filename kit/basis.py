"""What the person who checks trusts and holds already: the ground that a verification stands on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspection.custody.checkpoint import Checkpoint
from inspection.custody.leaf import Leaf
from inspection.custody.merkle import leaf_hash
from inspection.custody.note import MAX_NOTE_BYTES, Algorithm, VerifierKey, read_note
from inspection.custody.policy import (
    MAX_POLICY_BYTES,
    Accepted,
    Cosigned,
    TrustedLog,
    TrustPolicy,
    accept,
    read_policy,
)
from inspection.custody.receipt import Receipt, check_receipt
from inspection.custody.signing import key_id
from inspection.errors import BadMessage, BadSignature, DomainError, QuorumMissing, WrongLog, WrongReceipt
from inspection.messages.uplink import ReceiptMessage
from kit.errors import NotACheckpoint, NotAPolicy, NotAReceipt
from kit.walk import Pin, Problem, Rule

MAX_RECEIPT_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Trust in keys, and what was received before; empty trusts the file's own key."""

    policy: TrustPolicy | None = None
    """Logs, witnesses and quorum; goes before `key`."""
    key: bytes | None = None
    """The log's raw Ed25519 key, where there is no policy."""
    receipts: tuple[Receipt, ...] = ()
    checkpoints: tuple[bytes, ...] = ()
    """Signed notes that the log gave out earlier."""

    @property
    def own_key(self) -> bool:
        """True when nothing is trusted but what the file brings along."""
        return self.policy is None and self.key is None

    def policy_for(self, origin: str, own: bytes) -> TrustPolicy:
        """The policy to go by; without one, the given or the file's own key and no witnesses."""
        if self.policy is not None:
            return self.policy
        key = VerifierKey(name=origin, algorithm=Algorithm.ED25519, public_key=self.key or own)
        return TrustPolicy(logs=(TrustedLog(key=key),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A checkpoint that a trusted log signed: this many entries had this root."""

    name: str
    """Where it comes from, for the person at the terminal."""
    checkpoint: Checkpoint
    log: VerifierKey
    """The trusted key that signed it."""
    cosigned: tuple[Cosigned, ...] = ()
    witnessed: bool = False


def mark_of(name: str, note: bytes, policy: TrustPolicy) -> tuple[Mark | None, Problem | None]:
    """Open a checkpoint; one that lacks only its quorum is a mark all the same, beside the problem."""
    try:
        found = accept(policy, note)
    except QuorumMissing as error:
        problem = Problem(rule=Rule.QUORUM_MISSING, detail=f"{name}: {error}")
        return _unwitnessed(name, note, policy), problem
    except WrongLog as error:
        return None, Problem(rule=Rule.OTHER_LOG, detail=f"{name}: {error}")
    except DomainError as error:
        return None, Problem(rule=Rule.CHECKPOINT_SIGNATURE, detail=f"{name}: {error}")
    return _mark(name, found), None


def _mark(name: str, found: Accepted) -> Mark:
    return Mark(
        name=name,
        checkpoint=found.checkpoint,
        log=found.log,
        cosigned=found.cosigned,
        witnessed=found.witnessed,
    )


def _unwitnessed(name: str, note: bytes, policy: TrustPolicy) -> Mark:
    """The witnesses that did sign count for times, though they are too few."""
    asking_none = TrustPolicy(logs=policy.logs, witnesses=policy.witnesses)
    return _mark(name, accept(asking_none, note))


def older_marks(notes: Iterator[tuple[str, bytes]], policy: TrustPolicy) -> tuple[list[Mark], list[Problem]]:
    """Open earlier checkpoints; these need the log's signature, but no quorum."""
    marks: list[Mark] = []
    problems: list[Problem] = []
    asking_none = TrustPolicy(logs=policy.logs, witnesses=policy.witnesses)
    for name, note in notes:
        mark, problem = mark_of(name, note, asking_none)
        marks += [mark] if mark else []
        problems += [problem] if problem else []
    return marks, problems


def read_pins(basis: Basis, policy: TrustPolicy, origin: str) -> tuple[list[Pin], list[Problem]]:
    """Check receipts against the trusted log keys; what each proves, and what is wrong with the others."""
    pins: list[Pin] = []
    problems: list[Problem] = []
    for receipt in basis.receipts:
        found = _pin(receipt, policy, origin)
        if isinstance(found, Pin):
            pins.append(found)
        else:
            problems.append(found)
    return sorted(pins, key=lambda pin: pin.index), problems


def _pin(receipt: Receipt, policy: TrustPolicy, origin: str) -> Pin | Problem:
    if receipt.origin != origin:
        detail = f"the receipt is of log {receipt.origin!r}, the export of {origin!r}"
        return Problem(rule=Rule.OTHER_LOG, detail=detail)
    keys = policy.log_keys(origin)
    used = next((key for key in keys if key_id(key) == receipt.log_key), keys[0] if keys else b"")
    try:
        return _pin_of(check_receipt(receipt, used, origin), receipt)
    except BadSignature:
        detail = f"the receipt is not signed by the log key {key_id(used)}"
        return Problem(rule=Rule.RECEIPT_SIGNATURE, index=receipt.index, detail=detail)
    except (WrongReceipt, DomainError) as error:
        return Problem(rule=Rule.RECEIPT_CONTENT, index=receipt.index, detail=str(error))


def _pin_of(leaf: Leaf, receipt: Receipt) -> Pin:
    return Pin(index=receipt.index, hash=leaf_hash(receipt.leaf).hex(), prev=leaf.prev)


def read_receipt(path: Path) -> Receipt:
    """Read a receipt file, unchecked; raises NotAReceipt."""
    try:
        return ReceiptMessage.read(read_head(path, MAX_RECEIPT_BYTES)).receipt()
    except OSError as error:
        raise NotAReceipt(f"{path}: {error.strerror}") from error
    except BadMessage as error:
        raise NotAReceipt(f"{path}: {error}") from error


def read_policy_file(path: Path) -> TrustPolicy:
    """Read a policy file; raises NotAPolicy."""
    try:
        return read_policy(read_head(path, MAX_POLICY_BYTES))
    except OSError as error:
        raise NotAPolicy(f"{path}: {error.strerror}") from error
    except DomainError as error:
        raise NotAPolicy(f"{path}: {error}") from error


def read_checkpoint_file(path: Path) -> bytes:
    """Read a checkpoint file, its signatures unchecked; raises NotACheckpoint."""
    try:
        content = read_head(path, MAX_NOTE_BYTES)
        read_note(content)
    except OSError as error:
        raise NotACheckpoint(f"{path}: {error.strerror}") from error
    except DomainError as error:
        raise NotACheckpoint(f"{path}: {error}") from error
    return content


def read_head(path: Path, most: int) -> bytes:
    """At most one byte more than a file may have, so that too much is noticed; raises OSError."""
    with path.open("rb") as file:
        return file.read(most + 1)
