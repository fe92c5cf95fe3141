import pytest

from devices.quality import RULES, Standing, folder_of, quality_of
from devices.registry import DRIVERS

NEEDED = {"__init__.py", "driver.py", "emulator.py", "QUALITY.md"}


@pytest.mark.parametrize("name", DRIVERS)
def test_every_driver_says_how_it_stands_to_every_rule(name: str) -> None:
    quality = quality_of(DRIVERS[name])
    assert list(quality) == list(RULES)
    for rule, grade in quality.items():
        assert grade.why or grade.standing is Standing.DONE, f"{rule}: say why"


@pytest.mark.parametrize("name", DRIVERS)
def test_every_driver_is_a_folder_with_its_emulator(name: str) -> None:
    driver = DRIVERS[name]
    wanted = NEEDED | ({"codec.py", "frames.py"} if driver.protocols else set())
    assert wanted <= {path.name for path in folder_of(driver).iterdir()}


@pytest.mark.parametrize("name", DRIVERS)
def test_a_driver_without_a_protocol_of_a_line_has_no_bytes_to_grade(name: str) -> None:
    """And one with a protocol cannot excuse itself from what the tests ask of all of them."""
    asked = ("vectors", "encode", "pieces", "noise", "bounded")
    quality = quality_of(DRIVERS[name])
    if DRIVERS[name].protocols:
        assert {quality[rule].standing for rule in asked} == {Standing.DONE}
