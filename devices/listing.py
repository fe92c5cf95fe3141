"""What `regrade devices list` shows: the registry, and how each driver stands to the rules."""

from collections.abc import Iterator

from rich.table import Table

from devices.driver import Driver
from devices.quality import RULES, Standing, quality_of
from devices.registry import DRIVERS


def overview() -> Table:
    """One row for each driver."""
    table = Table("driver", "kind", "what it drives", "rules kept", "hardware", "settings (* needed)")
    for name, driver in DRIVERS.items():
        quality = quality_of(driver)
        done = sum(grade.standing is Standing.DONE for grade in quality.values())
        exempt = sum(grade.standing is Standing.EXEMPT for grade in quality.values())
        tried = quality["hardware"].standing is Standing.DONE
        table.add_row(
            name,
            driver.kind.value,
            driver.title,
            f"{done} of {len(RULES) - exempt}",
            "tried" if tried else "not tried",
            " ".join(_settings(driver)),
        )
    return table


def details(name: str) -> Table:
    """How one driver stands to every rule; raises KeyError for an unknown one."""
    driver = DRIVERS[name]
    quality = quality_of(driver)
    table = Table("rule", "standing", "why", title=f"{name}: {driver.title}")
    for rule, meaning in RULES.items():
        grade = quality[rule]
        table.add_row(meaning, grade.standing.value, grade.why)
    return table


def _settings(driver: Driver) -> Iterator[str]:
    for key, field in driver.config.model_fields.items():
        if key != "driver":
            yield f"{key}*" if field.is_required() else key
