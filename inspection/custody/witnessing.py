"""What a witness is asked and what it decides (C2SP tlog-witness, add-checkpoint), without any line or disk.

Whoever runs this holds a lock, or one transaction, from reading `Seen` to having written the new one to
disk: else two requests at once could roll the witness back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inspection.custody.checkpoint import Checkpoint, open_checkpoint, read_checkpoint_text, read_decimal
from inspection.custody.merkle import EMPTY_ROOT, verify_consistency
from inspection.custody.note import MAX_NOTE_BYTES, VerifierKey, read_note, write_base64
from inspection.custody.proof import read_hashes
from inspection.errors import BadMessage, BadProof, BadSignature, WrongLog

MAX_REQUEST_BYTES = MAX_NOTE_BYTES + 4096
"""A note, 63 hashes of 44 signs, and the old size."""
TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"
"""Content type of a conflict's answer: the size that the witness saw last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A request to cosign."""

    old_size: int
    """Size of the checkpoint that the witness is thought to have seen last; 0 for none."""
    proof: tuple[bytes, ...]
    """Consistency proof from there, 63 hashes of 32 bytes at most."""
    checkpoint: bytes
    """The signed note."""

    @property
    def text(self) -> str:
        """What a cosignature covers."""
        return read_note(self.checkpoint).text

    @property
    def origin(self) -> str:
        """The log that the checkpoint claims to be of: under which name to look up what was seen."""
        return read_checkpoint_text(self.text).origin

    def to_bytes(self) -> bytes:
        """The request's body; raises BadMessage for what no witness would take."""
        lines = [f"old {self.old_size}", *map(write_base64, self.proof)]
        content = "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint
        if read_add_checkpoint(content) != self:
            raise BadMessage("the request cannot be written")
        return content


def read_add_checkpoint(content: bytes) -> AddCheckpoint:
    """Read a request's body, its checkpoint unjudged; raises BadMessage."""
    if len(content) > MAX_REQUEST_BYTES:
        raise BadMessage(f"a request may have {MAX_REQUEST_BYTES} bytes, this one has {len(content)}")
    head, separator, checkpoint = content.partition(b"\n\n")
    if not separator:
        raise BadMessage("the request has no checkpoint")
    old, *lines = head.decode("ascii", "replace").split("\n")
    if not old.startswith("old "):
        raise BadMessage("the request does not begin with the old size")
    read_checkpoint_text(read_note(checkpoint).text)
    return AddCheckpoint(
        old_size=read_decimal(old.removeprefix("old ")), proof=read_hashes(lines), checkpoint=checkpoint
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The checkpoint of a log that the witness cosigned last."""

    size: int
    root: bytes
    """32 bytes."""


NOTHING = Seen(size=0, root=EMPTY_ROOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Cosign, once `seen` is on disk."""

    checkpoint: Checkpoint
    seen: Seen
    """What replaces the former one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Answer with an HTTP status and change nothing."""

    status: int
    """400, 403, 404, 409 or 422."""
    body: str
    content_type: str
    reason: str
    """Code: bad_message, wrong_log, bad_signature, old_too_large, stale, bad_proof, or fork.

    `fork` is two different roots signed for one size: proof that the log shows two histories.
    """


def decide(request: AddCheckpoint, seen: Seen | None, keys: Sequence[VerifierKey]) -> Accept | Refuse:
    """Decide on a request; `seen` is of the request's origin, `keys` are of all logs known here."""
    try:
        checkpoint = open_checkpoint(request.checkpoint, keys)
    except WrongLog as error:
        return _refuse(404, error)
    except BadSignature as error:
        return _refuse(403, error)
    except BadMessage as error:
        return _refuse(400, error)
    return _decide_on(request, checkpoint, seen or NOTHING)


def _decide_on(request: AddCheckpoint, checkpoint: Checkpoint, seen: Seen) -> Accept | Refuse:
    if request.old_size > checkpoint.size:
        body = f"old size {request.old_size} is above the checkpoint's, {checkpoint.size}\n"
        return Refuse(status=400, body=body, content_type=TEXT, reason="old_too_large")
    if request.old_size != seen.size:
        return _conflict(seen, "stale")
    if checkpoint.size == seen.size and checkpoint.root != seen.root:
        return _conflict(seen, "fork")
    try:
        verify_consistency(seen.size, checkpoint.size, request.proof, seen.root, checkpoint.root)
    except BadProof as error:
        return _refuse(422, error)
    return Accept(checkpoint=checkpoint, seen=Seen(size=checkpoint.size, root=checkpoint.root))


def _conflict(seen: Seen, reason: str) -> Refuse:
    return Refuse(status=409, body=f"{seen.size}\n", content_type=SIZE, reason=reason)


def _refuse(status: int, error: WrongLog | BadSignature | BadMessage | BadProof) -> Refuse:
    return Refuse(status=status, body=f"{error}\n", content_type=TEXT, reason=error.code)


def read_conflict(body: bytes) -> int:
    """The size that a witness says it saw last (status 409); raises BadMessage."""
    text = body.decode("ascii", "replace")
    if not text.endswith("\n"):
        raise BadMessage("a conflict's answer is one line")
    return read_decimal(text.removesuffix("\n"))
