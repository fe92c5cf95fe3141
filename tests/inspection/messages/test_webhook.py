"""Standard Webhooks with Ed25519: what a refund system may act on."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.signing import public_bytes
from inspection.errors import BadSignature
from inspection.messages.webhook import SignedBody, sign_webhook, verify_webhook

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOW = 1_769_846_400
BODY = b'{"type":"refund.instruction"}'


def signed(**changes: object) -> SignedBody:
    headers = sign_webhook(KEY, "R1/1/1#1", NOW, BODY)
    whole = SignedBody(
        id=headers["webhook-id"],
        timestamp=headers["webhook-timestamp"],
        signatures=headers["webhook-signature"],
        body=BODY,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_a_webhook_verifies_as_it_was_sent() -> None:
    verify_webhook(signed(), public_bytes(KEY), NOW + 200)


def test_the_signature_is_the_standards_own() -> None:
    signature = KEY.sign(b"R1/1/1#1.1769846400." + BODY)
    header = sign_webhook(KEY, "R1/1/1#1", NOW, BODY)["webhook-signature"]
    assert header == "v1a," + base64.b64encode(signature).decode()


def test_one_fitting_signature_among_several_is_enough() -> None:
    both = "v1,abc v1a,AAAA " + signed().signatures
    verify_webhook(signed(signatures=both), public_bytes(KEY), NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"body": BODY + b" "},
        {"id": "R1/1/1#2"},
        {"timestamp": str(NOW + 1)},
        {"timestamp": "soon"},
        {"timestamp": "٣"},
        {"timestamp": "9" * 40},
        {"signatures": ""},
        {"signatures": "v1a,not base64"},
        {"signatures": "v2," + "A" * 88},
        {"signatures": "v1a,AAAA " * 5000},
    ],
)
def test_anything_changed_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadSignature):
        verify_webhook(signed(**change), public_bytes(KEY), NOW)


@pytest.mark.parametrize("late_s", [-301, 301])
def test_an_old_or_early_webhook_is_refused(late_s: int) -> None:
    with pytest.raises(BadSignature, match="5 minutes"):
        verify_webhook(signed(), public_bytes(KEY), NOW + late_s)
