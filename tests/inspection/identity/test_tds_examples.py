"""The examples of GS1's own standard: TDS 2.3, annex E.3, in the order of the annex.

Two headers that are misprinted there (SSCC++ and ITIP++) are put right here, and the host of a `++` example
is what the bits say.
"""

from typing import NamedTuple

import pytest

from inspection.errors import BadIdentifier
from inspection.identity.epc import OWN, read_epc
from inspection.identity.faults import Fault
from inspection.identity.parts import PARTS
from inspection.identity.plus import HEADERS, decode_plus


class Example(NamedTuple):
    scheme: str
    hex: str
    link: str | None
    uri: str | None = None


HOST = "id.example.com"
EXAMPLES = [
    Example(
        "SGTIN-96",
        "3066C4409047E140075BCD15",
        "/01/09506000134352/21/123456789",
        "sgtin:95060001343.05.123456789",
    ),
    Example(
        "SGTIN-198",
        "3666C4409047E159B2C2BF100000000000000000000000000000",
        "/01/09506000134352/21/32a%2Fb",
        "sgtin:95060001343.05.32a%2Fb",
    ),
    Example("SGTIN+", "F73795211411234538566CB0AFC4", "/01/79521141123453/21/32a%2Fb"),
    Example("DSGTIN+", "FB342CDE795211411234538566CB0AFC4", "/01/79521141123453/21/32a%2Fb?17=220630"),
    Example("SGTIN++", "FD3795211411234538566CB0AFC525065F1876F0D996D800", "/01/79521141123453/21/32a%2Fb"),
    Example(
        "DSGTIN++",
        "FC342CDE795211411234538566CB0AFC525065F1876F0D996D80",
        "/01/79521141123453/21/32a%2Fb?17=220630",
    ),
    Example("SSCC-96", "311BA1B300CE0A6A83000000", "/00/095201234567891235", "sscc:952012.03456789123"),
    Example("SSCC+", "F90095201234567891235", "/00/095201234567891235"),
    Example("SSCC++", "EF009520123456789123592832F8C3B786CCB6C0", "/00/095201234567891235"),
    Example("SGLN-96", "3276451FD46072000000162E", "/414/9521141123454/254/5678", "sgln:9521141.12345.5678"),
    Example(
        "SGLN-195",
        "3976451FD46072CD9615F8800000000000000000000000000000",
        "/414/9521141123454/254/32a%2Fb",
        "sgln:9521141.12345.32a%2Fb",
    ),
    Example("SGLN+", "F2395211411234548566CB0AFC4", "/414/9521141123454/254/32a%2Fb"),
    Example("SGLN++", "E9395211411234548566CB0AFC525065F1876F0D996D8000", "/414/9521141123454/254/32a%2Fb"),
    Example("GRAI-96", "3376451FD40C0E400000162E", "/8003/095211411234545678", "grai:9521141.12345.5678"),
    Example(
        "GRAI-170",
        "3776451FD40C0E59B2C2BF1000000000000000000000",
        "/8003/0952114112345432a%2Fb",
        "grai:9521141.12345.32a%2Fb",
    ),
    Example("GRAI+", "F13095211411234548566CB0AFC4", "/8003/0952114112345432a%2Fb"),
    Example("GRAI++", "EB3095211411234548566CB0AFC525065F1876F0D996D800", "/8003/0952114112345432a%2Fb"),
    Example("GIAI-96", "3476451FD40000000000162E", "/8004/95211415678", "giai:9521141.5678"),
    Example(
        "GIAI-202",
        "3876451FD59B2C2BF10000000000000000000000000000000000",
        "/8004/952114132a%2Fb",
        "giai:9521141.32a%2Fb",
    ),
    Example("GIAI+", "FA3952114132E83C2BF10", "/8004/952114132a%2Fb"),
    Example("GIAI++", "EE3952114132E83C2BF1494197C61DBC3665B600", "/8004/952114132a%2Fb"),
    Example("GSRN-96", "2D76451FD4499602D2000000", "/8018/952114112345678906", "gsrn:9521141.1234567890"),
    Example("GSRN+", "F43952114112345678906", "/8018/952114112345678906"),
    Example("GSRN++", "E7395211411234567890692832F8C3B786CCB6C0", "/8018/952114112345678906"),
    Example("GSRNP-96", "2E76451FD4499602D2000000", "/8017/952114112345678906", "gsrnp:9521141.1234567890"),
    Example("GSRNP+", "F53952114112345678906", "/8017/952114112345678906"),
    Example("GSRNP++", "E8395211411234567890692832F8C3B786CCB6C0", "/8017/952114112345678906"),
    Example("GDTI-96", "2C76451FD46072000000162E", "/253/95211411234545678", "gdti:9521141.12345.5678"),
    Example(
        "GDTI-174",
        "3E76451FD7039B061438997367D0C18B266D1AB66EE0",
        "/253/9521141987650ABCDefgh012345678",
        "gdti:9521141.98765.ABCDefgh012345678",
    ),
    Example("GDTI+", "F6395211411234540458B8", "/253/95211411234545678"),
    Example("GDTI++", "EA395211411234540458BA4A0CBE30EDE1B32DB0", "/253/95211411234545678"),
    Example("CPI-96", "3C76451FD400C0E680003039", "/8010/952114198765/8011/12345", "cpi:9521141.98765.12345"),
    Example(
        "CPI-var",
        "3D76451FD75411DEF6B4CC00000003039000",
        "/8010/95211415PQ7%2FZ43/8011/12345",
        "cpi:9521141.5PQ7%2FZ43.12345",
    ),
    Example("CPI+", "F0395211415E87A145BAFB4D19A8C0E4", "/8010/95211415PQ7%2FZ43/8011/12345"),
    Example(
        "CPI++",
        "E6395211415E87A145BAFB4D19A8C0E64A0CBE30EDE1B32DB000",
        "/8010/95211415PQ7%2FZ43/8011/12345",
    ),
    Example("SGCN-96", "3F76451FD612640000019907", "/255/952114167890904711", "sgcn:9521141.67890.04711"),
    Example("SGCN+", "F839521141678909509338", "/255/952114167890904711"),
    Example("SGCN++", "EC3952114167890950933C94197C61DBC3665B60", "/255/952114167890904711"),
    Example("GID-96", "3500E86F8000A9E000000586", None, "gid:952056.2718.1414"),
    Example("USDOD-96", "2F320434147455900000162E", None, "usdod:CAGEY.5678"),
    Example("ADI-var", "3B0E0CF5E76C9047759AD00373DC7602E7200", None, "adi:35962.PQ7VZ4.M37GXB92"),
    Example(
        "ITIP-110",
        "4076451FD40C0E40820000000F54",
        "/8006/095211411234540102/21/981",
        "itip:9521141.012345.01.02.981",
    ),
    Example(
        "ITIP-212",
        "4176451FD40C0E4082DBDD8B36600000000000000000000000000000",
        "/8006/095211411234540102/21/mw133",
        "itip:9521141.012345.01.02.mw133",
    ),
    Example("ITIP+", "F3309521141123454010266AE27FDF35", "/8006/095211411234540102/21/rif981"),
    Example(
        "ITIP++",
        "ED309521141123454010266AE27FDF3592832F8C3B786CCB6C00",
        "/8006/095211411234540102/21/rif981",
    ),
]
BY_NAME = [pytest.param(example, id=example.scheme) for example in EXAMPLES]
PLUS = [each for each in EXAMPLES if each.scheme.endswith("+")]

OURS = [each for each in EXAMPLES if int(each.hex[:2], 16) in (*OWN, *PARTS)]


def epc_of(digits: str) -> tuple[bytes, int]:
    """The bytes of any number of hex digits, and how many of their bits count."""
    return bytes.fromhex(digits + "0" * (len(digits) % 2)), len(digits) * 4


@pytest.mark.parametrize("example", BY_NAME)
def test_an_example_says_what_the_standard_prints_beside_it(example: Example) -> None:
    epc, bits = epc_of(example.hex)
    code = read_epc(epc, bits=bits)
    assert code.scheme == example.scheme
    assert code.digital_link == example.link
    assert code.uri == (f"urn:epc:id:{example.uri}" if example.uri else None)
    assert code.host == (HOST if example.scheme.endswith("++") else None)
    assert code.filter == (None if example.scheme.startswith("GID") else 0 if "SSCC" in example.scheme else 3)


@pytest.mark.parametrize("example", [pytest.param(each, id=each.scheme) for each in PLUS])
def test_an_example_of_a_plus_scheme_encodes_to_its_bits(example: Example) -> None:
    epc, bits = epc_of(example.hex)
    again = decode_plus(int.from_bytes(epc, "big"), len(epc) * 8).encode()
    assert again.hex().upper().startswith(example.hex.rstrip("0"))
    assert len(again) == -(-bits // 16) * 2


@pytest.mark.parametrize("example", [pytest.param(each, id=each.scheme) for each in OURS])
def test_an_example_of_our_own_classic_schemes_encodes_to_its_bits(example: Example) -> None:
    epc, _ = epc_of(example.hex)
    value, bits = int.from_bytes(epc, "big"), len(epc) * 8
    if epc[0] in OWN:
        kind = OWN[epc[0]]
        encoded = kind.read(value >> bits - kind.BITS).encode()
    else:
        encoded = PARTS[epc[0]].read(value, bits).encode()
    assert encoded.hex().upper().rstrip("0") == example.hex.rstrip("0")


def test_there_is_an_example_of_every_plus_scheme() -> None:
    assert {example.scheme for example in PLUS} == set(HEADERS.values())


@pytest.mark.parametrize("digits", ["F9009520123456789123592832F8C3B786CCB6C0",
                                    "F3309521141123454010266AE27FDF3592832F8C3B786CCB6C00"])  # fmt: skip
def test_the_two_misprinted_headers_are_named(digits: str) -> None:
    with pytest.raises(BadIdentifier, match=r"should be (SSCC|ITIP)\+\+ with header E[FD]") as caught:
        read_epc(bytes.fromhex(digits))
    assert caught.value.fault == Fault.WRONG_HEADER


@pytest.mark.parametrize("example", BY_NAME)
def test_an_example_cut_anywhere_never_names_another_thing(example: Example) -> None:
    epc, bits = epc_of(example.hex)
    whole = read_epc(epc, bits=bits)
    for kept in range(8, bits, 8):
        try:
            code = read_epc(epc[: kept // 8])
        except BadIdentifier as error:
            assert error.fault in (Fault.CUT_SHORT, Fault.DAMAGED)
        else:
            assert (code.digital_link, code.uri) == (whole.digital_link, whole.uri)
