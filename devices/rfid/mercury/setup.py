"""What a Mercury module is told before it reads."""

from dataclasses import dataclass

from devices.errors import WrongSetUp
from devices.framing import BadFrame
from devices.rfid.mercury.codec import read_version
from devices.rfid.mercury.dialogue import Dialogue
from devices.rfid.mercury.frames import GEN2, M6E_FAMILY, M7E, REGIONS, Answer, Key, Op, Status, Version

BOOT_S = 5.0
"""How long the firmware may take to begin."""
PORT_PAIRS = 0x02
ANTENNA_LIST = 0x82
"""Option of an M7e: antennas instead of pairs of ports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What was found out while it was set up."""

    says_dbm: bool = False
    names_antennas: bool = False
    """By their number, and not by a pair of ports."""


async def prepare(
    dialogue: Dialogue,
    *,
    region: str | None,
    read_power_dbm: float | None,
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
) -> Version | None:
    """Wake it, and set what the settings name; where they name nothing, it is only asked for its version.

    Raises LinkLost where it is silent, WrongSetUp where it refuses a setting.
    """
    version = await _woken(dialogue)
    if region is not None:
        await _set(dialogue, Op.SET_REGION, bytes((REGIONS[region],)), f"the region {region}")
    if read_power_dbm is not None:
        await _set_power(dialogue, round(read_power_dbm * 100))
    for number, is_output in [*((pin, 0) for pin in inputs), *((pin, 1) for pin in outputs)]:
        # Refused where the direction is fixed, as in an M5e.
        await dialogue.ask(Op.SET_PIN, bytes((1, number, is_output, 0)))
    return version


async def make_ready(dialogue: Dialogue, version: Version | None, antennas: tuple[int, ...]) -> Setup:
    """Say how it shall read, each time anew; raises WrongSetUp where it has no such antenna."""
    model = version.hardware[0] if version else None
    await _set(dialogue, Op.SET_PROTOCOL, GEN2.to_bytes(2, "big"), "the protocol Gen2")
    names_antennas = await _set_antennas(dialogue, antennas, may_be_named=model == M7E)
    await dialogue.ask(Op.SET_CONFIGURATION, bytes((1, Key.READ_FILTER, 0)))
    dbm = await dialogue.ask(Op.SET_CONFIGURATION, bytes((1, Key.RSSI_IN_DBM, 1)))
    says_dbm = not dbm.status or model == M7E or model in M6E_FAMILY
    return Setup(says_dbm=says_dbm, names_antennas=names_antennas)


async def _woken(dialogue: Dialogue) -> Version | None:
    """Its version, once its firmware runs; None where the answer is not that of any module we know."""
    version = _version(await dialogue.greet())
    if version is None or version.protocols:
        return version
    answer = await dialogue.ask(Op.BOOT, extra_s=BOOT_S)
    if answer.status and answer.status != Status.UNKNOWN_COMMAND:
        raise WrongSetUp(f"the reader's firmware does not start: {answer.status:04x}", reason="no_firmware")
    return _version(answer) or version


def _version(answer: Answer) -> Version | None:
    try:
        return read_version(answer)
    except BadFrame:
        return None


async def _set(dialogue: Dialogue, opcode: Op, data: bytes, what: str) -> None:
    answer = await dialogue.ask(opcode, data)
    if answer.status:
        raise WrongSetUp(f"the reader refuses {what}: status {answer.status:04x}", reason="setting_refused")


async def _set_power(dialogue: Dialogue, wanted_cdbm: int) -> None:
    """Set it within the limits that it names; raises WrongSetUp beyond them."""
    answer = await dialogue.ask(Op.GET_READ_POWER, b"\x01")
    if not answer.status and len(answer.data) >= 7:
        most, least = (int.from_bytes(answer.data[at : at + 2], "big", signed=True) for at in (3, 5))
        if not least <= wanted_cdbm <= most:
            raise WrongSetUp(
                f"read_power_dbm is {wanted_cdbm / 100}; this reader goes from {least / 100} to {most / 100}",
                reason="setting_refused",
            )
    data = wanted_cdbm.to_bytes(2, "big", signed=True)
    await _set(dialogue, Op.SET_READ_POWER, data, f"a power of {wanted_cdbm / 100} dBm")


async def _set_antennas(dialogue: Dialogue, antennas: tuple[int, ...], *, may_be_named: bool) -> bool:
    """Say which antennas to search; returns whether it will name an antenna by its number."""
    if may_be_named:
        answer = await dialogue.ask(Op.SET_ANTENNA, bytes((ANTENNA_LIST, *antennas)))
        if not answer.status:
            return True
    pairs = bytes(port for number in antennas for port in (number, number))
    await _set(dialogue, Op.SET_ANTENNA, bytes((PORT_PAIRS,)) + pairs, f"the antennas {antennas}")
    return False


def antenna_of(sent: int | None, setup: Setup) -> int | None:
    """The antenna's number; of a pair the port that transmits. Port 16 does not fit and is sent as 0."""
    if sent is None:
        return None
    if setup.names_antennas:
        return sent or None
    return sent >> 4 or 16
