"""Money: decimal text and integer minor units, by the exponents of ISO 4217. Pure and exact.

Source: ISO 4217, list one as of January 2026. Codes without a minor unit (metals,
funds, XTS, XXX) are not here: nobody is paid back in them.
"""

import re

from inspection.errors import BadAmount, UnknownCurrency

LARGEST_MINOR = 2**53 - 1
"""As far as every reader of JSON counts exactly."""
AMOUNT = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,16}))?")

_BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
    MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED
    VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS: dict[str, int] = {
    code: exponent for exponent, codes in _BY_EXPONENT.items() for code in codes.split()
}
"""Digits behind the point, by alphabetic code."""


def exponent_of(currency: str) -> int:
    """How many digits a currency has behind the point; raises UnknownCurrency."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(f"{currency[:8]!r} is no currency of ISO 4217 that is in use") from None


def minor_of(text: str, currency: str) -> int:
    """Read a decimal amount: `12.30` in EUR is 1230. Zeros behind the currency's last digit are fine.

    Raises UnknownCurrency, and BadAmount for a sign, an exponent, a blank, too many decimals or too much.

    >>> minor_of("12.3", "EUR"), minor_of("12", "JPY"), minor_of("0.305", "KWD"), minor_of("7.00", "JPY")
    (1230, 12, 305, 7)
    """
    exponent, found = exponent_of(currency), AMOUNT.fullmatch(text)
    if found is None:
        raise BadAmount("an amount is digits with at most one point, without a sign", fault="form")
    decimals = (found[2] or "").rstrip("0")
    if len(decimals) > exponent:
        said = f"{currency} has {exponent} decimals, the amount has {len(decimals)}"
        raise BadAmount(said, fault="decimals")
    amount = int(found[1] + decimals.ljust(exponent, "0"))
    if amount > LARGEST_MINOR:
        raise BadAmount(f"an amount is at most {LARGEST_MINOR} minor units", fault="size")
    return amount


def text_of(amount_minor: int, currency: str) -> str:
    """Write minor units as a decimal amount that `minor_of` takes back, with all digits of the currency.

    Raises UnknownCurrency, and BadAmount for what is negative or too large.

    >>> text_of(1230, "EUR"), text_of(12, "JPY"), text_of(305, "KWD")
    ('12.30', '12', '0.305')
    """
    exponent = exponent_of(currency)
    if not 0 <= amount_minor <= LARGEST_MINOR:
        raise BadAmount(f"an amount is 0 to {LARGEST_MINOR} minor units", fault="size")
    whole, rest = divmod(amount_minor, 10**exponent)
    return f"{whole}.{rest:0{exponent}d}" if exponent else str(whole)
