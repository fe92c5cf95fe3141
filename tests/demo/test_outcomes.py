"""The shop tells an outcome until it is answered, and gives up only where no other answer can come."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from demo.shop.ledger import Books
from demo.shop.outcomes import Teller
from inspection.custody.leaf import GENESIS, EntryType, Leaf
from inspection.custody.receipt import issue_receipt
from inspection.messages.refund import InstructionEvent, OutcomeAnswer, RefundInstruction
from inspection.messages.uplink import ReceiptMessage
from link.http import HttpConfig, HttpLink

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
AT = "2026-01-31T08:00:00.000000Z"
ORIGIN = "centre.demo/site/s1"
PATIENCE_S = 60.0
LOOK_S = 0.02


def receipt() -> ReceiptMessage:
    leaf = Leaf(log=ORIGIN, seq=0, prev=GENESIS, type=EntryType.LOGISTICS, id="x", recorded_at=AT, body={})
    return ReceiptMessage.of(issue_receipt(Ed25519PrivateKey.generate(), ORIGIN, 0, leaf.to_bytes()))


def event() -> InstructionEvent:
    fields: dict[str, Any] = {
        "v": 1,
        "id": "R1/1/1#1",
        "number": 1,
        "merchant": "m1",
        "site": "s1",
        "unit": "R1/1/1",
        "authorization": "R1",
        "order": "O-1",
        "kind": "partial",
        "target_total_minor": 800,
        "currency": "EUR",
        "grade": "used",
        "disposition": "resale",
        "exception": None,
        "rule": "refund.share",
        "reasons": (),
        "images": (),
        "issued_at": NOW,
    }
    instruction = RefundInstruction.model_validate(fields, strict=False)
    return InstructionEvent(timestamp=NOW, instruction=instruction, verdict=receipt())


@contextmanager
def centre(statuses: list[int]) -> Iterator[str]:
    """Answers outcomes with these statuses, then takes them."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.say(200, b"{}")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if statuses:
                self.say(statuses.pop(0), b'{"code":"not_now"}')
            else:
                self.say(200, OutcomeAnswer(receipt=receipt(), matches=True).to_json())

        def say(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/problem+json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Books(tmp_path / "shop.sqlite")
    made.take(event(), NOW)
    yield made
    made.close()


async def answer_after(books: Books, statuses: list[int]) -> str:
    """What stands in the books once the outcome was answered for good."""
    with centre(statuses) as url:
        async with HttpLink(HttpConfig(base_url=url, attempts=1)) as link:
            key = Ed25519PrivateKey.generate()
            teller = Teller(books=books, centre=link, key=key, url="http://127.0.0.1:1/hook")
            task = asyncio.create_task(teller.run())
            await until(lambda: books.refunds()[0]["answer"] is not None)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    answer: str = books.refunds()[0]["answer"]
    return answer


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(round(PATIENCE_S / LOOK_S)):
        if condition():
            return
        await asyncio.sleep(LOOK_S)
    raise TimeoutError(f"not within {PATIENCE_S:g} s")


@pytest.mark.parametrize("status", [403, 408, 425, 429, 503])
async def test_a_refusal_of_the_moment_is_told_again(books: Books, status: int) -> None:
    assert await answer_after(books, [status]) == "recorded"


@pytest.mark.parametrize("status", [404, 409, 422])
async def test_what_never_gets_another_answer_is_given_up_and_named(
    books: Books, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await answer_after(books, [status]) == "not_now"
    assert "outcome given up" in capsys.readouterr().out
