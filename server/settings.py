"""The centre's settings: one frozen object, checked before a port opens.

They come from `server.toml` and the environment; `REGRADE_SERVER_<NAME>` wins over the file, and lists
are comma-separated there. Secrets are not settings: they stand in `keys.json`.
"""

import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from inspection.messages.base import LONGEST_ORIGIN, Name, sentence
from server.errors import BadSettings

FILE_NAME = "server.toml"
PREFIX = "REGRADE_SERVER_"
MIB = 1024 * 1024
DAY_S = 86_400.0

Seconds = Annotated[float, Field(gt=0, le=30 * DAY_S)]
HostName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
SiteName = Name


class ServerSettings(BaseModel):
    """What the centre may be told; every field has a sensible default but the two names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host_name: HostName = Field(description="Name of this centre; part of the ledger's origin, for ever.")
    site: SiteName = Field(description="The building whose ledger this database holds.")
    bind: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8400, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    tls_cert: Path | None = Field(default=None, description="Certificate chain (PEM); needed off loopback.")
    tls_key: Path | None = Field(default=None, description="Private key of the certificate (PEM).")
    behind_proxy: bool = Field(default=False, description="True when a proxy in front of it terminates TLS.")
    writer_queue: int = Field(
        default=512, ge=1, le=100_000, description="Requests that may wait for the writer."
    )
    body_limit_bytes: int = Field(
        default=2 * MIB, ge=1024, le=64 * MIB, description="Largest JSON or CSV body."
    )
    evidence_limit_bytes: int = Field(
        default=16 * MIB, ge=1024, le=64 * MIB, description="Largest encrypted image."
    )
    evidence_quota_bytes: int = Field(
        default=50 * 1024 * MIB,
        ge=1024,
        description="Encrypted images that one station may store, all together.",
    )
    reference_limit_bytes: int = Field(
        default=64 * MIB, ge=1024, le=64 * MIB, description="Largest bank or reference photo."
    )
    reference_quota_bytes: int = Field(
        default=20 * 1024 * MIB,
        ge=1024,
        description="Banks and reference photos that one merchant may store, all together.",
    )
    references_kept: int = Field(
        default=3, ge=1, le=100, description="Versions of a view's references whose files are kept."
    )
    refusals_per_station: int = Field(
        default=20_000, ge=1, description="Refused records kept for one station."
    )
    table_rows: int = Field(default=10_000, ge=1, le=100_000, description="Most rows of one CSV file.")
    code_life_s: Seconds = Field(default=900.0, description="How long an enrolment code is good.")
    enrol_per_minute: int = Field(
        default=10, ge=1, le=600, description="Enrolment attempts per minute, all callers."
    )
    checkpoint_every_s: Annotated[float, Field(ge=0.05, le=3600)] = Field(
        default=1.0, description="How often a checkpoint is signed while there is news."
    )
    recovery_wait_s: float = Field(
        default=30.0,
        ge=0,
        le=DAY_S,
        description="How long a restored ledger that is whole again waits for further receipts.",
    )
    ledger_mirror_dir: Path | None = Field(
        default=None, description="Folder on another disk that gets a copy of every entry."
    )
    reads_per_minute: int = Field(
        default=600, ge=1, le=60_000, description="Reads of entries per minute and key; each is an entry."
    )
    inspection_due_s: Seconds = Field(
        default=7200.0, description="From the carrier's sign-off to the deadline."
    )
    returns_drop_dir: Path | None = Field(
        default=None,
        description="Folder into which old systems drop CSV files, with one folder per merchant.",
    )
    drop_limit_bytes: int = Field(
        default=50 * MIB, ge=1024, le=1024 * MIB, description="Largest dropped file."
    )
    drop_poll_s: Annotated[float, Field(ge=0.01, le=3600)] = Field(
        default=5.0, description="How often the folder is looked at."
    )
    drop_settle_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=10.0, description="How long a dropped file must have stayed as it is before it is taken."
    )
    drop_kept_days: int = Field(
        default=30, ge=1, le=3650, description="How long files that were read or refused are kept."
    )
    photo_limit_bytes: int = Field(
        default=8 * MIB, ge=1024, le=64 * MIB, description="Largest photo of a claim."
    )
    photo_quota_bytes: int = Field(
        default=10 * 1024 * MIB,
        ge=1024,
        description="Photos of claims that one merchant may store, all together.",
    )
    subject_backup_days: int = Field(
        default=7, ge=0, le=365, description="How long backups of the key store `subjects.sqlite` are kept."
    )
    retention_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="How long the bodies of entries are shown at least; without it none may be withheld.",
    )
    reason_embedding: bool = Field(
        default=False,
        description="True to read English by embedding where no phrase is known; `make reasons` installs it.",
    )
    refund_retry_s: tuple[Seconds, ...] = Field(
        default=(5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0),
        min_length=1,
        max_length=32,
        description="Longest wait before each further attempt to deliver an instruction.",
    )
    refund_timeout_s: Seconds = Field(
        default=15.0, le=60.0, description="How long a refund system may take to answer."
    )
    refund_disable_s: Seconds = Field(
        default=5 * DAY_S,
        description="How long a refund system may take nothing before its endpoint is given up.",
    )
    refund_parallel: int = Field(
        default=32, ge=1, le=64, description="Deliveries under way at a time; so many payments beside them."
    )
    refund_networks: tuple[str, ...] = Field(
        default=(),
        max_length=32,
        description="Private networks (CIDR) in which a refund system or carrier may live.",
    )
    inbound_waiting: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="Verified webhooks of one merchant that may wait for what they are about.",
    )
    carrier_timeout_s: Seconds = Field(
        default=10.0, le=60.0, description="How long a carrier may take to answer."
    )
    carrier_poll_s: Seconds = Field(
        default=300.0, description="About how often a carrier is asked about a parcel on its way."
    )
    witness_timeout_s: Seconds = Field(
        default=10.0, le=60.0, description="How long a witness may take to answer."
    )
    witness_alarm_s: Seconds = Field(
        default=900.0,
        description="How long an instruction may wait for its checkpoint and witnesses before an alarm.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if "change-me" in self.host_name or self.site.lower() == "change-me":
            raise ValueError("host_name or site still has its placeholder")
        if len(self.origin) > LONGEST_ORIGIN:
            raise ValueError(f"host_name and site are too long together: over {LONGEST_ORIGIN} letters")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key come together")
        if not (self.on_loopback or self.tls_cert or self.behind_proxy):
            raise ValueError(f"bind={self.bind} is not loopback: set tls_cert and tls_key, or behind_proxy")
        for network in self.refund_networks:
            ipaddress.ip_network(network)
        return self

    @property
    def origin(self) -> str:
        """Name of the site's log."""
        return f"{self.host_name}/site/{self.site}"

    @property
    def on_loopback(self) -> bool:
        """True when nobody outside this machine can reach the port directly."""
        try:
            return ipaddress.ip_address(self.bind).is_loopback
        except ValueError:
            return self.bind == "localhost"

    @property
    def local_only(self) -> bool:
        """True for a centre that serves this machine alone: its refund system may be on it too."""
        return self.on_loopback and not self.behind_proxy


def load_settings(directory: Path, environ: Mapping[str, str]) -> ServerSettings:
    """Read `server.toml` and the environment; raises BadSettings that names the setting."""
    values = _from_file(directory / FILE_NAME) | _from_environment(environ)
    try:
        return ServerSettings.model_validate(values)
    except ValidationError as error:
        raise BadSettings(f"setting {sentence(error)}") from error


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadSettings(f"{path} cannot be read; `regrade server init` makes it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path} is not TOML: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found = {
        name.removeprefix(PREFIX).lower(): text for name, text in environ.items() if name.startswith(PREFIX)
    }
    return {name: _split(text) if name in LISTS else text for name, text in found.items()}


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


LISTS = frozenset({"refund_retry_s", "refund_networks"})
