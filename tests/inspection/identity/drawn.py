"""Tags drawn by Hypothesis: every scheme that this program can write."""

from typing import Any

from hypothesis import strategies as st

from inspection.identity.assets import (
    Gdti96,
    Gdti113,
    Gdti174,
    Giai96,
    Giai202,
    Grai96,
    Grai170,
    Sgln96,
    Sgln195,
)
from inspection.identity.check_digit import CHECKED, check_digit
from inspection.identity.classic import ClassicEpc
from inspection.identity.data import FORMS, Data
from inspection.identity.items import Itip110, Itip212, Sgtin96, Sgtin198, Sscc96
from inspection.identity.moments import DayOrDays, Moment, MomentOf
from inspection.identity.partitions import PREFIX_BITS, PREFIX_DIGITS
from inspection.identity.parts import Adi, CpiVar
from inspection.identity.plus import DATES, HEADERS, KEYS, PlusEpc
from inspection.identity.text import LETTERS_82
from inspection.identity.values import (
    BinaryDigits,
    Country,
    Delimited,
    Digits,
    FixedDigits,
    Flag,
    Form,
    Joined,
    Minus,
    OneOfSome,
    Text,
)

NUMBERS = "0123456789"
ALPHABETS = (
    NUMBERS,
    "0123456789ABCDEF",
    "0123456789abcdef",
    "ABCXYZ059-",
    "abcXYZ059_-",
    "".join(LETTERS_82),
)


def digits(least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text(NUMBERS, min_size=least, max_size=least if most is None else most)


def letters(least: int, most: int, allowed: frozenset[str] = LETTERS_82) -> st.SearchStrategy[str]:
    """Texts that suit each of the encodings."""
    fitting = [sorted(set(alphabet) & allowed) for alphabet in ALPHABETS]
    return st.one_of(*(st.text(alphabet, min_size=least, max_size=most) for alphabet in fitting))


@st.composite
def company(draw: st.DrawFn, together: int) -> dict[str, Any]:
    """Filter, prefix and reference of a fixed number of digits together."""
    length = draw(st.sampled_from(PREFIX_DIGITS))
    number = draw(digits(together))
    return {
        "filter": draw(st.integers(0, 7)),
        "company_prefix": number[:length],
        "reference": number[length:],
    }


@st.composite
def assets(draw: st.DrawFn) -> Giai96:
    place = draw(st.integers(0, 6))
    return Giai96(
        filter=draw(st.integers(0, 7)),
        company_prefix=draw(digits(PREFIX_DIGITS[place])),
        reference=str(draw(st.integers(0, (1 << 82 - PREFIX_BITS[place]) - 1))),
    )


@st.composite
def long_assets(draw: st.DrawFn) -> Giai202:
    prefix = draw(st.sampled_from(PREFIX_DIGITS).flatmap(digits))
    reference = draw(letters(1, 30 - len(prefix)))
    return Giai202(filter=draw(st.integers(0, 7)), company_prefix=prefix, reference=reference)


def numbered(kind: type[Any], together: int, **serial: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(lambda head, **tail: kind(**head, **tail), company(together), **serial)


SERIALS, PLACES, PIECES = st.integers(0, 2**38 - 1), st.integers(0, 2**41 - 1), st.integers(0, 99)
CLASSIC: st.SearchStrategy[ClassicEpc] = st.one_of(
    numbered(Sgtin96, 13, serial=SERIALS),
    numbered(Sgtin198, 13, serial=letters(1, 20)),
    numbered(Sscc96, 17),
    numbered(Itip110, 13, piece=PIECES, total=PIECES, serial=SERIALS.map(str)),
    numbered(Itip212, 13, piece=PIECES, total=PIECES, serial=letters(1, 20)),
    numbered(Grai96, 12, serial=SERIALS),
    numbered(Grai170, 12, serial=letters(1, 16)),
    numbered(Sgln96, 12, serial=PLACES),
    numbered(Sgln195, 12, serial=letters(1, 20)),
    numbered(Gdti96, 12, serial=PLACES),
    numbered(Gdti174, 12, serial=letters(1, 17)),
    numbered(Gdti113, 12, serial=digits(1, 17).filter(lambda serial: int("1" + serial) < 2**58)),
    assets(),
    long_assets(),
)

LETTERS = NUMBERS + "ABCDEFGHJKXYZ-/"
SERIAL = st.text(LETTERS, min_size=1, max_size=29)
ADIS = st.builds(
    Adi,
    filter=st.integers(0, 63),
    maker=st.text("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", min_size=5, max_size=6),
    part=st.text(LETTERS, max_size=32),
    serial=SERIAL | SERIAL.map("#{}".format),
)
CPIS = st.builds(
    CpiVar,
    filter=st.integers(0, 7),
    company_prefix=st.sampled_from(PREFIX_DIGITS).flatmap(digits),
    component=st.text(LETTERS + "#", min_size=1, max_size=18),
    serial=st.integers(0, 10**12 - 1),
)

TIMES = st.datetimes().map(lambda moment: moment.strftime("%y%m%d%H%M%S"))
DAYS = st.dates().map(lambda day: day.strftime("%y%m%d"))


def moments(form: Moment | DayOrDays | MomentOf) -> st.SearchStrategy[str]:
    match form:
        case Moment(digits=count):
            return TIMES.map(lambda moment: moment[:count])
        case MomentOf(allowed=allowed):
            return st.builds(lambda moment, count: moment[:count], TIMES, st.sampled_from(allowed))
    return DAYS | st.builds(str.__add__, DAYS, DAYS)


def values(form: Form) -> st.SearchStrategy[str]:
    """What one form can write; check digits come later."""
    match form:
        case FixedDigits(count=count) | BinaryDigits(count=count):
            return digits(count)
        case Digits(most=most, least=least):
            return digits(least, most)
        case Text(most=most, least=least, letters=allowed):
            return letters(least, most, allowed)
        case Delimited(most=most, letters=allowed):
            return st.builds(
                lambda front, back: (front + back)[:most], digits(4, 12), letters(0, 18, allowed)
            )
        case Moment() | DayOrDays() | MomentOf():
            return moments(form)
        case Flag():
            return st.sampled_from("01")
        case Minus():
            return st.sampled_from(["", "-"])
        case Country():
            return st.text("ABCXYZ", min_size=2, max_size=2)
        case OneOfSome():
            return st.builds("{}/{}".format, st.integers(1, 9), st.integers(1, 9))
        case Joined(front=front, back=back):
            return st.builds(lambda *both: "".join(both), values(front), values(back))
    raise AssertionError(form)


def checked(identifier: str, value: str) -> str:
    """The value with the check digit that belongs there."""
    place = CHECKED.get(identifier)
    if place is None:
        return value
    if identifier == "8003":
        value = "0" + value[1:]
    return value[: place.stop - 1] + check_digit(value[place][:-1]) + value[place.stop :]


def known(identifier: str, form: Form) -> st.SearchStrategy[str]:
    return values(form).map(lambda value: checked(identifier, value))


DATA: st.SearchStrategy[Data] = st.lists(
    st.sampled_from(sorted(set(FORMS) - {"00"})).flatmap(
        lambda identifier: st.tuples(st.just(identifier), known(identifier, FORMS[identifier]))
    ),
    max_size=2,
).map(tuple)

HOSTS = st.one_of(
    st.sampled_from(
        ["id.example.com", "EXAMPLE.COM", "qr.shop.co.uk", "www.a.de", "id.gs1.org", "x.tech:8443"]
    ),
    st.from_regex(
        r"[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,12}[a-zA-Z0-9])?(\.(com|de|co\.uk|net\.cn))?", fullmatch=True
    ),
)


@st.composite
def plus(draw: st.DrawFn) -> PlusEpc:
    scheme = draw(st.sampled_from(sorted(HEADERS.values())))
    name = scheme.rstrip("+")
    dated, hosted = name == "DSGTIN", scheme.endswith("++")
    return PlusEpc(
        scheme=scheme,
        filter=draw(st.integers(0, 7)),
        values=tuple(draw(known(identifier, form)) for identifier, form in KEYS[name].items()),
        date=(draw(st.sampled_from(DATES)), draw(DAYS)) if dated else None,
        host=draw(HOSTS) if hosted else None,
        data=draw(DATA),
    )
