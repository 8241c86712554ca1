"""For tests of what is built on televise, and of anything else that carries live pictures.

Networks that go wrong, cameras that fail, viewers that are hostile, a clock that is set by hand,
and a reader of what the test pattern carries in its pictures. See docs/reference/testing.md.
"""

from televise.crowd.account import Account
from televise.formats.barcode import Stamp
from televise.testing.camera import FakeCamera, fake_camera
from televise.testing.clock import ManualClock
from televise.testing.pictures import read_barcode
from televise.testing.proxy import ToxicProxy, toxic_proxy
from televise.testing.watching import Watching, slowloris, watching

__all__ = [
    "Account",
    "FakeCamera",
    "ManualClock",
    "Stamp",
    "ToxicProxy",
    "Watching",
    "fake_camera",
    "read_barcode",
    "slowloris",
    "toxic_proxy",
    "watching",
]
