"""Says in a sentence what is missing where the training extra is not installed."""

from importlib.util import find_spec

from models.errors import NoTrainer

REMEDY = "make training; then use .venv/train/bin/regrade"
"""What a person types, from the top of the checkout."""


def need(*modules: str) -> None:
    """Raise NoTrainer when a module that training needs is not installed; imports none of them."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise NoTrainer(f"training needs {' and '.join(missing)}, not installed here; remedy: {REMEDY}")
