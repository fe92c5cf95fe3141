import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from link.errors import LinkError, NotSent, Overloaded, Refused, Unreachable
from link.http import HttpConfig, HttpLink

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"id": 123}'
LATER = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n%s\r\n"
HANG_UP = b""


class Script:
    """Answers one request per connection, in order, and keeps what was asked."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.asked: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head)
        writer.write(self.answers.pop(0) if self.answers else HANG_UP)
        writer.close()


@asynccontextmanager
async def peer(*answers: bytes) -> AsyncIterator[Script]:
    script = Script(*(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) for answer in answers))
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    script.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield script
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
def naps() -> list[float]:
    return []


@pytest.fixture
def link_to(naps: list[float]) -> Callable[..., HttpLink]:
    async def nap(seconds: float) -> None:
        naps.append(seconds)

    def make(url: str, **settings: object) -> HttpLink:
        return HttpLink(HttpConfig.model_validate({"base_url": url, **settings}), sleep=nap)

    return make


async def test_a_call_carries_the_key_and_reads_the_answer(link_to: Callable[..., HttpLink]) -> None:
    async with peer(OK) as script, link_to(script.url, key=SecretStr("abc")) as link:
        answer = await link.get("/v1/things", params={"after": 3})
        assert (answer.status, answer.json()) == (200, {"id": 123})
    assert b"GET /v1/things?after=3 HTTP/1.1" in script.asked[0]
    assert b"authorization: bearer abc" in script.asked[0].lower()


@pytest.mark.parametrize("trouble", [HANG_UP, LATER % b"", LATER.replace(b"503", b"429") % b""])
async def test_what_may_be_repeated_is_repeated(
    trouble: bytes, link_to: Callable[..., HttpLink], naps: list[float]
) -> None:
    async with peer(trouble, trouble, OK) as script, link_to(script.url) as link:
        assert (await link.put("/v1/x", b"body")).status == 200
    assert len(script.asked) == 3
    assert len(naps) == 2
    assert link.counts["retried"] == 2


async def test_a_call_that_is_not_safe_is_sent_once(link_to: Callable[..., HttpLink]) -> None:
    async with peer(HANG_UP, OK) as script, link_to(script.url) as link:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1 does not answer"):
            await link.post("/v1/x", {})
        assert (await link.post("/v1/x", {}, idempotent=True)).status == 200


async def test_the_attempts_end(link_to: Callable[..., HttpLink]) -> None:
    async with peer(*[LATER % b""] * 9) as script, link_to(script.url, attempts=3) as link:
        with pytest.raises(Overloaded) as refusal:
            await link.get("/")
    assert refusal.value.status == 503
    assert len(script.asked) == 3


async def test_retry_after_is_honoured_up_to_a_bound(
    link_to: Callable[..., HttpLink], naps: list[float]
) -> None:
    soon, late = LATER % b"Retry-After: 7\r\n", LATER % b"Retry-After: 4000\r\n"
    async with peer(soon, late) as script, link_to(script.url) as link:
        with pytest.raises(Overloaded) as refusal:
            await link.get("/")
    assert naps == [7.0]
    assert refusal.value.retry_after_s == 4000


async def test_a_fault_of_the_peer_is_not_repeated_at_once(link_to: Callable[..., HttpLink]) -> None:
    fault = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"
    async with peer(fault, OK) as script, link_to(script.url) as link:
        with pytest.raises(Overloaded, match="HTTP 500"):
            await link.get("/")
    assert len(script.asked) == 1


async def test_a_refusal_brings_its_problem(link_to: Callable[..., HttpLink]) -> None:
    body = b'{"title": "no", "detail": "the unit is unknown", "code": "unknown_unit"}'
    answer = b"HTTP/1.1 422 No\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    async with peer(answer + body) as script, link_to(script.url) as link:
        with pytest.raises(Refused, match="the unit is unknown") as refusal:
            await link.get("/v1/units")
    assert (refusal.value.status, refusal.value.problem["code"]) == (422, "unknown_unit")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 No\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 400 No\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{[",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx",
    ],
    ids=["redirect", "list", "broken problem", "too large", "compressed"],
)
async def test_what_cannot_be_taken_is_refused_once(answer: bytes, link_to: Callable[..., HttpLink]) -> None:
    async with peer(answer, OK) as script, link_to(script.url, largest_answer=1000) as link:
        with pytest.raises(Refused):
            await link.get("/")
    assert len(script.asked) == 1


async def test_an_answer_that_is_no_json_is_refused(link_to: Callable[..., HttpLink]) -> None:
    async with peer(OK.replace(b"{", b"(")) as script, link_to(script.url) as link:
        with pytest.raises(Refused, match="no JSON"):
            (await link.get("/")).json()


@pytest.mark.parametrize(
    "url", ["http://centre.example", "http://10.0.0.7:80", "ftp://x", "centre", "http://127.0.0.1.example"]
)
def test_nothing_is_sent_in_the_clear(url: str) -> None:
    with pytest.raises(NotSent):
        HttpLink(HttpConfig(base_url=url))


@pytest.mark.parametrize("url", ["https://centre.example", "http://localhost:1", "http://[::1]:1"])
async def test_a_safe_address_is_taken(url: str) -> None:
    async with HttpLink(HttpConfig(base_url=url)) as link:
        assert link.counts["sent"] == 0


@pytest.mark.parametrize("path", ["x", "//other.example/x", "https://other.example/x", ""])
async def test_the_key_never_leaves_for_another_host(path: str) -> None:
    async with HttpLink(HttpConfig(base_url="https://centre.example")) as link:
        with pytest.raises(NotSent):
            await link.get(path)


def test_certificates_that_cannot_be_read_are_named() -> None:
    with pytest.raises(LinkError, match="certificates cannot be used"):
        HttpLink(HttpConfig.model_validate({"base_url": "https://a", "tls": {"ca_file": "/nowhere.pem"}}))


def test_the_peer_is_always_verified() -> None:
    from link.tls import client_context

    context = client_context()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


def whole(body: bytes, *heads: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *heads]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def test_a_download_comes_piece_by_piece(link_to: Callable[..., HttpLink]) -> None:
    got: list[bytes] = []
    body = bytes(200_000)
    async with peer(whole(body)) as script, link_to(script.url, largest_answer=100) as link:
        await link.download("/v1/file", got.append, length=len(body))
    assert b"".join(got) == body
    assert len(got) > 1


async def test_a_download_goes_on_where_it_broke(link_to: Callable[..., HttpLink]) -> None:
    got: list[bytes] = []
    rest = whole(b"def", "Content-Range: bytes 3-5/6", status="206 Partial Content")
    async with peer(rest) as script, link_to(script.url) as link:
        await link.download("/v1/file", got.append, length=6, start=3)
    assert got == [b"def"]
    assert b"range: bytes=3-\r\n" in script.asked[0].lower()


async def test_a_line_that_breaks_in_a_download_keeps_what_came(link_to: Callable[..., HttpLink]) -> None:
    got: list[bytes] = []
    broken = whole(b"abcdef").removesuffix(b"def")
    async with peer(broken) as script, link_to(script.url) as link:
        with pytest.raises(Unreachable):
            await link.download("/v1/file", got.append, length=6)
    assert got == [b"abc"]


@pytest.mark.parametrize(
    ("answer", "start"),
    [
        (whole(b"abc"), 0),
        (whole(b"abcdefgh"), 0),
        (whole(b"abcdef"), 3),
        (whole(b"def", "Content-Range: bytes 2-5/6", status="206 Partial Content"), 3),
        (whole(b"abcdef", status="206 Partial Content"), 0),
        (whole(b"abcdef", "Content-Encoding: gzip"), 0),
        (whole(b"", status="404 Not Found"), 0),
        (whole(b"", "Location: http://elsewhere.test/", status="302 Found"), 0),
    ],
)
async def test_a_download_of_something_else_is_refused(
    link_to: Callable[..., HttpLink], answer: bytes, start: int
) -> None:
    got: list[bytes] = []
    async with peer(answer) as script, link_to(script.url) as link:
        with pytest.raises(Refused):
            await link.download("/v1/file", got.append, length=6, start=start)
    assert len(b"".join(got)) <= 6
