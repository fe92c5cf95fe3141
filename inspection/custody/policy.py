"""Whom a reader of checkpoints trusts: logs, witnesses, and how many of them (C2SP tlog-policy).

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>...
    quorum <name>|none

`quorum none` is allowed and said aloud: such a reader cannot tell when a log shows two histories
(`TrustPolicy.detects_forks`). Names are opaque octets: bytes that are no UTF-8 are carried through as lone
surrogates, so two names are the same exactly when their bytes are.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from inspection.custody.checkpoint import Checkpoint, open_signed, verify_cosignature
from inspection.custody.note import Algorithm, Note, VerifierKey, read_note, read_vkey
from inspection.errors import BadMessage, QuorumMissing

NO_QUORUM = "none"
MAX_POLICY_BYTES = 256 * 1024
FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
BLANKS = re.compile(r"[ \t]+")
THRESHOLD = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedLog:
    """A log whose checkpoints count."""

    key: VerifierKey
    """Ed25519, type 0x01; its name is the log's origin."""
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedWitness:
    """A witness whose cosignatures count."""

    name: str
    """Known in this policy only; the name in signature lines is the key's."""
    key: VerifierKey
    """Ed25519 cosignature key, type 0x04."""
    url: str | None = None
    """Prefix under which it takes checkpoints (`add-checkpoint`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessGroup:
    """Witnesses and groups of which `threshold` must have witnessed."""

    name: str
    threshold: int
    """1..len(members)."""
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustPolicy:
    """A policy file's content; raises BadMessage when made of parts that contradict each other."""

    logs: tuple[TrustedLog, ...] = ()
    witnesses: tuple[TrustedWitness, ...] = ()
    groups: tuple[WitnessGroup, ...] = ()
    """Each names only witnesses and groups before it."""
    quorum: str = NO_QUORUM
    """Name of the witness or group that must have witnessed, or `none`."""

    def __post_init__(self) -> None:
        _once("log key", (log.key.public_key for log in self.logs))
        _once("witness key", (witness.key.public_key for witness in self.witnesses))
        _check_keys("log", Algorithm.ED25519, (log.key for log in self.logs))
        _check_keys("witness", Algorithm.COSIGNATURE_ED25519, (witness.key for witness in self.witnesses))
        _once("name", (NO_QUORUM, *self._names()))
        _once("group member", (member for group in self.groups for member in group.members))
        _check_groups(self.groups, {witness.name for witness in self.witnesses})
        if self.quorum != NO_QUORUM and self.quorum not in self._names():
            raise BadMessage(f"the quorum {self.quorum!r} is no witness and no group")

    @property
    def detects_forks(self) -> bool:
        """False when no witness must have seen what this reader sees."""
        return self.quorum != NO_QUORUM

    def log_keys(self, origin: str) -> tuple[bytes, ...]:
        """The raw public keys of the logs of this name, in the policy's order."""
        return tuple(log.key.public_key for log in self.logs if log.key.name == origin)

    def is_met_by(self, witnesses: Iterable[str]) -> bool:
        """True when cosignatures by these witnesses (names of this policy) make the quorum."""
        met = {NO_QUORUM, *witnesses}
        for group in self.groups:
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(group.name)
        return self.quorum in met

    def _names(self) -> tuple[str, ...]:
        return (*(witness.name for witness in self.witnesses), *(group.name for group in self.groups))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A witness of the policy has cosigned."""

    name: str
    """The witness's name in the policy."""
    at_s: int
    """Seconds after the epoch by the witness's clock; the latest when it cosigned more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A checkpoint that a policy accepts, and what speaks for it."""

    checkpoint: Checkpoint
    log: VerifierKey
    cosigned: tuple[Cosigned, ...]
    """Every witness of the policy that cosigned, in the policy's order."""
    witnessed: bool
    """True when the policy asks for a quorum, and it is met."""


def accept(policy: TrustPolicy, note: bytes) -> Accepted:
    """Return the checkpoint if the policy accepts it.

    Raises BadMessage, WrongLog, BadSignature (also for one wrong line by a known log or witness), or
    QuorumMissing. Whether a cosignature is recent enough is for who has a clock.
    """
    found = read_note(note)
    checkpoint, log = open_signed(found, [trusted.key for trusted in policy.logs])
    cosigned = tuple(_cosigned(policy, found))
    if not policy.is_met_by(each.name for each in cosigned):
        who = ", ".join(each.name for each in cosigned) or "none"
        raise QuorumMissing(f"the policy asks for {policy.quorum!r}; of its witnesses cosigned: {who}")
    return Accepted(checkpoint=checkpoint, log=log, cosigned=cosigned, witnessed=policy.detects_forks)


def _cosigned(policy: TrustPolicy, note: Note) -> Iterable[Cosigned]:
    for witness in policy.witnesses:
        lines = [line for line in note.signatures if witness.key.signed(line)]
        times = [verify_cosignature(witness.key, note.text, line) for line in lines]
        if times:
            yield Cosigned(name=witness.name, at_s=max(times))


def _once(what: str, values: Iterable[object]) -> None:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise BadMessage(f"a {what} stands twice in the policy: {_shown(value)}")
        seen.add(value)


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)


def _check_keys(what: str, algorithm: Algorithm, keys: Iterable[VerifierKey]) -> None:
    for key in keys:
        if key.algorithm is not algorithm:
            raise BadMessage(
                f"the {what} key of {key.name} has type 0x{key.algorithm:02x}, not 0x{algorithm:02x}"
            )


def _check_groups(groups: Iterable[WitnessGroup], known: set[str]) -> None:
    for group in groups:
        if unknown := [member for member in group.members if member not in known]:
            raise BadMessage(
                f"group {group.name!r} has a member that is not defined before it: {unknown[0]!r}"
            )
        if not 1 <= group.threshold <= len(group.members):
            raise BadMessage(f"group {group.name!r} asks for {group.threshold} of {len(group.members)}")
        known.add(group.name)


def read_policy(content: bytes) -> TrustPolicy:
    """Read a policy file; raises BadMessage that names the line, or BadSignature for a key of small order."""
    if len(content) > MAX_POLICY_BYTES:
        raise BadMessage(f"a policy may have {MAX_POLICY_BYTES} bytes, this one has {len(content)}")
    if found := FORBIDDEN.search(content):
        raise BadMessage(f"a policy has no control character, this one has one at {found.start()}")
    reading = _Reading()
    for number, line in enumerate(content.decode("utf-8", "surrogateescape").split("\n"), start=1):
        words = BLANKS.split(line.strip(" \t"))
        if words[0] and not words[0].startswith("#"):
            reading.take(number, words)
    return reading.policy()


class _Reading:
    """What the lines so far have defined."""

    def __init__(self) -> None:
        self.logs: list[TrustedLog] = []
        self.witnesses: list[TrustedWitness] = []
        self.groups: list[WitnessGroup] = []
        self.quorum: str | None = None
        self._defined: set[str] = set()
        self._by_word: dict[str, Callable[[Sequence[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }

    def take(self, number: int, words: Sequence[str]) -> None:
        """Take one line that is neither empty nor a comment."""
        try:
            reader = self._by_word[words[0]]
        except KeyError:
            raise BadMessage(f"line {number} of the policy: unknown word {words[0]!r}") from None
        try:
            reader(words[1:])
        except BadMessage as error:
            raise BadMessage(f"line {number} of the policy: {error}") from error

    def policy(self) -> TrustPolicy:
        """All lines together."""
        if self.quorum is None:
            raise BadMessage("the policy has no quorum line")
        return TrustPolicy(
            logs=tuple(self.logs),
            witnesses=tuple(self.witnesses),
            groups=tuple(self.groups),
            quorum=self.quorum,
        )

    def _log(self, words: Sequence[str]) -> None:
        _expect(1 <= len(words) <= 2, "log <vkey> [<url>]")
        self.logs.append(TrustedLog(key=read_vkey(words[0]), url=_url(words[1:])))

    def _witness(self, words: Sequence[str]) -> None:
        _expect(2 <= len(words) <= 3, "witness <name> <vkey> [<url>]")
        name, vkey, *rest = words
        self._define(name)
        self.witnesses.append(TrustedWitness(name=name, key=read_vkey(vkey), url=_url(rest)))

    def _group(self, words: Sequence[str]) -> None:
        _expect(len(words) >= 3, "group <name> all|any|<k> <name>...")
        name, threshold, *members = words
        for member in members:
            self._expect_defined(member)
        self._define(name)
        asked = _threshold(threshold, len(members))
        self.groups.append(WitnessGroup(name=name, threshold=asked, members=tuple(members)))

    def _quorum(self, words: Sequence[str]) -> None:
        _expect(len(words) == 1, "quorum <name>|none")
        if self.quorum is not None:
            raise BadMessage("there is a quorum line already")
        if words[0] != NO_QUORUM:
            self._expect_defined(words[0])
        self.quorum = words[0]

    def _define(self, name: str) -> None:
        if name in self._defined or name == NO_QUORUM:
            raise BadMessage(f"the name {name!r} is taken")
        self._defined.add(name)

    def _expect_defined(self, name: str) -> None:
        if name not in self._defined:
            raise BadMessage(f"{name!r} is not defined on a line before")


def _expect(holds: bool, form: str) -> None:
    if not holds:
        raise BadMessage(f"the line must read {form!r}")


def _url(words: Sequence[str]) -> str | None:
    return words[0] if words else None


def _threshold(word: str, members: int) -> int:
    if word in ("all", "any"):
        return members if word == "all" else 1
    if not THRESHOLD.fullmatch(word) or int(word) > members:
        raise BadMessage(f"no threshold for {members} members: {word!r}")
    return int(word)


def without_addresses(policy: TrustPolicy) -> TrustPolicy:
    """The policy for somebody who only verifies: where logs and witnesses listen is nobody's business."""
    return replace(
        policy,
        logs=tuple(replace(log, url=None) for log in policy.logs),
        witnesses=tuple(replace(witness, url=None) for witness in policy.witnesses),
    )


def write_policy(policy: TrustPolicy) -> bytes:
    """The policy as a file that reads back equal; raises BadMessage for a name that no file can hold."""
    lines = [_line("log", log.key.to_text(), log.url) for log in policy.logs]
    lines += [_line("witness", each.name, each.key.to_text(), each.url) for each in policy.witnesses]
    lines += [_line("group", each.name, _asked(each), *each.members) for each in policy.groups]
    lines.append(_line("quorum", policy.quorum))
    content = "".join(lines).encode("utf-8", "surrogateescape")
    if read_policy(content) != policy:
        raise BadMessage("a name or URL of the policy cannot stand in a file")
    return content


def _line(*words: str | None) -> str:
    return " ".join(word for word in words if word is not None) + "\n"


def _asked(group: WitnessGroup) -> str:
    if group.threshold == len(group.members):
        return "all"
    return "any" if group.threshold == 1 else str(group.threshold)
