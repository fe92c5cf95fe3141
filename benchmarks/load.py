"""Stations as bare senders of signed records: as much load as a client can make on the same machine.

A sender keeps what it was told: a batch without an answer is sent again as it was, as a station does.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import httpx

from benchmarks.records import desk_of, new_frame, ready_item
from benchmarks.site import Site, unit
from edge.clock import now
from edge.identity import Identity, read_identity
from edge.steps.sign import sign_record
from inspection.custody.receipt import check_receipt_for
from inspection.messages.uplink import BatchAnswer, ReceiptMessage, RecordBatch, SignedRecord


@dataclass(slots=True, kw_only=True)
class Sender:
    """One station's key, start and counter, and the receipts that it holds."""

    identity: Identity
    boot: str = field(default_factory=lambda: os.urandom(16).hex())
    receipts: dict[int, bytes] = field(default_factory=dict)
    """Leaf by index."""
    _counters: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def station(self) -> str:
        """Its name."""
        return self.identity.enrolment.station

    @property
    def auth(self) -> dict[str, str]:
        """The header that says who sends."""
        return {"authorization": f"Bearer {self.identity.enrolment.api_key}"}

    def batch(self, numbers: Sequence[int]) -> RecordBatch:
        """The next records, of the units with these numbers."""
        return RecordBatch(records=tuple(self._signed(number) for number in numbers))

    async def send(self, http: httpx.AsyncClient, batch: RecordBatch) -> None:
        """Send once; keeps every receipt, raises when one is wrong or missing."""
        answer = await http.post("/v1/records", content=batch.to_json(), headers=self.auth)
        answer.raise_for_status()
        self.take(batch, answer.content)

    def take(self, batch: RecordBatch, answer: bytes) -> None:
        """Check and keep the receipts in an answer; raises when one is wrong or missing."""
        results = BatchAnswer.read(answer).results
        for signed, result in zip(batch.records, results, strict=True):
            self._keep(signed, result)

    def _keep(self, signed: SignedRecord, result: object) -> None:
        if not isinstance(result, ReceiptMessage):
            raise RuntimeError(f"a record was refused: {result}")
        receipt, told = result.receipt(), self.identity.enrolment
        check_receipt_for(receipt, told.log_public_key, told.origin, signed.record)
        if self.receipts.setdefault(receipt.index, receipt.leaf) != receipt.leaf:
            raise RuntimeError(f"two receipts for index {receipt.index}")

    def _signed(self, number: int) -> SignedRecord:
        at = now()
        ready = ready_item(unit(self.station, number), new_frame(at), next(self._counters), at)
        return sign_record(self.identity.key, desk_of(self.identity, self.boot), ready, os.urandom).envelope


async def new_sender(site: Site, station: str, units: int) -> Sender:
    """Enrol a station, and let so many returns be announced for it."""
    folder = await site.enrol(station)
    await site.announce([unit(station, number) for number in range(1, units + 1)])
    return Sender(identity=read_identity(folder))
