"""What an emulated Mercury module knows and answers, without a line and without time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from devices.emulation import PlacedTag
from devices.rfid.mercury.frames import EVERYTHING, Answer, Command, Key, Op, Status
from devices.rfid.mercury.records import HAS_FLAGS, MULTI_SELECT, Cursor

PINS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What differs between the modules."""

    version: bytes
    """Boot loader, hardware, date, firmware, protocols, as one such module sent them."""
    streams: bool = True
    names_antennas: bool = False
    most_cdbm: int = 2700
    least_cdbm: int = 0


MODELS: Mapping[str, Model] = {
    "nano": Model(version=bytes.fromhex("1412080030000002201503100103014700000010")),
    "m7e": Model(
        version=bytes.fromhex("2301060038000201202409130201060800000010"),
        names_antennas=True,
    ),
    "m5e": Model(
        version=bytes.fromhex("0710230001000003201410070107020900000010"),
        streams=False,
        most_cdbm=2300,
        least_cdbm=1000,
    ),
}
DUTY_CYCLE = 0x0400
"""Search flag: the time between two searches follows their length."""
BOOTLOADER = frozenset({Op.VERSION, Op.BOOT, Op.PROGRAM, Op.SET_BAUD})
"""What the boot loader answers too."""

FIXED: Mapping[int, str] = {
    Op.SET_BAUD: "",
    Op.HARDWARE: "007f010241490202003004"
    "02e0df08020001100b3430302d303036372d3031200230424012313731353030363737303130333733313437",
    Op.GET_PROTOCOL: "0005",
    Op.GET_POWER_MODE: "00",
    Op.PROTOCOLS: "0005",
    Op.REGIONS: "0d04050608090b0cff",
    Op.SET_PROTOCOL: "",
    Op.SET_POWER_MODE: "",
    Op.SET_PROTOCOL_PARAM: "",
}
"""Answers that never change, as a Nano gave them."""
PROTOCOL_PARAMS: Mapping[int, str] = {
    0x00: "00",
    0x01: "0100",
    0x02: "02",
    0x10: "00",
    0x11: "00",
    0x12: "00",
}
CONFIGURATION: Mapping[int, str] = {
    0x04: "00", Key.RSSI_IN_DBM: "01", Key.READ_FILTER: "01", 0x0D: "00000000", 0x0E: "00", 0x12: "0000",
}  # fmt: skip
M5E_CONFIGURATION: Mapping[int, str] = {0x04: "00", Key.RSSI_IN_DBM: "00"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What the command that starts streaming asks for."""

    head: bytes
    """Options and flags, which every report repeats."""
    length_s: float
    metadata: int

    @property
    def is_multi_select(self) -> bool:
        """Asked for as newer versions of JADAK's API do; then a keep-alive tells its time."""
        return self.head[0] == MULTI_SELECT


def read_search(data: bytes) -> Search:
    """`timeout 2, option, opcode, flags 2, protocol, length`, then one search; raises BadFrame."""
    cursor = Cursor(data, 8)
    cursor.take(1)
    options = cursor.take(1)
    options += cursor.take(1) if options[0] == MULTI_SELECT else b""
    flags = cursor.take(2)
    length_ms = cursor.number(2)
    if int.from_bytes(flags, "big") & DUTY_CYCLE:
        cursor.take(2)
    metadata = cursor.number(2) & EVERYTHING if options[-1] & HAS_FLAGS else 0
    return Search(head=options + flags, length_s=length_ms / 1000, metadata=metadata)


class Refused(Exception):
    """The module answers with this status."""

    def __init__(self, status: int) -> None:
        self.status = status


class Module:
    """One module from the moment it is switched on."""

    def __init__(self, model: Model, *, in_bootloader: bool, field: Mapping[bytes, PlacedTag]) -> None:
        self.model = model
        self.in_bootloader = in_bootloader
        self.region = 0
        powers: tuple[int, ...] = (Op.SET_READ_POWER, Op.SET_WRITE_POWER)
        self.power_cdbm = dict.fromkeys(powers, model.most_cdbm)
        self.antennas: tuple[int, ...] = (1,)
        known = CONFIGURATION if model.streams else M5E_CONFIGURATION
        self.configuration = {key: bytes.fromhex(value) for key, value in known.items()}
        self.directions = dict.fromkeys(PINS, 0)
        self.levels = dict.fromkeys(PINS, True)
        """Inputs are pulled up."""
        self.trouble = Status.OK
        """What a search that ends by itself answers instead."""
        self.found: list[PlacedTag] = []
        """The buffer of a read that ended."""
        self._field = field

    @property
    def filters(self) -> bool:
        """Whether a tag is reported once only."""
        return self.configuration.get(Key.READ_FILTER) == b"\x01"

    def seen(self) -> list[PlacedTag]:
        """The tags before the antennas that it searches."""
        return [tag for tag in self._field.values() if tag.antenna in self.antennas]

    def reply(self, command: Command) -> Answer:
        """The answer to anything but `MULTI` and `GET_TAGS`."""
        opcode = command.opcode
        try:
            if self.in_bootloader and opcode not in BOOTLOADER:
                raise Refused(Status.UNKNOWN_COMMAND)
            if opcode in FIXED:
                return Answer(opcode=opcode, data=bytes.fromhex(FIXED[opcode]))
            if opcode not in ANSWERS:
                raise Refused(Status.UNKNOWN_COMMAND)
            return Answer(opcode=opcode, data=ANSWERS[opcode](self, command))
        except Refused as refusal:
            return Answer(opcode=opcode, status=refusal.status)
        except IndexError:
            return Answer(opcode=opcode, status=Status.WRONG_LENGTH)

    def version(self, _: Command) -> bytes:
        """With no protocol while the boot loader runs."""
        return self.model.version[:-4] + bytes(4) if self.in_bootloader else self.model.version

    def boot(self, _: Command) -> bytes:
        """Start the firmware, once."""
        if not self.in_bootloader:
            raise Refused(Status.UNKNOWN_COMMAND)
        self.in_bootloader = False
        return self.model.version

    def program(self, _: Command) -> bytes:
        """Which of the two runs."""
        return b"\x51" if self.in_bootloader else b"\x52"

    def get_region(self, _: Command) -> bytes:
        """0 until it was told one."""
        return bytes((self.region,))

    def set_region(self, command: Command) -> bytes:
        """Only those that it has."""
        region = command.data[0]
        if region not in bytes.fromhex(FIXED[Op.REGIONS]) + b"\x01\x02":
            raise Refused(Status.BAD_REGION)
        self.region = region
        return b""

    def get_power(self, command: Command) -> bytes:
        """With limits where option 1 asks for them."""
        option = command.data[0]
        setter = Op.SET_READ_POWER if command.opcode == Op.GET_READ_POWER else Op.SET_WRITE_POWER
        limits = (self.model.most_cdbm, self.model.least_cdbm) if option else ()
        numbers = (self.power_cdbm[setter], *limits)
        return bytes((option,)) + b"".join(number.to_bytes(2, "big") for number in numbers)

    def set_power(self, command: Command) -> bytes:
        """Within its limits."""
        power = int.from_bytes(command.data[:2], "big")
        if power > self.model.most_cdbm:
            raise Refused(Status.POWER_TOO_HIGH)
        if power < self.model.least_cdbm:
            raise Refused(Status.POWER_TOO_LOW)
        self.power_cdbm[command.opcode] = power
        return b""

    def get_antenna(self, command: Command) -> bytes:
        """Option 5 says which ports have an antenna: 1 looks as if it had none, as in the recording."""
        option = command.data[0]
        return b"\x05\x01\x00" if option == 5 else bytes((option, 1, 1))

    def set_antennas(self, command: Command) -> bytes:
        """Pairs of ports, or plain numbers where the module takes them."""
        option, rest = command.data[0], command.data[1:]
        if option == 0x82 and self.model.names_antennas:
            self.antennas = tuple(rest)
        elif option == 2:
            self.antennas = tuple(rest[::2])
        elif option not in (1, 3, 4):
            raise Refused(Status.BAD_PARAMETER)
        return b""

    def get_configuration(self, command: Command) -> bytes:
        """One value by its key."""
        key = command.data[1]
        if key not in self.configuration:
            raise Refused(Status.BAD_PARAMETER)
        return command.data[:2] + self.configuration[key]

    def configure(self, command: Command) -> bytes:
        """Set one value."""
        key = command.data[1]
        if key not in self.configuration:
            raise Refused(Status.BAD_PARAMETER)
        self.configuration[key] = command.data[2:]
        return b""

    def get_protocol_param(self, command: Command) -> bytes:
        """Of Gen2."""
        key = command.data[1]
        if key not in PROTOCOL_PARAMS:
            raise Refused(Status.BAD_PARAMETER)
        return command.data[:2] + bytes.fromhex(PROTOCOL_PARAMS[key])

    def get_pins(self, command: Command) -> bytes:
        """Number, direction and level of each."""
        triples = (bytes((pin, self.directions[pin], self.levels[pin])) for pin in PINS)
        return command.data[:1] + b"".join(triples)

    def set_pin(self, command: Command) -> bytes:
        """The level of an output, or with option 1 in front a direction; alone it asks for the direction."""
        if len(command.data) == 1 and command.data[0] in PINS:
            return bytes((command.data[0], self.directions[command.data[0]]))
        if len(command.data) == 4:
            _, pin, direction, _ = command.data
            if not self.model.streams or pin not in PINS:
                raise Refused(Status.BAD_PARAMETER)
            self.directions[pin] = direction
            return b""
        pin, level = command.data[0], command.data[1]
        if pin not in PINS:
            raise Refused(Status.BAD_PARAMETER)
        self.levels[pin] = bool(level)
        return b""

    def search(self, command: Command) -> bytes:
        """A read that ends by itself; says how many tags it found, in one byte as an M5e does."""
        if not self.region or self.trouble:
            raise Refused(self.trouble or Status.BAD_REGION)
        self.found = self.seen()[:200]
        if not self.found:
            raise Refused(Status.NO_TAGS)
        return command.data[:3] + bytes((len(self.found),))

    def clear(self, _: Command) -> bytes:
        """Empty the buffer."""
        self.found = []
        return b""


ANSWERS: Mapping[int, Callable[[Module, Command], bytes]] = {
    Op.VERSION: Module.version,
    Op.BOOT: Module.boot,
    Op.PROGRAM: Module.program,
    Op.GET_REGION: Module.get_region,
    Op.SET_REGION: Module.set_region,
    Op.GET_READ_POWER: Module.get_power,
    Op.GET_WRITE_POWER: Module.get_power,
    Op.SET_READ_POWER: Module.set_power,
    Op.SET_WRITE_POWER: Module.set_power,
    Op.GET_ANTENNA: Module.get_antenna,
    Op.SET_ANTENNA: Module.set_antennas,
    Op.GET_CONFIGURATION: Module.get_configuration,
    Op.SET_CONFIGURATION: Module.configure,
    Op.GET_PROTOCOL_PARAM: Module.get_protocol_param,
    Op.GET_PINS: Module.get_pins,
    Op.SET_PIN: Module.set_pin,
    Op.READ_MULTIPLE: Module.search,
    Op.CLEAR_TAGS: Module.clear,
}
