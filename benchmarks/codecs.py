"""Frames a second of every codec, beside its line and others' libraries; 1,000 reads a second at one bench.

`python -m benchmarks.codecs [--page FILE]`. The bench is a Supervisor with the real driver and a TagWatch
that is asked ten times a second, as a station does; the emulated Mercury module streams from another process
over a pseudo-terminal. Times are those of this process alone.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llrpkit.inventory import TagReport
from llrpkit.protocol import decode_message, messages, params
from prometheus_client import CollectorRegistry

from benchmarks.rfid_serial import PEERS, ROOT
from devices.config import parse_devices
from devices.driver import Surroundings
from devices.framing import BadBytes, BadFrame
from devices.protocols import PROTOCOLS
from devices.scanner.codec import Decoder
from devices.supervisor import Supervisor
from devices.wire import WireProtocol, way_of
from edge.watch import TagWatch
from inspection.identity.epc import sgtin96_for

VECTORS = ROOT / "tests" / "devices" / "vectors"
PEER = ROOT / "benchmarks" / "peers" / "devices_speed.py"
PIECE = 512
ROUNDS = 40
SECONDS = 0.3
"""Each codec is measured for so long."""
BITS_PER_BYTE = 10
FASTEST_LINE = 1_000_000
"""Baud; what is faster is a network, which nothing here can fill."""
LEAST_TIMES_THE_LINE = 10
"""At its full rate a line costs at most a tenth of a core."""
TAGS = 62
"""The emulated module reports each of them 25 times a second."""
WARM_UP_S = 3.0
PATIENCE_S = 60.0
RUN_S = 20.0
TICK_S = 0.1
LEAST_READS_PER_S = 1000
MOST_OF_A_CORE = 0.10
"""At 1,000 reads a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """One codec."""

    frames_per_s: float
    """Of the recorded kinds, found in a stream."""
    read_per_s: float
    """With what they say."""
    line_per_s: float | None
    """What the line carries at its usual rate; None for a network."""

    @property
    def times_the_line(self) -> float | None:
        """How much faster the codec is than the line."""
        return None if self.line_per_s is None else self.read_per_s / self.line_per_s


def recorded(name: str) -> list[dict[str, Any]]:
    """The valid vectors of a protocol that come from the device; all, where none does."""
    valid = [each for each in json.loads((VECTORS / f"{name}.json").read_text()) if each["valid"]]
    return [each for each in valid if not each["kind"].startswith("cmd")] or valid


def speed(wire: WireProtocol) -> Speed:
    """Measure one protocol."""
    chosen = [
        (bytes.fromhex(each["bytes"]), way_of(wire, each["kind"], None)) for each in recorded(wire.name)
    ]

    def frames(read: bool) -> int:
        found = 0
        for content, way in chosen:
            decoder, stream = wire.decoder(way), content * ROUNDS
            for at in range(0, len(stream), PIECE):
                for each in decoder.feed(stream[at : at + PIECE]):
                    found += not isinstance(each, BadBytes)
                    if read and not isinstance(each, BadBytes):
                        _ask(wire.fields, each, way)
        return found

    size = sum(len(content) for content, _ in chosen) / len(chosen)
    is_line = wire.baud <= FASTEST_LINE
    return Speed(
        frames_per_s=per_second(lambda: frames(False)),
        read_per_s=per_second(lambda: frames(True)),
        line_per_s=wire.baud / BITS_PER_BYTE / size if is_line else None,
    )


def scanner() -> Speed:
    """Codes of a serial scanner, each with its line's end."""
    stream = b"".join(b"]d20109501101530003212345%04d\r\n" % number for number in range(1000))

    def codes() -> int:
        decoder, found = Decoder(), 0
        for number, at in enumerate(range(0, len(stream), PIECE)):
            found += len(decoder.feed(stream[at : at + PIECE], number / 10))
        return found

    rate = per_second(codes)
    return Speed(frames_per_s=rate, read_per_s=rate, line_per_s=9600 / BITS_PER_BYTE / (len(stream) / 1000))


def llrp_reports() -> Speed:
    """Reports of one tag each, to the last field: what llrpkit reads of them, and not only the envelope."""
    tag = params.TagReportData(
        epc_parameter=params.EPC_96(epc=bytes(range(12))),
        antenna_id=params.AntennaID(antenna_id=1),
        peak_rssi=params.PeakRSSI(peak_rssi=-55),
        last_seen_timestamp_utc=params.LastSeenTimestampUTC(microseconds=1_790_000_000_000_000),
    )
    content = messages.RO_ACCESS_REPORT(tag_report_datas=[tag]).to_bytes(message_id=1)

    def reports() -> int:
        for _ in range(ROUNDS):
            read = decode_message(content)
            assert isinstance(read, messages.RO_ACCESS_REPORT)
            TagReport.from_param(read.tag_report_datas[0])
        return ROUNDS

    rate = per_second(reports)
    return Speed(frames_per_s=rate, read_per_s=rate, line_per_s=None)


def _ask(fields: Callable[[Any, Any], Any], frame: Any, way: Any) -> None:
    try:
        fields(frame, way)
    except BadFrame:
        return


def per_second(work: Callable[[], int]) -> float:
    """Things done for each second of this process."""
    done, began = 0, time.process_time()
    while (took := time.process_time() - began) < SECONDS:
        done += work()
    return done / took


def peers() -> dict[str, Any]:
    """Others' libraries over the recorded 288 inventories, and ours over the same."""
    frames = [bytes.fromhex(each["bytes"]) for each in recorded("uhfreader") if "288" in each["kind"]]
    wire = PROTOCOLS["uhfreader"]
    way = way_of(wire, "inventory288", None)

    def ours() -> int:
        decoder, stream, found = wire.decoder(way), b"".join(frames * ROUNDS), 0
        for at in range(0, len(stream), PIECE):
            for each in decoder.feed(stream[at : at + PIECE]):
                wire.fields(each, way)
                found += 1
        return found

    rates: dict[str, Any] = {"regrade": per_second(ours)}
    if not PEERS.exists():
        return rates | {"missing": "no environment for others: make peers-devices"}
    told = json.dumps([frame.hex() for frame in frames * ROUNDS])
    done = subprocess.run([PEERS, PEER, str(SECONDS)], input=told, text=True, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return rates | found


@asynccontextmanager
async def module(port: Path) -> AsyncIterator[None]:
    """The emulated module in a process of its own, with its tags in the field."""
    command = [sys.executable, "-c", "from regrade import main; main()", "devices", "emulate", "mercury"]
    process = await asyncio.create_subprocess_exec(
        *command, "--port", str(port), stdin=PIPE, stdout=DEVNULL, cwd=ROOT
    )
    assert process.stdin
    for serial in range(TAGS):
        epc = sgtin96_for("80614141123458", serial).encode()
        process.stdin.write(f"place {epc.hex()}\n".encode())
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def sustained(seconds: float = RUN_S) -> dict[str, Any]:
    """Reads a second that arrive at a bench, and the share of a core that it costs."""
    with tempfile.TemporaryDirectory() as folder:
        port = Path(folder, "module")
        table = {"driver": "mercury", "name": "gate", "port": str(port), "region": "na", "baud": 921600}
        around = Surroundings(clock=lambda: datetime.now(UTC))
        supervisor = Supervisor(parse_devices([table]), surroundings=around, registry=CollectorRegistry())
        watch, counted, started = TagWatch(2.0), [0], asyncio.Event()
        async with module(port), supervisor:
            taking = _take(supervisor, watch, counted, started)
            tasks = [asyncio.create_task(each) for each in (taking, _look(watch))]
            async with asyncio.timeout(PATIENCE_S):
                await started.wait()
            await asyncio.sleep(WARM_UP_S)
            before, cpu, began = counted[0], time.process_time(), time.monotonic()
            await asyncio.sleep(seconds)
            took, used = time.monotonic() - began, time.process_time() - cpu
            reads = counted[0] - before
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return {
            "reads_per_s": reads / took,
            "of_a_core": used / took,
            "for_1000": used / reads * 1000,
            "dropped": supervisor.dropped,
            "seconds": took,
        }


async def _take(supervisor: Supervisor, watch: TagWatch, counted: list[int], started: asyncio.Event) -> None:
    async for read in supervisor.tag_reads():
        watch.add(read)
        counted[0] += 1
        started.set()


async def _look(watch: TagWatch) -> None:
    """What a station's tick asks."""
    while True:
        watch.learn(dict.fromkeys(watch.unknown(), True))
        watch.look(datetime.now(UTC))
        await asyncio.sleep(TICK_S)


def main() -> dict[str, Any]:
    """All of it, beside its limits."""
    speeds = {name: speed(wire) for name, wire in PROTOCOLS.items()}
    speeds |= {"llrp, tag reports by llrpkit": llrp_reports(), "scanner": scanner()}
    bench = asyncio.run(sustained())
    slowest = min(each.times_the_line for each in speeds.values() if each.times_the_line is not None)
    return {
        "figure": "frames of every codec a second, and 1,000 tag reads a second at one bench",
        "codecs": {
            name: asdict(each) | {"times_the_line": each.times_the_line} for name, each in speeds.items()
        },
        "uhfreader_288_beside_others": peers(),
        "bench": bench,
        "limit_times_the_line": LEAST_TIMES_THE_LINE,
        "limit_of_a_core": MOST_OF_A_CORE,
        "within_limit": slowest >= LEAST_TIMES_THE_LINE
        and bench["reads_per_s"] >= LEAST_READS_PER_S
        and bench["for_1000"] <= MOST_OF_A_CORE
        and not bench["dropped"],
    }


def page(figure: dict[str, Any]) -> Iterator[str]:
    """The figure in Markdown."""
    bench = figure["bench"]
    yield f"# Speed of the codecs, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n"
    yield "`python -m benchmarks.codecs`, times of the process itself, on two shared cores.\n"
    rate = f"{bench['reads_per_s']:.0f} reads/s for {bench['seconds']:.0f} s"
    share, each = bench["of_a_core"], bench["for_1000"]
    yield f"**One bench, {rate}: {share:.1%} of a core; for 1,000 reads/s {each:.1%}**"
    yield f"(aim: at most {MOST_OF_A_CORE:.0%})."
    yield BENCH.format(tags=TAGS, dropped=bench["dropped"])
    yield "| protocol | frames/s | read/s | the line carries, frames/s | times the line |"
    yield "|---|---|---|---|---|"
    yield from (_row(name, row) for name, row in figure["codecs"].items())
    yield OTHERS
    yield "| library | frames/s |\n|---|---|"
    for name, rate in figure["uhfreader_288_beside_others"].items():
        yield f"| {name} | {rate if isinstance(rate, str) else f'{rate:,.0f}'} |"


def _row(name: str, each: dict[str, Any]) -> str:
    line = "network" if each["line_per_s"] is None else f"{each['line_per_s']:,.0f}"
    times = "" if each["times_the_line"] is None else f"{each['times_the_line']:,.0f}"
    return f"| {name} | {each['frames_per_s']:,.0f} | {each['read_per_s']:,.0f} | {line} | {times} |"


BENCH = """\
An emulated Mercury module streams {tags} tags from another process over a pseudo-terminal; counted is what
the station's process needs for Supervisor, driver, TagWatch and its ten looks a second.
Reads dropped: {dropped}.
"""
OTHERS = """
Frames of the recorded kinds, found in a stream; `read` with what they say. UHFReader288 inventories beside
others (wabson.chafon-rfid gets its frames cut out, uhfreader18 leaves the tags to its user):
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, help="file for the dated page")
    place = parser.parse_args().page
    measured = main()
    text = "\n".join(page(measured)) + "\n"
    print(text, json.dumps({key: measured[key] for key in ("bench", "within_limit")}), sep="\n")
    if place is not None:
        place.write_text(text, encoding="utf-8")
    sys.exit(0 if measured["within_limit"] else 1)
