"""Whoever listens, in a thread with a loop of its own: tests wait for what it hears."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from threading import Thread
from typing import Any, Final, Self

PATIENCE: Final = 15.0


def wait_until(holds: Callable[[], Any], what: str, seconds: float = PATIENCE) -> float:
    """Wait until it holds; returns after how many seconds. Fails the test with `what` when it does not."""
    started = time.monotonic()
    while not holds():
        passed = time.monotonic() - started
        assert passed < seconds, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.01)
    return time.monotonic() - started


class Running:
    """A coroutine that runs until it ends or the block does."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._make = make
        self.error: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[Any] | None = None
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        import ccxt.pro  # noqa: F401  # seconds that nobody's patience shall pay for

        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())
            self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def ended(self) -> BaseException:
        """The error that it ends with."""
        wait_until(lambda: not self._thread.is_alive(), "the end")
        assert self.error is not None
        return self.error

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._task = self._loop.create_task(self._make())
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            """The block is over."""
        except Exception as error:  # noqa: BLE001 - the test asks for it
            self.error = error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
