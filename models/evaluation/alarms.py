"""Intact packages that must not be called: the limits as shipped, on hand-held photos."""

import numpy as np

from models.errors import BadImage, FolderMissing
from models.evaluation.book import Alarms, Book, Called
from models.evaluation.bootstrap import draw_weights, estimate
from models.evaluation.folders import Item, items_in
from models.evaluation.folders import Selection as Everything
from models.evaluation.methods import shipped
from models.evaluation.metrics import Flags, Numbers, share
from models.evaluation.span import span_of
from models.evaluation.splits import draw_references
from models.evaluation.workshop import Workshop

NAME = "grocery_package"
WORST = 5


def run_alarms(shop: Workshop) -> Book:
    """8 references of each class (seed 0), every other picture of it looked at; raises FolderMissing."""
    folder = shop.setup.data / NAME
    if not folder.is_dir():
        raise FolderMissing(f"there is no folder {folder}")
    items: list[Item] = []
    called: list[bool] = []
    classes = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    for number, kind in enumerate(classes, start=1):
        seen = look_at(shop, items_in(kind, Everything(good=kind.name)))
        items += [item for item, _ in seen]
        called += [flag for _, flag in seen]
        shop.progress(f"{NAME}: comparing", number, len(classes))
    return Book(alarms={NAME: alarms_of(shop, items, np.array(called))})


def look_at(shop: Workshop, pictures: list[Item]) -> list[tuple[Item, bool]]:
    """The pictures of one class beside the references, and which of them are called different."""
    references = draw_references(pictures, shots=shop.shots, seed=0)
    fitted = shipped(shop.backbone).fit([item.path.read_bytes() for item in references])
    chosen = {item.name for item in references}
    seen = []
    for item in pictures:
        if item.name not in chosen:
            try:
                looked = fitted.look(item.path.read_bytes())
            except BadImage:
                continue
            if looked.limit is not None:
                seen.append((item, looked.score > looked.limit))
    return seen


def alarms_of(shop: Workshop, items: list[Item], called: Flags) -> Alarms:
    """Rate with the interval of whole classes drawn again."""
    grouped = [
        Item(path=item.path, name=item.name, kind=item.kind, good=True, group=item.kind) for item in items
    ]

    def rate(seed: int, weights: Numbers) -> Numbers:
        return share(weights @ called.astype(np.float64), weights.sum(axis=1))

    found = span_of(estimate(rate, [np.arange(len(items))], draw_weights(grouped)))
    if found is None:
        raise FolderMissing(f"no class of {NAME} has a picture to look at")
    by_class = {
        kind: Called(
            called=float(sum(flag for item, flag in zip(items, called, strict=True) if item.kind == kind)),
            of=float(sum(item.kind == kind for item in items)),
        )
        for kind in sorted({item.kind for item in items})
    }
    worst = sorted(by_class, key=lambda kind: -by_class[kind].called / by_class[kind].of)[:WORST]
    return Alarms(
        measured=shop.today,
        classes=len(by_class),
        pictures=len(items),
        called=int(called.sum()),
        rate=found,
        worst={kind: by_class[kind] for kind in worst},
    )
