"""Claims by an explicit table of phrases in both languages, with what negates them.

"Not cracked" and "没有裂" rule a claim out; "if it cracks" and "会不会裂" say nothing either way.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from inspection.claims.codes import Claim
from inspection.claims.phrases_en import EN
from inspection.claims.phrases_zh import ZH


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What the phrases of a text say, each in the order of the text."""

    claimed: tuple[Claim, ...] = ()
    denied: tuple[Claim, ...] = ()
    """Ruled out, and nowhere claimed."""
    asked: tuple[Claim, ...] = ()
    """Named in a question or a condition only: what the text does not say happened."""


class _Match(NamedTuple):
    start: int
    end: int
    claim: Claim


def _table() -> tuple[tuple[str, Claim], ...]:
    """Pairs of a phrase as it stands in a plain text, and its claim."""
    chinese = [(phrase, claim) for claim, line in ZH.items() for phrase in line.split()]
    english = [(phrase.strip(), claim) for claim, line in EN.items() for phrase in line.split(",")]
    whole = [(f" {phrase.replace('$', ' ')}", claim) for phrase, claim in english if phrase]
    return (*chinese, *whole)


def _key(text: str, at: int) -> str:
    """The letters by which phrases are looked up: two, and the blank before an English word."""
    return text[at : at + (3 if text[at] == " " else 2)]


def _lengths() -> dict[str, tuple[int, ...]]:
    """Key -> how long the phrases are that begin so: so that each letter costs a few look-ups only."""
    lengths: dict[str, set[int]] = {}
    for phrase in PHRASES:
        lengths.setdefault(_key(phrase, 0), set()).add(len(phrase))
    return {key: tuple(sorted(found)) for key, found in lengths.items()}


PHRASES = dict(_table())
"""As it stands in a plain text -> what it claims."""
_LENGTHS = _lengths()
MOST = 40
"""Phrases of a text that are looked at; nobody has more to say, and a text may repeat itself for ever."""
REACH = 120
"""Letters before a phrase in which a condition or a negation is looked for."""

_BOUND = re.compile(
    r",| (?:but|and|just|only|though|although|yet|because|so|however|while) |但|而且|还|就|却|又|只|因为|所以"
)
"""Where a negation ends."""
_NEGATED = re.compile(
    r" (?:not|no|never|without|nor|neither|nothing|none|hardly)(?: \w+){0,4} ?$"
    r"|(?:没有|没|未|无|并非|不是|不算|毫无)[^,]{0,6}$|不[太会很怎么]{0,2}$"
)
_NOT_NEGATED = re.compile(
    r" not only|not expect|not believe|not happy|not sure|not know|no idea|no doubt|no longer"
    r"|no way|not acceptable"
    r"|不仅|不但|不光|不只|没想到|没几天|没多久|没几次|没用|没穿|没戴|没过|没洗|没怎么|没拆|不知道|不小心|不到|不料|无语"
    r"|没法|无法|不好意思|不能接受|不满意|没人"
)
_HEDGED = re.compile(
    r" (?:if|in case|whether|what happens|will it|would it|does it|is it|are they|can it)\b"
    r"|^ (?:does|do|will|would|can|could) |如果|要是|万一|假如|会不会|是否|怕|容易|有没有可能"
)


def find(plain: str) -> Hits:
    """Return what the phrases of a plain text claim, deny and ask about."""
    said: dict[str, dict[Claim, None]] = {"claimed": {}, "denied": {}, "asked": {}}
    matches = _longest(sorted(_matches(plain), key=lambda m: (m.start, -m.end)), plain)
    for match in islice(matches, MOST):
        if match.claim not in said["claimed"]:
            said[_how(*_before(plain, match.start))][match.claim] = None
    claimed = said["claimed"]
    denied, asked = (tuple(one for one in said[how] if one not in claimed) for how in ("denied", "asked"))
    return Hits(claimed=tuple(claimed), denied=denied, asked=asked)


def _how(clause: str, near: str) -> str:
    if _HEDGED.search(clause):
        return "asked"
    return "denied" if _NEGATED.search(_NOT_NEGATED.sub(" · ", near)) else "claimed"


def _matches(plain: str) -> Iterator[_Match]:
    for at in range(len(plain)):
        for length in _LENGTHS.get(_key(plain, at), ()):
            claim = PHRASES.get(plain[at : at + length])
            if claim is not None:
                yield _Match(at, at + length, claim)


def _longest(matches: list[_Match], plain: str) -> Iterator[_Match]:
    """Leave out what overlaps an earlier one; they come sorted by their start, the longest first."""
    reached = 0
    for match in matches:
        start = match.start + (plain[match.start] == " ")  # two words may share the blank between them
        if start >= reached:
            yield match
            reached = match.end


def _before(plain: str, at: int) -> tuple[str, str]:
    """The clause before a phrase, and the part of it that a negation reaches."""
    clause = plain[max(plain.rfind(",", 0, at) + 1, at - REACH) : at]
    near = _BOUND.split(f"{clause} ")[-1][:-1]
    return clause, f" {near}"
