"""What the demo's shop sells: products with prices that lead to every disposition."""

from dataclasses import dataclass

from inspection.grades import Channel, Grade
from inspection.identity.check_digit import check_digit
from inspection.messages.catalogue import ProductMessage, RecoveryMessage, RepairRouteMessage

MERCHANT = "blue"
CURRENCY = "CNY"
WEIGHT_G, TOLERANCE_G = 300, 20
"""Every product weighs about as much; no picture says how much it really is."""
N, U, D = Grade.NEW, Grade.USED, Grade.DAMAGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """A product of the catalogue and the pictures that show it."""

    product: ProductMessage
    pictures: str
    """Name of a drawn ware, or of a folder of photos."""
    drawn: bool = True


def gtin(item: int) -> str:
    """A GTIN-14 under a company prefix of seven digits; `item` is 0..99999."""
    digits = f"09521141{item:05d}"  # 952 is GS1's prefix for demonstrations
    return digits + check_digit(digits)


def price(grade: Grade, channel: Channel, price_minor: int, cost_minor: int = 100) -> RecoveryMessage:
    """One row of what a product still brings."""
    return RecoveryMessage(grade=grade, channel=channel, price_minor=price_minor, cost_minor=cost_minor)


def _product(
    sku: str, item: int, title: str, category: str, list_minor: int, **more: object
) -> ProductMessage:
    common = {
        "merchant": MERCHANT,
        "sku": sku,
        "gtin": gtin(item),
        "title": title,
        "category": category,
        "currency": CURRENCY,
        "list_price_minor": list_minor,
        "weight_g": WEIGHT_G + item,
        "weight_tolerance_g": TOLERANCE_G,
    }
    return ProductMessage.model_validate(common | more)


def _sold_as_it_is(list_minor: int) -> tuple[RecoveryMessage, ...]:
    """New and used are sold again; damaged is recycled."""
    return (
        price(N, Channel.RESTOCK, list_minor * 95 // 100),
        price(N, Channel.OPEN_BOX, list_minor * 70 // 100),
        price(U, Channel.OPEN_BOX, list_minor * 60 // 100),
        price(D, Channel.RECYCLE, 50, 20),
    )


def _mended(name: str, list_minor: int) -> RepairRouteMessage:
    return RepairRouteMessage(
        name=name, cost_minor=list_minor // 10, success_ppm=950_000, price_after_minor=list_minor * 85 // 100
    )


LEAF_MUG = Good(
    pictures="mug",
    product=_product(
        "MUG-LEAF",
        1,
        "Leaf mug 350 ml",
        "tableware",
        8900,
        recovery=_sold_as_it_is(8900),
        misgrade_loss_minor=4000,
    ),
)
"""New and used: resale; damaged: scrap."""

GIFT_BOX = Good(
    pictures="carton",
    product=_product(
        "GIFT-BOX",
        2,
        "Gift box, sealed",
        "carton",
        25900,
        recovery=(
            price(N, Channel.RESTOCK, 24000),
            price(N, Channel.OPEN_BOX, 15000),
            price(U, Channel.OPEN_BOX, 6000),
        ),
        repair=_mended("repack", 25900),
    ),
)
"""New: resale; used and damaged: repair."""

SHAMPOO = Good(
    pictures="bottle",
    product=_product(
        "FERN-500", 3, "Fern shampoo 500 ml", "cosmetics", 5900, recovery=_sold_as_it_is(5900), hygiene=True
    ),
)
"""New: resale; anything else: scrap, by the hygiene stop."""

UNPRICED = Good(
    pictures="carton",
    product=_product(
        "BOX-PLAIN", 4, "Plain box", "carton", 3900, recovery=(price(N, Channel.RESTOCK, 3500),)
    ),
)
"""Lacks the prices of used and damaged: held."""

DRAWN = (LEAF_MUG, GIFT_BOX, SHAMPOO, UNPRICED)
CATEGORY_OF_PHOTOS = {"bottle": "general", "filled_bottle": "beverage", "phone_screen": "electronics"}
"""Folders of `--photos`, and the rubric by which each is judged."""


def photographed(folder: str, item: int) -> Good:
    """A product that is shown by photos."""
    title = folder.replace("_", " ").capitalize()
    product = _product(
        folder.upper().replace("_", "-"),
        item,
        title,
        CATEGORY_OF_PHOTOS[folder],
        12900,
        recovery=_sold_as_it_is(12900),
    )
    return Good(product=product, pictures=folder, drawn=False)
