"""Checkpoints, notes and cosignatures: what is signed, by whom, and what a reader refuses."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.checkpoint import (
    Checkpoint,
    add_signatures,
    cosign,
    issue_checkpoint,
    open_checkpoint,
    verify_cosignature,
)
from inspection.custody.merkle import EMPTY_ROOT, leaf_hash
from inspection.custody.note import Algorithm, note_key, read_note
from inspection.errors import BadMessage, BadSignature, WrongLog

LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NEXT_LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))
ORIGIN = "centre.example/site/s1"
LOG = note_key(ORIGIN, LOG_KEY)
WITNESS = note_key("witness.example/w1", WITNESS_KEY, Algorithm.COSIGNATURE_ED25519)
CHECKPOINT = Checkpoint(origin=ORIGIN, size=1, root=leaf_hash(b"one"))
NOTE = issue_checkpoint(LOG_KEY, CHECKPOINT)


def test_an_issued_checkpoint_opens_with_the_log_s_key() -> None:
    assert open_checkpoint(NOTE, [LOG]) == CHECKPOINT


def test_a_log_without_entries_has_a_checkpoint_too() -> None:
    empty = Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)
    assert open_checkpoint(issue_checkpoint(LOG_KEY, empty), [LOG]) == empty


def test_extension_lines_are_signed_and_come_back() -> None:
    extended = Checkpoint(origin=ORIGIN, size=1, root=CHECKPOINT.root, extensions=("frozen", "for ever"))
    assert open_checkpoint(issue_checkpoint(LOG_KEY, extended), [LOG]) == extended


def test_a_checkpoint_signed_by_the_old_and_the_new_key_opens_with_either() -> None:
    following = issue_checkpoint(NEXT_LOG_KEY, CHECKPOINT)
    both = add_signatures(NOTE, *read_note(following).signatures)
    assert open_checkpoint(both, [LOG]) == CHECKPOINT
    assert open_checkpoint(both, [note_key(ORIGIN, NEXT_LOG_KEY)]) == CHECKPOINT


def test_a_line_that_stands_there_already_is_not_added_again() -> None:
    assert add_signatures(NOTE, *read_note(NOTE).signatures) == NOTE


def test_a_checkpoint_of_another_log_is_named_so() -> None:
    other = issue_checkpoint(LOG_KEY, Checkpoint(origin="elsewhere.example", size=1, root=CHECKPOINT.root))
    with pytest.raises(WrongLog, match=r"elsewhere\.example"):
        open_checkpoint(other, [LOG])


def test_a_checkpoint_that_no_known_key_signed_is_refused() -> None:
    with pytest.raises(BadSignature, match="no known key"):
        open_checkpoint(issue_checkpoint(NEXT_LOG_KEY, CHECKPOINT), [LOG])


def test_a_wrong_line_by_a_known_key_spoils_the_note_even_beside_a_good_one() -> None:
    other = issue_checkpoint(LOG_KEY, Checkpoint(origin=ORIGIN, size=2, root=CHECKPOINT.root))
    with pytest.raises(BadSignature, match="does not fit"):
        open_checkpoint(add_signatures(NOTE, *read_note(other).signatures), [LOG])


def test_a_witness_s_line_is_no_signature_of_the_log() -> None:
    text = read_note(NOTE).text
    under_its_name = cosign(WITNESS_KEY, ORIGIN, text, 1_700_000_000)
    only_cosigned = add_signatures(issue_checkpoint(NEXT_LOG_KEY, CHECKPOINT), under_its_name)
    with pytest.raises(BadSignature):
        open_checkpoint(only_cosigned, [LOG])


def test_a_cosignature_tells_its_time_and_covers_the_text() -> None:
    text = read_note(NOTE).text
    line = cosign(WITNESS_KEY, WITNESS.name, text, 1_700_000_000)
    assert verify_cosignature(WITNESS, text, line) == 1_700_000_000
    with pytest.raises(BadSignature):
        verify_cosignature(WITNESS, text.replace("\n1\n", "\n2\n"), line)


@pytest.mark.parametrize("at", range(0, 72, 5))
def test_a_cosignature_with_one_other_byte_is_refused(at: int) -> None:
    text = read_note(NOTE).text
    line = cosign(WITNESS_KEY, WITNESS.name, text, 1_700_000_000)
    changed = bytearray(line.signature)
    changed[at] ^= 1
    with pytest.raises(BadSignature):
        verify_cosignature(
            WITNESS, text, type(line)(name=line.name, key_id=line.key_id, signature=bytes(changed))
        )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n1\n",
        "origin\n01\n" + "A" * 43 + "=\n",
        "origin\n-1\n" + "A" * 43 + "=\n",
        "origin\n9223372036854775808\n" + "A" * 43 + "=\n",
        "origin\n1\nAAAA\n",
        "\n1\n" + "A" * 43 + "=\n",
        "origin\n1\n" + "A" * 43 + "=\n\nextension\n",
        "origin\n1\n" + "A" * 42 + "B=\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        open_checkpoint(text.encode() + b"\n" + NOTE.partition(b"\n\n")[2], [LOG])


def test_a_checkpoint_that_no_reader_would_take_is_not_written() -> None:
    for wrong in (
        Checkpoint(origin="two\nlines", size=1, root=CHECKPOINT.root),
        Checkpoint(origin=ORIGIN, size=-1, root=CHECKPOINT.root),
        Checkpoint(origin=ORIGIN, size=1, root=b"short"),
        Checkpoint(origin=ORIGIN, size=1, root=CHECKPOINT.root, extensions=("",)),
    ):
        with pytest.raises(BadMessage):
            issue_checkpoint(LOG_KEY, wrong)
