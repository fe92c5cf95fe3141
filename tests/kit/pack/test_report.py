"""The printed page: what it says in both languages, and that every kind of case can be laid out."""

import re
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.findings import DefectKind, Severity, Zone
from kit.pack.case import EvidenceCase, PackPhoto
from kit.pack.lettering import HAN, LATIN, UNKNOWN, runs
from kit.pack.report import report_bytes
from kit.pack.standing import standing
from kit.pack.told import Both, case_rows, finding_cells, history, inspection_rows, inspections, refund_told
from tests.kit.pack.cases import UNIT, VIEWS, Maker, usual

LONG_TITLE = "超长商品名称：新款便携式蓝牙降噪头戴式耳机（珍珠白）" * 4 + " and Words without an End"


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def fonts(pdf: bytes) -> set[bytes]:
    return set(re.findall(rb"/FontName /[A-Z]{6}\+([\w-]+)", pdf))


def many_findings(views: int) -> list[list[Any]]:
    """32 findings of every kind, some without a box, some by a person, one of no view."""
    kinds, zones, severities = list(DefectKind), list(Zone), list(Severity)
    box = [950_000, 960_000, 50_000, 40_000]
    return [
        [
            kinds[at % len(kinds)].value,
            zones[at % len(zones)].value,
            severities[at % 3].value,
            1_000_000 - at,
            at,
            at % views if at else -1,
            -(at % 2),
            box if at % 3 else None,
        ]
        for at in range(32)
    ]


def test_a_return_with_everything_fits_on_its_pages(maker: Maker, witness: Ed25519PrivateKey) -> None:
    maker.verdict("top", counter=1, verdict={"grade": "ungraded", "condition": None, "disposition": "hold"})
    maker.refund(maker.verdict(*VIEWS, counter=2, findings=many_findings(len(VIEWS))))
    pdf = report_bytes(maker.case(witness, title=LONG_TITLE))
    assert pdf.startswith(b"%PDF") and 3 <= pages(pdf) <= 5
    assert {b"DroidSansFallback", b"BitstreamVeraSans-Roman"} <= fonts(pdf)


def test_a_return_with_nothing_but_a_verdict_has_a_page(maker: Maker) -> None:
    maker.verdict()
    assert 1 <= pages(report_bytes(maker.case(title=""))) <= 2


@pytest.mark.parametrize("count", range(1, len(VIEWS) + 1))
def test_any_number_of_photos_is_laid_out(maker: Maker, count: int) -> None:
    maker.verdict(*VIEWS[:count], findings=many_findings(count))
    assert pages(report_bytes(maker.case())) >= 2


def test_a_photo_that_is_no_image_costs_only_itself(case: EvidenceCase) -> None:
    odd: PackPhoto = replace(case.photos[0], content=b"no image at all")
    assert pages(report_bytes(replace(case, photos=(odd, case.photos[1])))) >= 1


def test_the_page_does_not_depend_on_the_time(case: EvidenceCase) -> None:
    assert report_bytes(case) == report_bytes(case)


def said(case: EvidenceCase) -> dict[str, Both]:
    return {row.caption.en: row.value for row in inspection_rows(case, inspections(case)[-1])}


def test_it_names_unit_product_and_result_in_both_languages(case: EvidenceCase) -> None:
    rows = {row.caption: row.value.zh for row in case_rows(case)}
    assert rows[Both("退货件", "Return")] == UNIT
    assert rows[Both("商品", "Product")] == "Blue mug (MUG-1)"
    assert refund_told(case) == Both("部分退款 · 45.00 CNY", "Refund in part · 45.00 CNY")
    assert said(case)["Decided"] == Both("已确认 · 质检员", "Confirmed · Inspector")


def test_personal_values_are_masked_unless_asked_for(case: EvidenceCase) -> None:
    assert said(replace(case, masked=True))["Order"].en == "masked"
    assert said(case)["Order"].zh == "O-2026-0117"
    assert "Note" not in said(case)


def test_what_is_erased_is_called_erased_even_where_all_is_masked(case: EvidenceCase) -> None:
    record = inspections(case)[-1].record.id
    erased = frozenset({(record, "customer"), (record, case.photos[0].ciphertext_sha256)})
    less = replace(case, masked=True, openings=(), photos=case.photos[1:], erased=erased)
    assert said(less)["Customer"] == Both("已删除", "erased")
    shots = inspections(less)[-1].shots
    assert [shot.photo is None for shot in shots] == [True, False]
    assert shots[0].missing.en.startswith("Erased.")
    assert pages(report_bytes(less)) >= 1


def test_what_is_lost_with_its_key_is_not_called_erased(case: EvidenceCase) -> None:
    record = inspections(case)[-1].record.id
    lost = frozenset({(record, "customer"), (record, case.photos[0].ciphertext_sha256)})
    less = replace(case, openings=(), photos=case.photos[1:], lost=lost)
    assert said(less)["Customer"] == Both("无法读取：密钥已遗失", "not readable: its key was lost")
    assert inspections(less)[-1].shots[0].missing.en.startswith("Not readable: its key was lost.")
    assert pages(report_bytes(less)) >= 1


def test_a_finding_is_told_with_its_place_and_source(maker: Maker) -> None:
    maker.verdict("top", findings=[["dent", "edge", "major", 500_000, 1, 0, 0, None]])
    record = inspections(maker.case())[-1].record
    cells = finding_cells(record, record.findings[0])
    assert [cell.en or cell.zh for cell in cells] == [
        "Dent", "edge", "major", "50 %", "top", "efficientnet-lite0",
    ]  # fmt: skip


def test_the_history_names_every_entry(case: EvidenceCase) -> None:
    rows = [(index, kind.en, what.en or what.zh) for index, _, kind, what in history(case)]
    assert rows == [
        ("0", "Station key enrolled", "st1"),
        ("6", "Verdict", "Used · Resale"),
        ("7", "Refund instructed", "Refund in part · 45.00 CNY"),
        ("8", "Refund reported", "Paid · 45.00 CNY"),
    ]


def test_a_pack_without_a_witness_says_that_a_fork_stays_unseen(case: EvidenceCase) -> None:
    assert "fork" in standing(case).witnesses.en


def test_a_witnessed_pack_names_its_witness(maker: Maker, witness: Ed25519PrivateKey) -> None:
    found = standing(usual(maker).case(witness))
    assert "finance" in found.witnesses.en and found.size == 9
    assert found.code.split("\n") == ["centre.example/site/s1", "9", found.root]


def test_text_is_cut_into_runs_of_the_font_that_has_its_signs() -> None:
    assert runs("杯 Mug 蓝") == [(HAN, "杯"), (LATIN, " Mug "), (HAN, "蓝")]
    assert runs("☃") == [(LATIN, UNKNOWN)]
    assert runs("a\x07b") == [(LATIN, "a b")]
