"""A small centre on loopback that keeps a real log with real keys, and can be told to misbehave."""

import base64
import hashlib
import json
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.leaf import GENESIS, EntryType, Leaf, leaf_hash_hex
from inspection.custody.receipt import issue_receipt, issue_refusal
from inspection.messages.base import Message, time_text
from inspection.messages.uplink import (
    BatchAnswer,
    EvidenceAnswer,
    ReceiptMessage,
    RecordBatch,
    RefusalMessage,
    RefusalReason,
    SignedRecord,
)
from inspection.record import read_record

Answer = tuple[int, bytes]
Twist = Callable[[RecordBatch, Answer], Answer]


class SmallCentre:
    """Ledger and evidence in memory; `twist` changes the next answers to records."""

    def __init__(self, log_key: Ed25519PrivateKey, origin: str) -> None:
        self.log_key, self.origin = log_key, origin
        self.leaves: list[bytes] = []
        self.receipts: dict[bytes, ReceiptMessage] = {}
        self.images: dict[str, bytes] = {}
        self.refuse: set[str] = set()
        """Units whose records are refused."""
        self.twists: list[Twist] = []
        """Taken one by one for each batch."""
        self.image_status = 200
        self.forget_images = False
        self.batches: list[int] = []
        self.routes: dict[str, Callable[[bytes], Answer]] = {}
        """Further routes by `METHOD path`, without the query."""
        self.told: list[Message] = []
        """What the station told of itself, where a test notes it."""
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        path = path.partition("?")[0]
        if f"{method} {path}" in self.routes:
            return self.routes[f"{method} {path}"](body)
        if method == "PUT" and path.startswith("/v1/evidence/"):
            return self._image(path.rpartition("/")[2], body)
        if (method, path) == ("POST", "/v1/records"):
            return self._records(RecordBatch.read(body))
        return 404, b"{}"

    def _image(self, digest: str, body: bytes) -> Answer:
        if self.image_status != 200:
            return self.image_status, b"{}"
        if hashlib.sha256(body).hexdigest() != digest:
            return 422, b"{}"
        if not self.forget_images:
            self.images[digest] = body
        return 200, EvidenceAnswer(ciphertext_sha256=digest, bytes=len(body), stored=True).to_json()

    def _records(self, batch: RecordBatch) -> Answer:
        self.batches.append(len(batch.records))
        results = tuple(self._record(signed) for signed in batch.records)
        answer = 200, BatchAnswer(results=results).to_json()
        return self.twists.pop(0)(batch, answer) if self.twists else answer

    def _record(self, signed: SignedRecord) -> ReceiptMessage | RefusalMessage:
        record = read_record(signed.record)
        if record.unit.id in self.refuse:
            digest = hashlib.sha256(signed.record).hexdigest()
            reason = RefusalReason.UNKNOWN_UNIT.value
            at = time_text(datetime.now(UTC))
            return RefusalMessage.of(
                issue_refusal(
                    self.log_key,
                    self.origin,
                    record_sha256=digest,
                    submission_sha256=signed.submission_sha256(record.station),
                    reason=reason,
                    detail="nobody expects it",
                    refused_at=at,
                )
            )
        if signed.record not in self.receipts:
            self.receipts[signed.record] = self.append(signed)
        missing = {e.ciphertext_sha256 for e in record.evidence} - set(self.images)
        return self.receipts[signed.record].model_copy(update={"evidence_pending": tuple(sorted(missing))})

    def append(self, signed: SignedRecord) -> ReceiptMessage:
        record = read_record(signed.record)
        leaf = Leaf(
            log=self.origin,
            seq=len(self.leaves),
            prev=leaf_hash_hex(self.leaves[-1]) if self.leaves else GENESIS,
            type=EntryType.VERDICT,
            id=f"verdict:{record.id}",
            recorded_at=time_text(datetime.now(UTC)),
            body=json.loads(signed.record),
            device={"key": signed.device_key, "signature": base64.b64encode(signed.signature).decode()},
        ).to_bytes()
        self.leaves.append(leaf)
        return ReceiptMessage.of(issue_receipt(self.log_key, self.origin, len(self.leaves) - 1, leaf))


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A station that is cancelled in the middle of a request is no fault of the centre's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(centre: SmallCentre) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, content = centre.answer(self.command, self.path, body)
            if status == 0:  # as a line that breaks before the answer
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
