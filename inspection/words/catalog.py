"""Codes to words, in Simplified Chinese and English.

A key is `<namespace>.<code>`. On a screen a missing key shows the code itself, so that a new
code never stops a bench; a test compares both languages with every enum and every error, so
that none is missing for long. New words go into the file of their subject, in both languages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter
from typing import Any

from inspection.autonomy import Autonomy
from inspection.budget import ErrorKind
from inspection.catalogue import Hazard
from inspection.claims.codes import Claim, ClaimCheck
from inspection.custody.leaf import EntryType
from inspection.deductions import DeductionCode
from inspection.evidence import BenchDrift, ImageFault
from inspection.findings import DefectKind, Severity, Zone
from inspection.grades import Channel, Condition, Disposition, Grade, ReturnException
from inspection.journey import HoldReason, State
from inspection.messages.refund import OutcomeStatus
from inspection.messages.uplink import RefusalReason
from inspection.operator import CommandCode
from inspection.parcels import Node
from inspection.payouts import PayoutCode
from inspection.reasons import Reason, ReasonCode, Rule
from inspection.record import ClockState
from inspection.refund import RefundKind
from inspection.refund_exceptions import CaseKind, CaseState, Owner, WayOut
from inspection.refund_state import RefundState
from inspection.returns import InspectionPurpose, ReturnReason
from inspection.verdict import OverrideReason, Role, VerdictKind
from inspection.words.en import bench as en_bench
from inspection.words.en import carriers as en_carriers
from inspection.words.en import cases as en_cases
from inspection.words.en import claims as en_claims
from inspection.words.en import console as en_console
from inspection.words.en import erasure as en_erasure
from inspection.words.en import errors as en_errors
from inspection.words.en import findings as en_findings
from inspection.words.en import grades as en_grades
from inspection.words.en import journey as en_journey
from inspection.words.en import models as en_models
from inspection.words.en import pack as en_pack
from inspection.words.en import reasons as en_reasons
from inspection.words.en import refunds as en_refunds
from inspection.words.en import ui as en_ui
from inspection.words.money import money, percent
from inspection.words.zh_CN import bench as zh_bench
from inspection.words.zh_CN import carriers as zh_carriers
from inspection.words.zh_CN import cases as zh_cases
from inspection.words.zh_CN import claims as zh_claims
from inspection.words.zh_CN import console as zh_console
from inspection.words.zh_CN import erasure as zh_erasure
from inspection.words.zh_CN import errors as zh_errors
from inspection.words.zh_CN import findings as zh_findings
from inspection.words.zh_CN import grades as zh_grades
from inspection.words.zh_CN import journey as zh_journey
from inspection.words.zh_CN import models as zh_models
from inspection.words.zh_CN import pack as zh_pack
from inspection.words.zh_CN import reasons as zh_reasons
from inspection.words.zh_CN import refunds as zh_refunds
from inspection.words.zh_CN import ui as zh_ui

EN = (
    en_grades,
    en_findings,
    en_journey,
    en_reasons,
    en_errors,
    en_models,
    en_ui,
    en_bench,
    en_console,
    en_pack,
    en_erasure,
    en_refunds,
    en_carriers,
    en_cases,
    en_claims,
)
ZH_CN = (
    zh_grades,
    zh_findings,
    zh_journey,
    zh_reasons,
    zh_errors,
    zh_models,
    zh_ui,
    zh_bench,
    zh_console,
    zh_pack,
    zh_erasure,
    zh_refunds,
    zh_carriers,
    zh_cases,
    zh_claims,
)

LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "zh_CN": {key: text for subject in ZH_CN for key, text in subject.WORDS.items()},
    "en": {key: text for subject in EN for key, text in subject.WORDS.items()},
}
FALLBACK = "en"

NAMESPACES: Mapping[type[StrEnum], str] = {
    Grade: "grade",
    Condition: "condition",
    Disposition: "disposition",
    Channel: "channel",
    ReturnException: "exception",
    DefectKind: "defect",
    Zone: "zone",
    Severity: "severity",
    ImageFault: "fault",
    BenchDrift: "drift",
    Hazard: "hazard",
    State: "state",
    HoldReason: "hold",
    OverrideReason: "override",
    ReturnReason: "return_reason",
    InspectionPurpose: "purpose",
    CommandCode: "command",
    Rule: "rule",
    ReasonCode: "reason",
    RefundKind: "refund",
    RefusalReason: "refusal",
    VerdictKind: "verdict",
    Role: "role",
    Autonomy: "autonomy",
    ErrorKind: "error_kind",
    ClockState: "clock",
    EntryType: "entry",
    OutcomeStatus: "outcome",
    PayoutCode: "payout",
    Node: "node",
    RefundState: "refund_state",
    DeductionCode: "deduction",
    CaseKind: "case",
    CaseState: "case_state",
    Owner: "owner",
    WayOut: "way_out",
    Claim: "claim",
    ClaimCheck: "claim_check",
}
"""Every enum that a person may meet."""

VALUE_NAMESPACES: Mapping[str, str] = {
    "kind": "defect",
    "zone": "zone",
    "severity": "severity",
    "condition": "condition",
    "grade": "grade",
    "channel": "channel",
    "fault": "fault",
    "exception": "exception",
    "override": "override",
    "return_reason": "return_reason",
    "claim": "claim",
}
"""Values of a reason that are codes themselves."""


class _Shown(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language."""

    language: str
    texts: Mapping[str, str]

    def word(self, key: str) -> str:
        """Return the text of a key as it stands; raises KeyError: for tests."""
        return self.texts[key]

    def say(self, key: str, **values: object) -> str:
        """Return the sentence of a key; never fails: an unknown key is shown without its namespace."""
        text = self.texts.get(key)
        return key.partition(".")[2] or key if text is None else _filled(text, values)

    def name(self, code: StrEnum) -> str:
        """Return the word for a member of an enum of the domain."""
        namespace = NAMESPACES.get(type(code))
        return code.value if namespace is None else self.say(f"{namespace}.{code.value}")

    def error(self, error: BaseException) -> str:
        """Return what a person should do about an error of ours; its `code` leads."""
        code = getattr(error, "code", None)
        return self.say(f"error.{code}" if isinstance(code, str) else "error.domain_error")

    def why(self, reason: Reason | str) -> str:
        """Return the sentence of a reason, or of a code that a record kept of one."""
        if isinstance(reason, Reason):
            return self.say(f"reason.{reason.code.value}", **self._values(reason))
        return self.rule(reason) if ":" in reason else self.say(f"reason.{reason}")

    def rule(self, rule: str) -> str:
        """Return the name of a rule or of a rubric row."""
        category, colon, row = rule.partition(":")
        if not colon:
            return self.say(f"rule.{rule}")
        *place, severity = row.split(".")
        said = self.say(f"severity.{severity}")
        if len(place) != 2:
            return self.say("rule.rubric_default", category=category, severity=said)
        parts = (self.say(f"defect.{place[0]}"), self.say(f"zone.{place[1]}"), said)
        return self.say("rule.rubric", category=category, row=" · ".join(parts))

    def _values(self, reason: Reason) -> dict[str, object]:
        values: dict[str, Any] = dict(reason.params)
        shown = {name: self._value(name, value) for name, value in values.items()}
        shown |= {
            name.removesuffix("_ppm"): percent(v) for name, v in values.items() if name.endswith("_ppm")
        }
        if "amount_minor" in values:
            shown["amount"] = money(values["amount_minor"], str(values.get("currency", "")))
        return shown

    def _value(self, name: str, value: object) -> object:
        namespace = VALUE_NAMESPACES.get(name)
        return value if namespace is None else self.say(f"{namespace}.{value}")


def words(language: str) -> Words:
    """Return the words of a language; English where we do not have it."""
    known = language if language in LANGUAGES else FALLBACK
    return Words(language=known, texts=LANGUAGES[known])


def placeholders(text: str) -> set[str]:
    """Return the names in braces of a text; raises ValueError where the braces do not fit."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _filled(text: str, values: Mapping[str, object]) -> str:
    """Put the values in; what is missing becomes an ellipsis."""
    return Formatter().vformat(text, (), _Shown(values))
