"""Letters in 4, 6, 7 or 5 1/3 bits each, as tags carry them.

Source: GS1 EPC Tag Data Standard 2.3, tables A-1, G-1 and E, sections 14.3.2 and 14.5.6.
"""

import string
from collections.abc import Mapping
from urllib.parse import quote

from inspection.errors import BadIdentifier
from inspection.identity.bits import BitReader, BitWriter
from inspection.identity.faults import Fault

DIGITS = string.digits
LETTERS_82 = frozenset(string.ascii_letters + string.digits + "!\"%&'()*+,-./:;<=>?_")
"""GS1's 82 characters of serial numbers."""
LETTERS_39 = frozenset(string.ascii_uppercase + string.digits + "#-/")
"""GS1's 39 characters of component and part numbers."""
URI_ESCAPES = str.maketrans({sign: f"%{ord(sign):02X}" for sign in '"%&/<>?#'})
"""How a character is written in an EPC URI where it cannot stand for itself."""

UPPER_HEX, LOWER_HEX = "0123456789ABCDEF", "0123456789abcdef"
BASE_64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
CODE_40 = "\0" + string.ascii_uppercase + "-.:" + string.digits
"""Three of them make 16 bits; the first one only fills up."""

NUMERIC, FILE_SAFE, SEVEN_BIT, CODE_40_TEXT = 0, 3, 4, 5
ALPHABETS: Mapping[int, str] = {1: UPPER_HEX, 2: LOWER_HEX, FILE_SAFE: BASE_64}
WRITTEN_WITH: Mapping[int, frozenset[str]] = {
    NUMERIC: frozenset(DIGITS),
    1: frozenset(UPPER_HEX),
    2: frozenset(LOWER_HEX),
    FILE_SAFE: frozenset(BASE_64),
    CODE_40_TEXT: frozenset(CODE_40[1:]),
}
"""Letters of each encoding but 7-bit ASCII, which takes them all."""


def in_uri(text: str) -> str:
    """The text as an EPC URI writes it."""
    return text if text.isalnum() else text.translate(URI_ESCAPES)


def in_link(text: str) -> str:
    """The text as one segment of a GS1 Digital Link."""
    return text if text.isalnum() else quote(text, safe="")


def seven_bit(value: int, bits: int) -> str:
    """Read letters of 7 bits with zeros behind them, which fill a field of fixed length."""
    count, unused = divmod(bits, 7)
    value, wrong = value >> unused, value & (1 << unused) - 1
    text = bytes(value >> 7 * place & 0x7F for place in reversed(range(count))).rstrip(b"\0").decode()
    if wrong or not text or not LETTERS_82.issuperset(text):
        raise _bad_text(text)
    return text


def in_seven_bit(text: str, bits: int) -> int:
    """The number that `seven_bit` reads back."""
    if not text or len(text) > bits // 7 or not LETTERS_82.issuperset(text):
        raise _bad_text(text)
    value = 0
    for sign in text.encode():
        value = value << 7 | sign
    return value << bits - 7 * len(text)


def take_text(reader: BitReader, encoding: int, count: int) -> str:
    """Read so many letters in one of the six encodings of table E."""
    if encoding == NUMERIC:
        return take_number(reader, count)
    if encoding == CODE_40_TEXT:
        return take_code_40(reader, count)
    if encoding == SEVEN_BIT:
        value = reader.take(7 * count)
        return bytes(value >> place & 0x7F for place in range(7 * count - 7, -1, -7)).decode()
    alphabet = ALPHABETS.get(encoding)
    if alphabet is None:
        raise BadIdentifier(f"text encoding {encoding} is reserved", fault=Fault.BAD_ENCODING)
    bits = 6 if encoding == FILE_SAFE else 4
    return "".join(alphabet[reader.take(bits)] for _ in range(count))


def put_text(writer: BitWriter, encoding: int, text: str) -> None:
    """Write what `take_text` reads back; the text must be made of the encoding's letters."""
    if encoding == NUMERIC:
        put_number(writer, text)
    elif encoding == CODE_40_TEXT:
        put_code_40(writer, text)
    elif encoding == SEVEN_BIT:
        for sign in text.encode():
            writer.put(sign, 7)
    else:
        for letter in text:
            writer.put(ALPHABETS[encoding].index(letter), 6 if encoding == FILE_SAFE else 4)


def shortest_encoding(text: str) -> int:
    """The encoding of table E that takes the fewest bits."""
    fitting = [encoding for encoding, letters in WRITTEN_WITH.items() if letters.issuperset(text)]
    return min(fitting, key=lambda encoding: _bits_of(encoding, len(text)), default=SEVEN_BIT)


def _bits_of(encoding: int, count: int) -> int:
    if encoding == NUMERIC:
        return number_bits(count)
    if encoding == CODE_40_TEXT:
        return -(-count // 3) * 16
    return count * {FILE_SAFE: 6, SEVEN_BIT: 7}.get(encoding, 4)


def number_bits(digits: int) -> int:
    """Bits for any number of so many digits."""
    return int(10**digits - 1).bit_length()


def take_number(reader: BitReader, digits: int) -> str:
    """Read a number of so many digits, with its leading zeros."""
    text = f"{reader.take(number_bits(digits)):0{digits}d}" if digits else ""
    if len(text) > digits:
        raise BadIdentifier(f"{text} has more than {digits} digits", fault=Fault.BAD_NUMBER)
    return text


def put_number(writer: BitWriter, text: str) -> None:
    """Write what `take_number` reads back."""
    if text:
        writer.put(int(text), number_bits(len(text)))


def take_code_40(reader: BitReader, count: int) -> str:
    """Read so many letters, three in 16 bits."""
    text = ""
    for _ in range(-(-count // 3)):
        both, last = divmod(reader.take(16) - 1, 40)
        first, second = divmod(both, 40)
        if not 0 <= first < 40:
            raise BadIdentifier("three letters of Code 40 have an impossible value", fault=Fault.BAD_TEXT)
        text += CODE_40[first] + CODE_40[second] + CODE_40[last]
    if "\0" in text[:count] or text[count:].strip("\0"):
        raise BadIdentifier("a text in Code 40 is filled up in the wrong place", fault=Fault.BAD_TEXT)
    return text[:count]


def put_code_40(writer: BitWriter, text: str) -> None:
    """Write what `take_code_40` reads back."""
    for start in range(0, len(text), 3):
        first, second, last = (CODE_40.index(letter) for letter in text[start : start + 3].ljust(3, "\0"))
        writer.put(1600 * first + 40 * second + last + 1, 16)


def _bad_text(text: str) -> BadIdentifier:
    shown = "".join(sign if sign.isprintable() else "?" for sign in text[:30])
    return BadIdentifier(
        f"the text {shown!r} is empty, too long, or has a sign that may not be there", fault=Fault.BAD_TEXT
    )
