"""Attacks on an evidence pack: entries, fields and photos."""

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from random import Random
from typing import Any

import orjson

from tests.kit.attacks import (
    Attack,
    Case,
    edit,
    edited,
)
from tests.kit.attacks_with_keys import retold
from tests.kit.world import (
    PACKED,
    STORY,
    Files,
    image_row,
    instruction,
    new_log,
    pack_files,
    pack_of,
    photo,
    seeded,
    tell,
    text,
    true_world,
    world_of,
)


def pack(files: Files, **changes: Any) -> Case:
    return replace(Case(files=dict(files), policy=true_world().policy), **changes)


def pack_edit(name: str, pattern: bytes | None = None) -> Attack:
    def attack(rng: Random) -> Case:
        case = pack(true_world().pack)
        chosen = rng.choice(sorted(each for each in case.files if re.match(name, each)))
        return edited(rng, case, chosen, pattern)

    return attack


def pack_bundle(change: Callable[[Random, dict[str, Any], Files], None]) -> Attack:
    """The bundle written anew with something changed, and all copies with it."""

    def attack(rng: Random) -> Case:
        files = dict(true_world().pack)
        bundle = orjson.loads(files["bundle.json"])
        photos = {name: files[name] for name in files if name.startswith("photos/")}
        change(rng, bundle, photos)
        return pack(pack_files(bundle) | photos)

    return attack


def entry_dropped(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    del bundle["entries"][rng.randrange(2)]


def entries_moved(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    one, other = rng.sample(range(len(PACKED)), 2)
    entries = bundle["entries"]
    entries[one], entries[other] = entries[other], entries[one]


def entry_index(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    rng.choice(bundle["entries"])["index"] += rng.choice([1, 20])


def entry_leaf(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    entry = rng.choice(bundle["entries"])
    entry["leaf"] = text(edit(rng, base64.b64decode(entry["leaf"])))


def entry_of_other(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    """A verdict of another unit, truly proven."""
    index = rng.choice([4, 7, 9, 12])
    world = true_world()
    added = {"index": index, "leaf": text(world.log.leaves[index]), "proof": world.proofs[index].decode()}
    bundle["entries"] = sorted([*bundle["entries"], added], key=lambda each: int(each["index"]))


def opening_value(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    bundle["openings"][0]["value"] = f"O-{rng.randrange(2, 10**6)}"


def opening_salt(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    bundle["openings"][0]["salt"] = text(seeded(f"{rng.random()}"))


def opening_field(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    bundle["openings"][0]["field"] = rng.choice(["customer", "inspector", "note", "tag"])


def photos_swapped(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    one, other = sorted(photos)
    photos[one], photos[other] = photos[other], photos[one]


def photo_retouched(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    """Another photo with its true hash: only the commitment tells."""
    row = rng.choice(bundle["images"])
    photos[row["file"]] = edit(rng, photos[row["file"]])
    row["sha256"] = sha256(photos[row["file"]]).hexdigest()


def photo_of_other(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    """The true photo of another unit."""
    record, counter = bundle["images"][0]["record"], rng.choice([2, 3, 4, 5])
    row = image_row(record, counter, rng.choice(["top", "left"]))
    bundle["images"].append(row)
    photos[row["file"]] = photo(counter, row["view"])


def photo_stray(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    photos[f"photos/{rng.randrange(10**6)}.jpg"] = seeded("a stray photo")


def photo_missing(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    del photos[rng.choice(sorted(photos))]


def photo_view(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    rng.choice(bundle["images"])["view"] = rng.choice(["back", "front"])


def bundle_of_other(rng: Random, bundle: dict[str, Any], photos: Files) -> None:
    name = rng.choice(["unit", "merchant", "origin"])
    bundle[name] = {"unit": "R2/1/1", "merchant": "m2", "origin": "centre.example/site/s2"}[name]


CONTRADICTIONS: tuple[dict[str, Any], ...] = (
    {"grade": "new"},
    {"disposition": "scrap"},
    {"site": "s2"},
    {"images": [seeded("another image").hex()]},
    {"exception": "empty_box"},
    {"order_commitment": seeded("another order").hex()},
    {"order_commitment": None},
)


def contradicting(rng: Random) -> Case:
    """The centre signs an instruction that its verdict denies, and a witness sees it."""
    changes = rng.choice(CONTRADICTIONS)
    story = (*STORY[:2], lambda log: instruction(log, 1, **changes), *STORY[3:])
    world = world_of(tell(new_log(), story))
    return pack(world.pack)


def pack_unwitnessed(rng: Random) -> Case:
    """A pack out of a history that the holder of the log's key made alone."""
    log = retold(rng, first=3)
    return pack(pack_of(log, world_of(log, witnessed=False).proofs, (0, 1, 2)))
