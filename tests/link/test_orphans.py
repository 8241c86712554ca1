"""What a process starts ends with it, also where it is killed."""

import signal
import subprocess
import sys

import pytest

from tests.support.process import environment, is_alive
from tests.support.waiting import wait_until

PARENT = """
import signal, subprocess
from televise.link.orphans import ending_with_parent
child = subprocess.Popen(["sleep", "1000"], preexec_fn=ending_with_parent(signal.SIGTERM))
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux can do that")
def test_a_child_ends_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment()
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_alive(child))
