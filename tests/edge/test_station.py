"""The way of an item over the bench, from the tag to the signed record."""

import hashlib
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from edge.orders import ORDERS
from inspection.custody.sealing import opens
from inspection.custody.signing import Domain, verify
from inspection.errors import NoSuchTransition
from inspection.evidence import ImageFault, ImageQuality
from inspection.findings import DefectKind, Finding, Region, Severity, Zone
from inspection.operator import Command, CommandCode
from inspection.record import ClockState, InspectionRecord

if TYPE_CHECKING:
    from tests.edge.rig import Rig

NEAR = -40.0


def scratch(confidence_ppm: int = 900_000) -> Finding:
    return Finding(
        kind=DefectKind.SCRATCH,
        zone=Zone.ANY,
        severity=Severity.MAJOR,
        confidence_ppm=confidence_ppm,
        view="top",
        area_ppm=12_000,
        source="reference-comparison",
        region=Region(left_ppm=100_000, top_ppm=200_000, width_ppm=50_000, height_ppm=60_000),
    )


async def put_on_bench(rig: "Rig", epc: bytes) -> None:
    rig.tags = {epc: NEAR}
    await rig.tick()


async def propose(rig: "Rig", epc: bytes) -> None:
    await put_on_bench(rig, epc)
    await rig.scan("CMD:CAPTURE")
    assert rig.state == "proposed"


async def test_an_item_goes_from_its_tag_to_a_signed_record(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, site.tag(1))
    assert rig.state == "matched"
    await rig.scan("CMD:CAPTURE")
    assert rig.state == "proposed"
    await rig.scan("CMD:ACCEPT")
    assert rig.state == "labelled"
    await rig.scan("BIN:A")
    assert rig.state == "committed"
    [record] = rig.queued()
    assert record == rig.committed[0]
    assert (record.unit.id, record.unit.identified_by) == ("RMA-1/1/1", "rfid")
    assert (record.verdict.kind, record.verdict.grade, record.verdict.disposition) == (
        "confirm",
        "new",
        "resale",
    )
    assert record.device.counter == 1
    assert record.clock.state == ClockState.GOOD
    assert record.timings.total_ms >= record.timings.identify_ms > 0


async def test_the_record_is_signed_and_commits_to_what_is_personal(rig: "Rig", site: ModuleType) -> None:
    await propose(rig, site.tag(1))
    await rig.scan("CMD:ACCEPT")
    await rig.scan("BIN:A")
    envelope, record = rig.envelope(), rig.queued()[0]
    committer = rig.committer
    verify(committer.key.public_key().public_bytes_raw(), Domain.RECORD, envelope.record, envelope.signature)
    values = {opening.field: opening for opening in envelope.openings}
    assert {field: opening.value for field, opening in values.items()} == {
        "inspector": "anna",
        "order": "O-1",
        "customer": "C-1",
        "tag": site.tag(1).hex(),
    }
    for field, opening in values.items():
        commitment = getattr(record.personal, field)
        assert opens(commitment, opening.salt, opening.value)
    assert len({opening.salt for opening in envelope.openings}) == 4, "every field has a salt of its own"
    for value in ("anna", "O-1", "C-1", site.tag(1).hex()):
        assert value.encode() not in envelope.record


async def test_the_image_lies_encrypted_and_the_record_binds_it(rig: "Rig", site: ModuleType) -> None:
    await propose(rig, site.tag(1))
    await rig.scan("CMD:ACCEPT")
    await rig.scan("BIN:A")
    [evidence] = rig.queued()[0].evidence
    [key] = rig.envelope().image_keys
    ciphertext = rig.vault.read(evidence.ciphertext_sha256)
    assert ciphertext is not None
    assert len(ciphertext) == evidence.bytes
    digest = hashlib.sha256(rig.senses.pictures["top"]).hexdigest()
    assert opens(evidence.plaintext_commitment, key.salt, digest)
    assert evidence.quality.sharpness == 812


async def test_another_grade_asks_for_a_reason_and_records_it(rig: "Rig", site: ModuleType) -> None:
    await propose(rig, site.tag(1))
    await rig.scan("CMD:USED")
    assert rig.state == "overridden"
    await rig.scan("CMD:REASON2")
    assert rig.state == "labelled"
    await rig.scan("BIN:A")
    verdict = rig.queued()[0].verdict
    assert (verdict.kind, verdict.grade, verdict.override_reason) == ("override", "used", "defect_missed")


async def test_the_machines_own_grade_is_agreement(rig: "Rig", site: ModuleType) -> None:
    await propose(rig, site.tag(1))
    await rig.scan("CMD:NEW")
    assert rig.state == "labelled"


async def test_a_person_grades_what_the_machine_could_not(rig: "Rig", site: ModuleType) -> None:
    seen = rig.detector.seen
    rig.detector.seen = type(seen)(
        findings=(), views=(), quality={}, models=seen.models, bank=None, model_ms=0.0, total_ms=1.0
    )
    await propose(rig, site.tag(1))
    await rig.scan("CMD:DAMAGED")
    assert rig.state == "labelled"
    await rig.scan("BIN:C")
    record = rig.queued()[0]
    assert (record.machine_ppm, record.final_ppm) == (None, (0, 0, 1_000_000))
    assert record.versions.bank is None


async def test_a_unit_is_handed_on(rig: "Rig", site: ModuleType) -> None:
    await propose(rig, site.tag(1))
    await rig.scan("CMD:ESCALATE")
    await rig.scan("BIN:D")
    verdict = rig.queued()[0].verdict
    assert (verdict.kind, verdict.grade, verdict.disposition) == ("escalate", "ungraded", "hold")


@pytest.mark.parametrize("when", ["before the picture", "before the verdict"])
async def test_what_only_a_person_sees_goes_into_the_record(rig: "Rig", site: ModuleType, when: str) -> None:
    await put_on_bench(rig, site.tag(1))
    if when == "before the picture":
        await rig.scan("CMD:MISSING")
    await rig.scan("CMD:CAPTURE")
    if when == "before the verdict":
        await rig.scan("CMD:MISSING")
    await rig.scan("CMD:ACCEPT")
    await rig.scan("BIN:D")
    verdict = rig.queued()[0].verdict
    assert (verdict.exception, verdict.disposition) == ("missing_part", "hold")


async def test_a_bad_picture_is_taken_again(rig: "Rig", site: ModuleType) -> None:
    good = rig.detector.seen
    dark = ImageQuality(sharpness=1.0, brightness=2.0, faults=(ImageFault.TOO_DARK,))
    rig.detector.seen = type(good)(
        findings=(),
        views=(),
        quality={"top": dark},
        models=good.models,
        bank=good.bank,
        model_ms=0.0,
        total_ms=1.0,
    )
    await put_on_bench(rig, site.tag(1))
    await rig.scan("CMD:CAPTURE")
    assert rig.state == "recapture"
    assert rig.faults.snapshot()["too_dark"] == 1
    rig.detector.seen = good
    await rig.scan("CMD:RETAKE")
    assert rig.state == "proposed"


async def test_a_cleaned_item_is_photographed_again(rig: "Rig", site: ModuleType) -> None:
    await propose(rig, site.tag(1))
    await rig.scan("CMD:CLEAN")
    assert rig.state == "cleaning"
    await rig.scan("CMD:CAPTURE")
    assert rig.state == "proposed"


async def test_back_forgets_what_was_found_out_after_it(rig: "Rig", site: ModuleType) -> None:
    await propose(rig, site.tag(1))
    await rig.scan("CMD:BACK")
    item = rig.station.bench.item
    assert rig.state == "matched"
    assert item is not None
    assert (item.frames, item.proposal) == ((), None)
    await rig.scan("CMD:BACK")
    assert (rig.state, rig.station.bench.item) == ("idle", None)
    await rig.tick()
    assert rig.state == "idle", "the tag is still there, but the person put the item back"


async def test_findings_stand_in_the_record_as_rows(rig: "Rig", site: ModuleType) -> None:
    rig.detector.seen = site.detection(score=1.6, findings=(scratch(),))
    await propose(rig, site.tag(1))
    await rig.scan("CMD:ACCEPT")
    letter = {"resale": "A", "repair": "B", "scrap": "C", "hold": "D"}
    item = rig.station.bench.item
    assert item is not None
    verdict = item.verdict
    assert verdict is not None
    await rig.scan(f"BIN:{letter[verdict.disposition]}")
    [row] = rig.queued()[0].findings
    assert (row.kind, row.view, row.source) == ("scratch", 0, 0)
    assert row.region_ppm == (100_000, 200_000, 50_000, 60_000)


async def test_too_many_findings_go_into_a_file_that_the_record_binds(rig: "Rig", site: ModuleType) -> None:
    rig.detector.seen = site.detection(score=1.6, findings=(scratch(),) * 40)
    await propose(rig, site.tag(1))
    await rig.scan("CMD:ESCALATE")
    await rig.scan("BIN:D")
    record = rig.queued()[0]
    assert record.findings == ()
    assert record.findings_file is not None
    assert record.findings_file.count == 40
    assert rig.committer.shelf.read(record.findings_file.sha256) is not None


async def test_the_next_item_may_lie_there_already(rig: "Rig", site: ModuleType) -> None:
    await propose(rig, site.tag(1))
    await rig.scan("CMD:ACCEPT")
    await rig.scan("BIN:A")
    await rig.tick(5)
    assert rig.state == "committed", "the committed item still lies on the bench"
    rig.tags = {site.tag(1): NEAR, site.tag(2): NEAR}
    await rig.tick()
    item = rig.station.bench.item
    assert rig.state == "matched"
    assert item is not None
    assert item.unit_id == "RMA-2/1/1"


async def test_an_empty_bench_is_idle_again(rig: "Rig", site: ModuleType) -> None:
    await propose(rig, site.tag(1))
    await rig.scan("CMD:ACCEPT")
    await rig.scan("BIN:A")
    rig.tags = {}
    await rig.tick(25)
    assert (rig.state, rig.station.bench.item) == ("idle", None)


async def test_pictures_may_be_taken_by_themselves(new_rig: "type[Rig]", site: ModuleType) -> None:
    rig: Rig = new_rig(auto_capture=True)  # type: ignore[call-arg]
    await rig.station.start()
    await rig.expect(site.page(site.unit(1, site.tag(1))))
    await rig.scan(f"BADGE:{site.BADGE}")
    await put_on_bench(rig, site.tag(1))
    assert rig.state == "proposed"


async def test_a_barcode_names_the_item_and_its_tag_goes_into_the_evidence(
    rig: "Rig", site: ModuleType
) -> None:
    await rig.scan("RMA-2/1/1")
    assert rig.state == "matched"
    await put_on_bench(rig, site.tag(2))
    await rig.scan("CMD:CAPTURE")
    await rig.scan("CMD:ACCEPT")
    await rig.scan("BIN:A")
    record = rig.queued()[0]
    assert record.unit.identified_by == "barcode"
    assert record.personal.tag is not None


async def test_an_answer_to_a_cancelled_picture_is_thrown_away(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, site.tag(1))
    await rig.station.handle(Command(code=CommandCode.CAPTURE))
    await rig.station.handle(Command(code=CommandCode.BACK))
    await rig.settle()
    assert rig.state == "matched"


def test_every_command_has_an_order() -> None:
    assert set(ORDERS) == set(CommandCode)


async def test_a_record_of_an_unsure_clock_says_so(rig: "Rig", site: ModuleType) -> None:
    await propose(rig, site.tag(1))
    await rig.scan("CMD:ACCEPT")
    at = rig.clock()
    rig.clocks.measure(at, at.wall.replace(minute=2), at)
    await rig.scan("BIN:A")
    record: InspectionRecord = rig.queued()[0]
    assert record.clock.state == ClockState.UNCERTAIN
    assert record.clock.offset_ms is not None
    assert record.clock.offset_ms > 60_000


async def test_no_step_is_skipped(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, site.tag(1))
    for early in ("CMD:ACCEPT", "CMD:REASON1", "BIN:A", "CMD:ESCALATE", "CMD:CLEAN"):
        await rig.scan(early)
        assert (rig.state, rig.notice) == ("matched", "not_now")
    with pytest.raises(NoSuchTransition):
        await rig.station.crossing.commit()
