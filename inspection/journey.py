"""The way of one item over the bench: states, events and the one transition table.

A cell that is not in the table cannot happen. Any state may go to `held`, with a reason
that a person can act on; `held` goes back to `idle`, or, where the reason allows it, to the
step that may be tried again. Being signed in is not a state: it is asked beside the journey.
"""

from collections.abc import Mapping
from enum import StrEnum

from inspection.errors import NoSuchTransition
from inspection.grades import ReturnException


class State(StrEnum):
    """Where the bench is."""

    BOOT = "boot"
    SELF_TEST = "self_test"
    LIGHT_CHECK = "light_check"
    IDLE = "idle"
    IDENTIFYING = "identifying"
    MATCHED = "matched"
    CAPTURING = "capturing"
    RECAPTURE = "recapture"
    GRADING = "grading"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    OVERRIDDEN = "overridden"
    ESCALATED = "escalated"
    CLEANING = "cleaning"
    DISPOSED = "disposed"
    LABELLED = "labelled"
    BIN_VERIFIED = "bin_verified"
    COMMITTED = "committed"
    HELD = "held"


class Event(StrEnum):
    """What may happen on a bench."""

    STARTED = "started"
    TESTS_PASSED = "tests_passed"
    LIGHT_GOOD = "light_good"
    LIGHT_DUE = "light_due"
    ITEM_SEEN = "item_seen"
    ITEM_GONE = "item_gone"
    MATCH = "match"
    CAPTURE = "capture"
    CAPTURED = "captured"
    BAD_IMAGE = "bad_image"
    GRADED = "graded"
    ACCEPT = "accept"
    ACCEPT_ALONE = "accept_alone"
    OVERRIDE = "override"
    ESCALATE = "escalate"
    CLEAN = "clean"
    BACK = "back"
    DISPOSE = "dispose"
    LABEL_PRINTED = "label_printed"
    LABEL_WAIVED = "label_waived"
    BIN_MATCHED = "bin_matched"
    COMMIT = "commit"
    NEXT_ITEM = "next_item"
    HOLD = "hold"
    SET_ASIDE = "set_aside"
    RESOLVED = "resolved"
    RETRY_SELF_TEST = "retry_self_test"
    RETRY_LIGHT = "retry_light"
    RETRY_IDENTIFY = "retry_identify"
    RETRY_CAPTURE = "retry_capture"
    RETRY_GRADE = "retry_grade"
    RETRY_LABEL = "retry_label"
    RETRY_BIN = "retry_bin"
    RETRY_COMMIT = "retry_commit"


class HoldReason(StrEnum):
    """Why the bench stopped; each has words that say what to do."""

    NO_MATCH = "no_match"
    SEVERAL_MATCHES = "several_matches"
    SEVERAL_TAGS = "several_tags"
    NOT_AN_ITEM = "not_an_item"
    UNREADABLE_CODE = "unreadable_code"
    WRONG_ITEM = "wrong_item"
    WRONG_SERIAL = "wrong_serial"
    EMPTY_BOX = "empty_box"
    MISSING_PART = "missing_part"
    DUPLICATE_ITEM = "duplicate_item"
    OVER_QUANTITY = "over_quantity"
    ALREADY_REFUNDED = "already_refunded"
    HAZARD = "hazard"
    RECALL = "recall"
    CAMERA_LOST = "camera_lost"
    SCANNER_LOST = "scanner_lost"
    READER_LOST = "reader_lost"
    PRINTER_LOST = "printer_lost"
    LIGHT_DRIFT = "light_drift"
    BENCH_COVERED = "bench_covered"
    IMAGE_UNREADABLE = "image_unreadable"
    MODEL_MISSING = "model_missing"
    MODEL_FAILED = "model_failed"
    PRICE_MISSING = "price_missing"
    RUBRIC_MISSING = "rubric_missing"
    POLICY_EXPIRED = "policy_expired"
    BROKER_DOWN = "broker_down"
    DISK_FULL = "disk_full"
    CLOCK_SKEW = "clock_skew"
    SIGNED_OUT = "signed_out"
    WRONG_BIN = "wrong_bin"
    SELF_TEST_FAILED = "self_test_failed"
    CLONED_KEY = "cloned_key"
    INTERRUPTED = "interrupted"


S, E = State, Event

NEXT: Mapping[State, Mapping[Event, State]] = {
    S.BOOT: {E.STARTED: S.SELF_TEST},
    S.SELF_TEST: {E.TESTS_PASSED: S.LIGHT_CHECK},
    S.LIGHT_CHECK: {E.LIGHT_GOOD: S.IDLE},
    S.IDLE: {E.ITEM_SEEN: S.IDENTIFYING, E.LIGHT_DUE: S.LIGHT_CHECK},
    S.IDENTIFYING: {E.MATCH: S.MATCHED, E.ITEM_GONE: S.IDLE, E.BACK: S.IDLE},
    S.MATCHED: {E.CAPTURE: S.CAPTURING, E.ITEM_GONE: S.IDLE, E.BACK: S.IDLE},
    S.CAPTURING: {E.CAPTURED: S.GRADING, E.BAD_IMAGE: S.RECAPTURE, E.BACK: S.MATCHED},
    S.RECAPTURE: {E.CAPTURE: S.CAPTURING, E.BACK: S.MATCHED},
    S.GRADING: {E.GRADED: S.PROPOSED, E.BAD_IMAGE: S.RECAPTURE, E.BACK: S.MATCHED},
    S.PROPOSED: {
        E.ACCEPT: S.CONFIRMED,
        E.ACCEPT_ALONE: S.CONFIRMED,
        E.OVERRIDE: S.OVERRIDDEN,
        E.ESCALATE: S.ESCALATED,
        E.CLEAN: S.CLEANING,
        E.CAPTURE: S.CAPTURING,
        E.BACK: S.MATCHED,
    },
    S.CONFIRMED: {E.DISPOSE: S.DISPOSED, E.BACK: S.PROPOSED},
    S.OVERRIDDEN: {E.DISPOSE: S.DISPOSED, E.BACK: S.PROPOSED},
    S.ESCALATED: {E.DISPOSE: S.DISPOSED, E.BACK: S.PROPOSED},
    S.CLEANING: {E.CAPTURE: S.CAPTURING, E.BACK: S.PROPOSED},
    S.DISPOSED: {E.LABEL_PRINTED: S.LABELLED, E.LABEL_WAIVED: S.LABELLED, E.BACK: S.PROPOSED},
    S.LABELLED: {E.BIN_MATCHED: S.BIN_VERIFIED, E.LABEL_PRINTED: S.LABELLED},
    S.BIN_VERIFIED: {E.COMMIT: S.COMMITTED},
    S.COMMITTED: {E.NEXT_ITEM: S.IDLE},
    S.HELD: {
        E.SET_ASIDE: S.IDLE,
        E.RESOLVED: S.IDLE,
        E.RETRY_SELF_TEST: S.SELF_TEST,
        E.RETRY_LIGHT: S.LIGHT_CHECK,
        E.RETRY_IDENTIFY: S.IDENTIFYING,
        E.RETRY_CAPTURE: S.MATCHED,
        E.RETRY_GRADE: S.GRADING,
        E.RETRY_LABEL: S.DISPOSED,
        E.RETRY_BIN: S.LABELLED,
        E.RETRY_COMMIT: S.BIN_VERIFIED,
    },
}
"""All that may happen, but `hold`, which may happen everywhere."""

RETRY: Mapping[HoldReason, Event | None] = {
    HoldReason.NO_MATCH: E.RETRY_IDENTIFY,
    HoldReason.SEVERAL_MATCHES: E.RETRY_IDENTIFY,
    HoldReason.SEVERAL_TAGS: E.RETRY_IDENTIFY,
    HoldReason.NOT_AN_ITEM: E.RETRY_IDENTIFY,
    HoldReason.UNREADABLE_CODE: E.RETRY_IDENTIFY,
    HoldReason.WRONG_ITEM: E.RETRY_IDENTIFY,
    HoldReason.WRONG_SERIAL: E.RETRY_IDENTIFY,
    HoldReason.EMPTY_BOX: None,
    HoldReason.MISSING_PART: None,
    HoldReason.DUPLICATE_ITEM: None,
    HoldReason.OVER_QUANTITY: None,
    HoldReason.ALREADY_REFUNDED: None,
    HoldReason.HAZARD: None,
    HoldReason.RECALL: None,
    HoldReason.CAMERA_LOST: E.RETRY_CAPTURE,
    HoldReason.SCANNER_LOST: E.RETRY_IDENTIFY,
    HoldReason.READER_LOST: E.RETRY_IDENTIFY,
    HoldReason.PRINTER_LOST: E.RETRY_LABEL,
    HoldReason.LIGHT_DRIFT: E.RETRY_LIGHT,
    HoldReason.BENCH_COVERED: E.RETRY_LIGHT,
    HoldReason.IMAGE_UNREADABLE: E.RETRY_CAPTURE,
    HoldReason.MODEL_MISSING: E.RETRY_CAPTURE,
    HoldReason.MODEL_FAILED: E.RETRY_GRADE,
    HoldReason.PRICE_MISSING: E.RETRY_GRADE,
    HoldReason.RUBRIC_MISSING: E.RETRY_GRADE,
    HoldReason.POLICY_EXPIRED: E.RETRY_GRADE,
    HoldReason.BROKER_DOWN: E.RETRY_IDENTIFY,
    HoldReason.DISK_FULL: E.RETRY_COMMIT,
    HoldReason.CLOCK_SKEW: E.RETRY_COMMIT,
    HoldReason.SIGNED_OUT: E.RETRY_IDENTIFY,
    HoldReason.WRONG_BIN: E.RETRY_BIN,
    HoldReason.SELF_TEST_FAILED: E.RETRY_SELF_TEST,
    HoldReason.CLONED_KEY: None,
    HoldReason.INTERRUPTED: E.RETRY_IDENTIFY,
}
"""How the bench goes on when the person says "again"; None: the item is set aside."""

HOLD_FOR: Mapping[ReturnException, HoldReason] = {
    ReturnException.WRONG_ITEM: HoldReason.WRONG_ITEM,
    ReturnException.WRONG_SERIAL: HoldReason.WRONG_SERIAL,
    ReturnException.EMPTY_BOX: HoldReason.EMPTY_BOX,
    ReturnException.MISSING_PART: HoldReason.MISSING_PART,
    ReturnException.DUPLICATE: HoldReason.DUPLICATE_ITEM,
    ReturnException.OVER_QUANTITY: HoldReason.OVER_QUANTITY,
    ReturnException.UNKNOWN: HoldReason.NO_MATCH,
    ReturnException.HAZARD: HoldReason.HAZARD,
    ReturnException.RECALL: HoldReason.RECALL,
    ReturnException.ALREADY_REFUNDED: HoldReason.ALREADY_REFUNDED,
    ReturnException.UNREADABLE: HoldReason.UNREADABLE_CODE,
}
"""Which hold an exception becomes, where it stops the bench."""


def advance(state: State, event: Event) -> State:
    """Return the state after an event; raises NoSuchTransition and names both."""
    if event == Event.HOLD:
        return State.HELD
    try:
        return NEXT[state][event]
    except KeyError:
        raise NoSuchTransition(f"{event.value} cannot happen while {state.value}") from None


def possible(state: State) -> tuple[Event, ...]:
    """Return what may happen in a state, `hold` last."""
    return (*NEXT[state], Event.HOLD)


def draw() -> str:
    """Return the table as a Mermaid state diagram; `hold` is drawn once, as a note."""
    arrows = [
        f"    {state.value} --> {after.value}: {event.value}"
        for state, cells in NEXT.items()
        for event, after in cells.items()
    ]
    note = [
        "    note left of held",
        "        hold may happen in every state,",
        "        with a reason a person can act on",
        "    end note",
    ]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.BOOT.value}", *arrows, *note])
