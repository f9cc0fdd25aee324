"""One line to an exchange that tells by itself: of an account, or of the prices of its markets.

A line is listened to until it breaks, and then it is over: nothing is dialled again here, because whoever listens has
to know that something was missed. What is told of an account is a hint (`wallets.venues.heard`); prices are what they
are.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, NoReturn
from weakref import WeakKeyDictionary

from kit.errors import MoniqoError
from kit.sentences import quoted, sentence
from markets.exchanges import Access, load_markets
from markets.sockets import close_socket, open_socket
from wallets.venues.base import VenueCredentialsError, VenueError, VenueUnavailableError
from wallets.venues.ccxt.dialects.base import Dialect
from wallets.venues.ccxt.errors import translated
from wallets.venues.heard import MISSED, Heard

# An exchange that has not said by then that it tells the account what happens does not.
OPEN_SECONDS: Final = 20.0
# Prices are handed on this often, all that came together.
PRICES_SECONDS: Final = 1.0

Prices = Sequence[Mapping[str, Any]]
Question = Callable[[], Awaitable[Any]]
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], asyncio.Lock]] = WeakKeyDictionary()


async def listen_to_account(
    access: Access,
    dialect: Dialect,
    *,
    on_open: Callable[[], Awaitable[None]],
    on_heard: Callable[[Heard], None],
    silence: float,
) -> NoReturn:
    """Hear what happens in the account, from `on_open` on, until the line breaks.

    Where the exchange counts what it tells, a number that was left out is heard as well: that something was missed.
    Raises VenueCredentialsError when the exchange refuses the key, another VenueError when the line breaks, has no
    answer for `silence` seconds, or says something that is none.
    """
    confirmed = 0
    opened = asyncio.get_running_loop().create_future()
    counts: dict[Hashable, int] = {}

    def is_after_a_gap(url: str, message: Any) -> bool:
        if (counted := dialect.counted(message)) is None:
            return False
        of, number = (url, counted[0]), counted[1]
        before = counts.get(of, number - 1)
        counts[of] = max(before, number)
        return number > before + 1

    async with _session(access, dialect, silence) as exchange:

        def listener(url: str, message: Any) -> None:
            nonlocal confirmed
            confirmed += dialect.confirms(url, message)
            if confirmed >= dialect.confirmations and not opened.done():
                opened.set_result(None)
            if message is None:
                return
            if is_after_a_gap(url, message):
                on_heard(MISSED)
            if (heard := dialect.heard(message)) is not None:
                on_heard(
                    Heard(frozenset(map(dialect.names.heard, heard.names)), heard.numbers, balances=heard.balances)
                )

        exchange.listener = listener
        async with _watching(
            exchange,
            [partial(getattr(exchange, name), params=dict(given)) for name, given in dialect.account_streams]
            + _beats(exchange, dialect),
        ) as over:
            await asyncio.wait({over, opened}, timeout=OPEN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if over.done():
                await over
            if not opened.done():
                raise VenueUnavailableError(f"{exchange.name} did not open its line in {OPEN_SECONDS:.0f} seconds.")
            await on_open()
            await over
    raise AssertionError("a line ends with an error")  # pragma: no cover


async def listen_to_prices(
    access: Access,
    dialect: Dialect,
    symbols: Sequence[str],
    *,
    on_prices: Callable[[Prices], Awaitable[None]],
    silence: float,
    every: float = PRICES_SECONDS,
) -> NoReturn:
    """Hand on ccxt's tickers of the markets that have a new one, until the line breaks.

    Raises VenueError when it does, also when no market has told a price for `silence` seconds.
    """
    known: dict[str, Any] = {}
    async with _session(access, dialect, silence) as exchange:
        traded = [symbol for symbol in symbols if symbol in exchange.markets]
        if not traded:
            raise VenueUnavailableError(f"{exchange.name} has none of the markets that are followed.")
        questions: list[Question] = [
            partial(dialect.watch_prices, exchange, group)
            for group in _grouped(exchange, traded, most=dialect.markets_at_once)
        ]
        async with _watching(exchange, questions + _beats(exchange, dialect), rest=every) as over:
            loop = asyncio.get_running_loop()
            last = loop.time()
            while True:
                await asyncio.wait({over}, timeout=every)
                if over.done():
                    await over
                told = {symbol: dialect.ticker(exchange, symbol) for symbol in traded}
                fresh = {symbol: ticker for symbol, ticker in told.items() if ticker is not known.get(symbol)}
                if fresh:
                    known |= fresh
                    last = loop.time()
                    await on_prices([{**ticker, "symbol": symbol} for symbol, ticker in fresh.items() if ticker])
                elif loop.time() - last > silence:
                    raise VenueUnavailableError(f"{exchange.name} told no price for {silence:.0f} seconds.")


def _grouped(exchange: Any, symbols: Sequence[str], *, most: int) -> Iterator[list[str]]:
    """The markets for one request each: of one kind, because each kind may have a line of its own, and `most` of it."""
    kinds: dict[str, list[str]] = {}
    for symbol in symbols:
        kinds.setdefault(exchange.market(symbol)["type"], []).append(symbol)
    for of_kind in kinds.values():
        yield from (of_kind[start : start + most] for start in range(0, len(of_kind), most))


def _beats(exchange: Any, dialect: Dialect) -> list[Question]:
    """They are never answered; like every question they fail with the line."""
    return [partial(getattr(exchange, name), **given) for name, given in dialect.beats.items()]


@asynccontextmanager
async def _session(access: Access, dialect: Dialect, silence: float) -> AsyncIterator[Any]:
    """A session with its markets; what goes wrong inside becomes a VenueError."""
    exchange = open_socket(access, silence=silence)
    exchange.options.update(dialect.stream_options)
    dialect.turn(exchange)
    try:
        async with _turn(access):  # an exchange that hangs takes one thread, not those of the others
            await asyncio.to_thread(load_markets, exchange, access)
        yield exchange
    except Exception as error:  # anything of ccxt's or the network's; what is neither goes on as it is
        said = _said(exchange, error, access)
        if said is None:
            raise
        raise said from None  # its words may hold what was sent: a login
    finally:
        await close_socket(exchange)


def _turn(access: Access) -> asyncio.Lock:
    turns = _turns.setdefault(asyncio.get_running_loop(), {})
    return turns.setdefault((access.exchange_id, access.base_url), asyncio.Lock())


@asynccontextmanager
async def _watching(
    exchange: Any, questions: Sequence[Question], *, rest: float = 0
) -> AsyncIterator[asyncio.Future[None]]:
    """Ask all of it again and again; what is yielded fails with the first failure of a question or a line."""

    async def again(question: Question) -> None:
        while True:
            await question()
            await asyncio.sleep(rest)

    tasks = [asyncio.ensure_future(again(question)) for question in questions]

    async def first() -> None:
        done, _ = await asyncio.wait({*tasks, exchange.broken}, return_when=asyncio.FIRST_COMPLETED)
        # A question says why better than the line: it knows the answer that was no.
        await next((task for task in done if task is not exchange.broken), exchange.broken)

    over = asyncio.ensure_future(first())
    try:
        yield over
    finally:
        for task in (over, *tasks):
            task.cancel()
        await asyncio.gather(over, *tasks, return_exceptions=True)


def _said(exchange: Any, error: Exception, access: Access) -> VenueError | None:
    """Our error for what ended a line, None for what is ours; ccxt may hide the exchange's word behind a mistake of its
    own."""
    import ccxt

    if isinstance(error, MoniqoError):
        return None

    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, ccxt.BaseError):
        seen = seen.__cause__ or seen.__context__
    if not isinstance(seen, ccxt.BaseError):
        told = sentence(
            "{name} said something that is no answer ({what}).", name=exchange.name, what=type(error).__name__
        )
        return VenueUnavailableError(told)
    text = str(seen)
    for secret in sorted(filter(None, access.credentials.values()), key=len, reverse=True):
        text = text.replace(secret, "…")  # OKX repeats a login that it does not understand
    found = translated(exchange, type(seen)(text), creates=False)
    if isinstance(found, VenueCredentialsError | VenueUnavailableError):
        return found
    return VenueUnavailableError(sentence("{said}", said=quoted(str(found))))
