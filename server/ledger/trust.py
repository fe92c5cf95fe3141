"""Which witnesses must have seen the log before money moves: `trust.policy` in the centre's folder.

The file is a c2sp.org/tlog-policy, the same that auditors and refund systems verify by. `quorum none` is
allowed, and shown for what it is: nobody would notice if this centre told two parties two histories.
"""

import stat
from pathlib import Path

from inspection.custody.note import Algorithm, VerifierKey
from inspection.custody.policy import TrustedLog, TrustPolicy, read_policy, write_policy
from inspection.errors import BadMessage, BadSignature
from link.errors import NotSent
from link.http import refuse_plain_http
from server.disk import replace_file
from server.errors import BadSettings

FILE_NAME = "trust.policy"
"""In the centre's folder, beside its keys."""


def own_key(origin: str, log_public: bytes) -> VerifierKey:
    """The log's key as policy files name it."""
    return VerifierKey(name=origin, algorithm=Algorithm.ED25519, public_key=log_public)


def first_policy(origin: str, log_public: bytes) -> TrustPolicy:
    """What a new centre begins with: its own log, no witness, `quorum none`."""
    return TrustPolicy(logs=(TrustedLog(key=own_key(origin, log_public)),))


def write_first_policy(directory: Path, origin: str, log_public: bytes) -> None:
    """Write it unless the file is there."""
    path = directory / FILE_NAME
    if not path.exists():
        path.write_bytes(write_policy(first_policy(origin, log_public)))


def read_trust(directory: Path, origin: str, *log_public: bytes) -> TrustPolicy:
    """The policy of a folder, or the first one where there is no file.

    Raises BadSettings for a file that cannot be read, that does not name this log by one of its keys,
    or whose quorum no set of witnesses with an address could meet: no refund would ever go out.
    """
    path = directory / FILE_NAME
    if not path.exists():
        return first_policy(origin, log_public[0])
    try:
        policy = read_policy(path.read_bytes())
    except (OSError, BadMessage, BadSignature) as error:
        raise BadSettings(f"{path} is no trust policy: {error}") from error
    ours = [own_key(origin, public) for public in log_public]
    if not any(log.key in ours for log in policy.logs):
        raise BadSettings(f"{path} does not name this log: add the line `log {ours[0].to_text()}`")
    if not all(witness.name.isascii() for witness in policy.witnesses):
        raise BadSettings(f"{path}: give the witnesses names in ASCII; alarms and entries name them")
    if not policy.is_met_by(witness.name for witness in policy.witnesses if witness.url):
        raise BadSettings(f"{path}: its quorum needs witnesses that have no URL; nothing would ever be paid")
    _check_urls(path, policy)
    return policy


def _check_urls(path: Path, policy: TrustPolicy) -> None:
    for witness in policy.witnesses:
        try:
            refuse_plain_http(witness.url or "https://nobody.asks")
        except NotSent as error:
            raise BadSettings(f"{path}: witness {witness.name}: {error}") from error


def name_log(directory: Path, key: VerifierKey) -> None:
    """Add a new key of the log to the policy file, beside the old one."""
    path = directory / FILE_NAME
    line = f"log {key.to_text()}"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    if lines and line not in lines:
        at = next((at for at, text in enumerate(lines) if text.startswith("log ")), len(lines))
        text = "\n".join([*lines[:at], line, *lines[at:]]) + "\n"
        replace_file(path, text.encode(), stat.S_IMODE(path.stat().st_mode))
