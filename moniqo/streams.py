"""The process that listens to venues: `moniqo.workers` forks it, and `python -m moniqo.streams` is it alone.

It books nothing. What it hears are hints, which it turns into the tasks that ask venues anyway: orders are asked about
by their ids, and a connection is synced; prices are written through the door of all prices. So what comes twice, late,
or never at all changes nothing but the moment. Of several such processes one listens, and the others wait for its end.
"""

import asyncio
import logging
import os
import signal
import sys
import time
from typing import Final
from uuid import UUID

from kit import heartbeat

BEAT_SECONDS: Final = 5.0
# What a busy worker could not take by then is found by the next look anyway.
EXPIRES: Final = 60
# One listens, whatever the number of machines.
LOCK: Final = 0x6D6F6E69716F


def run() -> int:
    """Listen until SIGTERM; Django is set up, and no other thread runs. Returns the exit code."""
    from wallets.streams.keeper import Keeper  # Django comes first

    keeper = Keeper(Tasks(), turn=Turn())

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await keeper.run(stop)

    asyncio.run(main())
    return 0


class Turn:
    """The session of the database whose lock says that it is this process that listens, else None; leaves its sign of
    life. Called in the one thread of the database."""

    def __init__(self) -> None:
        self._held: object = None
        self._beaten = 0.0

    def __call__(self) -> object | None:
        from django.db import connections

        from kit.tenancy import SYSTEM_DB_ALIAS
        from wallets.streams.standing import forget_all
        from wallets.sync.hearing import STARTING

        connection = connections[SYSTEM_DB_ALIAS]
        connection.ensure_connection()
        if self._held is not connection.connection:  # the lock lives as long as the session that took it
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
                (is_mine,) = cursor.fetchone()
            if not is_mine:
                return None
            self._held = connection.connection
            forget_all(STARTING)  # what the last one heard is over
        if time.monotonic() - self._beaten > BEAT_SECONDS:
            heartbeat.beat_once("streams")
            self._beaten = time.monotonic()
        return self._held


class Tasks:
    """Hints as tasks of the workers."""

    def __init__(self) -> None:
        self._new: set[int] = set()
        self._shown = 0.0

    def orders(self, owner_id: UUID, connection_id: UUID, heard: object) -> None:
        """Ask about the orders that were named, or about all of the connection."""
        from wallets.venues.heard import Heard

        if isinstance(heard, Heard):
            names = {"names": sorted(heard.names), "numbers": sorted(heard.numbers), "everything": heard.everything}
            _send("trading.tasks.look_at_orders", owner_id, connection_id, **names)

    def balances(self, owner_id: UUID, connection_id: UUID) -> None:
        """Sync the connection."""
        _send("wallets.tasks.sync_told", owner_id, connection_id)

    def prices(self, instrument_ids: list[int]) -> None:
        """Tell every open page, as often as the feed does."""
        from django.conf import settings

        from kit.live.publish import broadcast

        self._new.update(instrument_ids)
        if time.monotonic() - self._shown >= settings.FEED_SECONDS:
            broadcast(event="prices", data={"instruments": sorted(self._new)})
            self._new, self._shown = set(), time.monotonic()


def _send(task: str, owner_id: UUID, connection_id: UUID, **given: object) -> None:
    from moniqo.celery import app

    arguments = {"owner_id": str(owner_id), "connection_id": str(connection_id), **given}
    app.send_task(task, kwargs=arguments, expires=EXPIRES, retry=False)


def main() -> int:
    """The process by itself."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
    import django

    django.setup()
    logging.getLogger(__name__).info("Listening")
    return run()


if __name__ == "__main__":
    sys.exit(main())
