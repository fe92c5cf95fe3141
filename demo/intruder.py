"""A rogue with an enrolled station key sends what it should not; the centre has to refuse each by name.

What it is refused with is compared with what it must be refused with; nothing it sends may move
money or enter the ledger but the one harmless record that the replays are made of.
"""

import asyncio
import hashlib
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from demo.goods import LEAF_MUG, MERCHANT
from demo.office import Office
from demo.rogue_record import record_of
from demo.settings import SITE
from edge.enrol import enrol
from edge.identity import read_identity
from inspection.custody.canonical import canonical
from inspection.custody.signing import Domain, key_id, public_bytes, sign
from inspection.messages.catalogue import UnitMessage
from inspection.messages.station import Enrolment
from inspection.messages.uplink import BatchAnswer, ReceiptMessage, RecordBatch, SignedRecord
from inspection.returns import ReturnReason
from link.errors import LinkError, Refused
from link.http import HttpConfig, HttpLink

NAME = "st-rogue"
UNITS = ("INT-00001/1/1", "INT-00002/1/1")
BOOT = "b" * 32
FIRST = 5
"""Counter of the record that is taken; there is room below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One hostile act: what it has to be answered with, and what it was answered with."""

    name: str
    wanted: str
    got: str

    @property
    def repelled(self) -> bool:
        """True when the centre refused it by the right name."""
        return self.wanted == self.got


@dataclass(slots=True, kw_only=True)
class Intruder:
    """Holds a real station key, and a link that its API key opens."""

    enrolment: Enrolment
    key: Ed25519PrivateKey
    link: HttpLink
    office: Office
    victim: UnitMessage
    """A unit that an honest station has recorded."""
    taken: dict[str, Any] = field(default_factory=dict)
    """The one record that went in."""

    async def attempts(self) -> list[Attempt]:
        """Do everything hostile, one after the other."""
        first = self.record(counter=FIRST)
        self.taken = first
        entered = await self.send(self.signed(first))
        done = [Attempt(name="harmless_record", wanted="receipt", got=entered)]
        for name, (wanted, act) in ACTS.items():
            try:
                got = await act(self)
            except Refused as error:
                got = str(error.problem.get("code", error.status))
            except LinkError as error:
                got = f"{error.code}: {error}"[:80]
            done.append(Attempt(name=name, wanted=wanted, got=got))
        return done

    def record(
        self,
        *,
        counter: int,
        unit: str = UNITS[0],
        at: datetime | None = None,
        image: str | None = None,
    ) -> dict[str, Any]:
        """A record that would be right, changed where said."""
        return record_of(
            origin=self.enrolment.origin,
            site=SITE,
            station=NAME,
            key=key_id(public_bytes(self.key)),
            boot=BOOT,
            sku=LEAF_MUG.product.sku,
            merchant=MERCHANT,
            unit=unit,
            counter=counter,
            at=at,
            image=image,
        )

    def signed(self, record: Mapping[str, Any], key: Ed25519PrivateKey | None = None) -> SignedRecord:
        """Sign a record as the station would, or with another key."""
        content = canonical(dict(record))
        return SignedRecord(
            device_key=key_id(public_bytes(self.key)),
            record=content,
            signature=sign(key or self.key, Domain.RECORD, content),
            openings=(),
            image_keys=(),
        )

    async def send(self, one: SignedRecord) -> str:
        """Send one record; `receipt`, or the code of the refusal or of the hold."""
        answer = await self.link.request(
            "POST",
            "/v1/records",
            content=RecordBatch(records=(one,)).to_json(),
            headers={"Content-Type": "application/json"},
            idempotent=True,
        )
        result = BatchAnswer.read(answer.content).results[0]
        return "receipt" if isinstance(result, ReceiptMessage) else str(result.reason)

    async def forged_signature(self) -> str:
        """A good record, signed by somebody else."""
        return await self.send(self.signed(self.record(counter=FIRST + 1), Ed25519PrivateKey.generate()))

    async def unknown_key(self) -> str:
        """A key that was never enrolled."""
        stranger = Ed25519PrivateKey.generate()
        record = self.record(counter=1) | {
            "device": {"key": key_id(public_bytes(stranger)), "boot": BOOT, "counter": 1}
        }
        one = self.signed(record, stranger)
        return await self.send(one.model_copy(update={"device_key": key_id(public_bytes(stranger))}))

    async def other_station(self) -> str:
        """Its own key, another station's name."""
        return await self.send(self.signed(self.record(counter=FIRST + 1) | {"station": "st-1"}))

    async def other_site(self) -> str:
        """A record for another building's log."""
        return await self.send(
            self.signed(self.record(counter=FIRST + 1) | {"origin": "centre.demo/site/s2"})
        )

    async def replay(self) -> str:
        """The very same record again: the same receipt, and no second entry."""
        return await self.send(self.signed(self.taken))

    async def counter_reused(self) -> str:
        """Another record under a counter that was used."""
        return await self.send(self.signed(self.record(unit=UNITS[1], counter=FIRST)))

    async def counter_backwards(self) -> str:
        """A new record under a lower counter: a clone, or a restored image."""
        return await self.send(self.signed(self.record(unit=UNITS[1], counter=FIRST - 2)))

    async def unknown_version(self) -> str:
        """A format that is not spoken here."""
        return await self.send(self.signed(self.record(counter=FIRST + 1) | {"v": 99}))

    async def no_record(self) -> str:
        """Signed bytes that are no record."""
        return await self.send(self.signed({"v": 1, "hello": "ledger"}))

    async def unknown_unit(self) -> str:
        """A unit that nobody announced."""
        return await self.send(self.signed(self.record(unit="NOBODY/1/1", counter=FIRST + 1)))

    async def second_verdict(self) -> str:
        """Another verdict for what an honest station has inspected already."""
        record = self.record(unit=self.victim.id, counter=FIRST + 1)
        record["unit"]["sku"] = self.victim.sku
        return await self.send(self.signed(record))

    async def from_the_future(self) -> str:
        """A device time that has not come yet."""
        late = datetime.now(UTC) + timedelta(hours=2)
        return await self.send(self.signed(self.record(unit=UNITS[1], counter=FIRST + 1, at=late)))

    async def keyless_image(self) -> str:
        """A record that names an image whose key it keeps for itself."""
        return await self.send(self.signed(self.record(unit=UNITS[1], counter=FIRST + 1, image="ab" * 32)))

    async def other_image(self) -> str:
        """Bytes under a hash that is not theirs."""
        name = hashlib.sha256(b"what was announced").hexdigest()
        await self.link.put(f"/v1/evidence/{name}", b"something else")
        return "stored"

    async def endless_image(self) -> str:
        """More bytes than any image may have."""
        return await self._raw_put(announced=2**31, sent=b"x" * 4096)

    async def longer_image(self) -> str:
        """More bytes than were announced."""
        content = os.urandom(4096)
        got = await self._raw_put(announced=100, sent=content)
        return got if await self._is_missing(hashlib.sha256(content[:100]).hexdigest()) else "stored"

    async def _is_missing(self, sha256: str) -> bool:
        try:
            await self.link.request("HEAD", f"/v1/evidence/{sha256}")
        except Refused as error:
            return error.status == 404
        return False

    async def shop_door(self) -> str:
        """A shop's route, with a station's key."""
        await self.link.post(f"/v1/returns/{UNITS[0]}/cancel", None)
        return "done"

    async def no_key(self) -> str:
        """No key at all."""
        async with HttpLink(HttpConfig(base_url=self.office.url, attempts=1)) as nobody:
            await nobody.get("/v1/worklist", params={"after": 0})
        return "answered"

    async def _raw_put(self, announced: int, sent: bytes) -> str:
        """Speak HTTP by hand, for no client would send this."""
        parts = urlsplit(self.office.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = (
            f"PUT /v1/evidence/{hashlib.sha256(sent).hexdigest()} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Authorization: Bearer {self.enrolment.api_key}\r\nContent-Length: {announced}\r\n\r\n"
        )
        try:
            writer.write(head.encode() + sent)
            async with asyncio.timeout(10):
                answer = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: *([0-9]{1,6})", answer, re.IGNORECASE)
                body = await reader.readexactly(int(length[1])) if length else b""
        finally:
            writer.close()
        if b"problem+json" not in answer:
            return f"http_{answer.split()[1].decode()}"
        return str(orjson.loads(body).get("code"))


ACTS: Mapping[str, tuple[str, Callable[[Intruder], Awaitable[str]]]] = {
    "forged_signature": ("bad_signature", Intruder.forged_signature),
    "unknown_key": ("unknown_key", Intruder.unknown_key),
    "other_station": ("other_station", Intruder.other_station),
    "other_site": ("other_log", Intruder.other_site),
    "replayed_record": ("receipt", Intruder.replay),
    "counter_reused": ("counter_reused", Intruder.counter_reused),
    "counter_backwards": ("counter_backwards", Intruder.counter_backwards),
    "unknown_version": ("upgrade", Intruder.unknown_version),
    "no_record": ("bad_message", Intruder.no_record),
    "unknown_unit": ("unknown_unit", Intruder.unknown_unit),
    "second_verdict": ("duplicate_inspection", Intruder.second_verdict),
    "keyless_image": ("image_keys_missing", Intruder.keyless_image),
    "from_the_future": ("time_ahead", Intruder.from_the_future),
    "other_image": ("hash_mismatch", Intruder.other_image),
    "endless_image": ("too_large", Intruder.endless_image),
    "longer_image": ("http_400", Intruder.longer_image),
    "shop_door": ("wrong_scope", Intruder.shop_door),
    "no_key": ("no_key", Intruder.no_key),
}
"""Every hostile act, and what it has to be answered with."""


async def intrude(office: Office, folder: Path, victim: UnitMessage) -> list[Attempt]:
    """Enrol the rogue, announce its two units, and let it do its worst."""
    await office.announce((), [_unit(number, name) for number, name in enumerate(UNITS, start=1)])
    code = await office.station_code(NAME, SITE)
    enrolment = await enrol(folder, office.url, code)
    key = read_identity(folder).key
    config = HttpConfig(base_url=office.url, key=SecretStr(enrolment.api_key), attempts=2)
    async with HttpLink(config) as link:
        rogue = Intruder(enrolment=enrolment, key=key, link=link, office=office, victim=victim)
        return await rogue.attempts()


def _unit(number: int, name: str) -> UnitMessage:
    authorization = name.partition("/")[0]
    return UnitMessage(
        merchant=MERCHANT,
        id=name,
        authorization=authorization,
        order=f"O-{authorization}",
        customer="C-0000",
        line=1,
        index=1,
        sku=LEAF_MUG.product.sku,
        epc=None,
        serial=f"INT{number}",
        paid_minor=100,
        currency="CNY",
        reason=ReturnReason.OTHER,
    )
