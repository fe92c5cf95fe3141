"""Every row of the table of attacks, tried on a real centre's ledger: what detects it, or that nothing can.

The attacker of most rows is the operator, who owns the database and the log's key. Three parties look:
somebody with nothing but the file, somebody who holds what the log gave out earlier, and a witness.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.checkpoint import Checkpoint, add_signatures, cosign, issue_checkpoint
from inspection.custody.leaf import GENESIS, Leaf, leaf_hash_hex, read_leaf
from inspection.custody.merkle import EMPTY_ROOT, leaf_hash, root_of
from inspection.custody.note import Algorithm, note_key, read_note
from inspection.custody.policy import TrustedLog, TrustedWitness, TrustPolicy
from inspection.custody.receipt import Receipt
from inspection.custody.tiles import HASHES, TreeView
from inspection.custody.witnessing import AddCheckpoint, Refuse, Seen, decide
from inspection.messages.base import time_text
from inspection.messages.uplink import ReceiptMessage, RefusalMessage, RefusalReason
from kit.basis import Basis
from kit.export import Header
from kit.remarks import Oddity
from kit.verify import Doubt, Report, verify_log
from kit.walk import Rule
from tests.server.conftest import NOON

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

Change = Callable[[list[Leaf]], list[Leaf]]
UNITS = tuple(f"R{number}/1/1" for number in range(1, 9))


@dataclass(slots=True, kw_only=True)
class Operator:
    """Owns the centre: the database, the log's key, and what it shows to whom."""

    site: "Site"
    leaves: list[bytes]
    """The true ones."""
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return self.site.centre.log.origin

    @property
    def key(self) -> Ed25519PrivateKey:
        return self.site.centre.keys.log

    def sign(self, leaves: list[bytes]) -> bytes:
        """A checkpoint over whatever it likes."""
        root = root_of([leaf_hash(leaf) for leaf in leaves])
        return issue_checkpoint(self.key, Checkpoint(origin=self.origin, size=len(leaves), root=root))

    def export(self, leaves: list[bytes], checkpoint: bytes | None = None) -> bytes:
        """A file in which everything fits, whatever it says."""
        header = Header(
            origin=self.origin,
            size=len(leaves),
            head=leaf_hash_hex(leaves[-1]),
            log_public_key=self.site.centre.keys.log_public,
            checkpoint=checkpoint or self.sign(leaves),
        )
        return b"".join(line + b"\n" for line in (header.to_bytes(), *leaves))

    def rewritten(self, change: Change) -> list[bytes]:
        """Other leaves, numbered and chained anew: no link shows the change."""
        made: list[bytes] = []
        for seq, leaf in enumerate(change([read_leaf(content) for content in self.leaves])):
            prev = leaf_hash_hex(made[-1]) if made else GENESIS
            made.append(replace(leaf, seq=seq, prev=prev).to_bytes())
        return made

    def policy(self, *witnesses: "Witness") -> TrustPolicy:
        """Trust in this log, and in these witnesses: the first must have seen it."""
        trusted = tuple(
            TrustedWitness(name=each.name, key=note_key(each.name, each.key, Algorithm.COSIGNATURE_ED25519))
            for each in witnesses
        )
        log = TrustedLog(key=note_key(self.origin, self.key))
        quorum = witnesses[0].name if witnesses else "none"
        return TrustPolicy(logs=(log,), witnesses=trusted, quorum=quorum)

    def proof(self, leaves: list[bytes], old: int) -> tuple[bytes, ...]:
        """The consistency proof that belongs to these leaves."""
        hashes = [leaf_hash(leaf) for leaf in leaves]
        assert len(hashes) < HASHES
        view = TreeView(len(hashes), lambda level, index, width: b"".join(hashes[:width]))
        return view.consistency(old)


@dataclass(slots=True, kw_only=True)
class Witness:
    """Somebody who cosigns what is consistent with all it saw, and nothing else."""

    name: str = "money"
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    seen: Seen = field(default_factory=lambda: Seen(size=0, root=EMPTY_ROOT))

    def ask(self, operator: Operator, leaves: list[bytes], at_s: int = 0) -> bytes | Refuse:
        """The cosigned note, or why not; the operator does its best to make it fit."""
        note, old = operator.sign(leaves), self.seen.size
        proof = operator.proof(leaves, old) if 0 < old <= len(leaves) else ()
        request = AddCheckpoint(old_size=min(old, len(leaves)), proof=proof, checkpoint=note)
        decided = decide(request, self.seen, [note_key(operator.origin, operator.key)])
        if isinstance(decided, Refuse):
            return decided
        self.seen = decided.seen
        at_s = at_s or int(NOON.timestamp())
        return add_signatures(note, cosign(self.key, self.name, read_note(note).text, at_s))


def looked_at(content: bytes, **basis: object) -> Report:
    """What the kit's verifier says of a file."""
    return verify_log(io.BytesIO(content), basis=Basis(**basis))  # type: ignore[arg-type]


def rules(report: Report) -> set[Rule]:
    return {problem.rule for problem in report.problems}


@pytest.fixture
async def bench(site: "Site") -> "Bench":
    await site.announce(*UNITS)
    return await site.enrol()


@pytest.fixture
async def operator(site: "Site", bench: "Bench") -> Operator:
    """A centre with a key, eight verdicts and what follows from them."""
    results = (await site.send(bench, *(bench.signed(unit) for unit in UNITS))).results
    receipts = [each.receipt() for each in results if isinstance(each, ReceiptMessage)]
    head = await site.centre.reader.run(site.centre.log.head)
    found = [await site.centre.reader.run(partial(site.centre.log.at, seq=seq)) for seq in range(head.size)]
    return Operator(site=site, leaves=[leaf for leaf in found if leaf], receipts=receipts)


async def test_the_true_ledger_verifies_from_the_api_for_everybody(operator: Operator) -> None:
    site = operator.site
    earlier = await site.http.get("/site/s1/checkpoint")
    export = await site.http.get("/v1/ledger/export", headers=site.console)
    report = looked_at(
        export.content,
        policy=operator.policy(),
        receipts=tuple(operator.receipts),
        checkpoints=(earlier.content,) if earlier.status_code == 200 else (),
    )
    assert (report.problems, report.size) == ((), len(operator.leaves) + 1), "the reading is an entry too"


# modify, reorder, insert, delete


def modified(leaves: list[Leaf]) -> list[Leaf]:
    """A parcel's worth of money: one total is another."""
    at = next(at for at, leaf in enumerate(leaves) if leaf.type == "refund.instruction")
    body = leaves[at].body | {"target_total_minor": 1}
    return [*leaves[:at], replace(leaves[at], body=body), *leaves[at + 1 :]]


def reordered(leaves: list[Leaf]) -> list[Leaf]:
    return [*leaves[:2], leaves[3], leaves[2], *leaves[4:]]


def inserted(leaves: list[Leaf]) -> list[Leaf]:
    body = leaves[-1].body | {"id": "R9/1/1#1", "unit": "R9/1/1"}
    return [*leaves[:3], replace(leaves[-1], id="instruction:R9/1/1#1", body=body), *leaves[3:]]


def deleted(leaves: list[Leaf]) -> list[Leaf]:
    return [*leaves[:2], *leaves[3:]]


IN_THE_MIDDLE = (modified, reordered, inserted, deleted)


@pytest.mark.parametrize("change", IN_THE_MIDDLE)
def test_a_change_in_the_middle_breaks_the_root_that_was_signed(operator: Operator, change: Change) -> None:
    changed = operator.rewritten(change)
    signed_before = operator.sign(operator.leaves)
    report = looked_at(operator.export(changed, signed_before), policy=operator.policy())
    assert not report.verified


@pytest.mark.parametrize("change", IN_THE_MIDDLE)
def test_a_change_that_is_signed_anew_is_found_by_whoever_holds_an_older_checkpoint(
    operator: Operator, change: Change
) -> None:
    older = operator.sign(operator.leaves[:12])
    content = operator.export(operator.rewritten(change))
    assert rules(looked_at(content, policy=operator.policy(), checkpoints=(older,))) == {Rule.INCONSISTENT}


@pytest.mark.parametrize("change", IN_THE_MIDDLE)
def test_a_change_that_is_signed_anew_gets_no_cosignature(operator: Operator, change: Change) -> None:
    witness = Witness()
    assert isinstance(witness.ask(operator, operator.leaves[:12]), bytes)
    refused = witness.ask(operator, operator.rewritten(change))
    assert isinstance(refused, Refuse)
    assert (refused.status, refused.reason) == (422, "bad_proof")


# truncate


def test_a_cut_tail_shows_only_to_whoever_holds_something_newer(operator: Operator) -> None:
    cut, newer = operator.leaves[:-2], operator.sign(operator.leaves)
    alone = looked_at(operator.export(cut), policy=operator.policy())
    assert (alone.verified, Doubt.CUT in alone.doubts) == (True, True)
    report = looked_at(operator.export(cut), policy=operator.policy(), checkpoints=(newer,))
    assert not report.verified
    last = operator.receipts[-1]
    assert not looked_at(operator.export(operator.leaves[: last.index]), receipts=(last,)).verified


def test_a_witness_keeps_the_larger_head_of_a_log_that_was_cut(operator: Operator) -> None:
    witness = Witness()
    assert isinstance(witness.ask(operator, operator.leaves), bytes)
    refused = witness.ask(operator, operator.leaves[:-2])
    assert isinstance(refused, Refuse)
    assert (refused.status, witness.seen.size) == (409, len(operator.leaves))


# full rewrite


def test_a_log_written_anew_as_a_whole_fools_whoever_holds_nothing_and_nobody_else(
    operator: Operator,
) -> None:
    def anew(leaves: list[Leaf]) -> list[Leaf]:
        return [replace(leaf, recorded_at=time_text(NOON + timedelta(hours=1))) for leaf in modified(leaves)]

    written = operator.rewritten(anew)
    alone = looked_at(operator.export(written), policy=operator.policy())
    assert (alone.verified, Doubt.REWRITTEN in alone.doubts) == (True, True)
    older = operator.sign(operator.leaves[:1])
    for held in ({"checkpoints": (older,)}, {"receipts": (operator.receipts[0],)}):
        assert not looked_at(operator.export(written), policy=operator.policy(), **held).verified
    witness = Witness()
    witness.ask(operator, operator.leaves[:1])
    refused = witness.ask(operator, written)
    assert isinstance(refused, Refuse)
    assert refused.reason == "bad_proof"


# fork


def test_two_histories_for_two_victims_show_when_they_compare_or_ask_a_witness(operator: Operator) -> None:
    other = operator.rewritten(modified)
    for leaves in (operator.leaves, other):
        report = looked_at(operator.export(leaves), policy=operator.policy())
        assert (report.verified, Doubt.FORKED in report.doubts) == (True, True)
    theirs = operator.sign(other)
    compared = looked_at(operator.export(operator.leaves), policy=operator.policy(), checkpoints=(theirs,))
    assert rules(compared) == {Rule.INCONSISTENT}
    witness = Witness()
    cosigned = witness.ask(operator, operator.leaves)
    assert isinstance(cosigned, bytes)
    refused = witness.ask(operator, other)
    assert isinstance(refused, Refuse)
    assert (refused.status, refused.reason) == (409, "fork")
    policy = operator.policy(witness)
    assert looked_at(operator.export(operator.leaves, cosigned), policy=policy).fork_detectable
    assert rules(looked_at(operator.export(other), policy=policy)) == {Rule.QUORUM_MISSING}


# rollback and resume


def test_a_log_set_back_and_carried_on_shows_beside_anything_newer_than_the_backup(
    operator: Operator,
) -> None:
    resumed = operator.rewritten(lambda leaves: [*leaves[:6], *reversed(leaves[6:])])
    assert looked_at(operator.export(resumed), policy=operator.policy()).verified
    from_backup, newer = operator.sign(operator.leaves[:6]), operator.sign(operator.leaves[:8])
    held = looked_at(operator.export(resumed), policy=operator.policy(), checkpoints=(from_backup,))
    assert held.verified, "what the backup holds is the same in both"
    held = looked_at(operator.export(resumed), policy=operator.policy(), checkpoints=(newer,))
    assert rules(held) == {Rule.INCONSISTENT}
    witness = Witness()
    witness.ask(operator, operator.leaves[:8])
    refused = witness.ask(operator, resumed)
    assert isinstance(refused, Refuse)
    assert refused.reason == "bad_proof"


# backdating


def test_a_time_before_that_of_a_witness_is_found_and_without_one_is_not(operator: Operator) -> None:
    witness, early = Witness(), time_text(NOON - timedelta(days=1))
    older = witness.ask(operator, operator.leaves, at_s=int(NOON.timestamp()) + 5)
    assert isinstance(older, bytes)

    def backdated(leaves: list[Leaf]) -> list[Leaf]:
        body = leaves[-1].body | {"id": "R1/1/1#9", "number": 9}
        late = replace(leaves[-1], id="instruction:R1/1/1#9", body=body, recorded_at=early)
        return [*leaves, late]

    written = operator.rewritten(backdated)
    alone = looked_at(operator.export(written), policy=operator.policy())
    assert alone.verified
    assert Oddity.CLOCK_BACK in {remark.oddity for remark in alone.remarks}, "odd, but the log may say so"
    cosigned = witness.ask(operator, written, at_s=int(NOON.timestamp()) + 60)
    assert isinstance(cosigned, bytes)
    report = looked_at(
        operator.export(written, cosigned), policy=operator.policy(witness), checkpoints=(older,)
    )
    assert rules(report) == {Rule.BACKDATED}


# omission


async def test_a_record_that_was_left_out_shows_by_the_station_s_next_number(
    site: "Site", bench: "Bench"
) -> None:
    first, _left_out, third = (bench.signed(unit) for unit in UNITS[:3])
    await site.send(bench, first, third)
    export = await site.http.get("/v1/ledger/export", headers=site.console)
    report = looked_at(export.content)
    assert report.verified, "no proof can show what never came"
    assert Oddity.OMISSION in {remark.oddity for remark in report.remarks}
    answer = await site.http.get("/v1/stations/st1/counters", headers=site.console)
    (gap,) = answer.json()["gaps"]
    assert (gap["first"], gap["last"], gap["standing"]) == (2, 2, "missing")


async def test_the_last_record_left_out_shows_nowhere_but_in_the_receipt_that_is_missing(
    site: "Site", bench: "Bench"
) -> None:
    first, _never_sent = (bench.signed(unit) for unit in UNITS[:2])
    (answer,) = (await site.send(bench, first)).results
    assert isinstance(answer, ReceiptMessage)
    export = await site.http.get("/v1/ledger/export", headers=site.console)
    report = looked_at(export.content, receipts=(answer.receipt(),))
    assert (report.verified, report.remarks, Doubt.OMITTED in report.doubts) == (True, (), True)


# false input


async def test_what_a_person_or_a_photo_lies_about_is_recorded_and_detected_by_nothing(
    site: "Site", bench: "Bench"
) -> None:
    lie = bench.signed(UNITS[0], verdict={"grade": "new", "condition": "A+"})
    (answer,) = (await site.send(bench, lie)).results
    assert isinstance(answer, ReceiptMessage)
    export = await site.http.get("/v1/ledger/export", headers=site.console)
    report = looked_at(export.content, receipts=(answer.receipt(),))
    assert (report.verified, Doubt.FALSE_INPUT in report.doubts) == (True, True)


# stolen key


async def test_a_stolen_key_speaks_until_it_is_revoked_and_the_ledger_says_when_that_was(
    site: "Site", bench: "Bench"
) -> None:
    thief = replace(bench, boot="2" * 32)
    (taken,) = (await site.send(bench, thief.signed(UNITS[0]))).results
    assert isinstance(taken, ReceiptMessage), "a good signature is a good signature"
    site.clock.forward(3600)
    await site.http.post("/v1/stations/st1/revoke", headers=site.console)
    renewed = await site.enrol("st1")
    (refused,) = (await site.send(renewed, thief.signed(UNITS[1]))).results
    assert isinstance(refused, RefusalMessage)
    assert refused.reason is RefusalReason.REVOKED_KEY
    export = await site.http.get("/v1/ledger/export", headers=site.console)
    assert looked_at(export.content).verified, "what came before the revocation stands"
    found = [read_leaf(line) for line in export.content.splitlines()[1:]]
    (revoked,) = (leaf for leaf in found if leaf.type == "key.revoke")
    assert revoked.recorded_at == time_text(NOON + timedelta(hours=1))
    assert revoked.body["key"] == bench.key_id
    assert revoked.seq > taken.index


async def test_a_record_behind_its_key_s_revocation_is_found_by_the_verifier(
    operator: Operator, bench: "Bench"
) -> None:
    site = operator.site
    await site.http.post("/v1/stations/st1/revoke", headers=site.console)
    head = await site.centre.reader.run(site.centre.log.head)
    revoked = await site.centre.reader.run(lambda c: site.centre.log.at(c, head.size - 1))
    assert revoked is not None
    signed = bench.signed("R9/1/1")
    record = orjson.loads(signed.record)

    def obliging(leaves: list[Leaf]) -> list[Leaf]:
        """A centre that takes what it should refuse."""
        verdict = next(leaf for leaf in leaves if leaf.type == "verdict")
        text = signed.model_dump(mode="json")["signature"]
        device = {"key": bench.key_id, "signature": text}
        id = f"verdict:{bench.key_id}/{bench.boot}/{bench.counter}"
        return [*leaves, read_leaf(revoked), replace(verdict, id=id, body=record, device=device)]

    report = looked_at(operator.export(operator.rewritten(obliging)), policy=operator.policy())
    assert rules(report) == {Rule.REVOKED_KEY}
