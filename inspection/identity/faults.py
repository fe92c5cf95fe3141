"""What can be wrong with a tag's EPC or with a GS1 code; shown by `regrade devices decode`."""

from enum import StrEnum


class Fault(StrEnum):
    """One word for it; the sentence of the error says the rest."""

    UNPROGRAMMED = "unprogrammed"
    """Header 00, or no bits at all: nobody has written a number into the tag."""
    RESERVED_HEADER = "reserved_header"
    """No scheme has this header; E2 is reserved for ever, since a tag's own number begins with it."""
    WRONG_HEADER = "wrong_header"
    """The bits make sense under another header only."""
    CUT_SHORT = "cut_short"
    TOO_LONG = "too_long"
    """More 16-bit words than the EPC needs."""
    TRAILING_BITS = "trailing_bits"
    """Bits that must be zero are not."""
    BAD_PARTITION = "bad_partition"
    """Partition 7: that length of a company prefix does not exist."""
    BAD_NUMBER = "bad_number"
    """Digits that are none, too many, or too few."""
    BAD_TEXT = "bad_text"
    """A sign that the field may not have, or an empty field."""
    BAD_ENCODING = "bad_encoding"
    """A text in one of the two encodings that are reserved."""
    BAD_DATE = "bad_date"
    BAD_HOSTNAME = "bad_hostname"
    CHECK_DIGIT = "check_digit"
    DAMAGED = "damaged"
    """What the EPC says does not encode to it again."""
    BAD_CODE = "bad_code"
    """A printed code that is none of GS1's."""
