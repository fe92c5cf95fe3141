"""verify.html: one file that holds the pack, checks it and shows the answer, without a network.

Its content policy admits nothing but this very script and style, named by their hashes, and the
photos inside; a browser that has the file needs nobody else.
"""

import base64
import hashlib
from importlib.resources import files
from string import Formatter

import orjson

from inspection.words.catalog import LANGUAGES
from kit.pack.case import EvidenceCase

SCRIPTS = ("bytes.js", "ed25519.js", "log.js", "checks.js", "view.js")
SPOKEN = (
    "pack", "page", "entry", "grade", "disposition", "channel", "defect", "severity", "verdict", "role",
    "refund", "outcome",
)  # fmt: skip
"""Namespaces of the words that the page may need."""
POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def page_bytes(case: EvidenceCase, bundle: bytes) -> bytes:
    """The page over a case's bundle and photos; the same case gives the same bytes."""
    script = '"use strict";\n(() => {\n' + "\n".join(_text(name) for name in SCRIPTS) + "})();\n"
    style = _text("page.css")
    parts = {
        "policy": POLICY.format(script=_source(script), style=_source(style)),
        "title": "Regrade",
        "style": style,
        "pack": _pack(case, bundle),
        "script": script,
    }
    return Formatter().vformat(_text("page.html"), (), parts).encode()


def _pack(case: EvidenceCase, bundle: bytes) -> str:
    """JSON that may stand inside a script element: nothing in it can end that element."""
    content = {
        "bundle": base64.b64encode(bundle).decode(),
        "photos": {photo.file: base64.b64encode(photo.content).decode() for photo in case.photos},
        "words": {language: _words(language) for language in LANGUAGES},
    }
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode().replace("<", "\\u003c")


def _words(language: str) -> dict[str, str]:
    texts = LANGUAGES[language].items()
    return {key: text for key, text in texts if key.partition(".")[0] in SPOKEN}


def _text(name: str) -> str:
    return (files("kit.pack") / "web" / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """How a content policy names an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
