"""What nothing can find in these files, or only somebody who holds more: accepted, and listed."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import orjson

from tests.kit.attacks import ACCEPT, Case, archive, edit, naive
from tests.kit.attacks_on_files import proof_of
from tests.kit.attacks_on_packs import pack
from tests.kit.attacks_with_keys import retold
from tests.kit.world import (
    HELD_RECEIPT,
    KEPT,
    STORY,
    new_log,
    pack_files,
    tell,
    text,
    true_world,
    verdict,
    world_of,
)


def rewritten_unheld(rng: Random) -> Case:
    return naive(world_of(retold(rng, quietly=True), witnessed=False, kept=()), expected=ACCEPT)


def forked_unheld(rng: Random) -> Case:
    log = retold(rng, first=HELD_RECEIPT + 1)
    held = true_world()
    return naive(
        world_of(log, witnessed=False), receipts=held.receipts, checkpoints=held.checkpoints, expected=ACCEPT
    )


def truncated_unheld(rng: Random) -> Case:
    size = rng.randrange(1, len(STORY))
    kept = tuple(n for n in KEPT if n < size)
    world = world_of(tell(new_log(), STORY[:size]), kept=kept)
    return archive(world, receipts=(), checkpoints=(), expected=ACCEPT)


def colluding(rng: Random) -> Case:
    """Log and witness together, before somebody who holds nothing."""
    world = world_of(retold(rng, quietly=True))
    return archive(world, receipts=(), checkpoints=(), expected=ACCEPT)


def omitted_last(rng: Random) -> Case:
    """The last verdict of a start never came: no higher counter shows it."""
    story = tuple(step for at, step in enumerate(STORY) if at != 12)
    return archive(world_of(tell(new_log(), story)), expected=ACCEPT)


def slightly_backdated(rng: Random) -> Case:
    at = rng.randrange(9, len(STORY))
    early = timedelta(seconds=rng.randrange(1, 230))
    return archive(
        world_of(tell(new_log(), STORY, {at: -early})), receipts=(), checkpoints=(), expected=ACCEPT
    )


def stolen_key(rng: Random) -> Case:
    """A verdict by whoever holds a station's key and has not been found out."""
    return archive(world_of(tell(new_log(), (*STORY, lambda log: verdict(log, 6)))), expected=ACCEPT)


def false_input(rng: Random) -> Case:
    """A station signs what is not so."""
    grade = {"verdict": {"grade": "new"}}
    story = (*STORY, lambda log: verdict(log, 6, **grade))
    return archive(world_of(tell(new_log(), story)), expected=ACCEPT)


def uncovered_part(rng: Random) -> Case:
    """What no signature covers: pages, the time of making, the policy that lies beside."""
    case = pack(true_world().pack, expected=ACCEPT)
    name = rng.choice(["report.pdf", "policy"])
    return replace(case, files=case.files | {name: edit(rng, case.files[name])})


def entry_left_out(rng: Random) -> Case:
    """A pack without an instruction, an outcome, a photo or a field: what is there still holds."""
    bundle = orjson.loads(true_world().pack["bundle.json"])
    bundle["entries"] = [
        each for each in bundle["entries"] if each["index"] not in rng.choice([(11,), (2, 11)])
    ]
    photos = {name: content for name, content in true_world().pack.items() if name.startswith("photos/")}
    if rng.random() < 0.5:
        bundle["openings"] = []
    return pack(pack_files(bundle) | photos, expected=ACCEPT)


def unknown_signature(rng: Random) -> Case:
    """A signature line by nobody that the policy knows is ignored, as signed-note says."""
    line = f"\u2014 other.example {text(rng.randbytes(rng.randrange(5, 90)))}\n".encode()
    case = proof_of(rng)
    files = case.files | {"proof": case.files["proof"] + line}
    return replace(case, files=files, expected=ACCEPT)
