"""The centre asks its witnesses, and lets no money move before their quorum has seen why."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from inspection.custody.checkpoint import Checkpoint, issue_checkpoint
from inspection.custody.leaf import EntryType
from inspection.custody.merkle import root_of
from inspection.custody.policy import accept
from inspection.custody.witnessing import AddCheckpoint
from inspection.messages.refund import InstructionEvent
from inspection.messages.webhook_keys import VerifyingKey
from kit.receiver import Trust, check_event, signed_body
from kit.witness_book import WitnessBook
from kit.witness_folder import book_of
from server.alarms import AlarmKind, count_standing
from server.centre import open_centre
from server.errors import LedgerRecovering
from server.keys import ServerKeys, read_keys
from server.ledger.log import Entry
from server.ledger.quorum import gate_by
from server.ledger.recalling import believe, remembered
from server.ledger.trust import FILE_NAME, own_key, read_trust
from server.ledger.witnessing import Target, Watch, witnessing
from server.refunds.delivery import Courier
from server.refunds.gate import AWAITING, Gate, read_gate, set_gate
from server.refunds.posting import Attempt, Result
from server.refunds.releasing import releasing
from server.settings import ServerSettings

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site
    from tests.server.ledger.conftest import Cosigner

ORIGIN = "centre.test/site/s1"


@pytest.fixture
def settings() -> ServerSettings:
    return ServerSettings(host_name="centre.test", site="s1", refund_retry_s=(0.01,), witness_timeout_s=0.5)


@pytest.fixture
def keys(tmp_path: Path, cosigners: list["Cosigner"], quorum: str) -> ServerKeys:
    """The centre's keys, with a policy that names both witnesses."""
    made = read_keys(tmp_path)
    write_policy(tmp_path, made, cosigners, quorum)
    return made


def write_policy(folder: Path, keys: ServerKeys, cosigners: list["Cosigner"], quorum: str) -> None:
    lines = [f"log {own_key(ORIGIN, keys.log_public).to_text()}"]
    lines += [f"witness {each.folder.name} {each.key.to_text()} {each.url}" for each in cosigners]
    (folder / FILE_NAME).write_text("\n".join([*lines, quorum, ""]))


@dataclass
class Shop:
    """A refund system that takes everything and remembers it."""

    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        self.got.append((headers, body))
        return Attempt(result=Result.DELIVERED, answer="HTTP 200")

    @property
    def events(self) -> list[InstructionEvent]:
        return [InstructionEvent.read(body) for _, body in self.got]


@pytest.fixture
def shop() -> Shop:
    return Shop()


@asynccontextmanager
async def running(site: "Site", shop: Shop) -> AsyncIterator[None]:
    """Witnesses are asked and instructions delivered, as the app does."""
    async with witnessing(site.centre), releasing(site.centre):
        task = asyncio.create_task(Courier(site.centre, shop, lambda low, high: 0.0).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def instruct(site: "Site", bench: "Bench", unit: str = "R1/1/1", **changes: Any) -> None:
    """A verdict with what is owed for it, and a shop that listens."""
    body = {"url": "http://127.0.0.1:9/hook", "outcome_public_key": "A" * 42 + "Y="}
    assert (await site.http.put("/v1/refunds/endpoint", json=body, headers=site.shop)).status_code == 200
    await site.announce(unit)
    (answer,) = (await site.send(bench, bench.signed(unit, **changes))).results
    assert answer.kind == "receipt", answer


async def states(site: "Site") -> list[str]:
    answer = await site.http.get("/v1/refunds", headers=site.shop)
    return [row["state"] for row in answer.json()["instructions"]]


async def until(done: Callable[[], Any], what: str) -> None:
    for _ in range(1000):
        found = done()
        if await found if asyncio.iscoroutine(found) else found:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never: {what}")


async def gate_of(site: "Site") -> Gate:
    return await site.centre.reader.run(lambda c: read_gate(c, site.centre.site))


async def alarms(site: "Site") -> dict[AlarmKind, int]:
    found = await site.centre.reader.run(lambda c: count_standing(c, site.centre.site))
    return {kind: many for kind, many in found.items() if many}


def trust(site: "Site") -> Trust:
    keys = site.centre.keys
    return Trust(
        webhook_keys=(VerifyingKey(keys.webhook_public),),
        log_key=keys.log_public,
        origin=ORIGIN,
        merchant="m1",
        policy=site.centre.trust,
    )


async def submit(cosigner: "Cosigner", key: Ed25519PrivateKey, size: int, word: str = "other") -> int:
    """Show a witness another history, signed by the centre's own key."""
    root = root_of([f"{word} {index}".encode().ljust(32)[:32] for index in range(size)])
    note = issue_checkpoint(key, Checkpoint(origin=ORIGIN, size=size, root=root))
    content = AddCheckpoint(old_size=0, proof=(), checkpoint=note).to_bytes()
    async with httpx.AsyncClient(base_url=cosigner.url, trust_env=False) as client:
        return (await client.post("/add-checkpoint", content=content)).status_code


def open_book(cosigner: "Cosigner") -> WitnessBook:
    return book_of(cosigner.folder)


async def test_an_instruction_waits_for_the_quorum_and_goes_with_the_proof(
    site: "Site", bench: "Bench", shop: Shop
) -> None:
    await instruct(site, bench)
    assert await states(site) == [AWAITING]
    async with running(site, shop):
        await asyncio.sleep(0.05)
        assert (await states(site), shop.got) == ([AWAITING], [])
        kept = await site.centre.checkpoints.now()
        await until(lambda: shop.got, "delivered")
    (headers, body) = shop.got[0]
    event = check_event(signed_body(headers, body), trust(site), site.clock.moment.timestamp())
    assert event.proof is not None
    assert (await gate_of(site)).witnessed == kept.size
    assert site.counted("regrade_cosignatures_total", result="cosigned") >= 1


async def test_the_served_checkpoint_bears_the_cosignatures(site: "Site", bench: "Bench", shop: Shop) -> None:
    async with running(site, shop):
        kept = await site.centre.checkpoints.now()
        await until(lambda: witnessed(site, kept.size), "witnessed")
        note = (await site.http.get("/site/s1/checkpoint")).content
    assert accept(site.centre.trust, note).witnessed


async def witnessed(site: "Site", size: int) -> bool:
    return (await gate_of(site)).witnessed >= size


async def test_sending_it_again_does_not_pass_the_witnesses(site: "Site", bench: "Bench") -> None:
    await instruct(site, bench)
    answer = await site.http.post("/v1/refunds/R1/1/1%231/resend", headers=site.shop)
    assert answer.json()["state"] == AWAITING


async def test_a_units_next_instruction_waits_for_the_first_and_then_for_the_witnesses(
    site: "Site", bench: "Bench", shop: Shop
) -> None:
    await instruct(site, bench)
    async with running(site, shop):
        await site.centre.checkpoints.now()
        await until(lambda: shop.got, "delivered")
        again = {"inspection": 2, "purpose": "appeal"}
        await site.announce("R1/1/1", **again)
        (answer,) = (await site.send(bench, bench.signed("R1/1/1", unit=again))).results
        assert answer.kind == "receipt"
        assert await states(site) == ["delivered", AWAITING]
        await site.centre.checkpoints.now()
        await until(lambda: len(shop.got) == 2, "delivered")
    assert [event.instruction.number for event in shop.events] == [1, 2]


@pytest.mark.parametrize("quorum", ["quorum none"])
async def test_without_a_quorum_it_goes_with_the_next_checkpoint_and_everybody_is_told(
    site: "Site", bench: "Bench", shop: Shop
) -> None:
    await instruct(site, bench)
    async with running(site, shop):
        await site.centre.checkpoints.now()
        await until(lambda: shop.got, "delivered")
    said = (await site.http.get("/v1/log")).json()
    assert (said["fork_detectable"], said["quorum"]) == (False, "none")
    assert site.counted("regrade_fork_detectable") == 0


async def test_with_a_quorum_everybody_is_told_too(site: "Site") -> None:
    said = (await site.http.get("/v1/log")).json()
    assert (said["fork_detectable"], said["quorum"], said["witnessed"]) == (True, "a", 0)
    assert site.counted("regrade_fork_detectable") == 1


@pytest.mark.parametrize("quorum", ["group both all a b\nquorum both"])
async def test_a_quorum_of_two_is_met_by_two(
    site: "Site", bench: "Bench", shop: Shop, cosigners: list["Cosigner"]
) -> None:
    await instruct(site, bench)
    async with running(site, shop):
        for _ in range(3):  # they meet although checkpoints come faster than they answer
            await site.centre.checkpoints.now()
            await instruct(site, bench, f"R{bench.counter + 5}/1/1")
        await site.centre.checkpoints.now()
        await until(lambda: len(shop.got) == 4, "all delivered")
    for headers, body in shop.got:
        check_event(signed_body(headers, body), trust(site), site.clock.moment.timestamp())


def covers(connection: Connection, size: int) -> bool:
    return read_gate(connection, "s1").witnessed >= size


async def test_a_witness_that_never_answers_holds_up_nobody_else(
    tmp_path: Path, settings: ServerSettings, cosigners: list["Cosigner"]
) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the centre has had enough
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port, keys = silent.sockets[0].getsockname()[1], read_keys(tmp_path)
    write_policy(tmp_path, keys, cosigners, "group one any a b\nquorum one")
    text = (tmp_path / FILE_NAME).read_text().replace(cosigners[0].url, f"http://127.0.0.1:{port}")
    (tmp_path / FILE_NAME).write_text(text)
    opening = open_centre(tmp_path, settings, keys, registry=CollectorRegistry())
    async with opening as centre, witnessing(centre):
        for size in (1, 2, 3):
            append = partial(centre.log.append, entry=entry(size), recorded_at=centre.now())
            await centre.writer.submit(append)
            assert (await centre.checkpoints.now()).size == size
            await until(partial(centre.reader.run, partial(covers, size=size)), "witnessed")
    silent.close()
    await silent.wait_closed()


async def test_a_fork_is_refused_by_the_witness_and_raises_an_alarm(
    site: "Site", bench: "Bench", shop: Shop, cosigners: list["Cosigner"]
) -> None:
    """Somebody with the log's key has shown the witness another history of the same length."""
    await instruct(site, bench)
    size = (await site.centre.checkpoints.now()).size
    assert await submit(cosigners[0], site.centre.keys.log, size) == 200
    async with running(site, shop):
        await until(lambda: alarmed(site, AlarmKind.FORK), "an alarm")
    assert (await states(site), shop.got) == ([AWAITING], [])
    assert open_book(cosigners[0]).conflicts(ORIGIN)[0][0] == "fork"
    assert site.counted("regrade_cosignatures_total", result="other_history") >= 1


async def test_a_fork_behind_a_shorter_history_is_found_too(
    site: "Site", bench: "Bench", shop: Shop, cosigners: list["Cosigner"]
) -> None:
    await instruct(site, bench)
    await site.centre.checkpoints.now()
    assert await submit(cosigners[0], site.centre.keys.log, 1) == 200
    async with running(site, shop):
        await until(lambda: alarmed(site, AlarmKind.FORK), "an alarm")
        assert (await site.http.get("/v1/log")).json()["state"] == "frozen"
    assert (await states(site), shop.got) == ([AWAITING], [])


async def test_a_witness_that_never_answers_or_shows_nonsense_does_not_keep_the_centre_from_starting(
    site: "Site", bench: "Bench", cosigners: list["Cosigner"]
) -> None:
    """A checkpoint that somebody else signed in the log's name proves nothing."""
    other = Ed25519PrivateKey.generate()
    note = issue_checkpoint(other, Checkpoint(origin=ORIGIN, size=500, root=bytes(32)))
    await believe(site.centre, note)
    assert await remembered(site.centre, "http://127.0.0.1:9") is None
    assert (await site.centre.checkpoints.now()).size == 1


async def test_a_witness_remembers_what_was_restored_away(
    site: "Site", bench: "Bench", shop: Shop, cosigners: list["Cosigner"]
) -> None:
    """The whole folder was restored, guard file and all; only the witness has seen what came after."""
    await instruct(site, bench)
    assert await submit(cosigners[0], site.centre.keys.log, 500) == 200
    async with running(site, shop):
        assert await alarms(site) == {AlarmKind.RECOVERING: 1}
        assert (await site.http.get("/v1/log")).json()["state"] == "recovering"
        with pytest.raises(LedgerRecovering, match="500"):
            await site.centre.checkpoints.now()
    assert shop.got == []


async def test_a_restored_folder_is_found_out_before_it_signs_anything(
    tmp_path: Path, settings: ServerSettings, cosigners: list["Cosigner"]
) -> None:
    """Real histories: the backup holds two entries, the witness has seen five."""
    keys, folder = read_keys(tmp_path), tmp_path / "centre"
    folder.mkdir()
    shutil.copy2(tmp_path / "keys.json", folder)
    write_policy(folder, keys, cosigners, "quorum a")
    await grown(folder, settings, keys, (1, 2))
    shutil.copytree(folder, tmp_path / "backup")
    await grown(folder, settings, keys, (3, 4, 5))
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "backup", folder)
    opening = open_centre(folder, settings, keys, registry=CollectorRegistry())
    async with opening as centre, witnessing(centre):
        with pytest.raises(LedgerRecovering, match="it has 2 entries, the newest signed checkpoint 5"):
            await centre.writer.submit(partial(centre.log.append, entry=entry(3), recorded_at=centre.now()))


def entry(number: int) -> Entry:
    return Entry(type=EntryType.LOGISTICS, id=f"n{number}", body=b"{}")


async def grown(folder: Path, settings: ServerSettings, keys: ServerKeys, numbers: tuple[int, ...]) -> None:
    """Run the centre until its witness has seen these entries too."""
    opening = open_centre(folder, settings, keys, registry=CollectorRegistry())
    async with opening as centre, witnessing(centre):
        for number in numbers:
            append = partial(centre.log.append, entry=entry(number), recorded_at=centre.now())
            await centre.writer.submit(append)
            size = (await centre.checkpoints.now()).size
            await until(partial(centre.reader.run, partial(covers, size=size)), "witnessed")


async def test_a_longer_history_that_a_witness_gets_meanwhile_stops_the_signing(
    site: "Site", bench: "Bench", shop: Shop, cosigners: list["Cosigner"]
) -> None:
    """Two centres sign for one log: this one learns of the other by its witness."""
    await instruct(site, bench)
    async with running(site, shop):
        assert await submit(cosigners[0], site.centre.keys.log, 500) == 200
        await site.centre.checkpoints.now()
        await until(lambda: alarmed(site, AlarmKind.RECOVERING), "an alarm")
        shown = (await site.http.get("/v1/alarms", headers=site.console)).text
    assert "it cosigned 500 entries, and we signed no more than" in shown
    assert shop.got == []


@pytest.mark.parametrize(
    ("quorum", "kind"),
    [("quorum a", AlarmKind.QUORUM_MISSING), ("quorum none", AlarmKind.CHECKPOINT_MISSING)],
)
async def test_what_waits_too_long_raises_an_alarm_that_ends_with_the_waiting(
    site: "Site", bench: "Bench", shop: Shop, kind: AlarmKind
) -> None:
    await instruct(site, bench)
    watch = Watch(site.centre)
    await watch.look()
    assert (await alarms(site), site.counted("regrade_awaiting_witness")) == ({}, 1)
    site.clock.forward(901)
    await watch.look()
    await watch.look()
    assert await alarms(site) == {kind: 1}
    async with running(site, shop):
        await site.centre.checkpoints.now()
        await until(lambda: shop.got, "delivered")
    await watch.look()
    assert (await alarms(site), site.counted("regrade_awaiting_witness")) == ({}, 0)


async def alarmed(site: "Site", kind: AlarmKind) -> bool:
    return kind in await alarms(site)


async def reopened(
    site: "Site", folder: Path, cosigners: list["Cosigner"], quorum: str
) -> tuple[Gate, list[str]]:
    """The gate and the states of deliveries once the centre has started again under another policy."""
    write_policy(folder, site.centre.keys, cosigners, quorum)
    policy = read_trust(folder, ORIGIN, site.centre.keys.log_public)
    await site.centre.writer.submit(lambda c: set_gate(c, "s1", gate_by(c, "s1", policy)))
    return await gate_of(site), await states(site)


async def test_another_policy_at_the_next_start_judges_what_has_not_gone_yet(
    site: "Site", bench: "Bench", shop: Shop, tmp_path: Path, cosigners: list["Cosigner"]
) -> None:
    await instruct(site, bench)
    gate, found = await reopened(site, tmp_path, cosigners, "quorum none")
    assert (gate, found) == (Gate(required=False, covered=0), [AWAITING])
    gate, found = await reopened(site, tmp_path, cosigners, "quorum b")
    assert (gate, found) == (Gate(required=True, covered=0), [AWAITING])
    async with running(site, shop):
        kept = await site.centre.checkpoints.now()
        await until(lambda: shop.got, "delivered under the policy of before")
    gate, _ = await reopened(site, tmp_path, cosigners, "quorum b")
    assert gate == Gate(required=True, covered=kept.size), "b had cosigned it as well"


async def test_all_witnesses_are_asked_for_one_checkpoint_until_it_is_met(site: "Site") -> None:
    await site.enrol()
    first = await site.centre.checkpoints.now()
    target = Target(site.centre, 0)
    assert target.now() == first
    await site.enrol("st2")
    second = await site.centre.checkpoints.now()
    assert target.now() == first
    target.met(first.size)
    assert target.now() == second
    target.met(second.size)
    await site.enrol("st3")
    third = await site.centre.checkpoints.now()
    assert target.now() == third
    await site.enrol("st4")
    await site.centre.checkpoints.now()
    await asyncio.sleep(2 * site.centre.settings.witness_timeout_s + 0.05)
    assert target.now() == site.centre.checkpoints.shown, "its time was up"
