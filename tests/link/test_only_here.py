"""Pages of this machine are for this machine: another host or another page gets no answer."""

import pytest
from starlette.types import Message, Receive, Scope, Send

from link.only_here import OnlyHere, refused


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:8410", None, None),
        ("localhost:8410", "http://localhost:8410", None),
        ("evil.example:8410", None, 421),
        ("127.0.0.1:80", None, 421),
        ("", None, 421),
        ("127.0.0.1:8410", "http://evil.example", 403),
        ("127.0.0.1:8410", "null", 403),
        ("127.0.0.1:8410", "http://127.0.0.1:9999", 403),
    ],
)
def test_other_hosts_and_pages_are_refused(host: str, origin: str | None, status: int | None) -> None:
    answer = refused(host, [origin] if origin else [], 8410)
    assert (answer and answer[0]) == status


async def test_a_web_socket_of_another_page_is_closed() -> None:
    said: list[Message] = []

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("it passed")

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        said.append(message)

    headers = [(b"host", b"127.0.0.1:8410"), (b"origin", b"http://evil.example")]
    scope = {"type": "websocket", "headers": headers, "server": ("127.0.0.1", 8410)}
    await OnlyHere(never)(scope, receive, send)
    assert said == [{"type": "websocket.close", "code": 1008}]
