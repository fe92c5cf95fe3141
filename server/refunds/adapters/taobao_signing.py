"""Requests to the Taobao open platform (TOP), signed. Pure.

Source: open.taobao.com, "calling an API" (docId 101617), whose worked example is a test. The secret and the
session are the merchant's; nothing of them stands in a request's address.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from urllib.parse import urlencode

from server.refunds.adapters.wire import Request

CHINA = timezone(timedelta(hours=8))
PATH = "/router/rest"
FORM = "application/x-www-form-urlencoded;charset=utf-8"


class SignMethod(StrEnum):
    """The platform's names of the ways to sign."""

    HMAC = "hmac"
    """HMAC-MD5."""
    MD5 = "md5"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopKey:
    """What one application may do in one merchant's name."""

    app_key: str
    secret: str = field(repr=False)
    session: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that goes with the parameters; it is not signed."""

    name: str
    content: bytes
    media_type: str


def sign(parameters: Mapping[str, str], secret: str, method: SignMethod) -> str:
    """The signature over all parameters, by the order of their names.

    >>> sign({"b": "2", "a": "1"}, "secret", SignMethod.MD5)
    'EF16F26C937CF52AE6F85DF2FD08B24A'
    """
    said = "".join(f"{name}{parameters[name]}" for name in sorted(parameters)).encode()
    if method == SignMethod.HMAC:
        return hmac.new(secret.encode(), said, hashlib.md5).hexdigest().upper()
    wrapped = secret.encode() + said + secret.encode()
    return hashlib.md5(wrapped, usedforsecurity=False).hexdigest().upper()


def signed_request(
    method: str,
    parameters: Mapping[str, str],
    key: TopKey,
    at: datetime,
    sign_method: SignMethod = SignMethod.HMAC,
    upload: Upload | None = None,
) -> Request:
    """One call of `method` at `at`; the platform takes clocks that are up to ten minutes off."""
    whole = {
        **parameters,
        "method": method,
        "app_key": key.app_key,
        "session": key.session,
        "timestamp": f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
        "format": "json",
        "v": "2.0",
        "sign_method": sign_method.value,
    }
    whole["sign"] = sign(whole, key.secret, sign_method)
    if upload is None:
        return Request(
            method="POST", path=PATH, headers={"content-type": FORM}, body=urlencode(whole).encode()
        )
    boundary = hashlib.sha256(upload.content).hexdigest()
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return Request(method="POST", path=PATH, headers=headers, body=_multipart(whole, upload, boundary))


def _multipart(parameters: Mapping[str, str], upload: Upload, boundary: str) -> bytes:
    """RFC 7578; the boundary is the file's own hash, which it does not hold."""
    parts = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parameters.items()
    ]
    head = f'--{boundary}\r\ncontent-disposition: form-data; name="{upload.name}"; filename="proof"\r\n'
    head += f"content-type: {upload.media_type}\r\n\r\n"
    return "".join(parts).encode() + head.encode() + upload.content + f"\r\n--{boundary}--\r\n".encode()
