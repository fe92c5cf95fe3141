"""The receiver in one file: it believes what `kit.receiver` believes, and nothing else, and acts once."""

import base64
import importlib.util
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.note import Algorithm, note_key
from inspection.custody.policy import TrustedLog, TrustedWitness, TrustPolicy
from inspection.custody.proof import read_proof
from inspection.custody.signing import public_bytes
from inspection.messages.webhook import sign_webhook, verify_webhook
from inspection.messages.webhook_keys import HmacKey, SigningKey
from kit.errors import Rejected
from kit.receiver import Trust, check_event, signed_body
from tests.kit.test_witnessed import (
    GOLDEN,
    KEY,
    NAME,
    NOW_S,
    WITNESS,
    cosigned_by_another,
    of_another_history,
    with_a_broken_line,
    without_cosignature,
)

PATH = Path(__file__).parents[2] / "kit" / "standalone" / "regrade_receiver.py"
ORIGIN = "centre.example/site/s1"
SIGNING, SECRET = SigningKey(KEY), HmacKey(bytes(range(40)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def load() -> ModuleType:
    """From its path, as a stranger would."""
    spec = importlib.util.spec_from_file_location("regrade_receiver_alone", PATH)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


alone: Any = load()
VKEY = note_key(NAME, WITNESS, Algorithm.COSIGNATURE_ED25519)
TRUST = Trust(
    webhook_keys=(SIGNING.verifying(), SECRET.until(NOW_S)),
    log_key=public_bytes(KEY),
    origin=ORIGIN,
    merchant="m1",
    policy=TrustPolicy(
        logs=(TrustedLog(key=note_key(ORIGIN, KEY)),),
        witnesses=(TrustedWitness(name="ours", key=VKEY),),
        quorum="ours",
    ),
)
ALONE = alone.Trust(
    keys=[alone.Key(SIGNING.verifying().to_text()), alone.Key(SECRET.to_text(), NOW_S)],
    log=note_key(ORIGIN, KEY).to_text(),
    merchant="m1",
    witnesses=[VKEY.to_text()],
    quorum=1,
)
Event = dict[str, Any]
Headers = dict[str, str]


def ours(headers: Headers, body: bytes, now_s: float = NOW_S) -> str:
    try:
        event = check_event(signed_body(headers, body), TRUST, now_s)
    except Rejected as error:
        return error.code
    return event.instruction.id


def theirs(headers: Headers, body: bytes, now_s: float = NOW_S) -> str:
    try:
        return str(alone.check_event(headers, body, ALONE, now_s)["id"])
    except alone.Refused as refused:
        assert alone.STATUS[refused.code] == refused.status
        return str(refused.code)


def golden() -> Event:
    event: Event = json.loads(GOLDEN.read_bytes())
    return event


def sent(event: Event | bytes, id: str = "R1/1/1#1") -> tuple[Headers, bytes]:
    body = event if isinstance(event, bytes) else json.dumps(event, separators=(",", ":")).encode()
    return sign_webhook([SIGNING], id, NOW_S, body), body


@pytest.mark.parametrize("key", [SIGNING, SECRET], ids=["v1a", "v1"])
@pytest.mark.parametrize("judge", [ours, theirs])
def test_the_golden_event_is_believed_by_either_key(judge: Any, key: HmacKey | SigningKey) -> None:
    body = GOLDEN.read_bytes().rstrip()
    headers = sign_webhook([HmacKey(bytes(range(30))), key], "R1/1/1#1", NOW_S, body)
    assert judge(headers, body) == "R1/1/1#1"
    headers = {name.title(): value for name, value in headers.items()}
    assert judge(headers, body, NOW_S + 1) == ("R1/1/1#1" if key is SIGNING else "untrusted")


SEAL = "9" * 64
TOLD: dict[str, tuple[Any, str]] = {
    "merchant": ("m2", "contradiction"),
    "site": ("s2", "contradiction"),
    "grade": ("new", "contradiction"),
    "disposition": ("scrap", "contradiction"),
    "exception": ("empty_box", "contradiction"),
    "images": ([SEAL], "contradiction"),
    "number": (2, "contradiction"),
    "replaces": ("R1/1/1#1", "contradiction"),
    "target_total_minor": (9032, "contradiction"),
    "currency": ("USD", "contradiction"),
    "order": ("A-1", "R1/1/1#1"),  # proven by the station's commitment, which only its opening shows
    "kind": ("approve", "contradiction"),
    "not_before": ("2026-01-31T09:00:00.000000Z", "contradiction"),
    "rule": ("refund.other", "contradiction"),
    "v": (2, "malformed"),
    "id": ("R1/1/1", "malformed"),
    "issued_at": ("2026-01-31", "malformed"),
}


@pytest.mark.parametrize(("field", "change"), TOLD.items(), ids=list(TOLD))
@pytest.mark.parametrize("judge", [ours, theirs])
def test_an_instruction_says_what_its_proof_says(judge: Any, field: str, change: tuple[Any, str]) -> None:
    event = golden()
    event["instruction"][field] = change[0]
    assert judge(*sent(event)) == change[1]


@pytest.mark.parametrize(
    "amount", [-1, 10.5, 1032.0, "1032", True, None, 2**53, 10**30], ids=lambda amount: repr(amount)
)
@pytest.mark.parametrize("judge", [ours, theirs])
def test_an_amount_is_a_count_of_minor_units(judge: Any, amount: object) -> None:
    event = golden()
    event["instruction"]["target_total_minor"] = amount
    assert judge(*sent(event)) == "malformed"


def with_proof(which: str, change: Callable[[bytes], bytes]) -> Event:
    event = golden()
    found = read_proof(event["proof"][which].encode())
    changed = replace(found, checkpoint=change(found.checkpoint)).to_bytes().decode()
    event["proof"] |= {which: changed}
    return event


def verdict(**changes: Any) -> Event:
    return golden() | {"verdict": golden()["verdict"] | changes}


def proof(**changes: str) -> Event:
    return golden() | {"proof": golden()["proof"] | changes}


P, V = golden()["proof"], golden()["verdict"]
CHANGES = (without_cosignature, cosigned_by_another, of_another_history, with_a_broken_line)
FORGED: dict[str, Event] = {
    "no proof": golden() | {"proof": None},
    "a receipt by nobody": verdict(signature=V["signature"][:-8] + "AAAAAA=="),
    "another index": verdict(index=1),
    "another origin": verdict(origin="other.example/site/s1"),
    "the instruction's leaf": verdict(leaf=P["leaf"]),
    "proofs swapped": proof(instruction=P["verdict"], verdict=P["instruction"]),
    "the verdict's leaf": proof(leaf=V["leaf"]),
    "a leaf in another form": proof(leaf=base64.b64encode(base64.b64decode(P["leaf"]) + b" ").decode()),
    "a proof cut short": proof(verdict="c2sp.org/tlog-proof@v1\n"),
    "another type": golden() | {"type": "refund.outcome"},
    "no verdict": {name: value for name, value in golden().items() if name != "verdict"},
    "the instruction a list": golden() | {"instruction": []},
} | {
    f"{which}: {change.__name__}": with_proof(which, change)
    for which in ("instruction", "verdict")
    for change in CHANGES
}


@pytest.mark.parametrize("event", FORGED.values(), ids=list(FORGED))
def test_what_one_refuses_the_other_refuses(event: Event) -> None:
    headers, body = sent(event)
    said = (ours(headers, body), theirs(headers, body))
    assert set(said) <= {"untrusted", "malformed", "contradiction"}, said


WIRE: dict[str, Callable[[Headers, bytes], tuple[Headers, bytes]]] = {
    "body": lambda headers, body: (headers, body.replace(b"1032", b"9032")),
    "id": lambda headers, body: (headers | {"webhook-id": "R1/1/1#2"}, body),
    "id with a time": lambda headers, body: (headers | {"webhook-id": f"R1.{NOW_S}"}, body),
    "time": lambda headers, body: (headers | {"webhook-timestamp": str(NOW_S + 1)}, body),
    "time as words": lambda headers, body: (headers | {"webhook-timestamp": "now"}, body),
    "time in other digits": lambda headers, body: (headers | {"webhook-timestamp": "٣"}, body),
    "old": lambda headers, body: (sign_webhook([SIGNING], "R1/1/1#1", NOW_S - 301, body), body),
    "early": lambda headers, body: (sign_webhook([SIGNING], "R1/1/1#1", NOW_S + 301, body), body),
    "a stranger's key": lambda headers, body: (
        sign_webhook([SigningKey(STRANGER)], "R1/1/1#1", NOW_S, body), body),
    "no signature": lambda headers, body: (headers | {"webhook-signature": "v1a,"}, body),
    "the other version": lambda headers, body: (
        headers | {"webhook-signature": headers["webhook-signature"].replace("v1a", "v1")}, body),
    "nine signatures": lambda headers, body: (
        headers | {"webhook-signature": " ".join([headers["webhook-signature"]] * 9)}, body),
}  # fmt: skip


@pytest.mark.parametrize("change", WIRE.values(), ids=list(WIRE))
@pytest.mark.parametrize("judge", [ours, theirs])
def test_what_was_changed_on_the_way_is_untrusted(judge: Any, change: Any) -> None:
    assert judge(*change(*sent(golden()))) == "untrusted"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"null", b"\xff", b"9" * 5000, b"[" * 60_000, b'{"a":NaN}']
)
@pytest.mark.parametrize("judge", [ours, theirs])
def test_signed_nonsense_is_malformed(judge: Any, body: bytes) -> None:
    assert judge(*sent(body)) == "malformed"


def test_missing_headers_and_too_much_are_malformed() -> None:
    assert theirs({}, b"{}") == theirs(*sent(b"x" * (alone.MAX_BODY + 1))) == "malformed"


def test_without_a_quorum_the_log_alone_is_believed_and_a_proof_may_be_waived() -> None:
    body = json.dumps(golden() | {"proof": None}).encode()
    headers = sign_webhook([SIGNING], "R1/1/1#1", NOW_S, body)
    lax = replace(ALONE, quorum=0, witnesses=())
    with pytest.raises(alone.Refused, match="no proof"):
        alone.check_event(headers, body, lax, NOW_S)
    assert alone.check_event(headers, body, replace(lax, proof_needed=False), NOW_S)["number"] == 1
    assert alone.check_event(*sent(golden()), lax, NOW_S)["number"] == 1


def test_a_set_up_that_trusts_nothing_or_anything_is_refused() -> None:
    for text in (
        "whpk_" + base64.b64encode(bytes(32)).decode(),
        SIGNING.to_text(),
        "whsec_AAAA",
        "",
        "whpk_%",
    ):
        with pytest.raises(ValueError):
            alone.Key(text)
    changes: list[Any] = [{"quorum": 2}, {"keys": []}, {"log": VKEY.to_text()}, {"witnesses": [ALONE.log]}]
    for change in changes:
        with pytest.raises(ValueError):
            replace(ALONE, **change)
    assert "AAEC" not in repr(ALONE)


@pytest.fixture
def payments() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        alone.create(connection)
        yield connection


def test_it_acts_once_and_the_highest_number_has_the_last_word(payments: sqlite3.Connection) -> None:
    told = golden()["instruction"]
    later = told | {"id": "R1/1/1#2", "number": 2}
    for instruction, standing in ((told, "new"), (told, "same"), (later, "new"), (told, "same")):
        with payments:
            assert alone.offer(payments, instruction) == standing
    with payments:
        third = told | {"id": "R1/1/1#3", "number": 3}
        assert alone.offer(payments, told | {"id": "R1/1/1#4", "number": 4}) == "new"
        assert alone.offer(payments, third) == "superseded"
    with pytest.raises(alone.Refused, match="conflict"), payments:
        alone.offer(payments, told | {"target_total_minor": 1})


def test_what_was_not_paid_is_new_again(payments: sqlite3.Connection) -> None:
    told = golden()["instruction"]
    with pytest.raises(OSError), payments:
        assert alone.offer(payments, told) == "new"
        raise OSError("the power failed before the payment was written down")
    with payments:
        assert alone.offer(payments, told) == "new"


def test_receivers_at_the_same_moment_pay_each_total_once(tmp_path: Path) -> None:
    path, told = tmp_path / "payments.sqlite", golden()["instruction"]
    with closing(sqlite3.connect(path)) as connection, connection:
        alone.create(connection)
        connection.execute("CREATE TABLE paid (amount_minor INTEGER)")

    def receive(number: int) -> None:
        with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
            one = told | {"id": f"R1/1/1#{number}", "number": number, "target_total_minor": 800 + number}
            if alone.offer(connection, one) == "new":
                so_far = connection.execute("SELECT coalesce(sum(amount_minor), 0) FROM paid").fetchone()[0]
                connection.execute("INSERT INTO paid VALUES (?)", (one["target_total_minor"] - so_far,))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(receive, [5, 2, 4, 3, 5, 2, 4, 3] * 4))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT sum(amount_minor) FROM paid").fetchone() == (805,)


def test_it_waits_while_the_verdict_may_be_taken_back() -> None:
    told = golden()["instruction"] | {"not_before": "2026-01-31T08:01:30.000000Z"}
    assert [alone.wait_s(told, NOW_S + late) for late in (0, 90, 100)] == [90, 0, 0]
    assert alone.wait_s({"not_before": None}, NOW_S) == 0


def test_its_outcome_is_believed_by_the_centre() -> None:
    headers, body = alone.sign_outcome({"id": "退款-1"}, KEY.private_bytes_raw(), NOW_S)
    verify_webhook(signed_body(headers, body), [SIGNING.verifying()], NOW_S)


def test_a_developer_reads_it_in_one_sitting() -> None:
    lines = PATH.read_text().splitlines()
    assert len(lines) <= 300
    assert max(map(len, lines)) <= 110
