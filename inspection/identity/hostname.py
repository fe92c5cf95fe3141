"""The host of a GS1 Digital Link, in the bits of a `++` EPC.

Source: GS1 EPC Tag Data Standard 2.3, section 14.5.16 and tables 14-8, 14-11 to 14-15. Table 14-14 prints
`.org.cn` and `.net.cn` with the prefix of another table, which has `.dj` and `.dk` there already; they are
taken to belong where they stand.
"""

import re
import string
from collections.abc import Mapping

from inspection.errors import BadIdentifier
from inspection.identity.bits import BitReader, BitWriter
from inspection.identity.faults import Fault
from inspection.identity.text import CODE_40, put_code_40, take_code_40

LONGEST = 63
"""Letters; of the sequences too, since both lengths have 6 bits."""
HOSTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")

IN_7_BITS: Mapping[str, int] = {
    "qr.": 0x1E, "www.": 0x1F, "id.": 0x20, ".com": 0x5B, ".org": 0x5C, ".net": 0x5D, ".int": 0x5E,
    ".edu": 0x60, ".gov": 0x7B, ".mil": 0x7C, ".biz": 0x7D, ".eco": 0x7E, ".med": 0x7F,
    **{letter: ord(letter) for letter in string.ascii_letters + string.digits + "-._:"},
}  # fmt: skip

COUNTRIES_TO_LI = (
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo bq br bs "
    "bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg "
    "eh er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn "
    "hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li"
)
COUNTRIES_FROM_LK = (
    "lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne "
    "nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb "
    "sc sd se sg sh si sk sl sm sn sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv "
    "tw tz ua ug us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
COMPOUND = (
    "com.au net.au org.au co.at com.bd co.bd com.br net.br co.nz com.ng com.pk co.in com.in co.il co.jp "
    "co.za co.kr com.es com.lk co.th co.tt com.tt com.tr biz.tr com.ua co.uk co.zm com.zm com.cn org.cn "
    "net.cn gov.cn"
)
IN_14_BITS: Mapping[str, int] = {
    f".{domain}": table << 7 | place
    for table, domains in enumerate((COUNTRIES_TO_LI, COUNTRIES_FROM_LK, COMPOUND, "tech"))
    for place, domain in enumerate(domains.split())
}

FROM_7_BITS = {value: sequence for sequence, value in IN_7_BITS.items()}
FROM_14_BITS = {value: sequence for sequence, value in IN_14_BITS.items()}
SEQUENCES = sorted([*IN_7_BITS, *IN_14_BITS], key=len, reverse=True)


def take_hostname(reader: BitReader) -> str:
    """Read a host; raises BadIdentifier."""
    in_seven_bit, count = reader.take(1), reader.take(6)
    text = _take_sequences(reader, count) if in_seven_bit else take_code_40(reader, count)
    _need_hostname(text)
    return text


def put_hostname(writer: BitWriter, host: str) -> None:
    """Write a host the shorter way; lower case can be written in one way only."""
    _need_hostname(host)
    sequences = _sequences(host)
    units = sum(2 if sequence in IN_14_BITS else 1 for sequence in sequences)
    if set(CODE_40).issuperset(host) and -(-len(host) // 3) * 16 <= units * 7:
        writer.put(0, 1)
        writer.put(len(host), 6)
        put_code_40(writer, host)
        return
    writer.put(1, 1)
    writer.put(units, 6)
    for sequence in sequences:
        if sequence in IN_14_BITS:
            writer.put(IN_14_BITS[sequence], 14)
        else:
            writer.put(IN_7_BITS[sequence], 7)


def _take_sequences(reader: BitReader, count: int) -> str:
    text = ""
    while count > 0:
        value = reader.take(7)
        count -= 1
        if value > 3:
            sequence = FROM_7_BITS.get(value)
        else:
            sequence = FROM_14_BITS.get(value << 7 | reader.take(7))
            count -= 1
        if sequence is None or count < 0:
            raise BadIdentifier(f"the host has an unknown part after {text!r}", fault=Fault.BAD_HOSTNAME)
        text += sequence
    return text


def _sequences(host: str) -> list[str]:
    """The host cut into what takes few bits, the longest sequence first at each place."""
    found = []
    while host:
        sequence = next(each for each in SEQUENCES if host.startswith(each))
        found.append(sequence)
        host = host[len(sequence) :]
    return found


def _need_hostname(text: str) -> None:
    if len(text) > LONGEST or not HOSTNAME.fullmatch(text):
        raise BadIdentifier(f"{text[:LONGEST]!r} is no host", fault=Fault.BAD_HOSTNAME)
