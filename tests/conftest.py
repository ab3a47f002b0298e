import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# A worker has a core: torch's threads of several would wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

from patience import use_our_profile

from seqdsl.graph.contract import verify_each

use_our_profile()
# A shell lets what it starts in the background ignore Ctrl-C; the programs of tests must not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def every_pass_is_verified() -> Iterator[None]:
    """What a pass makes is held to its contract, in every test that compiles in this process."""
    with verify_each():
        yield
