"""PostgreSQL, Redis and secrets for machines that have none: `make run`, `make test` and every management command.

`ensure()` is all that a command needs. It runs before Django reads its settings, because all it does is fill in the
environment variables that production would have set.
"""

import atexit
import signal
import sys

from kit.embedded import environment
from kit.embedded.services import Services

# Held until this process ends: a lock lives as long as its object.
_held: list[Services] = []


def ensure() -> None:
    """Make database and Redis available for as long as this process runs.

    Services that already run for this data directory are used; otherwise they are started here and stopped at exit.
    Sets DATABASE_URL, DATABASE_OWNER_URL, DATABASE_SYSTEM_URL, REDIS_URL, MONIQO_DATA and, outside production, the
    secrets, wherever they are not set. Raises ServiceError with one sentence. Call it from the main thread.
    """
    if environment.is_production():
        return
    directory = environment.data_directory()
    environment.prepare(directory)
    services = Services(directory)
    if not services.embedded:
        return
    _held.append(services)
    while not services.lock.acquire():
        if services.join():
            return
    services.start()
    services.publish(" ".join(["manage.py", *sys.argv[1:2]]))
    atexit.register(_leave, services)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def _leave(services: Services) -> None:
    services.wait_for_guests()
    services.stop()
