"""Attacks by the holder of the log's key: the story told anew and signed; what he cannot do is cosign."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random

import orjson

from inspection.custody.canonical import canonical
from tests.kit.attacks import REMARK, Case, archive, lines_or_archive, naive, without_quorum
from tests.kit.conftest import Log
from tests.kit.world import (
    HELD_CHECKPOINT,
    HELD_RECEIPT,
    KEPT,
    STORY,
    Step,
    access,
    key,
    new_log,
    receipt_of,
    revoke,
    seen_at,
    tell,
    true_world,
    verdict,
    world_of,
)


def without_key(rng: Random) -> Case:
    """All links, head and tree made anew over a changed story, signed by another key."""
    log = retold(rng)
    forged = replace(log, key=key("forger"))
    return archive(world_of(forged, witnessed=rng.random() < 0.5))


def root_kept(rng: Random) -> Case:
    """All links made anew over a changed story, under the true checkpoint."""
    world = world_of(retold(rng))
    header, _, rest = world.files["leaves.jsonl"].partition(b"\n")
    note = true_world().files["checkpoint"]
    changed = canonical(orjson.loads(header) | {"checkpoint": note.decode()})
    files = world.files | {"leaves.jsonl": changed + b"\n" + rest, "checkpoint": note}
    return lines_or_archive(rng, archive(world, files=files))


def retold(rng: Random, first: int = 0, extra: int = 0, quietly: bool = False) -> Log:
    """The story with one entry changed at or behind `first`, by the holder of the log's key.

    Quietly: not a verdict with a later one behind it, whose counter would be missed.
    """
    story: list[Step] = [*STORY, *(partial(access, token=f"X{n}") for n in range(extra))]
    at = rng.choice([each for each in range(first, len(STORY)) if not quietly or each not in (1, 4, 7, 9)])
    token = f"r{rng.randrange(10**6)}"
    story[at] = lambda log: access(log, token)
    if at == 0:
        return tell(replace(new_log(), station=key(token)), STORY)
    return tell(new_log(), tuple(story))


def rewritten(rng: Random) -> Case:
    """The whole log anew with its key: against what somebody holds, and against the witness."""
    log = retold(rng, extra=rng.randrange(3))
    case = archive(world_of(log, witnessed=False, kept=()))
    if rng.random() < 0.5 and log.leaves[: HELD_RECEIPT + 1] != true_world().log.leaves[: HELD_RECEIPT + 1]:
        return replace(case, policy=without_quorum(case.policy), checkpoints=())
    return case


def rewritten_against_checkpoint(rng: Random) -> Case:
    """The same, where no witness is asked for and only an older checkpoint is held."""
    story = list(STORY)
    token = f"r{rng.randrange(10**6)}"
    story[rng.randrange(1, HELD_CHECKPOINT)] = lambda log: access(log, token)
    case = naive(world_of(tell(new_log(), tuple(story)), witnessed=False, kept=()))
    return replace(case, checkpoints=true_world().checkpoints)


def forked(rng: Random) -> Case:
    """Another continuation behind what is held: only the witness tells."""
    log = retold(rng, first=HELD_RECEIPT + 1, extra=rng.randrange(3))
    return archive(world_of(log, witnessed=False))


def rolled_back(rng: Random) -> Case:
    """An old backup, gone on from: shorter than what is held, or another history."""
    size = rng.randrange(1, HELD_CHECKPOINT)
    more = tuple(partial(access, token=f"B{n}") for n in range(rng.randrange(8)))
    world = world_of(tell(new_log(), STORY[:size] + more), witnessed=False, kept=())
    return archive(world, policy=without_quorum(true_world().policy))


def truncated(rng: Random) -> Case:
    """An older true state, with its own witnessed checkpoint, before somebody who holds a newer one."""
    by_receipt = rng.random() < 0.5
    size = rng.randrange(1, HELD_RECEIPT + 1 if by_receipt else HELD_CHECKPOINT)
    world = world_of(tell(new_log(), STORY[:size]), kept=tuple(n for n in KEPT if n < size))
    return archive(world, checkpoints=()) if by_receipt else archive(world, receipts=())


def backdated(rng: Random) -> Case:
    """The log appends an entry that says it was there before a witness saw the log without it."""
    at = rng.randrange(9, len(STORY))
    early = timedelta(minutes=at - 7 + 5, seconds=rng.randrange(5, 10**5))
    return lines_or_archive_with_kept(tell(new_log(), STORY, {at: -early}))


def postdated(rng: Random) -> Case:
    """An entry that says it was recorded long after a witness saw it."""
    at = rng.randrange(len(STORY))
    late = timedelta(minutes=len(STORY) - at + 5, seconds=rng.randrange(5, 10**6))
    return lines_or_archive_with_kept(tell(new_log(), STORY, {at: late}))


def lines_or_archive_with_kept(log: Log) -> Case:
    """The times of the kept checkpoints lie in the archive; the entries are the log's own."""
    return archive(world_of(log), receipts=(), checkpoints=())


def omitted(rng: Random) -> Case:
    """A verdict that was never recorded, with a later one of the same start."""
    left_out = rng.choice([4, 7, 9])
    story = tuple(step for at, step in enumerate(STORY) if at not in (left_out, left_out + 1))
    return archive(world_of(tell(new_log(), story)), receipts=(), checkpoints=(), expected=REMARK)


def doubled_id(rng: Random) -> Case:
    """The log itself records an id twice, and a witness signs it."""
    at = rng.choice([3, 6, 8])
    return archive(world_of(tell(new_log(), (*STORY, STORY[at]))))


def other_log(rng: Random) -> Case:
    """Another log's checkpoint, or entries of another log of the same house."""
    log = replace(new_log(), origin="centre.example/site/s2")
    tell(log, (Log.add_key, *(partial(Log.add_parcel, parcel=f"P{n}") for n in range(12))))
    world = world_of(log)
    if rng.random() < 0.5:
        return archive(world)
    case = archive(true_world())
    name = rng.choice(["checkpoint", "checkpoints/4", "leaves.jsonl"])
    files = case.files | {name: log.checkpoint(4, at_s=seen_at(4))}
    if name == "leaves.jsonl":
        header, _, rest = case.files[name].partition(b"\n")
        value = orjson.loads(header) | {"checkpoint": log.checkpoint(14, at_s=seen_at(14)).decode()}
        files = case.files | {name: canonical(value) + b"\n" + rest}
    return replace(case, files=files)


def revoked(rng: Random) -> Case:
    """The centre takes a verdict of a key that it had revoked."""
    at = rng.randrange(3, 12)
    return archive(world_of(tell(new_log(), (*STORY[:at], revoke, *STORY[at:]))), receipts=(), checkpoints=())


def unsigned(rng: Random) -> Case:
    """The centre makes up a verdict: its station never signed it."""
    forger = key("forger")

    def forged(log: Log) -> int:
        true, log.station = log.station, forger
        index = verdict(log, 7)
        log.station = true
        name = orjson.loads(log.leaves[0])["body"]["key"]
        value = orjson.loads(log.leaves.pop())
        other = value["device"]["key"]
        value["body"]["device"]["key"] = value["device"]["key"] = name
        value["id"] = value["id"].replace(other, name)
        log.leaves.append(canonical(value))
        return index

    at = rng.randrange(1, len(STORY) + 1)
    world = world_of(tell(new_log(), (*STORY[:at], forged, *STORY[at:])))
    return archive(world, receipts=(), checkpoints=())


def receipt_of_fork(rng: Random) -> Case:
    """A true receipt that the log gave to somebody else, of another history."""
    log = retold(rng, first=1)
    at = next(at for at, leaf in enumerate(log.leaves) if leaf != true_world().log.leaves[at])
    index = rng.randrange(at, len(log.leaves))
    return archive(true_world(), receipts=(receipt_of(log, index),), checkpoints=())


def checkpoint_of_fork(rng: Random) -> Case:
    """A true checkpoint that the log gave to somebody else, of another history."""
    log = retold(rng, first=1)
    at = next(at for at, leaf in enumerate(log.leaves) if leaf != true_world().log.leaves[at])
    size = rng.randrange(at + 1, len(log.leaves) + 1)
    note = log.checkpoint(size, at_s=seen_at(size))
    return archive(true_world(), receipts=(), checkpoints=(note,))


def parts_of_older(rng: Random) -> Case:
    """Parts of an older state in place of the newest."""
    older = world_of(tell(new_log(), STORY[:12]))
    case = archive(true_world())
    name = rng.choice(["checkpoint", "leaves.jsonl"])
    return replace(case, files=case.files | {name: older.files[name]})
