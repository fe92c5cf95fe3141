"""The label of a verdict: what it says, and what happens when it does not come out."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from devices.config import parse_devices
from devices.driver import Surroundings
from devices.errors import DeviceFault
from devices.printer.zpl.emulator import ZplEmulator
from devices.printer.zpl.label import check_label
from devices.supervisor import Supervisor
from edge.steps.label import bin_label, escaped
from inspection.verdict import confirm

if TYPE_CHECKING:
    from tests.edge.rig import Rig

NEAR = -40.0


@pytest.fixture
async def printing(rig: "Rig", site: ModuleType) -> "Rig":
    """A bench with a printer, and a proposal on it."""
    rig.senses.has_printer = True
    rig.tags = {site.tag(1): NEAR}
    await rig.tick()
    await rig.scan("CMD:CAPTURE")
    return rig


def no_paper() -> DeviceFault:
    return DeviceFault("the printer has no paper: put a roll in", reason="no_paper")


async def test_a_verdict_prints_the_label_of_its_bin(printing: "Rig") -> None:
    await printing.scan("CMD:ACCEPT")
    assert printing.state == "labelled"
    [label] = printing.senses.labels
    assert b"^FDA^FS" in label and b"^FDRMA-1/1/1^FS" in label and b"^FDMUG-1^FS" in label
    await printing.scan("BIN:A")
    assert printing.state == "committed"


async def test_a_label_that_does_not_come_out_holds_the_bench_until_there_is_paper(printing: "Rig") -> None:
    printing.senses.printer_fails = [no_paper()]
    await printing.scan("CMD:ACCEPT")
    assert printing.hold == "printer_lost"
    assert printing.station.bench.hold is not None
    assert "no paper" in printing.station.bench.hold.detail
    await printing.scan("CMD:RETAKE")
    assert (printing.state, len(printing.senses.labels)) == ("labelled", 1)


async def test_a_broken_printer_does_not_keep_an_item_from_its_bin(printing: "Rig") -> None:
    printing.senses.printer_fails = [no_paper(), no_paper()]
    await printing.scan("CMD:ACCEPT")
    await printing.scan("CMD:RETAKE")
    assert (printing.state, printing.notice, printing.senses.labels) == ("labelled", "no_label", [])
    await printing.scan("BIN:A")
    assert printing.state == "committed"


async def test_a_label_is_printed_again_on_demand(printing: "Rig") -> None:
    await printing.scan("CMD:PRINT")
    assert (printing.state, printing.notice) == ("proposed", "not_now")
    await printing.scan("CMD:ACCEPT")
    await printing.scan("CMD:PRINT")
    assert (printing.state, len(printing.senses.labels)) == ("labelled", 2)
    printing.senses.printer_fails = [no_paper()]
    await printing.scan("CMD:PRINT")
    assert (printing.state, printing.notice) == ("labelled", "no_label")


async def test_an_item_that_is_set_aside_in_front_of_a_dead_printer_leaves_nothing(printing: "Rig") -> None:
    printing.senses.printer_fails = [no_paper()]
    await printing.scan("CMD:ACCEPT")
    await printing.scan("CMD:SETASIDE")
    assert (printing.state, printing.queued()) == ("idle", ())


async def test_a_bench_without_a_printer_says_so_and_needs_none(rig: "Rig") -> None:
    await rig.scan("CMD:PRINT")
    assert rig.notice == "no_printer"


@pytest.mark.parametrize("unit", ["RMA-1/1/1", "R" * 48, "a_b.c/d-1"])
async def test_a_label_only_draws_whatever_the_unit_is_called(
    rig: "Rig", site: ModuleType, unit: str
) -> None:
    item = site.item(1, rig.clock())
    renamed = replace(item.expected, unit=replace(item.expected.unit, id=unit))
    label = bin_label(replace(item, expected=renamed), confirm(item.proposal))
    check_label(label, 32_768)
    assert escaped(unit).encode() in label


def test_what_a_printer_may_obey_is_never_field_data() -> None:
    assert escaped("^XZ~JR_5E") == "_5EXZ_7EJR_5F5E"


async def test_the_label_comes_out_of_the_printer_as_it_was_drawn(
    rig: "Rig", site: ModuleType, tmp_path: Path
) -> None:
    item, port = site.item(1, rig.clock()), str(tmp_path / "printer")
    label = bin_label(item, confirm(item.proposal))
    devices = parse_devices([{"driver": "zpl", "name": "labels", "port": port}])
    around = Surroundings(clock=lambda: datetime.now(UTC))
    bench = Supervisor(devices, surroundings=around, registry=CollectorRegistry())
    async with ZplEmulator(port) as printer, bench, asyncio.timeout(20):
        while bench.snapshot()[0].state != "ready":
            await bench.wait_for_change()
        await bench.print_label(label)
        assert bench.has_printer
        assert printer.printed == [label]
