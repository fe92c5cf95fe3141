"""A port is given to one program only, though it listens there later."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from link.ports import BLOCK, HERE, free_ports

OTHER = """
import sys
from link.ports import free_ports
print(*free_ports(int(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@contextmanager
def others(count: int) -> Iterator[set[int]]:
    """Ports that another process was given, for as long as it runs."""
    command = (sys.executable, "-c", OTHER, str(count))
    root = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=root) as process:
        yield {int(word) for word in process.stdout.readline().split()} if process.stdout else set()


def test_they_are_all_different() -> None:
    for count in (20, BLOCK):
        assert len(set(free_ports(count))) == count


def test_none_is_one_that_an_outgoing_line_may_take() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(free_ports(20)) < lowest


def test_one_that_nobody_listens_on_yet_is_not_given_out_again() -> None:
    assert not set(free_ports(20)) & set(free_ports(20))


def test_one_that_somebody_listens_on_is_left_out() -> None:
    [port] = free_ports(1)
    with socket.create_server((HERE, port)):
        assert all(port not in free_ports(BLOCK // 2) for _ in range(3))


def test_processes_that_run_at_once_are_given_different_ones() -> None:
    with others(BLOCK) as first, others(BLOCK) as second:
        assert len(first) == len(second) == BLOCK
        assert not first & second
        assert not (first | second) & set(free_ports(BLOCK))
