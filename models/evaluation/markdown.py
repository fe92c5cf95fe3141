"""Tables and figures as Markdown."""

from collections.abc import Iterable, Sequence

from models.evaluation.span import Span

DASH = "-"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column to the left, all others to the right."""
    marks = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, marks, *rows))


def spanned(span: Span | None) -> str:
    """A figure with its interval."""
    return f"{span.value:.3f} [{span.low:.3f}, {span.high:.3f}]" if span else DASH


def middle(span: Span | None) -> str:
    """A figure without its interval."""
    return f"{span.value:.3f}" if span else DASH


def number(value: float | None, digits: int = 3) -> str:
    """A plain figure."""
    return DASH if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """A share."""
    return DASH if value is None else f"{value * 100:.1f} %"


def percent_span(span: Span | None) -> str:
    """A share with its interval."""
    return f"{span.value * 100:.1f} % [{span.low * 100:.1f}, {span.high * 100:.1f}]" if span else DASH
