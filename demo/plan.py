"""What happens in a run, decided beforehand from a seed: items, truths, answers, bad input.

Pure: the same options give the same plan. The expected refund is what `inspection.refund` says of
the truth, so a run is right only if the whole chain, from the tag to the shop, comes to the same.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from demo.goods import CURRENCY, DRAWN, MERCHANT, UNPRICED, Good, photographed
from demo.pictures import GOOD, Album, Picture, drawn, drawn_references, from_drawn_set
from demo.wares import WARES
from inspection.disposition import decide
from inspection.grades import Disposition, Grade
from inspection.grading import Grading
from inspection.identity.epc import sgtin96_for
from inspection.messages.catalogue import ProductMessage, UnitMessage
from inspection.policy import DEFAULT_POLICY
from inspection.reasons import ReasonCode
from inspection.refund import RefundKind, target_total
from inspection.returns import ReturnReason
from inspection.verdict import Proposal, Verdict, escalate, override

REASONS = (
    ReturnReason.CHANGED_MIND,
    ReturnReason.DEFECTIVE,
    ReturnReason.OTHER,
    ReturnReason.WRONG_SIZE,
    ReturnReason.DAMAGED_IN_TRANSIT,
    ReturnReason.NOT_AS_DESCRIBED,
)
GRADES = (Grade.NEW, Grade.USED, Grade.DAMAGED, Grade.NEW, Grade.USED)
ESCALATED_EVERY = 17
DRAWN_EVERY = 6
"""With photos, every so many-eth item is drawn: photos know no `used`."""
MIXED_IN = (DRAWN[0], DRAWN[1], UNPRICED)
"""What is drawn then: between them every disposition, and a product without a price."""
FIRST_PHOTO_ITEM = 100
"""Item number inside the GTINs of photographed products."""


class Way(StrEnum):
    """How an item is recognised on the bench."""

    SERIAL_TAG = "serial_tag"
    MQTT_TAG = "mqtt_tag"
    SLIP = "slip"
    """The unit id on its return slip, as a barcode."""
    GS1_CODE = "gs1_code"
    """GTIN and serial number in a GS1 DataMatrix."""


TAGGED = frozenset({Way.SERIAL_TAG, Way.MQTT_TAG})


class Twist(StrEnum):
    """Bad input that comes with an item."""

    UNKNOWN_TAG = "unknown_tag"
    NO_ITEM_TAG = "no_item_tag"
    BLANK_TAG = "blank_tag"
    TWO_TAGS = "two_tags"
    LINE_NOISE = "line_noise"
    BAD_CHECKSUM = "bad_checksum"
    MQTT_NONSENSE = "mqtt_nonsense"
    SCANNER_NOISE = "scanner_noise"
    UNKNOWN_BARCODE = "unknown_barcode"
    BAD_BARCODE = "bad_barcode"
    BROKEN_PICTURE = "broken_picture"
    WRONG_BIN = "wrong_bin"
    DUPLICATE_ITEM = "duplicate_item"
    CANCELLED = "cancelled"
    """The shop cancels while the item is on the bench: the centre refuses the record for good."""


EVERYWHERE = (
    Twist.UNKNOWN_TAG,
    Twist.BROKEN_PICTURE,
    Twist.CANCELLED,
    Twist.TWO_TAGS,
    Twist.WRONG_BIN,
    Twist.NO_ITEM_TAG,
    Twist.UNKNOWN_BARCODE,
    Twist.DUPLICATE_ITEM,
    Twist.BLANK_TAG,
    Twist.BAD_BARCODE,
    Twist.SCANNER_NOISE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchKind:
    """What a bench reads tags with decides how its items are recognised, and what can go wrong."""

    ways: tuple[Way, ...]
    twists: tuple[Twist, ...]


SERIAL_BENCH = BenchKind(
    ways=(Way.SERIAL_TAG, Way.SERIAL_TAG, Way.SLIP, Way.SERIAL_TAG, Way.GS1_CODE),
    twists=(Twist.LINE_NOISE, Twist.BAD_CHECKSUM, *EVERYWHERE),
)
MQTT_BENCH = BenchKind(
    ways=(Way.MQTT_TAG, Way.GS1_CODE, Way.MQTT_TAG, Way.SLIP, Way.MQTT_TAG),
    twists=(Twist.MQTT_NONSENSE, *EVERYWHERE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedItem:
    """One thing that will lie on a bench, and what must come of it."""

    number: int
    bench: int
    good: Good
    unit: UnitMessage
    way: Way
    truth: Grade
    picture: Picture
    escalated: bool
    """The inspector hands it on instead of grading it."""
    twists: tuple[Twist, ...] = ()
    grade: Grade
    """Expected in the verdict; `ungraded` where it is handed on."""
    disposition: Disposition
    kind: RefundKind
    total_minor: int

    @property
    def recorded(self) -> bool:
        """False for the one that the centre has to refuse."""
        return Twist.CANCELLED not in self.twists

    @property
    def settled(self) -> bool:
        """True where the shop has to pay, or to confirm that nothing more is owed."""
        return self.recorded and self.kind in (RefundKind.APPROVE, RefundKind.PARTIAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole run."""

    items: tuple[PlannedItem, ...]
    products: tuple[ProductMessage, ...]
    references: Mapping[str, tuple[Picture, ...]]
    """Pictures of good units by SKU."""
    photos_exhausted: tuple[str, ...] = ()
    """Folders whose photos did not suffice; the items after that are drawn."""

    @property
    def counted(self) -> tuple[PlannedItem, ...]:
        """The inspectable items: all but those that the centre has to refuse."""
        return tuple(item for item in self.items if item.recorded)


@dataclass(slots=True, kw_only=True)
class Planner:
    """Makes items one after the other; the state is only what was handed out."""

    seed: int
    benches: Sequence[BenchKind]
    albums: tuple[Album, ...] = ()
    prefix: str = "RMA"
    """Of authorization ids: several plans in one warehouse need several."""
    fresh: bool = True
    """False: pictures come from the committed set, and again and again; that is quicker."""
    exhausted: set[str] = field(default_factory=set)
    _made: int = 0

    def plan(self, count: int, twisted: bool = True) -> Plan:
        """A run of `count` inspectable items; what the centre has to refuse comes on top."""
        extra = len(self.benches) if twisted else 0
        items = [self.item() for _ in range(count + extra)]
        if twisted:
            items = list(self._twisted(items))
        return Plan(
            items=tuple(items),
            products=tuple(good.product for good in self.goods),
            references={good.product.sku: self._references(good) for good in self.goods},
            photos_exhausted=tuple(sorted(self.exhausted)),
        )

    @property
    def goods(self) -> tuple[Good, ...]:
        """Everything that may come."""
        photos = (photographed(album.folder, FIRST_PHOTO_ITEM + n) for n, album in enumerate(self.albums))
        return (*DRAWN, *photos)

    def item(self) -> PlannedItem:
        """The next item, without bad input."""
        self._made += 1
        number = self._made
        dice = random.Random(f"{self.seed}/{number}")  # noqa: S311 (a plan, not a secret)
        good, truth, picture = self._shown(number, dice)
        bench = number % len(self.benches)
        ways = self.benches[bench].ways
        way = ways[number // len(self.benches) % len(ways)]
        unit = self._unit(number, good, way, dice)
        return expected(
            PlannedItem(
                number=number,
                bench=bench,
                good=good,
                unit=unit,
                way=way,
                truth=truth,
                picture=picture,
                escalated=number % ESCALATED_EVERY == 0,
                grade=truth,
                disposition=Disposition.HOLD,
                kind=RefundKind.HOLD,
                total_minor=0,
            )
        )

    def _shown(self, number: int, dice: random.Random) -> tuple[Good, Grade, Picture]:
        if self.albums and number % DRAWN_EVERY:
            truth = dice.choice((Grade.NEW, Grade.DAMAGED))
            shown = self._photo(number, truth)
            if shown is not None:
                return shown
        if self.albums:
            return self._drawn(number, dice, MIXED_IN[number // DRAWN_EVERY % len(MIXED_IN)], Grade.USED)
        return self._drawn(number, dice, DRAWN[dice.randrange(len(DRAWN))], GRADES[number % len(GRADES)])

    def _photo(self, number: int, truth: Grade) -> tuple[Good, Grade, Picture] | None:
        """The next photo of a truth: the products take turns, as long as they have any."""
        first = number // DRAWN_EVERY + number % DRAWN_EVERY
        for turn in range(first, first + len(self.albums)):
            album = self.albums[turn % len(self.albums)]
            photo = album.take(truth)
            if photo is not None:
                item = FIRST_PHOTO_ITEM + turn % len(self.albums)
                return photographed(album.folder, item), truth, photo
            self.exhausted.add(f"{album.folder}/{truth.value}")
        return None

    def _drawn(
        self, number: int, dice: random.Random, good: Good, truth: Grade
    ) -> tuple[Good, Grade, Picture]:
        fits = [name for name in WARES[good.pictures].defects if name.startswith(truth.value)]
        condition = dice.choice(fits) if fits else GOOD
        if not self.fresh:
            return good, truth, from_drawn_set(good.pictures, condition, number)
        return good, truth, drawn(good.pictures, condition, self.seed % 1000 * 10_000 + number)

    def _unit(self, number: int, good: Good, way: Way, dice: random.Random) -> UnitMessage:
        authorization = f"{self.prefix}-{number:05d}"
        epc = sgtin96_for(good.product.gtin, self._serial(number)).encode().hex() if way in TAGGED else None
        return UnitMessage(
            merchant=MERCHANT,
            id=f"{authorization}/1/1",
            authorization=authorization,
            order=f"O-{self.prefix}-{number:05d}",
            customer=f"C-{dice.randrange(10_000):04d}",
            line=1,
            index=1,
            sku=good.product.sku,
            epc=epc,
            serial=None if epc else f"{self.prefix}{number}",
            paid_minor=good.product.list_price_minor - dice.randrange(0, 500),
            currency=CURRENCY,
            reason=REASONS[number % len(REASONS)],
            parcel=f"P-{self.prefix}-{number // 10:04d}",
        )

    def _serial(self, number: int) -> int:
        """A tag's serial number, 38 bits: plans of different seeds may share a warehouse."""
        return self.seed % 1_000_000 * 100_000 + number

    def _references(self, good: Good) -> tuple[Picture, ...]:
        if good.drawn:
            return drawn_references(good.pictures)
        return next(album.references for album in self.albums if album.folder == good.pictures)

    def _twisted(self, items: list[PlannedItem]) -> Iterator[PlannedItem]:
        """Spread each bench's bad input over its items."""
        given: dict[int, list[Twist]] = {item.number: [] for item in items}
        for bench, kind in enumerate(self.benches):
            mine = [item for item in items if item.bench == bench]
            for turn, twist in enumerate(kind.twists):
                if mine:
                    given[mine[turn * len(mine) // len(kind.twists)].number].append(twist)
        yield from (replace(item, twists=tuple(given[item.number])) for item in items)


def expected(item: PlannedItem) -> PlannedItem:
    """Fill in what must come of an item: verdict by the rules, refund by the verdict."""
    product = item.good.product.product()
    unit = item.unit.expected(product).unit
    unseen = Grading(
        grade=Grade.UNGRADED,
        condition=None,
        shares=None,
        reasons=(),
        ungraded_reason=ReasonCode.NO_REFERENCE,
        findings=(),
    )
    proposal = Proposal(grading=unseen, decision=decide(product, unit, unseen, DEFAULT_POLICY))
    verdict: Verdict = (
        escalate(proposal, DEFAULT_POLICY)
        if item.escalated
        else override(proposal, item.truth, None, product, unit, DEFAULT_POLICY)
    )
    refund = target_total(unit, verdict, DEFAULT_POLICY)
    return replace(
        item,
        grade=verdict.grade,
        disposition=verdict.disposition,
        kind=refund.kind,
        total_minor=refund.target_total_minor,
    )
