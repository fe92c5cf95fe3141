"""Outcomes by webhook: the other door to the same room as `POST /v1/refunds/outcomes`."""

from inspection.messages.refund import RefundOutcome
from server.centre import Centre
from server.errors import NotFound, WrongScope
from server.inbound.hooks import About, Taken, Unmatched, VerifiedHook
from server.refunds import service, settling


class OutcomeHooks:
    """Handler of the source `refund.outcome`."""

    async def take(self, centre: Centre, merchant: str, hook: VerifiedHook) -> Taken | Unmatched:
        """As the Protocol says; an outcome of an instruction that nobody gave waits, and is in no ledger."""
        outcome = RefundOutcome.read(hook.body)
        if outcome.merchant != merchant:
            raise WrongScope(f"the outcome is of another merchant; this key is for {merchant}")
        at = centre.now()
        if outcome.instruction is None:
            await centre.writer.submit(lambda c: settling.without_return(c, centre.site, outcome, at))
            return Taken()
        try:
            _, fits, news = await centre.writer.submit(
                lambda c: service.take_outcome(c, centre.log, outcome, at)
            )
        except NotFound:
            return Unmatched(about=About.INSTRUCTION, name=outcome.instruction)
        if news:
            centre.metrics.outcomes.labels(outcome.status.value).inc()
            centre.metrics.mismatches.inc(0 if fits else 1)
        return Taken()
