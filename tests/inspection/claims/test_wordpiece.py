"""English words -> the numbers of their pieces."""

import pytest

from inspection.claims.wordpiece import MOST_TOKENS, read_vocabulary
from inspection.errors import ReasonModelRefused


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("the handle is loose", (4, 5, 6, 7)),
        (
            "The HANDLES loosened",
            (4, 5, 8, 1),
        ),  # of "loose" and "##ned" the second is no piece: all is unknown
        ("handleened", (5, 9)),
        ("loose,handle", (7, 10, 5)),
        ("café", (11, 12)),
        ("bolts", (1,)),
        ("handle" + "s" * 95, (1,)),
        ("", ()),
    ],
)
def test_a_word_is_cut_from_the_left_into_the_longest_pieces(
    few_pieces: bytes, text: str, inner: tuple[int, ...]
) -> None:
    assert read_vocabulary(few_pieces).tokens(text) == (2, *inner, 3)


def test_a_long_text_is_cut(few_pieces: bytes) -> None:
    said = read_vocabulary(few_pieces).tokens("handles " * 500)
    assert len(said) == MOST_TOKENS
    assert (said[0], said[-1]) == (2, 3)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"the\nhandle\n", b""])
def test_a_file_that_is_no_vocabulary_is_refused(content: bytes) -> None:
    with pytest.raises(ReasonModelRefused):
        read_vocabulary(content)
