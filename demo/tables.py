"""Lists of returns as shops send them: three encodings, good rows and bad rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from demo.goods import LEAF_MUG
from demo.office import Office

HEADER = "id,authorization,order,customer,line,index,sku,paid_minor,currency,reason"
PATH = "/v1/returns.csv"
GOOD_ROWS = 3
BAD_ROWS: tuple[str, ...] = (
    "{name}-BAD1/1/1,{name}-BAD1,O-1,客户甲,1,1,{sku},twelve,CNY,other",
    "{name}-BAD2/1/1,{name}-BAD2,O-2,客户乙,1,1,{sku},1200,RENMINBI,other",
    "{name}-BAD3/1/1,{name}-BAD3,O-3,客户丙,1,1,{sku},1200,CNY,bored",
    "{name}-BAD4/1/1,{name}-BAD4,O-4",
)
ENCODINGS: Mapping[str, str] = {"UTF8": "utf-8", "BOM": "utf-8-sig", "GB": "gb18030"}
"""Name in the unit ids, and Python's name of the encoding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one list."""

    encoding: str
    accepted: int
    rejected: int

    @property
    def right(self) -> bool:
        """True when exactly the good rows went in, and every bad one came back by name."""
        return (self.accepted, self.rejected) == (GOOD_ROWS, len(BAD_ROWS))


def table(name: str, encoding: str) -> bytes:
    """One list in one encoding."""
    sku = LEAF_MUG.product.sku
    good = [
        f"CSV-{name}-{row}/1/1,CSV-{name}-{row},O-{row},客户{row},1,1,{sku},1200,CNY,other"
        for row in range(GOOD_ROWS)
    ]
    bad = [row.format(name=f"CSV-{name}", sku=sku) for row in BAD_ROWS]
    return "\r\n".join([HEADER, *good[:1], *bad, *good[1:], ""]).encode(encoding)


async def import_tables(office: Office) -> list[Imported]:
    """Send all three."""
    done = []
    for name, encoding in ENCODINGS.items():
        answer = await office.shop.request(
            "POST", PATH, content=table(name, encoding), headers={"Content-Type": "text/csv"}, idempotent=True
        )
        said = answer.json()
        done.append(Imported(encoding=encoding, accepted=said["accepted"], rejected=len(said["rejected"])))
    return done
