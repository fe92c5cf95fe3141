"""The books as one page."""

from collections.abc import Mapping
from html import escape
from typing import Any

from demo.shop.page import STYLE

SHOWN = 200
COLUMNS = ("number", "payment", "unit", "key", "amount", "currency", "status", "was", "next")


def render(state: Mapping[str, Any], faults: Mapping[str, int]) -> str:
    """The newest refunds; it reloads itself."""
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = "".join(_row(refund) for refund in reversed(state["refunds"][-SHOWN:]))
    counts = ", ".join(f"{count} {escape(name)}" for name, count in sorted(faults.items()))
    told = f"{state['untold']} to be told, {state['unfinished']} not done yet"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Strict: refunds</title>'
        '<meta http-equiv="refresh" content="3"><meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}</style></head><body><h1>Strict: refunds</h1><p>{told}</p>"
        f"<p>faults: {counts or 'none yet'}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></body></html>"
    )


def _row(refund: Mapping[str, Any]) -> str:
    cells = "".join(f"<td>{escape(str(refund[name] or ''))}</td>" for name in COLUMNS)
    return f"<tr>{cells}</tr>"
