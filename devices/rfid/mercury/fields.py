"""Mercury frames as JSON, and the protocol as a whole."""

from collections.abc import Callable, Mapping

from devices.rfid.mercury.codec import LONGEST, decoder, encode, read_version
from devices.rfid.mercury.frames import Answer, Command, Op, SeenTag
from devices.rfid.mercury.records import Cursor, is_intact, read_buffer, read_count, read_pins, read_report
from devices.wire import Check, Fields, Way, WireProtocol


def fields(frame: Command | Answer, way: Way) -> Fields:
    """What a frame says; raises BadFrame where its lengths do not add up."""
    shown: Fields = {"opcode": frame.opcode, "data": frame.data.hex(), "data_len": len(frame.data)}
    if isinstance(frame, Command):
        return shown | COMMANDS.get(frame.opcode, _nothing)(frame.data)
    shown["status"] = frame.status
    if frame.status or not frame.data:
        return shown
    return shown | ANSWERS.get(frame.opcode, _nothing)(frame)


def _nothing(_: object) -> Fields:
    return {}


def _baud(data: bytes) -> Fields:
    return {"baud": Cursor(data).number(4)}


def _timeout(data: bytes) -> Fields:
    return {"timeout_ms": Cursor(data).number(2)}


def _read_multiple(data: bytes) -> Fields:
    """With or without an option before the flags."""
    cursor = Cursor(data)
    option = {"option": cursor.number(1)} if len(data) != 4 else {}
    return option | {"search_flags": cursor.number(2), "timeout_ms": cursor.number(2)}


def _write_tag_data(data: bytes) -> Fields:
    cursor = Cursor(data)
    return {
        "timeout_ms": cursor.number(2),
        "option": cursor.number(1),
        "address": cursor.number(4),
        "bank": cursor.number(1),
        "data": data[cursor.at :].hex(),
    }


def _multi(data: bytes) -> Fields:
    cursor = Cursor(data)
    return {"timeout_ms": cursor.number(2), "option": cursor.number(1)}


def _power_set(data: bytes) -> Fields:
    return {"power_cdbm": Cursor(data).number(2, signed=True)}


COMMANDS: Mapping[int, Callable[[bytes], Fields]] = {
    Op.SET_BAUD: _baud,
    Op.READ_SINGLE: _timeout,
    Op.READ_MULTIPLE: _read_multiple,
    Op.WRITE_TAG_DATA: _write_tag_data,
    Op.READ_TAG_DATA: _timeout,
    Op.MULTI: _multi,
    Op.SET_READ_POWER: _power_set,
    Op.SET_WRITE_POWER: _power_set,
}


def _power(answer: Answer) -> Fields:
    """With its limits where they were asked for."""
    cursor = Cursor(answer.data)
    found: Fields = {"option": cursor.number(1), "power_cdbm": cursor.number(2, signed=True)}
    if len(answer.data) >= 7:
        found |= {
            "max_cdbm": cursor.number(2, signed=True),
            "min_cdbm": cursor.number(2, signed=True),
        }
    return found


def _version(answer: Answer) -> Fields:
    version = read_version(answer)
    return {
        "bootloader": version.bootloader.hex(),
        "hardware": version.hardware.hex(),
        "firmware_date": version.firmware_date.hex(),
        "firmware": version.firmware.hex(),
        "protocols": version.protocols,
    }


def _report(answer: Answer) -> Fields:
    tag = read_report(answer)
    if tag is not None:
        return _tag(tag)
    return {"tags_found": read_count(answer)} if len(answer.data) in (4, 5, 7) else {}


def _buffer(answer: Answer) -> Fields:
    return {"tags": [_tag(tag) for tag in read_buffer(answer)]}


def _pins(answer: Answer) -> Fields:
    """Without option 1 an older module answers one byte for each pin."""
    if len(answer.data) % 3 != 1:
        return {"levels": list(answer.data)}
    return {"pins": [[pin.number, pin.is_output, pin.is_high] for pin in read_pins(answer)]}


def _multi_answer(answer: Answer) -> Fields:
    return {"option": answer.data[0]}


def _tag(tag: SeenTag) -> Fields:
    antenna = tag.antenna
    return {
        "rssi_dbm": tag.rssi_dbm,
        "antenna_tx": None if antenna is None else antenna >> 4,
        "antenna_rx": None if antenna is None else antenna & 0xF,
        "freq_khz": tag.freq_khz,
        "timestamp_ms": tag.timestamp_ms,
        "phase": tag.phase,
        "protocol": tag.protocol,
        "embedded_data_bits": tag.embedded_bits,
        "embedded_data": tag.embedded.hex(),
        "epc_bits": tag.epc_bits,
        "pc": tag.pc.hex(),
        "epc": tag.epc.hex(),
        "epc_crc": f"{tag.epc_crc:04x}",
        "epc_crc_holds": is_intact(tag),
        "count": tag.count,
    }


ANSWERS: Mapping[int, Callable[[Answer], Fields]] = {
    Op.VERSION: _version,
    Op.BOOT: _version,
    Op.READ_MULTIPLE: _report,
    Op.GET_TAGS: _buffer,
    Op.MULTI: _multi_answer,
    Op.GET_READ_POWER: _power,
    Op.GET_WRITE_POWER: _power,
    Op.GET_PINS: _pins,
}

MERCURY_WIRE = WireProtocol(
    name="mercury",
    check=Check.CRC,
    longest=LONGEST,
    decoder=lambda way: decoder(from_host=way.from_host),
    encode=encode,
    fields=fields,
    baud=115200,
)
