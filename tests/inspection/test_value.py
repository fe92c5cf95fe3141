"""Expected value, exact: the worked example, and what scaling must not change."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.catalogue import Product, Recovery, RepairRoute
from inspection.grades import Channel, Disposition, Grade, GradeShares
from inspection.value import DISPOSITION_OF, options

LIKELY_NEW = GradeShares(new=930_000, used=60_000, damaged=10_000)
MONEY = st.integers(0, 10_000_00)
PPM = st.integers(0, 1_000_000)
RECOVERY = st.builds(
    Recovery,
    grade=st.sampled_from([Grade.NEW, Grade.USED, Grade.DAMAGED]),
    channel=st.sampled_from([c for c in Channel if c != Channel.HOLD_AREA]),
    price_minor=MONEY,
    sale_ppm=PPM,
    cost_minor=MONEY,
)
ROUTE = st.builds(RepairRoute, name=st.just("r"), cost_minor=MONEY, success_ppm=PPM, price_after_minor=MONEY)


@st.composite
def any_shares(draw: st.DrawFn) -> GradeShares:
    one, other = sorted((draw(PPM), draw(PPM)))
    return GradeShares(new=one, used=other - one, damaged=1_000_000 - other)


def scaled(product: Product, factor: int) -> Product:
    rows = tuple(
        replace(row, price_minor=row.price_minor * factor, cost_minor=row.cost_minor * factor)
        for row in product.recovery
    )
    route = product.repair and replace(
        product.repair,
        cost_minor=product.repair.cost_minor * factor,
        price_after_minor=product.repair.price_after_minor * factor,
    )
    return replace(
        product,
        list_price_minor=product.list_price_minor * factor,
        misgrade_loss_minor=product.misgrade_loss_minor * factor,
        recovery=rows,
        repair=route,
    )


def test_the_worked_example_restocks_for_64_53_before_an_open_box_for_45_44(shoe: Product) -> None:
    weighed = options(shoe, Grade.NEW, LIKELY_NEW, [Channel.RESTOCK, Channel.OPEN_BOX])
    assert [(o.channel, o.expected_minor) for o in weighed] == [
        (Channel.RESTOCK, 6453),
        (Channel.OPEN_BOX, 4544),
    ]


def test_the_loss_of_selling_used_goods_as_new_counts_for_restock_only(shoe: Product) -> None:
    dear = replace(shoe, misgrade_loss_minor=100_000)
    weighed = options(dear, Grade.NEW, LIKELY_NEW, [Channel.RESTOCK, Channel.OPEN_BOX])
    assert [(o.channel, o.expected_minor) for o in weighed] == [
        (Channel.OPEN_BOX, 4544),
        (Channel.RESTOCK, -232),
    ]


def test_a_repair_is_worth_its_chance_of_the_price_after_less_its_cost(shoe: Product) -> None:
    (repair,) = options(shoe, Grade.DAMAGED, LIKELY_NEW, [Channel.REFURBISH])
    assert (repair.expected_minor, repair.disposition) == (2300, Disposition.REPAIR)


def test_a_channel_without_a_price_for_the_grade_is_no_option(shoe: Product) -> None:
    assert options(shoe, Grade.DAMAGED, LIKELY_NEW, [Channel.RESTOCK, Channel.PARTS]) == ()
    unrepairable = replace(shoe, repair=None)
    assert options(unrepairable, Grade.DAMAGED, LIKELY_NEW, [Channel.REFURBISH]) == ()


def test_every_channel_has_a_disposition() -> None:
    assert set(DISPOSITION_OF) == set(Channel)
    assert set(DISPOSITION_OF.values()) == set(Disposition)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RECOVERY, max_size=8), st.none() | ROUTE, any_shares(), st.integers(1, 1_000))
def test_scaling_every_price_keeps_the_order_and_scales_the_worth_exactly(
    shoe: Product, rows: list[Recovery], route: RepairRoute | None, shares: GradeShares, factor: int
) -> None:
    product = replace(shoe, recovery=tuple(rows), repair=route)
    once = options(product, Grade.USED, shares, list(Channel))
    often = options(scaled(product, factor), Grade.USED, shares, list(Channel))
    assert [(o.channel, o.worth * factor) for o in once] == [(o.channel, o.worth) for o in often]
