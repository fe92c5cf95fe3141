"""The page's own Ed25519 and the browser's against the 914 edge cases of C2SP CCTV and our one rule."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from inspection.custody.signing import check_public_key, verify_bytes
from inspection.errors import BadSignature
from tests.kit.pack.test_page import CHROMIUM, FLAGS

ROOT = Path(__file__).resolve().parents[3]
WEB = ROOT / "kit" / "pack" / "web"
VECTORS = ROOT.parent / "shared" / "vectors" / "ledger" / "c2sp-cctv" / "ed25519" / "ed25519vectors.json"
ASK = """async (cases) => {
  const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
  const answers = [];
  for (const { key, msg, sig } of cases) {
    const [known, message, signature] = [bytes(key), encoder.encode(msg), bytes(sig)];
    const own = await ed25519(known, message, signature, () => null);
    answers.push([own, await ed25519(known, message, signature), isSound(known)]);
  }
  return answers;
}"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed"),
    pytest.mark.skipif(not VECTORS.exists(), reason="Ed25519 edge cases are not beside this checkout"),
]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """An empty page with the script's first two parts."""
    blank = tmp_path / "blank.html"
    scripts = "".join((WEB / name).read_text() for name in ("bytes.js", "ed25519.js"))
    blank.write_text(f"<!doctype html><meta charset=utf-8><script>{scripts}</script>")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        opened = started.new_page()
        opened.goto(blank.as_uri())
        yield opened
        started.close()


def verifies(case: dict[str, Any]) -> bool:
    try:
        verify_bytes(bytes.fromhex(case["key"]), case["msg"].encode(), bytes.fromhex(case["sig"]))
    except BadSignature:
        return False
    return True


def is_sound(case: dict[str, Any]) -> bool:
    try:
        check_public_key(bytes.fromhex(case["key"]))
    except BadSignature:
        return False
    return True


def test_the_page_decides_every_edge_case_as_we_do(page: Page) -> None:
    cases = json.loads(VECTORS.read_text())
    own, either, sound = zip(*page.evaluate(ASK, cases), strict=True)
    assert list(sound) == [is_sound(case) for case in cases]
    assert list(own) == [verifies(case) for case in cases]
    assert sum(own) == 109
    assert list(either) == list(own)
