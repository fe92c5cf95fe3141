"""One unit from `matched` to `committed`: pictures, models, proposal, person, bin, record."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from edge.bench import Bench, Hold
from edge.clock import Clock, Instant
from edge.committing import Committer
from edge.inputs import Captured, Detected, Input, Printed
from edge.item import Item
from edge.journal import BenchEvent
from edge.senses import Senses
from edge.steps import confirm
from edge.steps.capture import capture, split
from edge.steps.decide import propose
from edge.steps.grade import detect
from edge.steps.label import bin_label, print_label
from inspection.detector import Detection, Detector
from inspection.errors import NoSuchTransition
from inspection.evidence import Evidence
from inspection.grades import Grade, ReturnException
from inspection.journey import RETRY, Event, HoldReason, State
from inspection.operator import BINS
from inspection.policy import Policy
from inspection.record import InspectionRecord
from inspection.verdict import OverrideReason, Proposal, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeing:
    """What pictures and models need."""

    senses: Senses
    views: tuple[str, ...]
    capture_timeout_s: float
    frames_per_view: int
    """Two let the gate see whether something moved."""
    frame_gap_s: float
    detector_for: Callable[[str], Detector]
    """By merchant: each has references of its own."""
    executor: Executor
    policy: Policy
    references: Path | None = None
    """Where the bench's calibration lies; None: it has none."""
    light_check_s: float = 14_400.0
    """The light of a calibrated bench is checked again after so long."""


def _look(detector_for: Callable[[str], Detector], merchant: str, sku: str, evidence: Evidence) -> Detection:
    """Runs in the worker thread: the first look of a start also loads the model."""
    return detector_for(merchant).detect(sku, evidence)


class Crossing:
    """Moves the item of a bench forward; every method is called by the station's loop alone."""

    def __init__(
        self,
        bench: Bench,
        seeing: Seeing,
        committer: Committer,
        clock: Clock,
        post: Callable[[Input], None],
        committed: Callable[[InspectionRecord], None],
    ) -> None:
        self._bench, self._seeing, self._committer = bench, seeing, committer
        self._clock, self._post, self._committed = clock, post, committed
        self._attempt = 0
        self._label_failed = False
        """Whether the label of this verdict could not be printed once already."""
        self.work: asyncio.Task[None] | None = None
        """Pictures or models under way."""
        self.committed_at: Instant | None = None

    def take_pictures(self) -> None:
        """Begin to photograph the item; raises NoSuchTransition where that cannot happen."""
        item = self._item()
        self._bench.step(Event.CAPTURE)
        self._bench.item = item.before_capture()
        self._start(self._capture(self._next_attempt()))

    async def captured(self, done: Captured) -> None:
        """Pictures are there: show them to the models."""
        if done.attempt != self._attempt or self._bench.state != State.CAPTURING:
            return
        if isinstance(done.answer, Hold):
            self._hold(done.answer)
            return
        item = self._item()
        spent = replace(item.spent, capture_ms=done.took_ms)
        frames, earlier = split(done.answer)
        self._bench.item = replace(item, frames=frames, earlier=earlier, spent=spent)
        self._bench.step(Event.CAPTURED)
        self.look()

    def look(self) -> None:
        """Ask the models, in `grading`."""
        self._start(self._detect(self._next_attempt(), self._item()))

    async def detected(self, done: Detected) -> None:
        """The models have answered: propose, or take the pictures again."""
        if done.attempt != self._attempt or self._bench.state != State.GRADING:
            return
        if isinstance(done.answer, Hold):
            self._hold(done.answer)
            return
        detection = done.answer
        item = self._item()
        spent = replace(item.spent, model_ms=round(detection.model_ms), grade_ms=round(detection.total_ms))
        self._bench.item = replace(item, detection=detection, spent=spent)
        if detection.faults:
            self._bench.count(*(fault.value for _, fault in detection.faults))
            self._bench.step(Event.BAD_IMAGE, detection.faults[0][1].value)
        else:
            self._propose(self._item(), detection)

    def name_exception(self, exception: ReturnException) -> None:
        """The person sees what no picture shows; a proposal that stands is made again."""
        item = replace(self._item(), exception=exception)
        if self._bench.state == State.PROPOSED and item.detection is not None:
            answer = propose(item.expected, item.detection, self._seeing.policy, exception)
            if isinstance(answer, Hold):
                self._hold(answer)
                return
            item = replace(item, proposal=answer)
        elif self._bench.state != State.MATCHED:
            raise NoSuchTransition(f"an exception cannot be named while {self._bench.state.value}")
        self._bench.item = item
        self._bench.remember("exception", exception.value)

    async def accept(self) -> None:
        """The person takes the proposal."""
        proposal, person = self._proposal(), self._bench.somebody()
        self._bench.step(Event.ACCEPT)
        await self._dispose(confirm.accepted(proposal, person.role))

    async def set_grade(self, grade: Grade) -> None:
        """The person sets a grade; the same as the machine's is agreement, another needs a reason."""
        proposal = self._proposal()
        if confirm.event_for(proposal, grade) == Event.ACCEPT:
            await self.accept()
            return
        self._bench.step(Event.OVERRIDE, grade.value)
        self._bench.item = replace(self._item(), pending_grade=grade)
        if not confirm.needs_reason(proposal, grade):
            await self._override(proposal, grade, None)

    async def give_reason(self, reason: OverrideReason) -> None:
        """Why the machine was wrong."""
        grade = self._item().pending_grade
        if self._bench.state != State.OVERRIDDEN or grade is None:
            raise NoSuchTransition("no reason is asked for now")
        await self._override(self._proposal(), grade, reason)

    async def escalate(self) -> None:
        """Hand the unit on to a supervisor."""
        proposal, person = self._proposal(), self._bench.somebody()
        self._bench.step(Event.ESCALATE)
        await self._dispose(confirm.escalated(proposal, self._seeing.policy, person.role))

    async def put_into(self, letter: str) -> None:
        """The item lies in a bin: the right one commits, the wrong one is said."""
        item = self._item()
        held_for_bin = self._bench.hold is not None and self._bench.hold.reason == HoldReason.WRONG_BIN
        if item.verdict is None or not (self._bench.state == State.LABELLED or held_for_bin):
            raise NoSuchTransition(f"no bin is asked for while {self._bench.state.value}")
        wanted = BINS[item.verdict.disposition].letter
        if letter != wanted:
            self._bench.stop(HoldReason.WRONG_BIN, f"{letter} -> {wanted}")
            return
        if held_for_bin:
            self._bench.step(Event.RETRY_BIN)
        self._bench.step(Event.BIN_MATCHED, letter)
        await self.commit()

    async def commit(self) -> None:
        """Write the inspection down, in `bin_verified`."""
        item, person = self._item(), self._bench.somebody()
        if item.verdict is None:
            raise NoSuchTransition("there is no verdict to commit")
        answer = await self._committer.commit(item, item.verdict, person, self._events_with_commit)
        if isinstance(answer, Hold):
            self._hold(answer)
            return
        self._bench.step(Event.COMMIT)
        self._bench.take_events()
        self.committed_at = self._clock()
        self._committed(answer)

    def back(self) -> None:
        """One step back, where the table has one; what was found out after it is forgotten."""
        self._bench.step(Event.BACK)
        self.give_up()
        item = self._bench.item
        if item is None:
            return
        if self._bench.state == State.IDLE:
            self._bench.item = None
        elif self._bench.state == State.MATCHED:
            self._bench.item = item.before_capture()
        else:
            self._bench.item = item.before_verdict()

    async def again(self) -> Event:
        """Leave a hold by trying the failed step once more; raises NoSuchTransition where none is left."""
        event = self._retry_event()
        self._bench.step(event)
        if event == Event.RETRY_CAPTURE:
            self.take_pictures()
        elif event == Event.RETRY_GRADE:
            self.look()
        elif event == Event.RETRY_LABEL:
            self._print_label()
        elif event == Event.RETRY_COMMIT:
            await self.commit()
        return event

    def give_up(self) -> None:
        """Forget work that is still under way; its answer will be thrown away."""
        self._attempt += 1
        if self.work is not None:
            self.work.cancel()
            self.work = None

    def _retry_event(self) -> Event:
        hold, item = self._bench.hold, self._bench.item
        event = RETRY[hold.reason] if hold else None
        if event is None:
            raise NoSuchTransition("this cannot be tried again: set the item aside")
        met = {
            Event.RETRY_CAPTURE: item is not None,
            Event.RETRY_GRADE: item is not None and bool(item.frames),
            Event.RETRY_LABEL: item is not None and item.verdict is not None,
            Event.RETRY_COMMIT: item is not None and item.verdict is not None,
        }
        return event if met.get(event, True) else Event.RETRY_IDENTIFY

    def _propose(self, item: Item, detection: Detection) -> None:
        answer = propose(item.expected, detection, self._seeing.policy, item.exception)
        if isinstance(answer, Hold):
            self._hold(answer)
            return
        self._bench.item = replace(item, proposal=answer, proposed=self._clock())
        self._bench.step(Event.GRADED)

    async def _override(self, proposal: Proposal, grade: Grade, reason: OverrideReason | None) -> None:
        item, person = self._item(), self._bench.somebody()
        verdict = confirm.overridden(proposal, grade, reason, item.expected, self._seeing.policy, person.role)
        await self._dispose(verdict)

    async def _dispose(self, verdict: Verdict) -> None:
        """The verdict stands, and its label is printed."""
        item = self._item()
        waited = self._clock().monotonic_ns - item.proposed.monotonic_ns if item.proposed else 0
        spent = replace(item.spent, person_ms=waited // 1_000_000)
        self._bench.item = replace(item, verdict=verdict, spent=spent)
        self._label_failed = False
        self._bench.step(Event.DISPOSE)
        self._print_label()

    def print_again(self) -> None:
        """Print the label once more, in `labelled`; raises NoSuchTransition where there is none yet."""
        if not self._seeing.senses.has_printer:
            self._bench.say("no_printer")
        elif self._bench.state == State.LABELLED:
            self._print_label()
        else:
            raise NoSuchTransition(f"no label is printed while {self._bench.state.value}")

    def printed(self, done: Printed) -> None:
        """The label came out; the first time that it does not holds the bench, the second lets it go on."""
        if done.attempt != self._attempt or self._bench.state not in (State.DISPOSED, State.LABELLED):
            return
        if done.answer is None:
            self._bench.step(Event.LABEL_PRINTED)
        elif self._bench.state == State.LABELLED:
            self._bench.say("no_label")
        elif self._label_failed:
            self._bench.step(Event.LABEL_WAIVED, done.answer.detail)
            self._bench.say("no_label")
        else:
            self._label_failed = True
            self._hold(done.answer)

    def _print_label(self) -> None:
        """Without a printer the label is waived."""
        item = self._item()
        if not self._seeing.senses.has_printer or item.verdict is None:
            self._bench.step(Event.LABEL_WAIVED, "no printer")
            return
        self._start(self._print(self._next_attempt(), bin_label(item, item.verdict)))

    async def _print(self, attempt: int, content: bytes) -> None:
        answer = await print_label(self._seeing.senses.print_label, content)
        self._post(Printed(attempt=attempt, answer=answer))

    async def _capture(self, attempt: int) -> None:
        seeing, began = self._seeing, self._clock()
        answer = await capture(
            seeing.senses.capture,
            seeing.views or seeing.senses.views,
            seeing.capture_timeout_s,
            frames=seeing.frames_per_view,
            gap_s=seeing.frame_gap_s,
        )
        took = (self._clock().monotonic_ns - began.monotonic_ns) // 1_000_000
        self._post(Captured(attempt=attempt, answer=answer, took_ms=took))

    async def _detect(self, attempt: int, item: Item) -> None:
        seeing = self._seeing
        frames = (*item.earlier, *item.frames)
        evidence = Evidence(frames=frames, tag_reads=item.tag_reads, weights=item.weights, scans=item.scans)
        sku, merchant = item.expected.product.sku, item.expected.merchant
        look = partial(_look, seeing.detector_for, merchant, sku, evidence)
        answer = await detect(look, seeing.executor)
        self._post(Detected(attempt=attempt, answer=answer))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self.work = asyncio.get_running_loop().create_task(work)

    def _next_attempt(self) -> int:
        self._attempt += 1
        return self._attempt

    def _hold(self, hold: Hold) -> None:
        self._bench.stop(hold.reason, hold.detail)

    def _item(self) -> Item:
        if self._bench.item is None:
            raise NoSuchTransition("there is no item on the bench")
        return self._bench.item

    def _proposal(self) -> Proposal:
        proposal = self._item().proposal
        if proposal is None:
            raise NoSuchTransition("nothing has been proposed")
        return proposal

    def _events_with_commit(self) -> tuple[BenchEvent, ...]:
        done = BenchEvent(
            at=self._clock().wall,
            event=Event.COMMIT.value,
            state=State.COMMITTED.value,
            unit=self._item().unit_id,
        )
        return (*self._bench.events, done)
