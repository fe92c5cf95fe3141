import asyncio
from collections.abc import AsyncIterator

import pytest

from devices.errors import LinkLost
from devices.transport.opening import open_stream, tcp_address
from devices.transport.serial import SerialStream
from devices.transport.tcp import TcpStream
from devices.transport.tcp_end import TcpEnd


@pytest.fixture
def heard() -> bytearray:
    return bytearray()


@pytest.fixture
async def end(heard: bytearray) -> AsyncIterator[TcpEnd]:
    listening = TcpEnd("127.0.0.1", 0, heard.extend)
    listening.plug()
    yield listening
    listening.unplug()


async def test_every_byte_value_passes_both_ways(end: TcpEnd, heard: bytearray) -> None:
    every = bytes(range(256))
    async with TcpStream("127.0.0.1", end.port) as stream:
        await stream.write(every)
        while len(heard) < 256:  # noqa: ASYNC110  # the emulated end has no event
            await asyncio.sleep(0.001)
        assert heard == every
        assert end.write(every)
        got = b""
        while len(got) < 256:
            got += await stream.read()
        assert got == every


async def test_a_hang_up_is_a_lost_link_and_the_same_stream_opens_again(end: TcpEnd) -> None:
    stream = TcpStream("127.0.0.1", end.port)
    async with stream:
        await stream.write(b"hello")
        await asyncio.sleep(0.01)
        end.unplug()
        with pytest.raises(LinkLost, match="hung up") as lost:
            await stream.read()
        assert lost.value.reason == "unplugged"
    end.plug()
    async with stream:
        await stream.write(b"again")


async def test_nobody_at_the_address_is_a_missing_port(end: TcpEnd) -> None:
    end.unplug()
    with pytest.raises(LinkLost, match="takes no connection") as lost:
        await TcpStream("127.0.0.1", end.port).__aenter__()
    assert lost.value.reason == "port_missing"


async def test_a_closed_stream_says_so(end: TcpEnd) -> None:
    stream = TcpStream("127.0.0.1", end.port)
    with pytest.raises(LinkLost, match="closed"):
        await stream.read()
    with pytest.raises(LinkLost, match="closed"):
        await stream.write(b"x")


def test_the_port_says_what_is_opened() -> None:
    assert isinstance(open_stream("/dev/ttyUSB0", 9600), SerialStream)
    assert isinstance(open_stream("tcp://10.0.0.7:4001", 9600), TcpStream)
    assert tcp_address("tcp://[::1]:4001") == ("::1", 4001)


@pytest.mark.parametrize(
    "port", ["tcp://", "tcp://host", "tcp://host:0", "tcp://host:70000", "tcp://h:1/x", "tcp://a..b:1"]
)
def test_an_address_that_is_none_is_refused_in_words(port: str) -> None:
    with pytest.raises(ValueError, match="tcp://host:port"):
        tcp_address(port)
