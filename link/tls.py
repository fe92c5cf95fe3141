"""TLS towards our peers: always verified, with a client certificate where one is configured."""

import ssl
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from link.errors import NotSent


class TlsFiles(BaseModel):
    """Where the certificates lie; all of them PEM."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca_file: Path | None = None
    """Certificates to trust; None for those of the system."""
    cert_file: Path | None = None
    """Our own certificate for mutual TLS, with its chain."""
    key_file: Path | None = None


def client_context(files: TlsFiles | None = None) -> ssl.SSLContext:
    """Return a context that verifies the peer; raises NotSent where a file cannot be used."""
    files = files or TlsFiles()
    try:
        context = ssl.create_default_context(cafile=files.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if files.cert_file:
            context.load_cert_chain(files.cert_file, files.key_file)
    except (OSError, ssl.SSLError) as error:
        raise NotSent(f"the TLS certificates cannot be used: {error}") from error
    return context


def in_the_clear() -> ssl.SSLContext:
    """For a line that never leaves this machine, by plain HTTP: it trusts nobody, so TLS over it fails.

    The system's certificates would take 26 ms to read, for nothing.
    """
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
