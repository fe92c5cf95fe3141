"""What may be sent to a printer that obeys whoever reaches it."""

import pytest

from devices.errors import DeviceFault
from devices.printer.zpl.label import check_label


def refused(content: bytes, most_bytes: int = 500) -> str:
    with pytest.raises(DeviceFault) as fault:
        check_label(content, most_bytes)
    assert fault.value.reason == "label_refused"
    return str(fault.value)


@pytest.mark.parametrize(
    "content",
    [
        b"^XA^FO50,50^A0N,50,50^FDRMA-1^FS^XZ",
        "^XA^CI28^FO0,0^ADN,18,10^FD退货^FS^PQ2^XZ\r\n".encode(),
        b"^XA^BY2^FO10,10^BCN,80,Y,N,N^FD>:123^FS^FO10,200^BXN,5,200^FH^FD_7E^FS^GB100,1,2^FS^XZ",
    ],
)
def test_a_label_that_only_draws_is_sent(content: bytes) -> None:
    check_label(content, 500)


@pytest.mark.parametrize(
    "command",
    [
        b"^JUS",  # keep the settings for ever
        b"^ND2,A,10.0.0.9",  # another network address
        b"^NS",
        b"^KP0000",  # another password
        b"^DFR:X.ZPL^FS",  # store a format
        b"^XFR:X.ZPL^FS",
        b"^IDR:*.*^FS",  # delete what is stored
        b"^IMR:LOGO.GRF",
        b"^CC!",  # another character in place of the caret
        b"^MMP",
        b"^SC9600",
        b"^HH",
        b"^A@N,50,50,E:X.TTF",
        b"^ju",
        b"^",
    ],
)
def test_a_command_that_does_more_than_draw_is_refused(command: bytes) -> None:
    assert "among the commands that draw" in refused(b"^XA^FO1,1" + command + b"^XZ")


@pytest.mark.parametrize("inside", [b"~JR", b"~DGR:X.GRF,1,1,00", b"^FD~HS^FS", b"\x02", b"\x1b", b"\x00"])
def test_commands_at_once_and_control_characters_are_refused(inside: bytes) -> None:
    assert "control character" in refused(b"^XA" + inside + b"^XZ")


@pytest.mark.parametrize(
    "content",
    [b"", b"RMA-1", b"^XA^FDx^FS", b"^FDx^FS^XZ", b"^XA^XZ^XA^XZ", b"^XA^xz^xa^XZ", b"! U1 setvar\r\n^XA^XZ"],
)
def test_what_is_not_one_whole_format_is_refused(content: bytes) -> None:
    assert "^XA to ^XZ" in refused(content)


@pytest.mark.parametrize("copies", [b"^PQ0", b"^PQ11", b"^PQ9999", b"^PQ", b"^PQ,1", b"^pq99"])
def test_a_label_is_printed_ten_times_at_most(copies: bytes) -> None:
    assert "copies" in refused(b"^XA^FDx^FS" + copies + b"^XZ")


def test_a_label_that_is_too_long_is_refused() -> None:
    assert "500 are sent at most" in refused(b"^XA^FD" + b"x" * 500 + b"^FS^XZ")
