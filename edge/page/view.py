"""What the page says in one state, as plain values: no element of a screen is made here."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from edge.bench import Bench
from edge.snapshot import Snapshot
from inspection.grades import Disposition, Grade
from inspection.journey import RETRY, HoldReason, State
from inspection.operator import BINS, KEYS, BinMark, CommandCode
from inspection.verdict import VerdictKind
from inspection.words.catalog import Words

C = CommandCode

ACTIONS: Mapping[State, tuple[CommandCode, ...]] = {
    State.IDENTIFYING: (C.SETASIDE,),
    State.MATCHED: (C.CAPTURE, C.EMPTY, C.MISSING, C.WRONG, C.HAZARD),
    State.CAPTURING: (C.BACK,),
    State.RECAPTURE: (C.RETAKE, C.BACK, C.SETASIDE),
    State.GRADING: (C.BACK,),
    State.PROPOSED: (C.ACCEPT, C.CLEAN, C.RETAKE, C.ESCALATE, C.SETASIDE),
    State.OVERRIDDEN: (C.BACK,),
    State.CLEANING: (C.CAPTURE, C.BACK, C.SETASIDE),
    State.LABELLED: (C.SETASIDE,),
    State.HELD: (C.RETAKE, C.SETASIDE),
}
"""The buttons of each state, the likeliest first."""

KEY_OF: Mapping[CommandCode, str] = {code: key for key, code in KEYS.items()}
KEY_NAMES = {" ": "␣", "Enter": "↵", "Backspace": "⌫", "Escape": "Esc"}
PRIMARY = frozenset({C.CAPTURE, C.RETAKE, C.ACCEPT})
"""What is most often the next thing to do: the large button."""
GRADES = (Grade.NEW, Grade.USED, Grade.DAMAGED)
GRADE_COMMANDS = {Grade.NEW: C.NEW, Grade.USED: C.USED, Grade.DAMAGED: C.DAMAGED}
LIGHTS = {
    "ready": ("●", "good"),
    "degraded": ("▲", "warn"),
    "starting": ("◆", "warn"),
    "lost": ("✕", "bad"),
}
"""Shape and colour of a device's light: never colour alone."""
LAMP = {
    "good": ("●", "good"),
    "accepted": ("▲", "warn"),
    "unchecked": ("◆", "warn"),
    "drifted": ("✕", "bad"),
    "not_calibrated": ("○", "warn"),
}
"""The same for the light on the bench, by the state of the snapshot."""
PROSE_LANGUAGE = "en"
"""The language of the errors' own sentences."""
READINGS = frozenset(
    {
        HoldReason.NO_MATCH,
        HoldReason.SEVERAL_MATCHES,
        HoldReason.SEVERAL_TAGS,
        HoldReason.DUPLICATE_ITEM,
        HoldReason.WRONG_ITEM,
        HoldReason.CLOCK_SKEW,
    }
)
"""Holds whose detail is what was read or measured; any other detail may be a sentence."""
BY_VIEW = frozenset({HoldReason.LIGHT_DRIFT, HoldReason.BENCH_COVERED})
"""Holds whose detail is `view:code` for each view."""
WORD = re.compile(r"[A-Za-z0-9_/-]+")
SHORTEST_IDENTIFIER = 8
"""Characters; tags, GTINs and unit ids are longer, the figures of a sentence are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The hold screen."""

    title: str
    advice: str
    detail: str
    is_alarm: bool
    """Danger and the wrong bin are said louder."""
    actions: tuple[CommandCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One look at the station, in one language."""

    snap: Snapshot
    words: Words
    bench: Bench

    @property
    def state(self) -> State:
        """State of the journey."""
        return State(self.snap["state"])

    @property
    def headline(self) -> str:
        """What the person should do now, in one line."""
        if self.snap["inspector"] is None:
            return self.words.say("bench.signed_out_title")
        if self.hold is not None:
            return self.hold.title
        if self.state == State.RECAPTURE and self.snap["image_faults"]:
            return " ".join(self.image_faults)
        if self.state == State.LABELLED and self.bin:
            return self.words.say("bench.put_into", letter=self.bin.letter)
        return self.words.name(self.state)

    @property
    def image_faults(self) -> tuple[str, ...]:
        """Why the pictures must be taken again."""
        return tuple(self.words.say(f"fault.{each['fault']}") for each in self.snap["image_faults"])

    @property
    def notice(self) -> str:
        """The last short word to the person."""
        notice = self.snap["notice"]
        return self.words.say(f"notice.{notice['code']}") if notice else ""

    @property
    def hold(self) -> Hold | None:
        """The hold screen, where the bench is held."""
        if self.state != State.HELD or self.bench.hold is None:
            return None
        reason = self.bench.hold.reason
        title, advice = _split(self.words.name(reason))
        again = RETRY[reason] is not None and reason != HoldReason.WRONG_BIN
        detail = self._detail(reason, self.bench.hold.detail)
        if reason == HoldReason.WRONG_BIN and self.bin:
            detail = self.words.say("bench.right_bin", letter=self.bin.letter)
        return Hold(
            title=title,
            advice=advice,
            detail=detail,
            is_alarm=reason in (HoldReason.WRONG_BIN, HoldReason.HAZARD),
            actions=(C.RETAKE, C.SETASIDE) if again else (C.SETASIDE,),
        )

    def _detail(self, reason: HoldReason, said: str) -> str:
        """What was read, in every language; of a sentence only what it names, for whom it is foreign."""
        if reason in BY_VIEW:
            return "; ".join(self._of_view(part) for part in said.split())
        if reason in READINGS or self.words.language == PROSE_LANGUAGE:
            return said
        return ", ".join(_identifiers(said, self.snap["views"]))

    def _of_view(self, said: str) -> str:
        """`top:darker` in words: a drift, a fault of the picture or an error of the light card."""
        view, _, code = said.partition(":")
        keys = (f"{space}.{code}" for space in ("drift", "fault", "error"))
        known = next((key for key in keys if key in self.words.texts), code)
        return f"{view}: {self.words.say(known)}"

    @property
    def interrupted(self) -> str:
        """What is said after a restart in the middle of an item."""
        hold = self.snap["hold"]
        said = hold is not None and hold["reason"] == "interrupted"
        return f"{self.words.say('hold.interrupted')} ({hold['detail']})" if hold and said else ""

    @property
    def bin(self) -> BinMark | None:
        """Where the item goes: by the verdict, else as proposed."""
        verdict, proposal = self.snap["verdict"], self.snap["proposal"]
        chosen = verdict or proposal
        return BINS[Disposition(chosen["disposition"])] if chosen else None

    @property
    def weight_hint(self) -> str:
        """What to look for where the weight is not the product's; nothing is decided by it here."""
        weight = self.snap["weight"]
        if weight is None or weight["fits"] is not False:
            return ""
        key = "bench.too_light" if weight["grams"] < weight["expected_g"] else "bench.too_heavy"
        figures = {name: weight[name] for name in ("as_sent", "expected_g", "tolerance_g")}
        return self.words.say(key, **figures)

    @property
    def why_grade(self) -> str:
        """The first reason of the grade in words; the person's own once there is a verdict."""
        item = self.bench.item
        if item is None or item.proposal is None:
            return self.words.say("bench.no_proposal")
        if item.verdict is not None and item.verdict.kind in (VerdictKind.OVERRIDE, VerdictKind.ESCALATE):
            return self.words.why(item.verdict.reasons[-1])
        said = self.words.why(item.proposal.grading.reasons[0])
        if item.proposal.grading.grade == Grade.UNGRADED and item.verdict is None:
            return f"{self.words.say('bench.machine_unsure')} {said}"
        return said

    @property
    def why_there(self) -> str:
        """The first reason of where the item goes."""
        item = self.bench.item
        if item is None or item.proposal is None:
            return ""
        reasons = item.verdict.reasons if item.verdict else item.proposal.decision.reasons
        return self.words.why(reasons[0])

    @property
    def actions(self) -> tuple[CommandCode, ...]:
        """The buttons of now."""
        return () if self.snap["inspector"] is None else ACTIONS.get(self.state, ())

    @property
    def picture(self) -> str:
        """`live` while nothing was taken, else `frame`."""
        return "frame" if self.snap["frames"] else "live"


def key_name(code: CommandCode) -> str:
    """What to print on a button as its key."""
    key = KEY_OF.get(code, "")
    return KEY_NAMES.get(key, key.upper())


def _split(sentence: str) -> tuple[str, str]:
    """The first sentence is the title of a hold, the rest says what to do."""
    for stop in ("。", "！", ". ", "! "):
        head, found, rest = sentence.partition(stop)
        if found and rest:
            return (head + stop).strip(), rest.strip()
    return sentence, ""


def _identifiers(sentence: str, views: Collection[str]) -> tuple[str, ...]:
    """The tags, codes, units and cameras that a sentence names."""
    found = WORD.findall(sentence)
    return tuple(word for word in found if word in views or _is_identifier(word))


def _is_identifier(word: str) -> bool:
    return len(word) >= SHORTEST_IDENTIFIER and any(char.isdigit() for char in word)


def likely(share_ppm: int) -> str:
    """A probability in whole per cent; nothing a photo says is quite certain."""
    whole = round(share_ppm / 10_000)
    if whole >= 100:
        return "> 99 %"
    return f"{whole} %" if whole > 0 else "< 1 %"
