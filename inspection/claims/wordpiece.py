"""English words -> the numbers that a BERT model knows them by.

This is BERT's own cutting of `uncased` models: small letters, no accents, a stop is a word, then the longest
known piece from the left. It is for text that went through `plain`, and for languages that part their words.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inspection.errors import ReasonModelRefused

LONGEST_WORD = 100
"""Letters; a longer word is unknown, as in BERT."""
MOST_TOKENS = 128
"""With the two that frame the text; the model was trained with as many."""
UNKNOWN, BEGIN, END = "[UNK]", "[CLS]", "[SEP]"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The known pieces, each with its number; one that goes on with a word begins with `##`."""

    numbers: Mapping[str, int]

    def tokens(self, text: str) -> tuple[int, ...]:
        """Return the numbers of a text, framed, and cut at `MOST_TOKENS`."""
        inner: list[int] = []
        for word in _words(text):
            inner += self._pieces(word)
            if len(inner) >= MOST_TOKENS - 2:
                break
        return (self.numbers[BEGIN], *inner[: MOST_TOKENS - 2], self.numbers[END])

    def _pieces(self, word: str) -> Sequence[int]:
        found: list[int] = []
        start = 0
        while start < len(word) <= LONGEST_WORD:
            whole = (("##" if start else "") + word[start:end] for end in range(len(word), start, -1))
            piece = next((piece for piece in whole if piece in self.numbers), None)
            if piece is None:
                break
            found.append(self.numbers[piece])
            start += len(piece) - (2 if start else 0)
        return found if start == len(word) else [self.numbers[UNKNOWN]]


def read_vocabulary(content: bytes) -> Vocabulary:
    """Read `vocab.txt`, one piece a line; raises ReasonModelRefused where it is no such file."""
    try:
        pieces = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ReasonModelRefused("the vocabulary of the embedding model is no text") from error
    numbers = {piece: number for number, piece in enumerate(pieces)}
    if not {UNKNOWN, BEGIN, END} <= numbers.keys():
        raise ReasonModelRefused("the vocabulary of the embedding model lacks the pieces that frame a text")
    return Vocabulary(numbers)


def _words(text: str) -> Iterator[str]:
    bare = (char for char in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(char) != "Mn")
    return iter("".join(f" {char} " if _alone(char) else char for char in bare).split())


def _alone(char: str) -> bool:
    """Whether a letter is a word by itself: a stop, a sign of ASCII."""
    return (char.isascii() and char.isprintable() and not char.isalnum() and char != " ") or (
        unicodedata.category(char).startswith("P")
    )
