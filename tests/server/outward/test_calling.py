"""What is known after a call that got no answer: whether anything left."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from server.errors import EndpointRefused
from server.outward.addresses import AddressPolicy
from server.outward.calling import Caller, NoAnswer

LOCAL = AddressPolicy(loopback=True)


class Odd(BaseHTTPRequestHandler):
    """Answers by the path: long, with a redirect, or not at all."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/silent":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if self.path == "/drip":
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            with suppress(OSError):
                for _ in range(1000):
                    self.wfile.write(b"x")
                    time.sleep(0.05)
            return
        content = b"x" * (4096 if self.path == "/long" else 2)
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("location", "http://127.0.0.1:1/")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.daemon_threads, server.block_on_close = True, False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_an_answer_comes_whole_up_to_its_bound(url: str) -> None:
    caller = Caller(LOCAL, timeout_s=5)
    whole = await caller.call("POST", f"{url}/", body=b"{}")
    long = await caller.call("POST", f"{url}/long", body=b"{}", most_read=100)
    await caller.close()
    assert (whole.status, whole.content, whole.cut) == (200, b"xx", False)
    assert (len(long.content), long.cut) == (100, True)


async def test_a_redirect_is_an_answer_and_is_not_followed(url: str) -> None:
    caller = Caller(LOCAL, timeout_s=5)
    reply = await caller.call("POST", f"{url}/moved", body=b"{}")
    await caller.close()
    assert reply.status == 302


async def test_a_line_that_breaks_after_the_request_may_have_had_its_effect(url: str) -> None:
    caller = Caller(LOCAL, timeout_s=5)
    with pytest.raises(NoAnswer) as caught:
        await caller.call("POST", f"{url}/silent", body=b"{}")
    await caller.close()
    assert caught.value.sent


async def test_a_line_that_was_never_opened_had_none() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers there
        caller = Caller(LOCAL, timeout_s=5)
        with pytest.raises(NoAnswer) as caught:
            await caller.call("POST", f"http://127.0.0.1:{taken.getsockname()[1]}/", body=b"{}")
        await caller.close()
    assert not caught.value.sent


async def test_a_private_address_is_never_called() -> None:
    caller = Caller(AddressPolicy(), timeout_s=5)
    with pytest.raises(EndpointRefused):
        await caller.call("GET", "https://10.0.0.1/")
    await caller.close()


async def test_a_system_that_drips_its_answer_is_given_up_within_the_timeout(url: str) -> None:
    caller, begun = Caller(LOCAL, timeout_s=0.4), time.monotonic()
    with pytest.raises(NoAnswer) as caught:
        await caller.call("POST", f"{url}/drip", body=b"{}")
    await caller.close()
    assert caught.value.sent
    assert time.monotonic() - begun < 5


async def test_a_name_is_resolved_once_and_its_vetted_address_is_the_one_that_is_called(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, asked = asyncio.get_running_loop(), []
    port = int(url.rpartition(":")[2])

    async def rebinding(host: str, _: int, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        where = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, port))]

    monkeypatch.setattr(loop, "getaddrinfo", rebinding)
    caller = Caller(LOCAL, timeout_s=5)
    reply = await caller.call("POST", f"http://shop.test:{port}/", body=b"{}")
    await caller.close()
    assert (reply.status, asked) == (200, ["shop.test"])
