"""Three verifiers before one case: ours, the one file that ships in packs, and the tests' own."""

import argparse
import importlib.util
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

from inspection.custody.policy import read_policy
from inspection.errors import DomainError
from inspection.messages.uplink import ReceiptMessage
from kit.basis import Basis
from kit.errors import KitError
from kit.remarks import Oddity
from kit.verify import Report, verify_log
from kit.verify_bundle import verify_pack
from kit.verify_export import verify_export
from kit.verify_proof import verify_proof
from tests.kit import reference
from tests.kit.attacks import ACCEPT, REJECT, REMARK, Case

Judge = Callable[[Case], str]


@dataclass(frozen=True, kw_only=True)
class FileSet:
    """An archive that lies in memory."""

    files: dict[str, bytes]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.files)

    def read(self, name: str) -> bytes:
        return self.files[name]

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.files[name])

    def size(self, name: str) -> int:
        return len(self.files[name])


def ours(case: Case) -> str:
    """`regrade verify`."""
    try:
        report = _report(case)
    except (KitError, DomainError):
        return REJECT
    if not report.verified:
        return REJECT
    return REMARK if any(each.oddity == Oddity.OMISSION for each in report.remarks) else ACCEPT


def _report(case: Case) -> Report:
    policy, files = read_policy(case.policy), FileSet(files=case.files)
    if "proof" in case.files:
        return verify_proof(case.files["leaf"], case.files["proof"], policy)
    if "bundle.json" in case.files:
        return verify_pack(files, policy)
    receipts = tuple(ReceiptMessage.read(each).receipt() for each in case.receipts)
    basis = Basis(policy=policy, receipts=receipts, checkpoints=case.checkpoints)
    if set(case.files) == {"leaves.jsonl"}:
        return verify_log(files.open("leaves.jsonl"), basis=basis)
    return verify_export(files, basis)


@cache
def standalone_module() -> ModuleType:
    """kit/standalone/regrade_verify.py, loaded from its path as a stranger would."""
    path = Path(__file__).parents[2] / "kit" / "standalone" / "regrade_verify.py"
    spec = importlib.util.spec_from_file_location("regrade_verify_alone", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def standalone(case: Case) -> str:
    """The one file."""
    alone = standalone_module()
    files = {name: partial(bytes, content) for name, content in case.files.items()}
    held = argparse.Namespace(receipt=case.receipts, checkpoint=case.checkpoints)
    try:
        policy = alone.Policy(case.policy.decode())
        if "proof" in files:
            index, state = alone.check_proof(case.files["proof"], case.files["leaf"], policy)
            alone.Entries(state[0]).take(case.files["leaf"], index)
            return ACCEPT
        if "bundle.json" in files:
            alone.check_bundle(case.files["bundle.json"], files, policy, True)
            return ACCEPT
        beside = files if len(files) > 1 else {}
        said = alone.check_export(case.files["leaves.jsonl"], beside, policy, held)
    except (alone.Failed, *alone.UNREADABLE):
        return REJECT
    return ACCEPT if ", 0 gaps" in said else REMARK


def independent(case: Case) -> str:
    """The tests' own."""
    try:
        trust = reference.read_trust(case.policy)
        if "proof" in case.files:
            index, seen = reference.check_one(case.files["proof"], case.files["leaf"], trust)
            reference.Ledger(seen.origin).read(case.files["leaf"], index)
            return ACCEPT
        if "bundle.json" in case.files:
            reference.check_pack(case.files, trust)
            return ACCEPT
        gaps = reference.check_log(case.files, trust, list(case.receipts), list(case.checkpoints))
    except reference.DECIDED:
        return REJECT
    return REMARK if gaps else ACCEPT


JUDGES: dict[str, Judge] = {"regrade verify": ours, "regrade_verify.py": standalone, "tests": independent}
