"""verify.html in a real browser: green for what is true, red and named for what is not, and no network."""

import base64
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, FilePayload, Page, Request, ViewportSize, expect, sync_playwright

from inspection.custody.canonical import canonical
from inspection.custody.note import Algorithm, note_key
from inspection.custody.policy import read_policy, write_policy
from kit.pack.bundle import bundle_bytes
from kit.pack.case import EvidenceCase
from kit.pack.page import page_bytes
from tests.kit.pack.cases import Maker, new_maker, photo_of, shown, usual

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
)
KEEP = "REGRADE_SCREENSHOTS"
IMAGES = Path(__file__).resolve().parents[3] / "docs" / "images"
WITHOUT_ED25519 = """
const importKey = crypto.subtle.importKey.bind(crypto.subtle);
crypto.subtle.importKey = (format, key, how, ...rest) => how.name === "Ed25519"
  ? Promise.reject(new DOMException("none here", "NotSupportedError")) : importKey(format, key, how, ...rest);
"""
SIZE: ViewportSize = {"width": 1200, "height": 1000}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed"),
]
Show = Callable[..., Page]
expect.set_options(timeout=60_000)  # the page checks every signature in script, where its browser cannot


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield started
        started.close()


def is_asked(request: Request) -> bool:
    return not request.url.startswith(("file:", "data:"))


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Open a page from the disk, as a reader does; a fault of the page or a request fails the test."""
    asked: list[str] = []
    opened: list[Page] = []

    def open_page(content: bytes, locale: str = "en", script: str = "") -> Page:
        file = tmp_path / "verify.html"
        file.write_bytes(content)
        page = browser.new_page(viewport=SIZE, locale=locale)
        page.on("request", lambda request: asked.append(request.url) if is_asked(request) else None)
        page.on("pageerror", lambda error: asked.append(str(error)))
        page.on("console", lambda message: asked.append(message.text))
        page.add_init_script(script) if script else None
        page.goto(file.as_uri())
        expect(page.locator(".verdict.good, .verdict.bad, .verdict.unable")).to_be_visible()
        opened.append(page)
        return page

    yield open_page
    assert asked == []
    for page in opened:
        page.close()


def whole(case: EvidenceCase) -> bytes:
    return page_bytes(case, bundle_bytes(case))


def with_bundle(case: EvidenceCase, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The page over a bundle that somebody changed."""
    bundle = json.loads(bundle_bytes(case))
    change(bundle)
    return page_bytes(case, canonical(bundle))


def faulty(page: Page) -> set[str]:
    return {row.get_attribute("id") or "" for row in page.locator(".check.bad").all()}


def drop(page: Page, name: str, content: bytes) -> None:
    page.set_input_files("#files", FilePayload(name=name, mimeType="image/jpeg", buffer=content))
    expect(page.locator("#dropped")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "words"), [("en", "Whole and unchanged"), ("zh-CN", "完整且未被改动")], ids=["en", "zh"]
)
def test_a_true_pack_is_green_in_both_languages(
    show: Show, maker: Maker, witness: Ed25519PrivateKey, locale: str, words: str
) -> None:
    page = show(whole(usual(maker).case(witness)), locale)
    expect(page.locator(".verdict.good h2")).to_have_text(words)
    assert page.locator(".check.good").count() == 9
    expect(page.locator("#check-witness")).to_contain_text("finance")
    assert page.locator("figure img").count() == 2
    assert page.locator("figure .box").count() == 1


def test_the_language_can_be_switched(show: Show, case: EvidenceCase) -> None:
    page = show(whole(case))
    page.click("#language")
    expect(page.locator(".verdict h2")).to_have_text("完整且未被改动")
    page.click("#language")
    expect(page.locator(".verdict h2")).to_have_text("Whole and unchanged")


def test_a_policy_without_witnesses_is_said_to_miss_forks(show: Show, case: EvidenceCase) -> None:
    row = show(whole(case)).locator("#check-witness")
    expect(row).to_have_class("check none")
    expect(row).to_contain_text("a fork would not be detectable")


def test_a_browser_without_ed25519_comes_to_the_same_answers(show: Show, case: EvidenceCase) -> None:
    page = show(whole(case), script=WITHOUT_ED25519)
    expect(page.locator(".verdict.good")).to_be_visible()
    page = show(with_bundle(case, other_signature), script=WITHOUT_ED25519)
    assert "check-device" in faulty(page)


def test_a_browser_without_web_crypto_does_not_say_green(show: Show, case: EvidenceCase) -> None:
    script = "Object.defineProperty(globalThis, 'crypto', {value: undefined});"
    expect(show(whole(case), script=script).locator(".verdict")).to_have_class("verdict unable")


def test_a_changed_photo_that_is_dropped_turns_it_red_and_the_true_one_green(
    show: Show, case: EvidenceCase
) -> None:
    page, photo = show(whole(case)), case.photos[0]
    name = photo.file.removeprefix("photos/")
    changed = bytearray(photo.content)
    changed[len(changed) // 2] ^= 1
    drop(page, name, bytes(changed))
    expect(page.locator(".verdict.bad h2")).to_have_text("Not genuine")
    assert faulty(page) == {"check-photos"}
    expect(page.locator("#check-photos")).to_contain_text(photo.file)
    assert page.locator("figure.bad").count() == 1
    drop(page, name, photo.content)
    expect(page.locator(".verdict.good")).to_be_visible()


def test_a_photo_of_something_else_turns_it_red_until_it_is_taken_back(
    show: Show, case: EvidenceCase
) -> None:
    page = show(whole(case))
    drop(page, "holiday.jpg", photo_of("back"))
    expect(page.locator("#check-photos")).to_contain_text("holiday.jpg: this file is none of this pack.")
    page.click("#reset")
    expect(page.locator(".verdict.good")).to_be_visible()


def test_another_policy_that_trusts_another_log_turns_it_red(show: Show, case: EvidenceCase) -> None:
    page = show(whole(case))
    stranger = Ed25519PrivateKey.generate()
    drop(page, "policy", other_policy(case, stranger))
    assert faulty(page) == {"check-checkpoint"}
    drop(page, "policy", case.policy)
    expect(page.locator(".verdict.good")).to_be_visible()


def other_policy(case: EvidenceCase, key: Ed25519PrivateKey) -> bytes:
    policy = read_policy(case.policy)
    log = replace(policy.logs[0], key=note_key(policy.logs[0].key.name, key))
    return write_policy(replace(policy, logs=(log,)))


def edited_leaf(bundle: dict[str, Any], at: int, old: str, new: str) -> None:
    entry = bundle["entries"][at]
    leaf = base64.b64decode(entry["leaf"]).decode()
    assert old in leaf
    entry["leaf"] = base64.b64encode(leaf.replace(old, new).encode()).decode()


def other_signature(bundle: dict[str, Any]) -> None:
    signature = re.search(r'"signature":"(.)', base64.b64decode(bundle["entries"][1]["leaf"]).decode())
    assert signature is not None
    first = "A" if signature[1] != "A" else "B"
    edited_leaf(bundle, 1, f'"signature":"{signature[1]}', f'"signature":"{first}')


def edited_proof(bundle: dict[str, Any], old: str, new: str) -> None:
    for entry in bundle["entries"]:
        entry["proof"] = entry["proof"].replace(old, new)


FORGERIES: dict[str, tuple[Callable[[dict[str, Any]], object], set[str]]] = {
    "another_grade": (
        lambda b: edited_leaf(b, 1, '"grade":"used"', '"grade":"new"'),
        {"check-inclusion", "check-device", "check-refund"},
    ),
    "another_amount": (
        lambda b: edited_leaf(b, 2, '"target_total_minor":4500', '"target_total_minor":9900'),
        {"check-inclusion"},
    ),
    "another_time": (lambda b: edited_leaf(b, 1, "T08:00:06.0", "T07:00:06.0"), {"check-inclusion"}),
    "a_time_in_another_spelling": (
        lambda b: edited_leaf(b, -1, '"recorded_at":"2026-', '"recorded_at":"+002026-'),
        {"check-entries"},
    ),
    "another_device_signature": (other_signature, {"check-inclusion", "check-device"}),
    "another_size": (lambda b: edited_proof(b, "\n9\n", "\n8\n"), {"check-inclusion", "check-checkpoint"}),
    "another_index": (lambda b: edited_proof(b, "index 6", "index 5"), {"check-inclusion"}),
    "another_unit": (lambda b: b.update(unit="R2/1/1"), {"check-entries"}),
    "another_merchant": (lambda b: b.update(merchant="m2"), {"check-entries"}),
    "another_log": (lambda b: b.update(origin="centre.example/site/s2"), {"check-entries"}),
    "no_verdict": (
        lambda b: b["entries"].pop(1),
        {"check-entries", "check-refund", "check-openings", "check-photos"},
    ),
    "no_station_key": (lambda b: b["entries"].pop(0), {"check-device"}),
    "swapped_entries": (lambda b: b["entries"].reverse(), {"check-entries"}),
    "another_order": (lambda b: b["openings"][1].update(value="O-1"), {"check-openings"}),
    "another_photo_hash": (lambda b: b["images"][0].update(sha256="0" * 64), {"check-photos"}),
    "another_view": (lambda b: b["images"][0].update(view="left"), {"check-photos"}),
    "another_quorum": (
        lambda b: b.update(policy=b["policy"].replace("quorum none", "quorum w")),
        {"check-read"},
    ),
    "a_later_version": (lambda b: b.update(v=2), {"check-read"}),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_red_and_named(show: Show, case: EvidenceCase, name: str) -> None:
    change, faults = FORGERIES[name]
    page = show(with_bundle(case, change))
    expect(page.locator(".verdict.bad")).to_be_visible()
    found = faulty(page)
    assert faults <= found if name in ("swapped_entries", "another_log", "no_verdict") else faults == found


def test_a_witness_that_is_missing_turns_it_red(show: Show, maker: Maker, witness: Ed25519PrivateKey) -> None:
    case = usual(maker).case(witness)
    lines = re.compile(r"— witness\.example.*\n")
    page = show(
        with_bundle(case, lambda b: [e.update(proof=lines.sub("", e["proof"])) for e in b["entries"]])
    )
    assert faulty(page) == {"check-witness"}


def test_a_witness_that_saw_an_entry_before_it_was_recorded_turns_it_red(
    show: Show, maker: Maker, witness: Ed25519PrivateKey
) -> None:
    page = show(whole(usual(maker).case(witness, witnessed_at_s=1_769_000_000)))
    assert faulty(page) == {"check-witness"}
    expect(page.locator("#check-witness")).to_contain_text("before it was recorded")


@pytest.mark.parametrize(
    ("quorum", "faults"),
    [
        ("group g any {0} other", set()),
        ("group g 2 {0} other", {"check-witness"}),
        ("group g 2 {0} {0}", {"check-read"}),
        ("group a any {0}\ngroup b any {0}\ngroup g 2 a b", {"check-read"}),
        ("group g 1e0 {0} other", {"check-read"}),
    ],
)
def test_no_witness_counts_twice_for_a_quorum(
    show: Show, maker: Maker, witness: Ed25519PrivateKey, quorum: str, faults: set[str]
) -> None:
    case = usual(maker).case(witness)
    name = read_policy(case.policy).witnesses[0].name
    second = note_key("other", Ed25519PrivateKey.generate(), Algorithm.COSIGNATURE_ED25519).to_text()
    lines = f"witness other {second}\n{quorum.format(name)}\nquorum g"
    page = show(whole(case))
    drop(page, "policy", case.policy.replace(f"quorum {name}".encode(), lines.encode()))
    assert faulty(page) == faults


def test_an_erased_photo_and_value_leave_it_green_and_are_counted(show: Show, case: EvidenceCase) -> None:
    less = replace(case, photos=case.photos[1:], openings=())
    page = show(whole(less))
    expect(page.locator(".verdict.good")).to_be_visible()
    expect(page.locator("#check-photos")).to_contain_text("1 not in this pack")
    expect(page.locator("#check-openings")).to_have_class("check none")


def test_markup_in_a_pack_stays_text(show: Show, maker: Maker) -> None:
    bad = "</script><img src=x onerror=alert(1)>"
    case = usual(maker).case()
    page = show(with_bundle(case, lambda b: b["openings"][1].update(value=bad)))
    expect(page.locator("dd", has_text=bad)).to_be_visible()
    assert page.locator("img[src=x]").count() == 0


def test_the_pages_content_policy_admits_no_other_script(
    browser: Browser, tmp_path: Path, case: EvidenceCase
) -> None:
    script = b"<script>document.body.dataset.taken = 'over'</script></body>"
    file = tmp_path / "verify.html"
    file.write_bytes(whole(case).replace(b"</body>", script))
    page = browser.new_page()
    page.goto(file.as_uri())
    expect(page.locator(".verdict.good")).to_be_visible()
    assert page.locator("body").get_attribute("data-taken") is None
    page.close()


@pytest.mark.parametrize(("locale", "suffix"), [("en", ""), ("zh-CN", ".zh-CN")], ids=["en", "zh"])
def test_the_pictures_of_the_docs_show_a_green_pack(
    show: Show, witness: Ed25519PrivateKey, locale: str, suffix: str
) -> None:
    page = show(whole(shown(new_maker()).case(witness)), locale)
    expect(page.locator(".verdict.good")).to_be_visible()
    if os.environ.get(KEEP):
        page.screenshot(path=IMAGES / f"evidence-pack{suffix}.png")
