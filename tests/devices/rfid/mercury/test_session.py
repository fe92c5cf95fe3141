"""A recorded session of a real Nano: what we read in it, and that our emulator would have said the same."""

import asyncio
from pathlib import Path
from typing import get_args

from devices.framing import BadBytes
from devices.rfid.mercury.codec import decoder, encode, read_version
from devices.rfid.mercury.dialogue import STOP, stream_data
from devices.rfid.mercury.driver import MercuryConfig
from devices.rfid.mercury.emulator import MercuryEmulator
from devices.rfid.mercury.frames import REGIONS, Answer, Command, Op
from devices.rfid.mercury.records import is_intact, read_report
from devices.transport.serial import SerialStream

TAG = bytes.fromhex("000000000000000000001545")
OTHER_TAGS = """
ff2022000010001b01ff0101c7110e08300000000f0000050000 0f0040100059 6f596ff3138990
ff2822000010001b01ff0101c9110e0830000000130000050000 0f00803000e2 0010 26760e017915907125 19855797
"""
"""Two of another session of the same module: an EPC of 4 bytes, and one of a chip's maker."""


def session() -> list[tuple[bool, bytes]]:
    """Whether the host sends it, and the bytes."""
    lines = Path(__file__).with_name("session.txt").read_text().splitlines()
    said = (line for line in lines if not line.startswith("#"))
    return [(line[0] == ">", bytes.fromhex(line[1:])) for line in said]


def exchanges() -> list[tuple[bytes, bytes]]:
    """Each question with its answer, up to the one that starts streaming."""
    said = session()
    until = next(index for index, (_, content) in enumerate(said) if content[2] == Op.MULTI)
    return [(said[at][1], said[at + 1][1]) for at in range(0, until, 2)]


def answers(content: bytes) -> list[Answer]:
    feeding = decoder()
    found = [*feeding.feed(content), *feeding.idle()]
    assert not [each for each in found if isinstance(each, BadBytes)]
    return [each for each in found if isinstance(each, Answer)]


def test_every_frame_of_the_session_is_read_and_nothing_else() -> None:
    sent = b"".join(content for from_host, content in session() if not from_host)
    assert b"".join(map(encode, answers(sent))) == sent
    asked = [content for from_host, content in session() if from_host]
    feeding = decoder(from_host=True)
    assert [encode(each) for each in feeding.feed(b"".join(asked))] == asked  # type: ignore[arg-type]


def test_the_module_says_what_it_is() -> None:
    [answer] = answers(exchanges()[0][1])
    version = read_version(answer)
    assert (version.hardware[0], version.protocols) == (0x30, 0x10)


def test_the_tag_of_the_session_was_seen_seven_times_with_its_signal_and_its_time() -> None:
    sent = b"".join(content for from_host, content in session() if not from_host)
    tags = [tag for answer in answers(sent) if (tag := read_report(answer))]
    assert [tag.epc for tag in tags] == [TAG] * 7
    assert [tag.rssi_dbm for tag in tags] == [-61, -59, -59, -59, -60, -63, -60]
    assert [tag.timestamp_ms for tag in tags] == [354, 388, 419, 452, 914, 241, 295]
    assert all(is_intact(tag) for tag in tags)


def test_epcs_of_other_lengths_are_read_from_their_bits() -> None:
    tags = [read_report(answer) for answer in answers(bytes.fromhex(OTHER_TAGS))]
    assert [tag and tag.epc.hex() for tag in tags] == ["596f596f", "e2001026760e017915907125"]
    assert all(tag and is_intact(tag) for tag in tags)


def test_what_we_send_to_start_and_to_stop_is_what_the_makers_program_sent() -> None:
    asked = [content for from_host, content in session() if from_host]
    assert encode(Command(opcode=Op.MULTI, data=stream_data(1000))) in asked
    assert encode(STOP) in asked


async def test_the_emulator_answers_every_question_of_the_session_as_the_nano_did(tmp_path: Path) -> None:
    async with MercuryEmulator(tmp_path / "nano"), SerialStream(str(tmp_path / "nano"), baud=115200) as line:
        for question, answer in exchanges():
            await line.write(question)
            heard = b""
            async with asyncio.timeout(60):
                while len(heard) < len(answer):
                    heard += await line.read()
            assert heard.hex() == answer.hex(), question.hex()


def test_the_settings_name_every_region() -> None:
    named, _ = get_args(MercuryConfig.model_fields["region"].annotation)
    assert set(get_args(named)) == set(REGIONS)
