"""Signed notes: examples that others published, and what is no note."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from inspection.custody.checkpoint import TIMESTAMP, Checkpoint, read_checkpoint_text
from inspection.custody.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Algorithm,
    Note,
    NoteSignature,
    note_key,
    read_note,
    read_signatures,
    read_vkey,
    sign_text,
    verify_text,
    write_base64,
    write_signatures,
)
from inspection.errors import BadMessage, BadSignature

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

# golang.org/x/mod/sumdb/note: the example of its documentation and tests.
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
PETER_LINE = (
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PETER_NOTE = f"{PETER_TEXT}\n{PETER_LINE}".encode()

# C2SP signed-note: an empty line inside the text.
QUASIMODO = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore "
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
).encode()

# C2SP tlog-cosignature: a checkpoint with the log's line and a witness's.
COSIGNED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJs"
    "X3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()


def test_the_example_of_go_verifies() -> None:
    note, key = read_note(PETER_NOTE), read_vkey(PETER_KEY)
    assert (key.id.hex(), key.algorithm) == ("c74f20a3", Algorithm.ED25519)
    assert note.text == PETER_TEXT
    verify_text(key, note.text, note.signatures[0])
    with pytest.raises(BadSignature):
        verify_text(key, note.text + "\n", note.signatures[0])


@pytest.mark.parametrize("content", [PETER_NOTE, QUASIMODO, COSIGNED])
def test_published_notes_come_back_byte_for_byte(content: bytes) -> None:
    assert read_note(content).to_bytes() == content


def test_the_text_may_have_empty_lines() -> None:
    assert read_note(QUASIMODO).text.endswith("sole:\n\ned è subito sera.\n")


def test_the_published_cosignature_has_the_time_that_the_spec_names() -> None:
    note = read_note(COSIGNED)
    log, witness = note.signatures
    assert (log.name, len(log.signature)) == ("example.com/behind-the-sofa", 64)
    assert (witness.name, len(witness.signature)) == ("witness.example.com/w1", 72)
    assert TIMESTAMP.unpack_from(witness.signature) == (1679315147,)
    assert read_checkpoint_text(note.text) == Checkpoint(
        origin="example.com/behind-the-sofa",
        size=20852163,
        root=bytes.fromhex("0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"),
    )


def test_a_verifier_key_has_no_other_spelling() -> None:
    whole = range(len(PETER_KEY) + 1)
    cut = {PETER_KEY[start:end] for start in whole for end in whole if start < end} - {PETER_KEY}
    raised = {
        PETER_KEY[:at] + chr(ord(PETER_KEY[at]) + 1) + PETER_KEY[at + 1 :] for at in range(len(PETER_KEY))
    }
    for wrong in cut | raised | {PETER_KEY + "\n", PETER_KEY.replace("c74f20a3", "C74F20A3")}:
        with pytest.raises(BadMessage):
            read_vkey(wrong)


@pytest.mark.parametrize("typed", [b"", b"\x02", b"\x05" + bytes(32), b"\xff" + bytes(40)])
def test_a_key_of_an_unknown_type_is_refused(typed: bytes) -> None:
    with pytest.raises(BadMessage, match="type"):
        read_vkey(f"name+00000000+{write_base64(typed)}")


def test_a_key_for_the_time_after_quantum_computers_can_be_named_but_verifies_nothing() -> None:
    key = note_key("later.example", KEY)
    later = type(key)(name=key.name, algorithm=Algorithm.COSIGNATURE_ML_DSA_44, public_key=bytes(1312))
    assert read_vkey(later.to_text()) == later
    line = NoteSignature(name=later.name, key_id=later.id, signature=bytes(2428))
    with pytest.raises(BadSignature):
        verify_text(later, "text\n", line)


def test_a_key_of_small_order_does_not_enter() -> None:
    key = note_key("name", KEY)
    small = type(key)(name="name", algorithm=Algorithm.ED25519, public_key=bytes(32))
    with pytest.raises(BadSignature, match="small order"):
        read_vkey(small.to_text())


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\nb", "a\tb", "a\udc80b"])
def test_a_key_name_has_no_space_plus_or_control_character(name: str) -> None:
    with pytest.raises(BadMessage, match="key name"):
        note_key(name, KEY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        PETER_TEXT.encode(),
        f"{PETER_TEXT}\n".encode(),
        PETER_NOTE[:-1],
        PETER_NOTE + b"\n",
        b"\x01" + PETER_NOTE,
        b"\xff" + PETER_NOTE,
        PETER_NOTE.replace(b"\n", b"\r\n"),
        PETER_NOTE + b"Unexpected line.\n",
        PETER_NOTE.replace("— PeterNeumann".encode(), "— Bad Name".encode()),
        PETER_NOTE.replace("— PeterNeumann".encode(), b"- PeterNeumann"),
        PETER_NOTE.replace("— PeterNeumann".encode(), "—  ".encode()),
        PETER_NOTE.replace(b"BwJnAM=", b"BwJnAN="),
        PETER_NOTE.replace(b"BwJnAM=", b"BwJnAM"),
        f"{PETER_TEXT}\n— PeterNeumann x08gow==\n".encode(),
    ],
)
def test_what_is_no_note_is_refused(content: bytes) -> None:
    with pytest.raises(BadMessage):
        read_note(content)


def test_a_note_has_a_most_of_lines_and_bytes() -> None:
    lines = [
        NoteSignature(name="n", key_id=at.to_bytes(4, "big"), signature=b"s")
        for at in range(MAX_SIGNATURES + 1)
    ]
    full = Note(text="text\n", signatures=tuple(lines[:-1]))
    assert read_note(full.to_bytes()) == full
    with pytest.raises(BadMessage, match="64 signatures"):
        Note(text="text\n", signatures=tuple(lines)).to_bytes()
    with pytest.raises(BadMessage, match="262144 bytes"):
        read_note(bytes(MAX_NOTE_BYTES + 1))
    with pytest.raises(BadMessage):
        read_signatures(bytes(MAX_NOTE_BYTES + 1))


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_a_note_in_its_one_spelling_or_refused(content: bytes) -> None:
    for whole in (content, content + b"\n" + PETER_NOTE, PETER_NOTE + content):
        try:
            note = read_note(whole)
        except BadMessage:
            continue
        assert note.to_bytes() == whole


@given(st.text() | st.text().map(lambda text: text + "\n"))
def test_any_text_is_signed_or_refused(text: str) -> None:
    try:
        text.encode()
        content = Note(text=text, signatures=(sign_text(text, "n", KEY),)).to_bytes()
    except (BadMessage, UnicodeEncodeError):
        return
    note = read_note(content)
    verify_text(note_key("n", KEY), note.text, note.signatures[0])


def test_lines_alone_come_back() -> None:
    lines = read_note(COSIGNED).signatures
    assert read_signatures(write_signatures(*lines)) == lines
    for wrong in (b"", b"\n", write_signatures(*lines) + b"\n", write_signatures(*lines)[:-1]):
        with pytest.raises(BadMessage):
            read_signatures(wrong)
