"""A witness cosigns what continues, refuses the rest as the protocol says, and never forgets."""

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from inspection.custody.checkpoint import Checkpoint, issue_checkpoint, verify_cosignature
from inspection.custody.merkle import leaf_hash
from inspection.custody.note import (
    Algorithm,
    note_key,
    read_note,
    read_signatures,
    sign_text,
    write_signatures,
)
from inspection.custody.tiles import TreeView
from inspection.custody.witnessing import MAX_REQUEST_BYTES, AddCheckpoint
from kit.errors import BadWitness
from kit.witness import Reply, Witness, open_witness
from kit.witness_book import MOST_CONFLICTS, MOST_KEYS
from kit.witness_folder import KEY_FILE, book_of, init_witness, read_key
from kit.witness_server import witness_server
from regrade import front_door

ORIGIN = "centre.example/site/s1"
NOON_S = 1_780_000_000


@dataclass
class Log:
    """A log of a few leaves, which can be told to lie."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    origin: str = ORIGIN
    word: str = "leaf"
    """Another word makes another history."""

    def tree(self, size: int) -> TreeView:
        hashes = b"".join(leaf_hash(f"{self.word} {index}".encode()) for index in range(size))
        return TreeView(size, lambda level, index, width: hashes[: width * 32])

    def note(self, size: int) -> bytes:
        checkpoint = Checkpoint(origin=self.origin, size=size, root=self.tree(size).root())
        return issue_checkpoint(self.key, checkpoint)

    def request(self, old: int, size: int) -> bytes:
        proof = self.tree(size).consistency(old) if 0 < old < size else ()
        return AddCheckpoint(old_size=old, proof=proof, checkpoint=self.note(size)).to_bytes()


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def folder(tmp_path: Path, log: Log) -> Path:
    """A witness that knows the log."""
    init_witness(tmp_path, "pay.example/witness")
    book = book_of(tmp_path)
    with book.transaction():
        book.add_log(note_key(log.origin, log.key))
    book.close()
    return tmp_path


@dataclass
class Clock:
    now_s: float = NOON_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def witness(folder: Path, clock: Clock) -> Iterator[Witness]:
    book = book_of(folder)
    yield Witness(read_key(folder), book, clock=clock)
    book.close()


def conflict(size: int) -> Reply:
    return Reply(status=409, body=f"{size}\n".encode(), content_type="text/x.tlog.size")


def test_the_first_checkpoint_is_cosigned_without_a_proof(witness: Witness, log: Log) -> None:
    reply = witness.add_checkpoint(log.request(0, 5))
    (line,) = read_signatures(reply.body)
    assert reply.status == 200
    assert verify_cosignature(witness.key.public, read_note(log.note(5)).text, line) == NOON_S


def test_what_continues_is_cosigned_and_kept(witness: Witness, log: Log) -> None:
    for old, size in ((0, 3), (3, 3), (3, 8), (8, 9)):
        assert witness.add_checkpoint(log.request(old, size)).status == 200
    kept = witness.newest(log.origin)
    assert (kept.status, b"\n9\n" in kept.body) == (200, True)


def test_an_old_size_that_is_not_the_last_one_is_answered_with_the_last_one(
    witness: Witness, log: Log
) -> None:
    witness.add_checkpoint(log.request(0, 5))
    for old, size in ((0, 5), (4, 6), (0, 6), (2, 4)):
        assert witness.add_checkpoint(log.request(old, size)) == conflict(5)


def test_a_fork_at_the_same_size_is_a_conflict_and_its_proof_is_kept(witness: Witness, log: Log) -> None:
    witness.add_checkpoint(log.request(0, 5))
    liar = Log(key=log.key, word="other")
    assert witness.add_checkpoint(liar.request(5, 5)) == conflict(5)
    assert b"\n5\n" in witness.newest(log.origin).body


def test_a_fork_further_on_has_no_proof_and_is_unprocessable(
    witness: Witness, log: Log, folder: Path
) -> None:
    witness.add_checkpoint(log.request(0, 5))
    liar = Log(key=log.key, word="other")
    assert witness.add_checkpoint(liar.request(5, 9)).status == 422
    assert witness.add_checkpoint(log.request(5, 9)).status == 200
    assert [reason for reason, _ in book_of(folder).conflicts(log.origin)] == ["bad_proof"]


def test_a_shorter_checkpoint_is_never_cosigned_again(witness: Witness, log: Log) -> None:
    witness.add_checkpoint(log.request(0, 9))
    assert witness.add_checkpoint(log.request(4, 4)) == conflict(9)
    assert witness.add_checkpoint(log.request(9, 9)).status == 200


def test_an_old_size_above_the_checkpoints_is_a_bad_request(witness: Witness, log: Log) -> None:
    content = AddCheckpoint(old_size=6, proof=(), checkpoint=log.note(5)).to_bytes()
    assert witness.add_checkpoint(content).status == 400


@pytest.mark.parametrize("content", [b"", b"old 0\n", b"old -1\n\nx\n", b"old 00\n\n", b"\xff" * 40])
def test_what_is_no_request_is_a_bad_request(witness: Witness, content: bytes) -> None:
    assert witness.add_checkpoint(content).status == 400


def test_an_unknown_log_is_not_found_and_a_foreign_signature_is_forbidden(witness: Witness, log: Log) -> None:
    assert witness.add_checkpoint(Log(origin="other.example/site/s1").request(0, 2)).status == 404
    assert witness.add_checkpoint(Log().request(0, 2)).status == 403
    assert witness.newest(log.origin).status == 404


def test_a_signature_by_nobody_beside_the_logs_own_changes_nothing(witness: Witness, log: Log) -> None:
    note = read_note(log.note(2))
    foreign = sign_text(note.text, log.origin, Ed25519PrivateKey.generate())
    both = note.text.encode() + b"\n" + write_signatures(foreign, *note.signatures)
    content = AddCheckpoint(old_size=0, proof=(), checkpoint=both).to_bytes()
    assert witness.add_checkpoint(content).status == 200


def test_a_clock_that_was_set_back_dates_nothing_before_the_last_time(
    witness: Witness, log: Log, clock: Clock
) -> None:
    witness.add_checkpoint(log.request(0, 1))
    clock.now_s -= 86_400
    (line,) = read_signatures(witness.add_checkpoint(log.request(1, 2)).body)
    assert verify_cosignature(witness.key.public, read_note(log.note(2)).text, line) == NOON_S


def test_a_restart_forgets_nothing(folder: Path, log: Log) -> None:
    assert open_witness(folder).add_checkpoint(log.request(0, 5)).status == 200
    again = open_witness(folder)
    assert again.add_checkpoint(log.request(0, 4)) == conflict(5)
    assert again.add_checkpoint(log.request(5, 6)).status == 200


def test_two_processes_of_one_folder_cannot_roll_it_back(folder: Path, log: Log) -> None:
    """The race of the specification: both check against 3, one writes 9, the other must not write 5."""
    first, second = open_witness(folder), open_witness(folder)
    assert first.add_checkpoint(log.request(0, 3)).status == 200
    assert second.add_checkpoint(log.request(3, 9)).status == 200
    assert first.add_checkpoint(log.request(3, 5)) == conflict(9)


def test_what_cannot_be_remembered_is_not_cosigned(folder: Path, log: Log) -> None:
    """The disk takes nothing: no answer goes out that a restart would not know of."""
    book = book_of(folder)
    witness = Witness(read_key(folder), book)
    assert witness.add_checkpoint(log.request(0, 3)).status == 200
    book._db.execute("PRAGMA query_only=ON")
    refused = witness.add_checkpoint(log.request(3, 5))
    assert (refused.status, "—" in refused.body.decode()) == (503, False)
    book._db.execute("PRAGMA query_only=OFF")
    assert witness.add_checkpoint(log.request(3, 4)).status == 200


def test_the_newest_is_told_while_another_process_writes(folder: Path, witness: Witness, log: Log) -> None:
    witness.add_checkpoint(log.request(0, 3))
    witness._book._db.execute("PRAGMA busy_timeout=0")
    other = book_of(folder)
    with other.transaction():
        assert witness.newest(ORIGIN).status == 200
    other.close()


def test_a_book_that_cannot_be_read_is_said_to_be_so(witness: Witness) -> None:
    witness._book._db.execute("DROP TABLE newest")
    assert witness.newest(ORIGIN).status == 503


def test_of_requests_at_once_exactly_one_moves_it(folder: Path, log: Log) -> None:
    requests = [log.request(0, size) for size in range(1, 9)]
    replies: list[Reply] = []
    threads = [
        threading.Thread(target=lambda each=each: replies.append(open_witness(folder).add_checkpoint(each)))
        for each in requests
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reply.status for reply in replies) == [200, *[409] * 7]


def test_the_key_is_its_owners_and_is_never_overwritten(folder: Path) -> None:
    assert (folder / KEY_FILE).stat().st_mode & 0o077 == 0
    with pytest.raises(BadWitness, match="never overwritten"):
        init_witness(folder, "another")
    (folder / KEY_FILE).chmod(0o644)
    with pytest.raises(BadWitness, match="read by others"):
        read_key(folder)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_a_name_that_no_note_can_hold_makes_no_witness(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadWitness):
        init_witness(tmp_path / "w", name)
    assert not (tmp_path / "w").exists()


def test_a_log_has_few_keys_and_its_new_one_may_sign_too(folder: Path, log: Log) -> None:
    book = book_of(folder)
    fresh = [Ed25519PrivateKey.generate() for _ in range(MOST_KEYS)]
    assert not book.add_log(note_key(log.origin, log.key))
    for key in fresh[:-1]:
        assert book.add_log(note_key(log.origin, key))
    with pytest.raises(BadWitness, match="at most"):
        book.add_log(note_key(log.origin, fresh[-1]))
    assert open_witness(folder).add_checkpoint(Log(key=fresh[0]).request(0, 2)).status == 200


def test_a_witness_key_is_no_logs_key(folder: Path) -> None:
    cosigner = note_key(ORIGIN, Ed25519PrivateKey.generate(), Algorithm.COSIGNATURE_ED25519)
    with pytest.raises(BadWitness, match="no log's key"):
        book_of(folder).add_log(cosigner)


def test_a_log_that_forks_for_ever_does_not_fill_the_disk(folder: Path, log: Log) -> None:
    book = book_of(folder)
    for number in range(MOST_CONFLICTS + 5):
        book.keep_conflict(log.origin, "fork", f"note {number}".encode(), NOON_S)
    assert len(book.conflicts(log.origin)) == MOST_CONFLICTS
    assert book.conflicts(log.origin)[0] == ("fork", b"note 0")


def padded(request: AddCheckpoint, log: Log) -> bytes:
    """The request with one more line in its note, by a key that nobody knows."""
    note = read_note(request.checkpoint)
    foreign = sign_text(note.text, log.origin, Ed25519PrivateKey.generate())
    checkpoint = note.text.encode() + b"\n" + write_signatures(*note.signatures, foreign)
    return replace(request, checkpoint=checkpoint).to_bytes()


def test_a_fork_is_kept_however_many_bad_proofs_came_before(witness: Witness, log: Log, folder: Path) -> None:
    book = book_of(folder)
    for number in range(MOST_CONFLICTS):
        book.keep_conflict(log.origin, "bad_proof", f"note {number}".encode(), NOON_S)
    witness.add_checkpoint(log.request(0, 5))
    witness.add_checkpoint(Log(key=log.key, word="other").request(5, 5))
    (standing,) = book.standing()
    assert (standing.forks, standing.unproven) == (1, MOST_CONFLICTS)


def test_lines_that_a_sender_makes_up_make_no_new_conflict(witness: Witness, log: Log, folder: Path) -> None:
    witness.add_checkpoint(log.request(0, 5))
    liar = Log(key=log.key, word="other")
    request = AddCheckpoint(old_size=5, proof=(), checkpoint=liar.note(9))
    assert [witness.add_checkpoint(padded(request, log)).status for _ in range(3)] == [422] * 3
    assert book_of(folder).conflicts(log.origin) == [("bad_proof", liar.note(9))]


def test_a_bad_proof_that_shows_to_be_a_fork_later_counts_as_one(
    witness: Witness, log: Log, folder: Path
) -> None:
    witness.add_checkpoint(log.request(0, 5))
    liar = Log(key=log.key, word="other")
    for content in (liar.request(5, 9), log.request(5, 9), liar.request(9, 9)):
        witness.add_checkpoint(content)
    assert book_of(folder).conflicts(log.origin) == [("fork", liar.note(9))]


# over HTTP


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = witness_server(open_witness(folder), 0, ready.set_result)
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(60):
            url = await ready
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        await task


async def test_the_protocol_over_http(folder: Path, log: Log) -> None:
    async with served(folder) as http:
        first = await http.post("/add-checkpoint", content=log.request(0, 5))
        stale = await http.post("/add-checkpoint", content=log.request(2, 6))
        monitored = await http.get(f"/{ORIGIN.replace('/', '%2F')}/checkpoint")
        others = [
            (await http.get("/add-checkpoint")).status_code,
            (await http.get("/healthz")).status_code,
            (await http.get("/nothing")).status_code,
            (await http.post("/healthz")).status_code,
            (await http.get("/unknown/checkpoint")).status_code,
        ]
    assert (first.status_code, first.text.startswith("— pay.example/witness ")) == (200, True)
    assert (stale.status_code, stale.headers["content-type"], stale.text) == (409, "text/x.tlog.size", "5\n")
    assert monitored.content.endswith(first.content)
    assert others == [405, 200, 404, 404, 404]


async def test_a_body_without_an_end_is_cut_off(folder: Path) -> None:
    async with served(folder) as http:
        answer = await http.post("/add-checkpoint", content=bytes(MAX_REQUEST_BYTES + 1))
    assert answer.status_code == 413


# from the command line


@pytest.fixture
def regrade() -> Callable[..., tuple[int, str]]:
    def run(*words: object) -> tuple[int, str]:
        done = CliRunner().invoke(front_door(), [str(word) for word in words])
        return done.exit_code, done.output

    return run


def test_a_witness_is_made_told_of_a_log_and_asked_how_it_stands(
    tmp_path: Path, log: Log, regrade: Callable[..., tuple[int, str]]
) -> None:
    folder, vkey = tmp_path / "witness", note_key(log.origin, log.key).to_text()
    code, said = regrade("witness", "init", "--dir", folder, "--name", "pay.example/witness")
    assert (code, said.strip()) == (0, read_key(folder).public.to_text())
    assert regrade("witness", "add-log", "--dir", folder, vkey) == (0, f"{ORIGIN} is known\n")
    assert regrade("witness", "add-log", "--dir", folder, vkey) == (0, f"{ORIGIN} is known already\n")
    assert regrade("witness", "status", "--dir", folder) == (0, f"{ORIGIN}: 0 entries, cosigned never\n")
    open_witness(folder).add_checkpoint(log.request(0, 5))
    open_witness(folder).add_checkpoint(Log(key=log.key, word="other").request(5, 5))
    code, said = regrade("witness", "status", "--dir", folder)
    assert (code, "5 entries" in said, "FORKED: 1" in said) == (1, True, True)


@pytest.mark.parametrize("vkey", ["nonsense", f"{ORIGIN}+00000000+{base64.b64encode(b'x' * 33).decode()}"])
def test_a_key_that_is_none_is_refused(
    folder: Path, vkey: str, regrade: Callable[..., tuple[int, str]]
) -> None:
    code, said = regrade("witness", "add-log", "--dir", folder, vkey)
    assert code == 1
    assert "Traceback" not in said
