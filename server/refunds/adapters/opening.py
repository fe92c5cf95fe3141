"""Which payment systems the centre calls itself, and what it must be told of each: one row per adapter."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from server.errors import BadRequest, EndpointRefused
from server.outward.addresses import read_url
from server.refunds.adapters.asking import Calls
from server.refunds.adapters.medusa import MedusaRefunds
from server.refunds.adapters.stripe import BASE_URL, StripeRefunds
from server.refunds.gateway import GatewayKind, RefundGateway

API_KEY = re.compile(r"[!-~]{8,255}")


class Credentials(BaseModel):
    """What a merchant says of its payment system; kept sealed, and shown by nobody."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    base_url: Annotated[str, Field(max_length=200)]
    api_key: SecretStr

    @field_validator("base_url")
    @classmethod
    def _is_plain(cls, url: str) -> str:
        try:
            target = read_url(url)
        except EndpointRefused as error:
            raise ValueError(str(error)) from None
        if "?" in target.path:
            raise ValueError("base_url has no query")
        return url.rstrip("/")

    @field_validator("api_key")
    @classmethod
    def _fits_a_header(cls, key: SecretStr) -> SecretStr:
        if not API_KEY.fullmatch(key.get_secret_value()):
            raise ValueError("an API key has 8 to 255 printable characters without blanks")
        return key


class StripeCredentials(Credentials):
    """A secret or restricted key of the account; restricted ones need to read charges and write refunds."""

    base_url: Annotated[str, Field(max_length=200)] = BASE_URL


class MedusaCredentials(Credentials):
    """The server's address, without `/admin`, and a secret API key of it."""


Open = Callable[[Calls, Credentials, Callable[[], datetime]], RefundGateway]


def _stripe(caller: Calls, known: Credentials, clock: Callable[[], datetime]) -> RefundGateway:
    return StripeRefunds(caller, known.api_key.get_secret_value(), known.base_url, clock)


def _medusa(caller: Calls, known: Credentials, clock: Callable[[], datetime]) -> RefundGateway:
    return MedusaRefunds(caller, known.base_url, known.api_key.get_secret_value(), clock)


ADAPTERS: Mapping[GatewayKind, tuple[type[Credentials], Open]] = MappingProxyType(
    {
        GatewayKind.STRIPE: (StripeCredentials, _stripe),
        GatewayKind.MEDUSA: (MedusaCredentials, _medusa),
    }
)


def read_credentials(kind: GatewayKind, content: bytes) -> Credentials:
    """Read what a merchant sent, or what was kept of it; raises BadRequest, which says nothing of the key.

    >>> kept = read_credentials(GatewayKind.STRIPE, b'{"api_key": "sk_test_12345"}')
    >>> kept.base_url, kept.api_key
    ('https://api.stripe.com', SecretStr('**********'))
    """
    try:
        return ADAPTERS[kind][0].model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part)[:40] for part in first["loc"][:4])
        raise BadRequest(f"credentials of {kind.value}: {where or 'all'}: {first['msg'][:200]}") from None


def kept_bytes(credentials: Credentials) -> bytes:
    """What is sealed in the row: `read_credentials` takes it back."""
    return orjson.dumps({"base_url": credentials.base_url, "api_key": credentials.api_key.get_secret_value()})


def open_gateway(
    kind: GatewayKind, credentials: Credentials, caller: Calls, clock: Callable[[], datetime]
) -> RefundGateway:
    """The adapter for one merchant; it keeps nothing, so that it may be made for every call."""
    return ADAPTERS[kind][1](caller, credentials, clock)
