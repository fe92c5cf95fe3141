"""Which labels are printed: one format that draws, and nothing that sets a printer up.

A printer on port 9100 obeys whoever reaches it, so what we send is held to a list of commands: no `~`
command, nothing that is stored, no other control characters, no network and no settings that are kept.
"""

import re

from devices.errors import DeviceFault

COMMAND = re.compile(rb"\^([A-Za-z@]?.?)", re.DOTALL)
FIELDS = "FO FT FD FS FB FH FR FW FX CF CI BY GB GC GD GE GS GF LH LL PW PQ"
BARCODES = "B0 B2 B3 B7 B8 B9 BA BC BE BQ BU BX"
DRAWING = frozenset({"XA", "XZ", *FIELDS.split(), *BARCODES.split()})
"""Fields, barcodes, lines and pictures; besides them `^A`, a font, whose second letter is free."""
MOST_COPIES = 10
COPIES = re.compile(rb"\^PQ(\d{1,2})(?:[,\^\r\n]|$)", re.IGNORECASE)
CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def check_label(content: bytes, most_bytes: int) -> None:
    """Raise DeviceFault in words for what is not one label."""
    if len(content) > most_bytes:
        raise _refused(f"it has {len(content)} bytes, and {most_bytes} are sent at most")
    whole = content.strip()
    ends = [whole.upper().count(end) for end in (b"^XA", b"^XZ")]
    if not (whole.startswith(b"^XA") and whole.endswith(b"^XZ")) or ends != [1, 1]:
        raise _refused("it is not one format from ^XA to ^XZ")
    if b"~" in content or CONTROLS.search(content):
        raise _refused("it holds a ~ command or a control character")
    for found in COMMAND.finditer(content):
        name = found[1].decode("latin-1").upper()
        if name not in DRAWING and not re.fullmatch("A[0-9A-Z]", name):
            raise _refused(f"^{name} is not among the commands that draw")
    _check_copies(content)


def _check_copies(content: bytes) -> None:
    asked = content.upper().count(b"^PQ")
    given = [int(found[1]) for found in COPIES.finditer(content)]
    if len(given) != asked or any(not 1 <= copies <= MOST_COPIES for copies in given):
        raise _refused(f"it asks for more than {MOST_COPIES} copies, or for none")


def _refused(why: str) -> DeviceFault:
    return DeviceFault(f"the label is not sent: {why}", reason="label_refused")
