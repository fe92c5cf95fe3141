"""What a ZPL printer and its host say to each other.

Source: Zebra's ZPL II programming guide, `~HS` and `~HI`. Nothing here was tried on a printer by us.
"""

from dataclasses import dataclass

Columns = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatus:
    """The answer to `~HS`: three lines between STX and ETX, their columns as sent."""

    first: Columns
    """aaa,b,c,dddd,eee,f,g,h,iii,j,k,l of the guide."""
    second: Columns
    """mmm,n,o,p,q,r,s,t,uuuuuuuu,v,www."""
    third: Columns
    """xxxx,y."""

    @property
    def paper_out(self) -> bool:
        """Column b."""
        return self.first[1] == "1"

    @property
    def paused(self) -> bool:
        """Column c: somebody pressed pause."""
        return self.first[2] == "1"

    @property
    def formats_waiting(self) -> int:
        """Column eee: labels in the receive buffer."""
        return int(self.first[4])

    @property
    def buffer_full(self) -> bool:
        """Column f."""
        return self.first[5] == "1"

    @property
    def partial_format(self) -> bool:
        """Column h: a label has begun, and its end is not there yet."""
        return self.first[7] == "1"

    @property
    def corrupt_ram(self) -> bool:
        """Column j: the printer has lost its settings."""
        return self.first[9] == "1"

    @property
    def under_temperature(self) -> bool:
        """Column k."""
        return self.first[10] == "1"

    @property
    def over_temperature(self) -> bool:
        """Column l."""
        return self.first[11] == "1"

    @property
    def head_open(self) -> bool:
        """Column o."""
        return self.second[2] == "1"

    @property
    def ribbon_out(self) -> bool:
        """Column p."""
        return self.second[3] == "1"

    @property
    def label_waiting(self) -> bool:
        """Column t: in peel-off mode, the last label has not been taken."""
        return self.second[7] == "1"

    @property
    def labels_remaining(self) -> int:
        """Column uuuuuuuu: labels of this batch still to print."""
        return int(self.second[8])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A `~` command of the host, such as `HS`."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One format, from `^XA` to `^XZ`."""

    content: bytes


Frame = HostStatus | Ask | Label
