"""The shop's one page: its refunds, rendered here, without a line of script."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --line: #8884; --ok: #1a7f4b; --wait: #a15c00; --no: #b3261e; }
body { font: 15px/1.45 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2rem auto; max-width: 70rem;
       padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .2rem; }
p { margin: .2rem 0 1.2rem; opacity: .75; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .45rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; opacity: .7; }
td.money, th.money { text-align: right; }
.chip { border: 1px solid currentColor; border-radius: 1rem; padding: .05rem .6rem; font-size: .85rem; }
.settled { color: var(--ok); } .held { color: var(--wait); } .rejected { color: var(--no); }
.replaced { opacity: .6; }
"""
MARK = {"settled": "✓", "held": "…", "rejected": "✗", "replaced": "↻"}
"""A sign beside the colour, for those who do not see it."""
COLUMNS = ("order", "unit", "grade", "goes to", "owed", "paid", "refund", "ledger", "told")


def render(refunds: Sequence[Mapping[str, Any]], totals: Mapping[str, int]) -> str:
    """The whole page; it reloads itself."""
    head = "".join(f"<th{_money(name)}>{name}</th>" for name in COLUMNS)
    rows = "".join(_row(refund) for refund in refunds)
    summary = ", ".join(f"{count} {escape(name)}" for name, count in sorted(totals.items()))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Blue Shop: refunds</title>'
        '<meta http-equiv="refresh" content="3"><meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}</style></head><body><h1>Blue Shop: refunds</h1><p>{summary or 'none yet'}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></body></html>"
    )


def _row(refund: Mapping[str, Any]) -> str:
    status = escape(refund["status"])
    said = f"{status}: {escape(refund['why'])}" if refund["why"] else status
    told = refund["answer"] or "not yet"
    cells = (
        escape(refund["orders"]),
        escape(refund["unit"]),
        escape(refund["grade"]),
        escape(refund["disposition"]),
        _amount(refund["target_minor"], refund["currency"]),
        _amount(refund["paid_minor"], refund["currency"]),
        f'<span class="chip {status}">{MARK.get(status, "?")} {said}</span>',
        f"#{refund['ledger_index']}",
        escape(told),
    )
    marked = (f"<td{_money(name)}>{cell}</td>" for name, cell in zip(COLUMNS, cells, strict=True))
    return f"<tr>{''.join(marked)}</tr>"


def _money(column: str) -> str:
    return ' class="money"' if column in ("owed", "paid") else ""


def _amount(minor: int, currency: str) -> str:
    return f"{minor / 100:,.2f} {escape(currency)}"
