"""Between a station and the centre, beside records: enrolment, worklist, health, presence."""

from typing import Annotated, Literal

from pydantic import Field

from inspection.messages.base import Base64, Code, Count, Hex64, KeyId, Message, Name, Origin, UnitId, Utc
from inspection.messages.catalogue import ProductMessage, UnitMessage

PublicKey = Annotated[Base64, Field(min_length=32, max_length=32)]
Boot = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
EnrolmentCode = Annotated[str, Field(pattern=r"^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$")]
"""80 bits in base32, spoken in four groups; good once, for 15 minutes."""


class EnrolmentRequest(Message):
    """`POST /v1/stations/enrol`: the one-time code and a key that the station proves to hold."""

    code: EnrolmentCode
    public_key: PublicKey
    signature: Annotated[Base64, Field(min_length=64, max_length=64)]
    """Over `code` in ASCII, domain `regrade/enrolment/v1`."""


class Enrolment(Message):
    """What an enrolled station needs to work."""

    station: Name
    site: Name
    origin: Origin
    api_key: Annotated[str, Field(min_length=40, max_length=80)]
    log_public_key: PublicKey
    sealing_public_key: PublicKey
    """The site's X25519 key, for image keys."""
    badge_salt: Annotated[Base64, Field(min_length=32, max_length=32)]


class StationStanding(Message):
    """`GET /v1/stations/me`: what the centre knows of this station's key."""

    station: Name
    site: Name
    key: KeyId
    boot: Boot | None
    counter: Count
    """Last counter recorded under that boot; 0 before the first."""
    centre_time: Utc
    ledger_size: Count | None = None
    """Entries in the ledger; a station that holds a receipt of a later one offers it back."""
    recovering_from: Count | None = None
    """From this entry on the centre lacks entries, or what travelled beside them; None where all is there."""


class InspectorMessage(Message):
    """Somebody who may sign in at a bench; the badge itself is not in the list."""

    id: Name
    display_name: Annotated[str, Field(min_length=1, max_length=60)]
    badge_commitment: Hex64
    """HMAC-SHA256 of the badge code under the site's badge salt."""
    language: Literal["zh_CN", "en"]
    role: Literal["inspector", "supervisor"]


class WorklistPage(Message):
    """`GET /v1/worklist?after=N`: what changed since a cursor."""

    cursor: Count
    more: bool
    """True when another page waits behind this cursor."""
    products: Annotated[tuple[ProductMessage, ...], Field(max_length=500)]
    units: Annotated[tuple[UnitMessage, ...], Field(max_length=500)]
    closed: Annotated[tuple[UnitId, ...], Field(max_length=500)]
    """Units whose coming inspection is no longer expected."""
    inspectors: Annotated[tuple[InspectorMessage, ...], Field(max_length=500)]
    erased: Annotated[tuple[UnitId, ...], Field(max_length=500)] = ()
    """Units whose customer was erased: the station drops all that is personal of them, for ever."""
    centre_time: Utc


Counts = Annotated[dict[Code, Count], Field(max_length=24)]


class DeviceHealth(Message):
    """One device as its supervisor sees it; what it counts begins at the program's start and only grows."""

    name: Name
    driver: Code
    state: Literal["starting", "ready", "degraded", "lost"]
    reason: Code | None
    readings: Count = 0
    lost: Count = 0
    """How often the link went away."""
    dropped: Count = 0
    """Readings that nobody took in time."""
    counts: Counts = Field(default_factory=dict)
    """What went over the wire, such as `frames`, `bad_checks` and `resyncs`."""
    faults: Counts = Field(default_factory=dict)
    """What was wrong and passed by itself, by its reason."""


class Health(Message):
    """`POST /v1/stations/health`, every few seconds and at each change.

    `seq` grows with every message of one start, of whatever kind; of each kind the centre keeps the newest.
    """

    station: Name
    boot: Boot
    seq: Count
    at: Utc
    state: Code
    """State of the journey."""
    queue_depth: Count
    oldest_queued_s: Count
    refused: Count
    inspector_signed_in: bool
    devices: Annotated[tuple[DeviceHealth, ...], Field(max_length=32)]
    faults: Annotated[dict[Code, Count], Field(max_length=64)]
    """Bad input since the start, counted by name."""


class Birth(Message):
    """`POST /v1/stations/birth`: the first word of a start, with all devices; as Sparkplug's NBIRTH."""

    schema_: Literal["regrade/v1/birth"] = Field(alias="schema")
    node: Name
    boot: Boot
    seq: Count
    at: Utc
    program: Annotated[str, Field(pattern=r"^[0-9A-Za-z.+_-]{1,24}$")]
    """Its version."""
    devices: Annotated[tuple[DeviceHealth, ...], Field(max_length=32)]


class Death(Message):
    """`POST /v1/stations/death`: the last word of a start that was told to stop."""

    schema_: Literal["regrade/v1/death"] = Field(alias="schema")
    node: Name
    boot: Boot
    seq: Count
    at: Utc


class PresenceEvent(Message):
    """A tag arrived at, moved to or departed from a place."""

    what: Literal["arrive", "move", "depart"]
    epc_hex: Annotated[str, Field(pattern=r"^([0-9a-f]{2}){1,62}$")]
    place: Name
    at: Utc


class Presence(Message):
    """`POST /v1/stations/presence`: a batch of events, known by its boot and seq however often it is sent."""

    schema_: Literal["regrade/v1/presence"] = Field(alias="schema")
    node: Name
    boot: Boot
    seq: Count
    events: Annotated[tuple[PresenceEvent, ...], Field(min_length=1, max_length=256)]
    dropped: Count
    """Events that were not told since the start, because too many waited."""
