"""How far the refund of one unit has come: states, events and the one transition table.

A cell that is not in the table cannot happen. UNKNOWN is never simply tried again: the payment system says
what became of it (FIND, REJECT), it is certain that nothing did (MISS), or a person steps in. A newer
instruction (OWE) takes its place, and still waits for the payout that is open. What was paid may still fail
later, so no state is the end for ever.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from inspection.errors import NoSuchTransition


class RefundState(StrEnum):
    """How far the refund of a unit has come."""

    NONE = "none"
    """Nothing is known of the unit yet."""
    REQUESTED = "requested"
    """A verdict says what is owed; whoever must agree has not agreed yet."""
    HELD = "held"
    """It waits for a person; the reason stands beside it."""
    APPROVED = "approved"
    """It may be told, or paid."""
    SENT = "sent"
    """The refund system has it, or the payment system was asked: the outcome is open."""
    CONFIRMED = "confirmed"
    """What is owed was paid, or the refund system says how it settled."""
    REJECTED = "rejected"
    """The other side says no."""
    UNKNOWN = "unknown"
    """Asked, and no answer that can be relied on: it may have been paid."""
    RECONCILED = "reconciled"
    """Was unknown, and was found paid when it was looked up."""


class RefundEvent(StrEnum):
    """What may happen to the refund of a unit."""

    OWE = "owe"
    """An instruction says what is owed, the first or a newer one."""
    HOLD = "hold"
    RELEASE = "release"
    """A person lets a held or rejected one go on."""
    APPROVE = "approve"
    SEND = "send"
    CONFIRM = "confirm"
    REJECT = "reject"
    LOSE = "lose"
    """No answer came, or one that leaves it open."""
    FIND = "find"
    """Looked up: it was paid."""
    MISS = "miss"
    """It is certain that nothing was moved."""
    REOPEN = "reopen"
    """It failed or was taken back after it had been confirmed."""


_S, _E = RefundState, RefundEvent
_ALWAYS = {_E.OWE: _S.REQUESTED, _E.HOLD: _S.HELD}
_PAID = {**_ALWAYS, _E.REOPEN: _S.HELD, _E.CONFIRM: _S.CONFIRMED, _E.REJECT: _S.REJECTED}

NEXT: Mapping[RefundState, Mapping[RefundEvent, RefundState]] = MappingProxyType(
    {
        _S.NONE: _ALWAYS,
        _S.REQUESTED: {**_ALWAYS, _E.APPROVE: _S.APPROVED},
        _S.HELD: {**_ALWAYS, _E.RELEASE: _S.REQUESTED, _E.CONFIRM: _S.CONFIRMED, _E.REJECT: _S.REJECTED},
        _S.APPROVED: {**_ALWAYS, _E.SEND: _S.SENT, _E.CONFIRM: _S.CONFIRMED, _E.REJECT: _S.REJECTED},
        _S.SENT: {
            **_ALWAYS,
            _E.SEND: _S.SENT,
            _E.CONFIRM: _S.CONFIRMED,
            _E.REJECT: _S.REJECTED,
            _E.LOSE: _S.UNKNOWN,
            _E.MISS: _S.APPROVED,
        },
        _S.CONFIRMED: _PAID,
        _S.REJECTED: {**_ALWAYS, _E.RELEASE: _S.REQUESTED, _E.CONFIRM: _S.CONFIRMED, _E.REJECT: _S.REJECTED},
        _S.UNKNOWN: {
            **_ALWAYS,
            _E.LOSE: _S.UNKNOWN,
            _E.FIND: _S.RECONCILED,
            _E.CONFIRM: _S.CONFIRMED,
            _E.REJECT: _S.REJECTED,
            _E.MISS: _S.APPROVED,
        },
        _S.RECONCILED: _PAID,
    }
)
"""State -> event -> next state."""

SETTLED = frozenset({_S.CONFIRMED, _S.RECONCILED})
"""What is owed has arrived, as far as anybody knows today."""


def advance(state: RefundState, event: RefundEvent) -> RefundState:
    """Return the state after `event`; raises NoSuchTransition where the table has no such cell."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise NoSuchTransition(
            f"{event.value!r} cannot happen to a refund while it is {state.value}"
        ) from None


def draw() -> str:
    """The table as a Mermaid state diagram, without the two events that may happen in every state."""
    lines = ["stateDiagram-v2"]
    for state, row in NEXT.items():
        for event, after in row.items():
            if event not in _ALWAYS or state is _S.NONE:
                lines.append(f"    {state.value} --> {after.value}: {event.value}")
    return "\n".join(lines)
