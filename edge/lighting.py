"""The drift lock: no item is taken while a calibrated view does not look as it was calibrated.

Asked at the start of a shift, after `light_check_s`, and after every hold for it. A station without a
calibration is never asked and never locked.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from edge.bench import Bench, Hold
from edge.clock import Clock, Instant
from edge.crossing import Seeing
from edge.inputs import Input, LightChecked
from edge.steps.capture import capture
from edge.steps.light import LightAnswer, ViewLight, check_light
from inspection.journey import Event, HoldReason, State
from models.bench.places import calibrated_views

log = structlog.get_logger()


class Lighting:
    """Checks the light of one bench; every method is called by the station's loop alone."""

    def __init__(self, bench: Bench, seeing: Seeing, clock: Clock, post: Callable[[Input], None]) -> None:
        self._bench, self._seeing, self._clock, self._post = bench, seeing, clock, post
        self._good_since: Instant | None = None
        self.work: asyncio.Task[None] | None = None
        """A check under way."""
        self.views: tuple[ViewLight, ...] = ()
        """As last checked; empty before, and without a calibration."""

    @property
    def calibrated(self) -> tuple[str, ...]:
        """The views that are photographed and have a calibration."""
        if self._seeing.references is None:
            return ()
        shown = self._seeing.views or self._seeing.senses.views
        return tuple(view for view in calibrated_views(self._seeing.references) if view in shown)

    def open(self) -> None:
        """At the start: without a calibration the light is good; else somebody signs in first."""
        if not self.calibrated:
            self._bench.step(Event.LIGHT_GOOD)

    def look(self) -> None:
        """Check where it is due; called with every tick while somebody is signed in."""
        if self._bench.state == State.IDLE and self._is_due() and self.calibrated:
            self._bench.step(Event.LIGHT_DUE)
        if self._bench.state == State.LIGHT_CHECK and (self.work is None or self.work.done()):
            self.work = asyncio.get_running_loop().create_task(self._check())

    def doubt(self) -> None:
        """A frame was in another light: ask again before the next item."""
        self._good_since = None

    def checked(self, done: LightChecked) -> None:
        """The answer is there: open the bench, or hold it."""
        if self._bench.state != State.LIGHT_CHECK:
            return
        if isinstance(done.answer, Hold):
            self.doubt()
            log.warning("light.drift", reason=done.answer.reason.value, detail=done.answer.detail)
            self._bench.stop(done.answer.reason, done.answer.detail)
            return
        self.views, self._good_since = done.answer, self._clock()
        for view in self.views:
            if view.accepted_by is not None:
                self._bench.count("light_accepted")
        self._bench.step(Event.LIGHT_GOOD)
        self._bench.take_events()  # they belong to no item

    def _is_due(self) -> bool:
        if self._good_since is None:
            return True
        age_s = (self._clock().monotonic_ns - self._good_since.monotonic_ns) / 1e9
        known = {view.view for view in self.views}
        return age_s > self._seeing.light_check_s or not known.issuperset(self.calibrated)

    async def _check(self) -> None:
        self._post(LightChecked(answer=await self._answer()))

    async def _answer(self) -> LightAnswer:
        seeing = self._seeing
        frames = await capture(seeing.senses.capture, self.calibrated, seeing.capture_timeout_s)
        if isinstance(frames, Hold) or seeing.references is None:
            return frames if isinstance(frames, Hold) else ()
        ask = partial(check_light, seeing.references, frames, self._clock().wall)
        try:
            return await asyncio.get_running_loop().run_in_executor(seeing.executor, ask)
        except Exception as error:  # a picture may be anything: its fault must not stop the station
            log.exception("light.failed")
            return Hold(reason=HoldReason.BENCH_COVERED, detail=type(error).__name__)
