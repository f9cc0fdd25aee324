"""Sessions with an exchange of which thousands wait in one loop.

ccxt takes milliseconds to make a session and megabytes to load its markets. Here one per exchange is made, the model,
and an account is a copy of it with its own credentials, which costs microseconds. All copies share the open
connections, and nothing else: each has its own options, its own last answer and its own limits, and none keeps cookies.
"""

import asyncio
import copy
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

import aiohttp

from markets.exchanges import BURST, Access, change_for_exactness, configured, markets_between

# So many requests to an exchange are under way at once, of those that were sent within the last moments.
SLOTS: Final = 64
# What takes longer than this goes on without a slot: an account that hangs keeps nobody from asking.
SLOW_SECONDS: Final = 2.0
HTTP_ERROR: Final = 400


class Slots:
    """A limit to how many requests are under way; those that have taken long do not count."""

    def __init__(self, number: int) -> None:
        self._free = asyncio.Semaphore(number)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        await self._free.acquire()
        is_held = True

        def give_back() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                self._free.release()

        slow = asyncio.get_running_loop().call_later(SLOW_SECONDS, give_back)
        try:
            yield
        finally:
            slow.cancel()
            give_back()


@asynccontextmanager
async def connections() -> AsyncIterator[aiohttp.ClientSession]:
    """What all sessions of a loop send their requests through: kept alive, and without a memory of who asked."""
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=0, keepalive_timeout=30)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield http


def open_model(access: Access, http: aiohttp.ClientSession, loaded: Any) -> Any:
    """The session that accounts at this exchange are copies of. `loaded` is one of `open_session` with its markets."""
    model = configured(_exact(access.exchange_id), access, session=http)
    model.open()
    model.slots, model.paced = Slots(SLOTS), [0.0, 0.0]
    markets_between(loaded, model)
    return model


def account(model: Any, access: Access, *, shares_pace: bool) -> Any:
    """The model's copy for one account. With `shares_pace` the exchange counts the requests of all of them together."""
    own = copy.copy(model)
    own.options = dict(model.options)
    own.headers = dict(model.headers)
    own.paced = model.paced if shares_pace else [0.0, 0.0]
    for name, value in access.credentials.items():
        setattr(own, name, value)
    return own


@asynccontextmanager
async def within(exchange: Any, seconds: float) -> AsyncIterator[None]:
    """All requests of the session inside take no longer than this together, its own waiting for its turn left out.

    Raises ccxt's RequestTimeout then.
    """
    import ccxt

    try:
        async with asyncio.timeout(seconds) as exchange.limit:
            yield
    except TimeoutError as error:
        raise ccxt.RequestTimeout(f"{exchange.id} did not answer in time") from error
    finally:
        exchange.limit = None


@cache
def _exact(exchange_id: str) -> Any:
    """ccxt's class of the exchange for a loop, with exact numbers, its pace, and slots."""
    import ccxt
    from ccxt import async_support

    exchange = getattr(async_support, exchange_id)

    async def fetch(self: Any, url: str, *request: Any, **options: Any) -> Any:
        async with self.slots.one():
            answer = await exchange.fetch(self, url, *request, **options)
        if self.last_status >= HTTP_ERROR:  # which ccxt's other session takes for an error by itself
            raise ccxt.ExchangeError(f"{self.id} {url}")
        return answer

    async def pace(self: Any, cost: float | None = None) -> None:
        need, now = self.rateLimit * (cost or 1) / 1000, time.monotonic()
        debt, at = self.paced
        debt = max(debt - (now - at), 0.0) + need
        self.paced[:] = debt, now
        if (wait := debt - BURST * need) > 0:
            if self.limit is not None:
                self.limit.reschedule(self.limit.when() + wait)
            await asyncio.sleep(wait)

    changes = {
        **change_for_exactness(exchange),
        "slots": None,
        "limit": None,
        "fetch": fetch,
        "throttle": pace,
        "__del__": lambda self: None,  # whoever opened the connections closes them
    }
    return type(exchange_id, (exchange,), changes)


def key_of(access: Access) -> tuple[Any, ...]:
    """What accounts must have in common to be copies of one session."""
    same = access.exchange_id, access.base_url, access.is_sandbox, access.throttles, access.timeout_ms
    return *same, repr(access.options)
