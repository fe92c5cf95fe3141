"""A certificate is checked for the name of the very webhook that goes over the line."""

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.outward.addresses import AddressPolicy
from server.outward.calling import Caller
from server.refunds.posting import Result, WebhookPost


class Polite(BaseHTTPRequestHandler):
    """Takes everything, and would keep the line open."""

    protocol_version = "HTTP/1.1"
    lines: ClassVar[set[tuple[str, int]]] = set()
    """The other end of every line that a request came over."""

    def do_POST(self) -> None:
        self.lines.add(self.client_address)
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Certificate and key for the name `localhost`, and for no other, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "both.pem").write_bytes(secret + made.public_bytes(pem))
    return tmp_path / "both.pem"


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Polite)
    server.daemon_threads, server.block_on_close = True, False
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    Polite.lines.clear()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("keep_s", "lines"), [(5.0, 1), (0.0, 3)])
async def test_a_line_is_kept_for_the_next_webhook_where_it_may_be(
    port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch, keep_s: float, lines: int
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    calling = Caller(AddressPolicy(loopback=True), timeout_s=5, keep_s=keep_s)
    for _ in range(3):
        attempt = await WebhookPost(calling).post(f"https://localhost:{port}/", {}, b"{}")
        assert attempt.result is Result.DELIVERED
    await calling.close()
    assert len(Polite.lines) == lines


async def test_a_line_to_one_name_is_not_used_for_another(
    port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    calling = Caller(AddressPolicy(loopback=True), timeout_s=5, keep_s=5)
    gateway = WebhookPost(calling)
    named = await gateway.post(f"https://localhost:{port}/", {}, b"{}")
    other = await gateway.post(f"https://127.0.0.1:{port}/", {}, b"{}")
    await calling.close()
    assert (named.result, other.result) == (Result.DELIVERED, Result.RETRY)
