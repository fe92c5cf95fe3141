import pytest
from hypothesis import given

from inspection.errors import BadIdentifier
from inspection.identity.bits import BitReader, BitWriter
from inspection.identity.hostname import IN_7_BITS, IN_14_BITS, put_hostname, take_hostname
from tests.inspection.identity.drawn import HOSTS


def written(host: str) -> BitWriter:
    writer = BitWriter()
    put_hostname(writer, host)
    return writer


@given(HOSTS)
def test_a_host_is_read_as_it_was_written(host: str) -> None:
    writer = written(host)
    assert take_hostname(BitReader(writer.value, writer.bits)) == host


@pytest.mark.parametrize(
    ("host", "bits"),
    [("id.example.com", 7 + 9 * 7), ("example.co.uk", 7 + 9 * 7), ("ABC", 7 + 16), ("x.li", 7 + 3 * 7)],
)
def test_a_host_takes_as_few_bits_as_the_standard_says(host: str, bits: int) -> None:
    assert written(host).bits == bits


def test_the_tables_are_as_long_as_the_standards() -> None:
    tables = [value >> 7 for value in IN_14_BITS.values()]
    assert [tables.count(table) for table in range(4)] == [128, 117, 32, 1]
    assert len(set(IN_14_BITS.values())) == len(IN_14_BITS)
    assert len(set(IN_7_BITS.values())) == len(IN_7_BITS)


@pytest.mark.parametrize(
    "bits",
    [
        "1000000",  # nothing
        "1000001" + "0000100",  # a reserved sequence
        "1000010" + "0000010" + "1111111",  # a reserved one of 14 bits
        "1000001" + "0000000" + "0000000",  # 14 bits where the length says 7
        "1000001" + "0101110",  # a dot alone
        "0000001" + "0" * 16,  # three letters of the value -1
        "1000011" + "1100001",  # cut short
        "0000001" + f"{1600 * 1 + 40 * 2 + 3 + 1:016b}",  # filled up with letters
    ],
)
def test_bits_that_are_no_host_are_refused(bits: str) -> None:
    with pytest.raises(BadIdentifier):
        take_hostname(BitReader(int(bits, 2), len(bits)))
