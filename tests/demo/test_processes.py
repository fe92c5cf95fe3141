"""Children are started, killed, started again, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.errors import Stuck
from demo.processes import Child, children_of, run_once

SLEEPER = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)")
PARENT = """
import asyncio, pathlib, sys
from demo.processes import Child
async def yes(): return True
sleeper = (sys.executable, "-c", "import time; time.sleep(60)")
child = Child(name="c", command=sleeper, log=pathlib.Path(sys.argv[1]), ready=yes)
async def main():
    await child.start()
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def at_once() -> bool:
    return True


async def never() -> bool:
    return False


async def test_a_killed_child_is_gone_and_comes_back_as_another(tmp_path: Path) -> None:
    child = Child(name="sleeper", command=SLEEPER, log=tmp_path / "log", ready=at_once)
    await child.start()
    first = child.pid
    assert first in children_of(os.getpid())
    await child.kill()
    assert child.pid is None
    await child.start()
    assert child.pid not in (None, first)
    assert child.starts == 2
    await child.stop()


async def test_a_child_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('no such port')")
    child = Child(name="broken", command=command, log=tmp_path / "log", ready=never)
    with pytest.raises(Stuck, match="broken ended at once: no such port"):
        await child.start()


async def test_a_child_that_never_gets_ready_is_reported(tmp_path: Path) -> None:
    child = Child(name="lazy", command=SLEEPER, log=tmp_path / "log", ready=never)
    with pytest.raises(Stuck, match="lazy is not ready"):
        await child.start(patience_s=0.2)
    await child.kill()


def test_a_child_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert wait_until_gone(child)


def wait_until_gone(pid: int) -> bool:
    """True once the process is no more than a name that waits to be forgotten."""
    for _ in range(6000):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


async def test_a_program_runs_to_its_end_or_is_ended() -> None:
    assert await run_once((sys.executable, "-c", "print('done')")) == (0, "done\n", "")
    with pytest.raises(Stuck, match="does not end"):
        await run_once(SLEEPER, timeout_s=0.3)
