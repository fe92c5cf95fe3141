"""Others' signatures verified by us, ours by others: published values, two libraries, and RFC 8032 itself.

The published values, all over one message:
* `v1`: Standard Webhooks, `libraries/go/webhook_symmetric_test.go` (TestSymmetricWebhookSign), the same as
  in Svix's libraries;
* `v1a`: Standard Webhooks, `libraries/go/webhook_asymmetric_test.go` (TestAsymmetricWebhookSign); and Svix's
  server, `server/svix-server/src/worker.rs` (test_asymmetric_key_signing), whose signature is the example in
  the specification's "Webhook headers". The key pair is from the server's README.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import standardwebhooks
import svix
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.errors import BadSignature
from inspection.messages.webhook import SignedBody, sign_webhook, verify_webhook
from inspection.messages.webhook_keys import (
    HmacKey,
    SigningKey,
    read_hmac_key,
    read_signing_key,
    read_verifying_key,
)
from tests.inspection.messages import ed25519_reference

ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT_S = 1_614_265_330
BODY = b'{"test": 2432232314}'
V1_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
GO_SEED = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
GO_V1A = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
SVIX_PAIR = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
SVIX_PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
SVIX_V1A = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="


def published(signatures: str) -> SignedBody:
    return SignedBody(id=ID, timestamp=str(AT_S), signatures=signatures, body=BODY)


@pytest.mark.parametrize(
    ("key", "signature"),
    [
        (read_hmac_key(V1_SECRET), V1),
        (read_signing_key(GO_SEED), GO_V1A),
        (read_signing_key(SVIX_PAIR), SVIX_V1A),
    ],
    ids=["v1", "v1a of the Go library", "v1a of Svix's server"],
)
def test_the_published_signatures_are_ours(key: HmacKey | SigningKey, signature: str) -> None:
    assert sign_webhook([key], ID, AT_S, BODY)["webhook-signature"] == signature
    verify_webhook(published(signature), [key if isinstance(key, HmacKey) else key.verifying()], AT_S)


def test_a_published_rotation_verifies_by_either_key() -> None:
    both = published(f"{V1} {SVIX_V1A}")
    for key in (read_hmac_key(V1_SECRET), read_verifying_key(SVIX_PUBLIC)):
        assert verify_webhook(both, [key], AT_S) == key


def test_the_published_key_texts_read_as_one_pair() -> None:
    key = read_signing_key(SVIX_PAIR)
    assert (key.to_text(), key.verifying().to_text()) == (SVIX_PAIR, SVIX_PUBLIC)


# v1 and two libraries; they look at the clock themselves

Library = Callable[[str], standardwebhooks.Webhook | svix.Webhook]
LIBRARIES = pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.Webhook], ids=["std", "svix"])
OLD, NEW = HmacKey(bytes(range(24))), HmacKey(bytes(range(64)))
PRIVATE = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def now_s() -> int:
    return int(datetime.now(UTC).timestamp())


@LIBRARIES
@pytest.mark.parametrize("keys", [[OLD], [NEW], [NEW, OLD], [OLD, NEW], [PRIVATE, OLD, NEW]])
@pytest.mark.parametrize("body", [b'{"a":1}', '{"原因":"碎了 ☕"}'.encode()])
def test_libraries_believe_what_we_sign(
    library: Library, keys: list[HmacKey | SigningKey], body: bytes
) -> None:
    headers = sign_webhook(keys, "R1/1/1#1", now_s(), body)
    for key in keys:
        if isinstance(key, HmacKey):
            library(key.to_text()).verify(body, headers)


@LIBRARIES
def test_libraries_do_not_believe_another_secret(library: Library) -> None:
    headers = sign_webhook([PRIVATE, OLD], "R1/1/1#1", now_s(), b"{}")
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        library(NEW.to_text()).verify(b"{}", headers)


@LIBRARIES
def test_we_believe_what_libraries_sign(library: Library) -> None:
    body, at = json.dumps({"总额": 1032}, ensure_ascii=False), datetime.fromtimestamp(now_s(), UTC)
    signatures = [library(key.to_text()).sign("msg_1", at, body) for key in (OLD, NEW)]
    signed = SignedBody(
        id="msg_1",
        timestamp=str(int(at.timestamp())),
        signatures=" ".join(signatures),
        body=body.encode(),
    )
    for key in (OLD, NEW):
        assert verify_webhook(signed, [key], at.timestamp()) == key
    with pytest.raises(BadSignature):
        verify_webhook(signed, [HmacKey(bytes(range(1, 25)))], at.timestamp())


# v1a and RFC 8032


def test_the_reference_is_right() -> None:
    """RFC 8032, section 7.1, TEST 2."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    key = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert (ed25519_reference.public(seed), ed25519_reference.sign(seed, b"\x72")) == (key, signature)
    assert ed25519_reference.verifies(key, b"\x72", signature)
    assert not ed25519_reference.verifies(key, b"\x73", signature)


@pytest.mark.parametrize("number", range(3))
def test_the_reference_believes_our_v1a_and_we_believe_its(number: int) -> None:
    seed, body = bytes([number]) * 32, b'{"number":%d}' % number
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(seed))
    headers = sign_webhook([OLD, key], "R1/1/1#1", AT_S, body)
    ours = base64.b64decode(headers["webhook-signature"].split(" v1a,")[1])
    content = b"R1/1/1#1.%d.%b" % (AT_S, body)
    assert ed25519_reference.public(seed) == key.verifying().public
    assert ed25519_reference.verifies(key.verifying().public, content, ours)
    assert not ed25519_reference.verifies(key.verifying().public, content + b" ", ours)
    theirs = base64.b64encode(ed25519_reference.sign(seed, content)).decode()
    signed = SignedBody(id="R1/1/1#1", timestamp=str(AT_S), signatures=f"v1a,{theirs}", body=body)
    verify_webhook(signed, [key.verifying()], AT_S)
