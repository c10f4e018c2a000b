"""Run as a program: whether greenlets go on while passwords are hashed, as in a gunicorn worker."""

from gevent import monkey

monkey.patch_all()

import gevent  # noqa: E402  # after patching, as gunicorn does it

from core.settings import Passwords  # noqa: E402
from webapp.account import hashing  # noqa: E402

hashing.use_cost(Passwords(memory_kib=65536, time_cost=6))
ticks = 0


def tick() -> None:
    global ticks
    while True:
        ticks += 1
        gevent.sleep(0.005)


ticker = gevent.spawn(tick)
hashed = [gevent.spawn(hashing.make, "kettle orange violin") for _ in range(3)]
gevent.joinall(hashed, raise_error=True)
print(ticks)  # noqa: T201  # read by the test
