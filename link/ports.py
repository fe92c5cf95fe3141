"""Ports of this machine for programs that listen there later.

Between choosing a port and listening there lies the start of a program, and one that is dead for a moment
wants its port back. So a port is nobody else's from the choice on: each process gives out those of a block
that it alone holds until it ends, in turn.
"""

import errno
import socket
from collections import deque

FIRST_PORT, LAST_PORT = 20_000, 32_000
"""Below the 32,768 from which Linux takes ports for outgoing lines, and the 49,152 of others (RFC 6335).

An outgoing line would take the port of a program that is dead for a moment, and it could not come back.
"""
BLOCK = 300
HERE = "127.0.0.1"
_ports: deque[int] = deque()
"""Of all blocks that this process holds; what was given out last stands last."""


def free_ports(count: int, host: str = HERE) -> list[int]:
    """Ports that nobody listens on at an address of this machine, all different, for this process alone."""
    while len(_ports) < 2 * count:
        _ports.extendleft(_hold_block())
    found: list[int] = []
    for _ in range(len(_ports)):
        if len(found) == count:
            return found
        _ports.rotate(-1)
        if _is_free(host, _ports[-1]):
            found.append(_ports[-1])
    raise OSError(errno.EADDRINUSE, f"other programs listen on too many ports from {min(_ports)} on")


def _hold_block() -> range:
    """A block that no other process holds: its first UDP port, which nobody speaks to, is the lock."""
    for first in range(FIRST_PORT, LAST_PORT, BLOCK):
        lock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            lock.bind((HERE, first))
        except OSError:
            lock.close()
        else:
            lock.detach()  # open until this process ends, however it ends
            return range(first, first + BLOCK)
    raise OSError(errno.EADDRINUSE, f"all blocks of ports from {FIRST_PORT} to {LAST_PORT} are held")


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
