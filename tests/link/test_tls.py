"""Mutual TLS against a real server on loopback, with certificates made here."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from link.errors import LinkError, Unreachable
from link.http import HttpConfig, HttpLink
from link.tls import TlsFiles

HOST = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])


class Authority:
    """A certificate authority with what it signed, as PEM files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = name("test authority")
        self.ca_file = self._write("ca", self._sign("test authority", self._key, ca=True))

    def issue(self, who: str) -> TlsFiles:
        key = ec.generate_private_key(ec.SECP256R1())
        key_file = self.folder / f"{who}.key"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return TlsFiles(
            ca_file=self.ca_file, cert_file=self._write(who, self._sign(who, key)), key_file=key_file
        )

    def _sign(self, who: str, key: ec.EllipticCurvePrivateKey, *, ca: bool = False) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(who))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(HOST, critical=False)
        )
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, who: str, certificate: x509.Certificate) -> Path:
        path = self.folder / f"{who}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path


def name(who: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)])


@asynccontextmanager
async def centre(files: TlsFiles) -> AsyncIterator[str]:
    """Serves one word to whoever shows a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert files.cert_file
    context.load_cert_chain(files.cert_file, files.key_file)
    context.load_verify_locations(files.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_both_sides_know_each_other(authority: Authority) -> None:
    async with centre(authority.issue("centre")) as url:
        config = HttpConfig(base_url=url, tls=authority.issue("station"))
        async with HttpLink(config) as link:
            assert (await link.get("/")).content == b"ok"


async def test_a_station_without_a_certificate_is_turned_away(authority: Authority) -> None:
    only_trust = TlsFiles(ca_file=authority.ca_file)
    async with centre(authority.issue("centre")) as url:
        config = HttpConfig(base_url=url, tls=only_trust, attempts=1)
        async with HttpLink(config) as link:
            with pytest.raises(LinkError):
                await link.get("/")


async def test_a_centre_that_nobody_vouches_for_is_not_talked_to(authority: Authority) -> None:
    async with centre(authority.issue("centre")) as url:
        config = HttpConfig(base_url=url, attempts=1)
        async with HttpLink(config) as link:
            with pytest.raises(Unreachable, match="certificate verify failed"):
                await link.get("/")
