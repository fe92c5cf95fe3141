"""The lying proxy lies as planned, and passes everything else on untouched."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo.proxy import PLAN, RECORDS, Lie, running_proxy
from inspection.custody.leaf import EntryType, Leaf
from inspection.custody.receipt import check_receipt, issue_receipt
from inspection.custody.signing import public_bytes
from inspection.errors import BadSignature
from inspection.messages.uplink import BatchAnswer, ReceiptMessage
from link.ports import free_ports

ORIGIN = "centre.demo/site/s1"
KEY = Ed25519PrivateKey.generate()


class Server(uvicorn.Server):
    """Leaves the signals to pytest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest.fixture
async def centre() -> AsyncIterator[str]:
    """Answers every batch with the receipt of a new leaf, and echoes everything else."""
    leaves: list[bytes] = []

    async def records(request: Request) -> Response:
        leaf = Leaf(
            log=ORIGIN,
            seq=len(leaves),
            prev="0" * 64,
            type=EntryType.LOGISTICS,
            id=f"x{len(leaves)}",
            recorded_at="2026-01-31T08:00:00.000000Z",
            body={},
        )
        leaves.append(leaf.to_bytes())
        receipt = ReceiptMessage.of(issue_receipt(KEY, ORIGIN, leaf.seq, leaves[-1]))
        return Response(BatchAnswer(results=(receipt,)).to_json(), media_type="application/json")

    async def echo(request: Request) -> Response:
        said = {"x-said": request.headers.get("authorization", ""), "x-query": request.url.query}
        return Response(await request.body(), 201, said)

    routes = [Route(RECORDS, records, methods=["POST"]), Route("/{path:path}", echo, methods=["PUT"])]
    server = Server(uvicorn.Config(Starlette(routes=routes), access_log=False, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving


async def test_what_is_no_batch_passes_untouched(centre: str) -> None:
    [port] = free_ports(1)
    async with running_proxy(centre, port), httpx.AsyncClient(trust_env=False) as client:
        headers = {"authorization": "Bearer k"}
        answer = await client.put(f"http://127.0.0.1:{port}/a/b?c=d", content=b"\x00\xff", headers=headers)
    assert (answer.status_code, answer.content) == (201, b"\x00\xff")
    assert (answer.headers["x-said"], answer.headers["x-query"]) == ("Bearer k", "c=d")


async def test_chosen_batch_answers_are_forged_swapped_or_dropped(centre: str) -> None:
    [port] = free_ports(1)
    got: list[Lie | None] = []
    async with running_proxy(centre, port) as proxy, httpx.AsyncClient(trust_env=False) as client:
        for number in range(max(PLAN)):
            answer = await client.post(f"http://127.0.0.1:{port}{RECORDS}", content=b"{}")
            got.append(lie_in(answer, number))
    assert {number: lie for number, lie in enumerate(got, start=1) if lie} == PLAN
    assert sum(proxy.counts.values()) == len(PLAN)


def lie_in(answer: httpx.Response, number: int) -> Lie | None:
    """What is wrong with the answer to batch `number`, counted from 0."""
    if answer.status_code == 502:
        return Lie.DROPPED
    receipt = BatchAnswer.read(answer.content).results[0]
    assert isinstance(receipt, ReceiptMessage)
    try:
        check_receipt(receipt.receipt(), public_bytes(KEY), ORIGIN)
    except BadSignature:
        return Lie.FORGED
    return None if receipt.index == number else Lie.ANOTHER


async def test_a_centre_that_is_away_is_answered_for_with_502() -> None:
    port, nobody = free_ports(2)
    async with (
        running_proxy(f"http://127.0.0.1:{nobody}", port),
        httpx.AsyncClient(trust_env=False) as client,
    ):
        assert (await client.get(f"http://127.0.0.1:{port}/healthz")).status_code == 502
