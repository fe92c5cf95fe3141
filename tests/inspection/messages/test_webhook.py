"""Standard Webhooks: what a refund system, and the centre, may act on."""

import base64
from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import (
    BadSignature,
    BadWebhookHeader,
    BadWebhookTime,
    EarlyWebhook,
    ExpiredKey,
    SetUpIncomplete,
    StaleWebhook,
)
from inspection.messages.webhook import MAX_SIGNATURES, SignedBody, sign_webhook, verify_webhook
from inspection.messages.webhook_keys import HmacKey, SigningKey, VerifyingKey

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
SECRET = HmacKey(bytes(range(32, 64)))
NEW_KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(64, 96))))
NEW_SECRET = HmacKey(bytes(range(96, 128)))
RING = (KEY.verifying(), SECRET)
NOW = 1_769_846_400
BODY = b'{"type":"refund.instruction"}'


def sent(
    keys: Sequence[HmacKey | SigningKey] = (KEY,), id: str = "R1/1/1#1", at_s: int = NOW, body: bytes = BODY
) -> SignedBody:
    headers = sign_webhook(keys, id, at_s, body)
    return SignedBody(
        id=headers["webhook-id"],
        timestamp=headers["webhook-timestamp"],
        signatures=headers["webhook-signature"],
        body=body,
    )


@pytest.mark.parametrize("key", [KEY, SECRET], ids=["v1a", "v1"])
def test_a_webhook_verifies_as_it_was_sent(key: HmacKey | SigningKey) -> None:
    found = verify_webhook(sent([key]), RING, NOW + 200)
    assert found == (SECRET if key is SECRET else KEY.verifying())


def test_the_signature_is_the_standards_own() -> None:
    signature = KEY.private.sign(b"R1/1/1#1.1769846400." + BODY)
    assert sent().signatures == "v1a," + base64.b64encode(signature).decode()


def test_one_fitting_signature_among_several_is_enough() -> None:
    several = "v1,abc v1a,AAAA v2,x, noise " + sent().signatures
    assert verify_webhook(replace(sent(), signatures=several), RING, NOW) == KEY.verifying()


@pytest.mark.parametrize("key", [KEY, SECRET], ids=["v1a", "v1"])
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"body": BODY + b" "}, BadSignature),
        ({"id": "R1/1/1#2"}, BadSignature),
        ({"id": ""}, BadWebhookHeader),
        ({"id": "R1 /1"}, BadWebhookHeader),
        ({"id": "退货"}, BadWebhookHeader),
        ({"id": "x" * 129}, BadWebhookHeader),
        ({"timestamp": str(NOW + 1)}, BadSignature),
        ({"timestamp": ""}, BadWebhookHeader),
        ({"timestamp": "soon"}, BadWebhookTime),
        ({"timestamp": f"-{NOW}"}, BadWebhookTime),
        ({"timestamp": f"{NOW}.0"}, BadWebhookTime),
        ({"timestamp": f"{NOW}\n"}, BadWebhookTime),
        ({"timestamp": "٣"}, BadWebhookTime),
        ({"timestamp": "9" * 40}, BadWebhookTime),
        ({"timestamp": "0"}, StaleWebhook),
        ({"timestamp": "9" * 12}, EarlyWebhook),
        ({"signatures": ""}, BadWebhookHeader),
        ({"signatures": "v1a,not base64"}, BadSignature),
        ({"signatures": "v1,"}, BadSignature),
        ({"signatures": "v1a,"}, BadSignature),
        ({"signatures": "v1,é"}, BadSignature),
        ({"signatures": "v2," + "A" * 88}, BadSignature),
        ({"signatures": "v1a,AAAA " * 9}, BadWebhookHeader),
        ({"signatures": "v1a," + "A" * 4096}, BadWebhookHeader),
    ],
)
def test_anything_changed_is_refused_with_its_reason(
    key: HmacKey | SigningKey, change: dict[str, str], kind: type[BadSignature]
) -> None:
    with pytest.raises(BadSignature) as refused:
        verify_webhook(replace(sent([key]), **change), RING, NOW)  # type: ignore[arg-type]
    assert type(refused.value) is kind


@pytest.mark.parametrize(("late_s", "kind"), [(301, StaleWebhook), (-301, EarlyWebhook)])
def test_an_old_or_early_webhook_is_refused(late_s: int, kind: type[BadSignature]) -> None:
    verify_webhook(sent(), RING, NOW + late_s // 301 * 300)
    with pytest.raises(kind, match="5 minutes"):
        verify_webhook(sent(), RING, NOW + late_s)


@pytest.mark.parametrize("version", ["v1", "v1a"])
def test_a_signature_fits_only_keys_of_its_own_version(version: str) -> None:
    other = {"v1": sent([KEY]), "v1a": sent([SECRET])}[version]
    text = other.signatures.partition(",")[2]
    with pytest.raises(BadSignature):
        verify_webhook(replace(other, signatures=f"{version},{text}"), RING, NOW)


# rotation


def test_all_keys_in_force_sign_in_their_order() -> None:
    over = HmacKey(bytes(range(40)), not_after_s=NOW - 1)
    last = replace(SECRET, not_after_s=NOW)
    parts = sent([NEW_KEY, over, last, KEY]).signatures.split(" ")
    assert parts == [sent([key]).signatures for key in (NEW_KEY, SECRET, KEY)]


@pytest.mark.parametrize(("old", "new"), [(KEY, NEW_KEY), (SECRET, NEW_SECRET), (SECRET, KEY), (KEY, SECRET)])
def test_no_webhook_is_lost_while_the_keys_overlap(
    old: HmacKey | SigningKey, new: HmacKey | SigningKey
) -> None:
    """Sender first or receiver first: at every step what is sent is believed."""
    end = NOW + 60
    senders = [[old], [new, old.until(end)], [old.until(end), new]]
    rings = [[seen(old)], [seen(new), seen(old).until(end)]]
    for sender in senders:
        for ring in rings:
            verify_webhook(sent(sender), ring, NOW)
    assert verify_webhook(sent([new, old]), [seen(old).until(end), seen(new)], end + 1) == seen(new)


def test_an_old_key_past_its_overlap_is_named() -> None:
    ring: list[HmacKey | VerifyingKey] = [NEW_SECRET, SECRET.until(NOW), KEY.verifying().until(NOW)]
    for key in (SECRET, KEY):
        verify_webhook(sent([key]), ring, NOW)
        with pytest.raises(ExpiredKey, match="past its overlap"):
            verify_webhook(sent([key]), ring, NOW + 0.5)


def test_an_old_key_does_not_hide_one_in_force() -> None:
    ring = [SECRET.until(NOW - 1), NEW_SECRET]
    assert verify_webhook(sent([SECRET, NEW_SECRET]), ring, NOW) == NEW_SECRET


def test_nobody_signs_without_a_key_or_with_more_than_a_receiver_reads() -> None:
    with pytest.raises(SetUpIncomplete, match="no key"):
        sent([SECRET.until(NOW - 1)])
    assert len(sent([KEY] * MAX_SIGNATURES).signatures.split()) == MAX_SIGNATURES
    with pytest.raises(SetUpIncomplete, match="at most 8"):
        sent([KEY] * (MAX_SIGNATURES + 1))
    with pytest.raises(SetUpIncomplete, match="at most 8"):
        verify_webhook(sent(), [KEY.verifying()] * (MAX_SIGNATURES + 1), NOW)


# ids


def test_no_signed_content_can_be_read_in_two_ways() -> None:
    """Full stops moved between id, time and body: the bytes are the same, only one reading is taken."""
    whole = sent(id="R.7/1/1#1", body=b"1769846401.{}")
    assert verify_webhook(whole, RING, NOW)
    moved = replace(whole, id="R.7/1/1#1.1769846400", timestamp="1769846401", body=b"{}")
    with pytest.raises(BadWebhookHeader, match="full stop"):
        verify_webhook(moved, RING, NOW)


@pytest.mark.parametrize("late_s", [-600, 0, 600])
def test_an_id_that_looks_like_the_present_is_sent_some_minutes_later(late_s: int) -> None:
    id = f"R.{NOW + late_s}.5/1/1#1"
    with pytest.raises(BadWebhookHeader, match="full stop"):
        sent(id=id)
    assert verify_webhook(sent(id=id, at_s=NOW + late_s + 601), RING, NOW + late_s + 601)


@pytest.mark.parametrize("id", ["R.1234567890.A/1/1#1", "R.0000000000#1", "R.17698464001#1", "1769846400.A"])
def test_an_order_number_of_ten_digits_is_no_time(id: str) -> None:
    assert verify_webhook(sent(id=id), RING, NOW)


@given(
    id=st.from_regex(r"[a-z0-9.]{1,30}", fullmatch=True) | st.from_regex(r"[a-z]\.[0-9]{10}", fullmatch=True),
    body=st.binary(max_size=40) | st.from_regex(rb"1769846[0-9]{3}\.[a-z.]*", fullmatch=True),
    cut=st.integers(0, 80),
)
def test_however_the_stops_are_moved_nothing_else_is_believed(id: str, body: bytes, cut: int) -> None:
    try:
        whole = sent(id=id, body=body)
    except BadWebhookHeader:
        return
    content = f"{whole.id}.{whole.timestamp}.".encode() + body
    places = [index for index, byte in enumerate(content) if byte == ord(".")]
    for first in places:
        for second in places:
            if first >= second:
                continue
            other = SignedBody(
                id=content[:first].decode("latin-1"),
                timestamp=content[first + 1 : second].decode("latin-1"),
                signatures=whole.signatures,
                body=content[second + 1 :],
            )
            if other == whole:
                continue
            with pytest.raises(BadSignature):
                verify_webhook(other, RING, NOW)


# properties

KEYS = st.sampled_from([KEY, NEW_KEY, SECRET, NEW_SECRET])


def seen(key: HmacKey | SigningKey) -> HmacKey | VerifyingKey:
    return key if isinstance(key, HmacKey) else key.verifying()


@given(
    keys=st.lists(KEYS, min_size=1, max_size=8),
    ring=st.lists(KEYS, max_size=8),
    id=st.from_regex(r"[!-~]{1,128}", fullmatch=True).filter(lambda id: "." not in id),
    body=st.binary(max_size=200),
    late_s=st.integers(-300, 300),
)
def test_it_is_believed_exactly_when_the_keys_meet(
    keys: list[HmacKey | SigningKey], ring: list[HmacKey | SigningKey], id: str, body: bytes, late_s: int
) -> None:
    known = [seen(key) for key in ring]
    whole = sent(keys, id, NOW, body)
    if any(key in keys for key in ring):
        assert verify_webhook(whole, known, NOW + late_s) in known
        return
    with pytest.raises(BadSignature, match="no webhook-signature fits"):
        verify_webhook(whole, known, NOW + late_s)


@given(id=st.text(max_size=200), timestamp=st.text(max_size=20), signatures=st.text(max_size=300))
def test_whatever_the_headers_say_the_refusal_is_ours(id: str, timestamp: str, signatures: str) -> None:
    with pytest.raises(BadSignature):
        verify_webhook(SignedBody(id=id, timestamp=timestamp, signatures=signatures, body=b""), RING, NOW)
