"""The models of an installation, as a table and as JSON."""

from collections.abc import Iterable
from typing import Any

from rich.table import Table

from models.manifest import Manifest, Metric
from models.registry import Checked

COLUMNS = ("name", "kind", "hash", "licence", "approved by", "figures", "MB", "problem")
SHORT_HASH = 16


def model_table(found: Iterable[Checked]) -> Table:
    """One row per model folder; what is wrong with it stands in the last column."""
    table = Table(title="Models", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for each in found:
        table.add_row(*_row(each))
    return table


def models_object(found: Iterable[Checked]) -> dict[str, Any]:
    """Everything that the manifests say, with the problems."""
    return {
        "models": [
            {
                "folder": str(each.folder),
                "problem": each.problem,
                "manifest": each.manifest.model_dump(mode="json") if each.manifest else None,
            }
            for each in found
        ]
    }


def _row(each: Checked) -> tuple[str, ...]:
    manifest, problem = each.manifest, each.problem or ""
    if manifest is None:
        return (each.folder.name, "", "", "", "", "", "", problem)
    return (
        manifest.name,
        manifest.kind.value,
        manifest.sha256[:SHORT_HASH],
        manifest.licence + (" (copyleft)" if manifest.copyleft else ""),
        _approval(manifest),
        "\n".join(f"{name} {_figure(metric)}" for name, metric in manifest.metrics.items()),
        f"{manifest.bytes / 1e6:.1f}",
        problem,
    )


def _approval(manifest: Manifest) -> str:
    approval = manifest.approval
    if approval is None:
        return "nobody"
    stale = "" if manifest.approved else " (another file)"
    return f"{approval.by}, {approval.at:%Y-%m-%d}{stale}"


def _figure(metric: Metric) -> str:
    between = f" [{metric.low:g}, {metric.high:g}]" if None not in (metric.low, metric.high) else ""
    return f"{metric.value:g}{between} on {metric.set}, {metric.date}"
