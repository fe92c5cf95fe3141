"""Cases to make packs of."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.pack.case import EvidenceCase
from tests.kit.pack.cases import Maker, new_maker, seeded, usual


@pytest.fixture
def maker() -> Maker:
    return new_maker()


@pytest.fixture
def case(maker: Maker) -> EvidenceCase:
    """An inspection with two photos, a finding and a paid refund."""
    return usual(maker).case()


@pytest.fixture
def witness() -> Ed25519PrivateKey:
    """Somebody else's key."""
    return Ed25519PrivateKey.from_private_bytes(seeded("witness"))
