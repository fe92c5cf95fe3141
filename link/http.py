"""One HTTPS client: timeouts, bounded retries, bounded answers, named errors.

What may be repeated is repeated after a broken line or a 429, 502, 503 or 504; everything else
goes back to the caller at once. Redirects are never followed: a key sent to another host is lost.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from link.backoff import Backoff
from link.errors import LinkError, NotSent, Overloaded, Refused, Unreachable
from link.tls import TlsFiles, client_context, in_the_clear

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
WORTH_REPEATING = frozenset({429, 502, 503, 504})


class HttpConfig(BaseModel):
    """Where the peer is, who we are there, and how patient we are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str
    """`https://...`; plain `http://` only for a loopback host."""
    key: SecretStr | None = None
    """Sent as `Authorization: Bearer`."""
    tls: TlsFiles | None = None
    timeout_s: float = Field(default=10.0, gt=0)
    """For each of connect, read, write and a free connection."""
    attempts: int = Field(default=4, ge=1, le=20)
    """Of a call that may be repeated, the first one included."""
    retry_min_s: float = Field(default=0.2, gt=0)
    retry_max_s: float = Field(default=5.0, gt=0)
    longest_retry_after_s: float = Field(default=30.0, ge=0)
    """A peer that asks for more than this gets its error back to the caller instead."""
    largest_answer: int = Field(default=8 * 1024 * 1024, ge=1)
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A 2xx answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The content as JSON; raises Refused where it is none."""
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise Refused("the peer's answer is no JSON", status=self.status) from error


class HttpLink:
    """One peer over HTTP(S), used as an async context manager."""

    def __init__(
        self, config: HttpConfig, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        refuse_plain_http(config.base_url)
        self.config = config
        self.counts: Counter[str] = Counter()
        """sent, answered, retried, refused, unreachable, overloaded."""
        self._sleep = sleep
        self._client = _new_client(config)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.aclose()

    async def get(self, path: str, *, params: Mapping[str, str | int] | None = None) -> Answer:
        """GET; see `request` for the errors."""
        return await self.request("GET", path, params=params)

    async def put(
        self, path: str, content: bytes = b"", *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """PUT bytes; see `request` for the errors."""
        return await self.request("PUT", path, content=content, headers=headers)

    async def post(self, path: str, json: object, *, idempotent: bool = False) -> Answer:
        """POST JSON; repeated only when the caller says that the peer recognises a repetition."""
        return await self.request("POST", path, json=json, idempotent=idempotent)

    async def delete(self, path: str) -> Answer:
        """DELETE; see `request` for the errors."""
        return await self.request("DELETE", path)

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        json: object = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
    ) -> Answer:
        """Exchange one message.

        Raises Unreachable (nobody answers), Overloaded (429 or 5xx after all attempts), Refused
        (3xx, 4xx, or an answer that is too large) or NotSent (the path leads to another host).
        """
        request = self._build(method, path, content=content, json=json, params=params, headers=headers)
        may_repeat = method in IDEMPOTENT if idempotent is None else idempotent
        backoff = Backoff(self.config.retry_min_s, self.config.retry_max_s)
        left = self.config.attempts if may_repeat else 1
        while True:
            left -= 1
            try:
                return await self._once(request)
            except (Unreachable, Overloaded) as error:
                wait_s = self._wait(error, backoff) if left else None
                if wait_s is None:
                    raise
            self.counts["retried"] += 1
            await self._sleep(wait_s)

    async def download(
        self, path: str, take: Callable[[bytes], None], *, length: int, start: int = 0
    ) -> None:
        """GET a body of `length` bytes from `start` on, and hand it over piece by piece; asked once.

        Raises as `request`; Refused also where the peer sends more, less or another part. Unreachable
        where the line breaks: what was handed over is good, and `start` goes on behind it.
        """
        headers = {"Range": f"bytes={start}-"} if start else None
        request = self._build("GET", path, headers=headers)
        self.counts["sent"] += 1
        try:
            answer = await self._client.send(request, stream=True)
            try:
                if not 200 <= answer.status_code < 300:
                    self._judge(request, answer, await self._read(answer))
                await self._hand_over(answer, take, start, length)
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            self.counts["unreachable"] += 1
            raise Unreachable(f"{request.url.host} does not answer: {_said(error)}") from error
        self.counts["answered"] += 1

    async def _hand_over(
        self, answer: httpx.Response, take: Callable[[bytes], None], start: int, length: int
    ) -> None:
        part = answer.headers.get("Content-Range", "")
        other = not part.startswith(f"bytes {start}-") if start else answer.status_code != 200
        seen = start
        if not other and answer.headers.get("Content-Encoding", "identity") == "identity":
            async for chunk in answer.aiter_raw():
                seen += len(chunk)
                if seen > length:
                    break
                take(chunk)
        if seen != length:
            self.counts["refused"] += 1
            raise Refused(
                f"{answer.url.host} sends another part or length of {answer.url.path} than was asked for",
                status=answer.status_code,
            )

    def _build(self, method: str, path: str, **parts: Any) -> httpx.Request:
        if not path.startswith("/") or path.startswith("//"):
            raise NotSent(f"{path[:80]!r} is no path on the peer: it begins with one /")
        try:
            return self._client.build_request(
                method, path, **{k: v for k, v in parts.items() if v is not None}
            )
        except (httpx.InvalidURL, TypeError, ValueError) as error:
            raise NotSent(f"the request to {path[:80]!r} cannot be written: {error}") from error

    def _wait(self, error: LinkError, backoff: Backoff) -> float | None:
        """Seconds until the next attempt; None where the caller should hear of the error now."""
        if isinstance(error, Overloaded):
            if error.status not in WORTH_REPEATING:
                return None
            if error.retry_after_s is not None:
                within = error.retry_after_s <= self.config.longest_retry_after_s
                return max(error.retry_after_s, backoff.next()) if within else None
        return backoff.next()

    async def _once(self, request: httpx.Request) -> Answer:
        self.counts["sent"] += 1
        try:
            answer = await self._client.send(request, stream=True)
            try:
                content = await self._read(answer)
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            self.counts["unreachable"] += 1
            raise Unreachable(f"{request.url.host} does not answer: {_said(error)}") from error
        return self._judge(request, answer, content)

    async def _read(self, answer: httpx.Response) -> bytes:
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            # Compression was not asked for; unpacking could make megabytes of a kilobyte.
            raise Refused(f"the answer of {answer.url.host} is compressed", status=answer.status_code)
        content = bytearray()
        async for chunk in answer.aiter_raw(65536):
            content += chunk
            if len(content) > self.config.largest_answer:
                self.counts["refused"] += 1
                raise Refused(
                    f"the answer of {answer.url.host} is larger than {self.config.largest_answer} bytes",
                    status=answer.status_code,
                )
        return bytes(content)

    def _judge(self, request: httpx.Request, answer: httpx.Response, content: bytes) -> Answer:
        status = answer.status_code
        if 200 <= status < 300:
            self.counts["answered"] += 1
            return Answer(status=status, headers=dict(answer.headers), content=content)
        asked = f"{request.method} {request.url.path}"
        if status == 429 or status >= 500:
            self.counts["overloaded"] += 1
            raise Overloaded(
                f"{request.url.host} cannot answer {asked} now (HTTP {status})",
                status=status,
                retry_after_s=_retry_after(answer),
            )
        self.counts["refused"] += 1
        problem = _problem(answer, content)
        reason = problem.get("detail") or problem.get("title") or f"HTTP {status}"
        raise Refused(
            f"{request.url.host} refuses {asked}: {str(reason)[:300]}",
            status=status,
            problem=problem,
            media_type=answer.headers.get("Content-Type", "").partition(";")[0].strip(),
            content=content,
        )


def refuse_plain_http(base_url: str) -> None:
    """Raise NotSent unless it is https, or http to this very machine: a key must not travel in the clear."""
    parts = urlsplit(base_url)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise NotSent(f"{base_url!r} is no web address: it begins with https://")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise NotSent(f"{base_url!r} would send everything in the clear: use https://")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _new_client(config: HttpConfig) -> httpx.AsyncClient:
    headers = {"User-Agent": "regrade", "Accept-Encoding": "identity"}
    if config.key is not None:
        headers["Authorization"] = f"Bearer {config.key.get_secret_value()}"
    plain = config.tls is None and urlsplit(config.base_url).scheme == "http"
    return httpx.AsyncClient(
        base_url=config.base_url,
        headers=headers,
        timeout=httpx.Timeout(config.timeout_s),
        follow_redirects=False,
        trust_env=False,
        verify=in_the_clear() if plain else client_context(config.tls),
    )


def _retry_after(answer: httpx.Response) -> float | None:
    """Retry-After in seconds; the date form is not worth a dependence on two clocks."""
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _problem(answer: httpx.Response, content: bytes) -> Mapping[str, object]:
    if "json" not in answer.headers.get("Content-Type", "") or len(content) > 65536:
        return {}
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
