"""What a merchant says of its payment system: read once, kept whole, never shown."""

from datetime import UTC, datetime

import pytest

from server.errors import BadRequest
from server.refunds.adapters.medusa import MedusaRefunds
from server.refunds.adapters.opening import ADAPTERS, kept_bytes, open_gateway, read_credentials
from server.refunds.adapters.stripe import StripeRefunds
from server.refunds.gateway import GatewayKind
from tests.server.refunds.adapters.replies import Peer, payout, recorded

MEDUSA = b'{"base_url": "https://shop.example/", "api_key": "sk_0123456789"}'
STRIPE = b'{"api_key": "sk_test_12345"}'


def now() -> datetime:
    return datetime(2026, 11, 28, tzinfo=UTC)


def test_every_kind_has_an_adapter() -> None:
    assert set(ADAPTERS) == set(GatewayKind)


@pytest.mark.parametrize(("kind", "content"), [(GatewayKind.MEDUSA, MEDUSA), (GatewayKind.STRIPE, STRIPE)])
def test_credentials_are_kept_whole_and_shown_nowhere(kind: GatewayKind, content: bytes) -> None:
    known = read_credentials(kind, content)
    assert read_credentials(kind, kept_bytes(known)) == known
    assert "sk_" not in repr(known) + str(known) + known.model_dump_json()


async def test_an_adapter_calls_where_its_merchant_says() -> None:
    peer = Peer([recorded("medusa", "standing.get")])
    known = read_credentials(GatewayKind.MEDUSA, MEDUSA)
    gateway = open_gateway(GatewayKind.MEDUSA, known, peer, now)
    assert isinstance(gateway, MedusaRefunds)
    await gateway.standing(payout("pay_1").payment)
    assert peer.asked[0].url.startswith("https://shop.example/admin/payments/pay_1?")
    known = read_credentials(GatewayKind.STRIPE, STRIPE)
    assert isinstance(open_gateway(GatewayKind.STRIPE, known, peer, now), StripeRefunds)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"base_url": "https://shop.example", "api_key": "secret with blanks"}',
        b'{"base_url": "https://shop.example", "api_key": "secret7"}',
        b'{"base_url": "ftp://shop.example", "api_key": "secret-12345"}',
        b'{"base_url": "https://me@shop.example", "api_key": "secret-12345"}',
        b'{"base_url": "https://shop.example?a=secret", "api_key": "secret-12345"}',
        b'{"base_url": "https://shop.example", "api_key": "secret-12345", "more": 1}',
        b'{"base_url": "https://shop.example", "api_key": 12345678}',
    ],
)
def test_what_does_not_work_is_refused_without_being_repeated(content: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        read_credentials(GatewayKind.MEDUSA, content)
    assert "secret" not in str(refused.value)
