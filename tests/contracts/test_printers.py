"""What every Printer does; ZPL is the one language that there is."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.device import Printer
from devices.errors import DeviceFault, LinkLost
from devices.printer.zpl.driver import ZplConfig
from devices.printer.zpl.emulator import ZplEmulator
from tests.contracts.conftest import build
from tests.contracts.lines import free_port

LABEL = b"^XA^FO50,50^A0N,50,50^FDRMA-1^FS^XZ"
OTHER = b"^XA^FO50,50^A0N,50,50^FDRMA-2^FS^XZ"


@dataclass(slots=True, kw_only=True)
class PrinterRig:
    """A printer under test with its emulator."""

    printer: Printer
    emulator: ZplEmulator
    faults: Counter[str]


@pytest.fixture(params=["on a pty", "over tcp"])
async def printer_rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PrinterRig]:
    """A printer on every line in turn."""
    port = free_port() if "tcp" in request.param else str(tmp_path / "printer")
    faults = Counter[str]()
    config = ZplConfig(driver="zpl", name="labels", port=port, poll_s=0.02, reply_timeout_ms=400)
    async with ZplEmulator(port) as emulator:
        yield PrinterRig(printer=build("zpl", config, faults), emulator=emulator, faults=faults)


def run_out(emulator: ZplEmulator) -> None:
    emulator.load(0)


def wear_the_ribbon(emulator: ZplEmulator) -> None:
    emulator.no_ribbon = True


def overheat(emulator: ZplEmulator) -> None:
    emulator.hot = True


def freeze(emulator: ZplEmulator) -> None:
    emulator.cold = True


def fill(emulator: ZplEmulator) -> None:
    emulator.waiting = [LABEL] * 20


TROUBLES = [
    (run_out, "no_paper"),
    (ZplEmulator.open, "head_open"),
    (ZplEmulator.pause, "printer_paused"),
    (wear_the_ribbon, "no_ribbon"),
    (overheat, "printer_hot"),
    (freeze, "printer_cold"),
    (fill, "printer_full"),
]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # a count is all that shows it
            await asyncio.sleep(0.005)


async def test_labels_come_out_as_they_were_sent_and_in_their_order(printer_rig: PrinterRig) -> None:
    printer_rig.emulator.split_writes(7)
    async with printer_rig.printer as printer:
        await printer.print_label(LABEL)
        await printer.print_label(OTHER + b"\r\n")
        assert printer_rig.emulator.printed == [LABEL, OTHER]
        assert printer.counts["labels"] == 2
    assert printer_rig.faults == {}


@pytest.mark.parametrize(
    ("spoil", "reason"), TROUBLES, ids=lambda each: each if isinstance(each, str) else ""
)
async def test_a_printer_that_cannot_print_says_why_and_gets_no_label(
    printer_rig: PrinterRig, spoil: Callable[[ZplEmulator], None], reason: str
) -> None:
    async with printer_rig.printer as printer:
        spoil(printer_rig.emulator)
        before = list(printer_rig.emulator.waiting)
        with pytest.raises(DeviceFault) as fault:
            await printer.print_label(LABEL)
        assert fault.value.reason == reason
        assert str(fault.value).startswith("the printer")
        assert (printer_rig.emulator.printed, printer_rig.emulator.waiting) == ([], before)


async def test_paper_that_runs_out_under_a_label_is_told_and_new_paper_is_enough(
    printer_rig: PrinterRig,
) -> None:
    printer_rig.emulator.load(1)
    async with printer_rig.printer as printer:
        with pytest.raises(DeviceFault, match="no paper"):
            await printer.print_label(LABEL)
        printer_rig.emulator.load(100)
        await printer.print_label(OTHER)
    assert printer_rig.emulator.printed == [LABEL, OTHER]


async def test_a_label_that_does_more_than_draw_never_reaches_the_printer(printer_rig: PrinterRig) -> None:
    async with printer_rig.printer as printer:
        with pytest.raises(DeviceFault) as fault:
            await printer.print_label(b"^XA^JUS^XZ")
    assert fault.value.reason == "label_refused"
    assert printer_rig.emulator.printed == []


async def test_nobody_prints_and_yet_it_is_said_that_the_paper_is_out(printer_rig: PrinterRig) -> None:
    async with printer_rig.printer as printer:
        watching = asyncio.create_task(printer.watch())
        printer_rig.emulator.load(0)
        await until(lambda: printer_rig.faults["no_paper"])
        assert not watching.done(), "a printer without paper is not lost"
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_labels_and_questions_do_not_get_into_each_others_way(printer_rig: PrinterRig) -> None:
    async with printer_rig.printer as printer:
        watching = asyncio.create_task(printer.watch())
        for _ in range(10):
            await printer.print_label(LABEL)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert printer_rig.emulator.printed == [LABEL] * 10


async def test_half_a_status_is_noise_and_asked_for_again(printer_rig: PrinterRig) -> None:
    async with printer_rig.printer as printer:
        printer_rig.emulator.spoil_next()
        await printer.print_label(LABEL)
    assert printer_rig.emulator.printed == [LABEL]
    assert printer_rig.faults == {"bad_bytes": 1}


async def test_a_silent_printer_is_lost_and_the_sentence_names_paper_and_head(
    printer_rig: PrinterRig,
) -> None:
    async with printer_rig.printer as printer:
        printer_rig.emulator.mute()
        with pytest.raises(LinkLost, match="no paper or ribbon, or its head is open") as lost:
            await printer.watch()
    assert lost.value.reason == "silent"


async def test_a_printer_that_answers_nothing_while_it_is_stopped_gets_no_label(tmp_path: Path) -> None:
    """So does Zebra's guide describe it."""
    port = str(tmp_path / "printer")
    config = ZplConfig(driver="zpl", name="labels", port=port, reply_timeout_ms=300)
    emulator, printer = ZplEmulator(port, silent_when_stopped=True), build("zpl", config, Counter[str]())
    async with emulator, printer:
        emulator.open()
        with pytest.raises(LinkLost) as lost:
            await printer.print_label(LABEL)
    assert lost.value.reason == "silent"
    assert (emulator.printed, emulator.waiting) == ([], [])


async def test_a_pulled_cable_is_reported_and_the_same_printer_can_be_opened_again(
    printer_rig: PrinterRig,
) -> None:
    async with printer_rig.printer as printer:
        printer_rig.emulator.unplug()
        with pytest.raises(LinkLost) as lost:
            await printer.watch()
        assert lost.value.reason in ("unplugged", "port_missing")
    printer_rig.emulator.replug()
    async with printer_rig.printer as printer:
        await printer.print_label(LABEL)
    assert printer_rig.emulator.printed == [LABEL]
