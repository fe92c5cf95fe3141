"""What is known of each driver's quality: one `QUALITY.md` in its folder, with one row for each rule.

A row says `done`, or `exempt` or `no` with the reason. `regrade devices list` shows them.
"""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from devices.driver import Driver

FILE_NAME = "QUALITY.md"

RULES: Mapping[str, str] = {
    "vectors": "every recorded frame means what its source says",
    "encode": "every frame that is decoded can be encoded again, byte for byte",
    "pieces": "any pieces of the bytes give the same frames",
    "noise": "noise between frames gives the same frames",
    "bit_flips": "a flipped bit gives no wrong frame",
    "bounded": "memory is bounded under any bytes",
    "fuzzed": "a coverage-guided fuzzer ran over the codec",
    "contract": "the driver keeps the contract of its kind against its emulator",
    "foreign_peer": "the emulator is read by a program that we did not write, or the driver reads another's",
    "unplug": "unplugged and plugged in again, it is lost and ready again by itself",
    "silence": "a device that is silent behind an open port is found out",
    "no_leak": "200 unplugs leave no task, thread or file handle behind",
    "measured": "its speed stands in the benchmarks beside the line's own",
    "page": "an engineer finds how to set it up, with every setting",
    "hardware": "tried on a physical device by us",
}


class Standing(StrEnum):
    """How a driver stands to a rule."""

    DONE = "done"
    EXEMPT = "exempt"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """One row of a QUALITY.md."""

    standing: Standing
    why: str


ROW = re.compile(r"^\| (?P<rule>[a-z_]+) \| (?P<standing>done|exempt|no) \| (?P<why>.*?) *\|$", re.M)


def quality_of(driver: Driver) -> Mapping[str, Grade]:
    """The rows of a driver's QUALITY.md, by rule."""
    text = folder_of(driver).joinpath(FILE_NAME).read_text(encoding="utf-8")
    return {
        found["rule"]: Grade(standing=Standing(found["standing"]), why=found["why"])
        for found in ROW.finditer(text)
    }


def folder_of(driver: Driver) -> Path:
    """Where the driver lives."""
    return Path(inspect.getfile(driver.config)).parent
