"""What a flow plays on: time that passes as told, tasks that wait, chance from the seed, an owner with wallets."""

import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, cast

from celery import current_app
from django.db.models import Case, Value, When

from kit import clock, tenancy
from kit.errors import MoniqoError
from kit.users.models import User
from markets.models import Instrument, Ticker
from markets.services import list_perpetuals
from moniqo.simulation.crashes import Crash, Steps, counted, is_stuck, new_process
from moniqo.simulation.exchange import COIN, FEES, Exchange
from moniqo.simulation.unreliable import Unreliable
from trading import services
from trading import tasks as workers
from trading.orders import resting
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Connection, Platform, Wallet
from wallets.venues import registry
from wallets.venues.base import Venue
from wallets.venues.capabilities import CAPABILITIES, Can, Works, capabilities_of
from wallets.venues.demo import account as demo

START: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
VENUE: Final = "simulation"
SYMBOLS: Final = {"AAA/USDT": Decimal(100), "BBB/USDT": Decimal(20)}
CASH: Final = Decimal(50_000)
WALLETS: Final = (2, 3)
# How often something goes wrong at the venue, and how often a piece of work is cut off somewhere.
TROUBLES: Final = (0.0, 0.1, 0.3, 0.5)
CRASHES: Final = 0.35
# How orders that rest are changed there.
CHANGES: Final[tuple[Works, ...]] = ("yes", "partly", "no")


class Clock:
    """The present, which passes only when it is told to or when somebody sleeps."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Errors(logging.Handler):
    """What was logged with an exception, unless the exception is ours or follows from a lost connection."""

    steps: Steps
    found: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not self.steps.was:
            self.found.append(f"{record.getMessage()}: {type(error).__name__}: {error}")

    __hash__ = logging.Handler.__hash__


@dataclass
class Stage:
    """One owner's desk at an exchange that fails, or on paper. `perpetuals` are those there are, with the markets whose
    prices they have, `wishes` the amendments of orders that wait which were asked for."""

    rng: random.Random
    clock: Clock
    steps: Steps
    errors: Errors
    owner: User
    connection: Connection
    farm: Wallet
    wallets: list[Wallet]
    instruments: dict[str, Instrument]
    prices: dict[str, Decimal]
    exchange: Exchange
    tasks: list[tuple[str, dict[str, Any]]]
    keeps_stops: bool
    perpetuals: dict[str, str]
    told: list[str] = field(default_factory=list)
    wishes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def owner_id(self) -> uuid.UUID:
        return self.owner.pk

    def price(self, symbol: str) -> Decimal:
        """What a unit of the market, or of the perpetual, costs now."""
        return self.prices[self.perpetuals.get(symbol, symbol)]

    def quote(self) -> None:
        """The feed: what a unit costs now."""
        price = Case(*(When(instrument=self.instruments[name], then=Value(now)) for name, now in self.prices.items()))
        markets = [self.instruments[name] for name in self.prices]
        Ticker.objects.filter(instrument__in=markets).update(price=price, at=self.clock.now())
        self.exchange.reach()


@contextmanager
def stage(
    seed: int | str, *, paper: bool = False, keeps_stops: bool = False, has_perpetuals: bool = False
) -> Iterator[Stage]:
    """The stage of a seed; everything of the process that it replaces is restored after the block.

    On `paper` the venue is the demo exchange instead of the one that fails. Where that has perpetuals the line to it
    fails instead. The venue that fails keeps stops where that is said.
    """
    now, steps = Clock(), Steps()
    tasks: list[tuple[str, dict[str, Any]]] = []
    rng = random.Random(seed)  # noqa: S311 - what is wanted is that it repeats
    errors = Errors(steps)
    with ExitStack() as stack:
        stack.enter_context(_determined(rng, now))
        stack.enter_context(_told(errors))
        stack.enter_context(_queued(tasks))
        prices = dict(SYMBOLS)
        exchange = Exchange(
            rng=random.Random(rng.random()),  # noqa: S311
            now=now.now,
            price=prices.__getitem__,
            step=steps.step,
            fees=rng.choice(FEES),
            trouble=rng.choice(TROUBLES),
        )
        found = _desk(rng, now, prices, exchange)
        stack.enter_context(_alone(found[0].pk))
        perpetuals = _perpetuals(found) if has_perpetuals else {}
        taken = set[str]()

        def on_paper(connection: Connection) -> Venue:
            venue = demo.open_demo_venue(connection)
            return cast("Venue", Unreliable(venue, exchange=exchange, taken=taken)) if perpetuals else venue

        stack.enter_context(_at(on_paper if paper else lambda _: exchange))
        stack.enter_context(_changing("no" if paper else rng.choice(CHANGES)))
        stack.enter_context(_keeping_stops() if keeps_stops else nullcontext())
        if paper:
            for asset, total in exchange.totals.items():
                demo.credit(owner_id=found[0].pk, connection_id=found[1].pk, asset=asset, amount=total)
        stack.enter_context(counted(steps))
        yield Stage(rng, now, steps, errors, *found, prices, exchange, tasks, keeps_stops, perpetuals)


# --- what is replaced ------------------------------------------------------------------------------------------------


@contextmanager
def _determined(rng: random.Random, now: Clock) -> Iterator[None]:
    """Time and chance of the whole process: moments, sleeping, jitter and random ids."""
    sleep, state = time.sleep, random.getstate()
    entropy: Any = uuid.os  # type: ignore[attr-defined]
    uuid.os = SimpleNamespace(urandom=random.Random(rng.random()).randbytes)  # type: ignore[attr-defined]  # noqa: S311
    random.seed(rng.random())
    time.sleep = now.sleep  # type: ignore[assignment]
    try:
        with clock.simulated(now.now):
            yield
    finally:
        time.sleep, uuid.os = sleep, entropy  # type: ignore[attr-defined]
        random.setstate(state)


@contextmanager
def _told(errors: Errors) -> Iterator[None]:
    """Nothing is written to logs: errors are collected, the rest is what was asked for."""
    root = logging.getLogger()
    handlers = {logger: logger.handlers for logger in (root, *_loggers())}
    for logger in handlers:
        logger.handlers = [errors] if logger is root else []
    try:
        yield
    finally:
        for logger, before in handlers.items():
            logger.handlers = before


def _loggers() -> list[logging.Logger]:
    return [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]


@contextmanager
def _queued(tasks: list[tuple[str, dict[str, Any]]]) -> Iterator[None]:
    """The broker: what is sent waits until somebody delivers it."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    app.send_task = lambda name, args=(), kwargs=None, **_: tasks.append((name, dict(kwargs or {})))
    try:
        yield
    finally:
        del app.send_task


@contextmanager
def _alone(owner_id: uuid.UUID) -> Iterator[None]:
    """Workers see this owner's work and nobody else's: the stops and positions that flows before have left open fall
    due in this one as well, and a seed would not be the same flow wherever it is played."""
    known: dict[str, Any] = vars(workers)
    before = known["tenancy"]
    known["tenancy"] = SimpleNamespace(system=partial(tenancy.tenant, owner_id), tenant=tenancy.tenant)
    try:
        yield
    finally:
        known["tenancy"] = before


@contextmanager
def _at(adapter: Callable[[Connection], Venue]) -> Iterator[None]:
    registry.ADAPTERS[VENUE] = adapter
    try:
        yield
    finally:
        del registry.ADAPTERS[VENUE]


@contextmanager
def _changing(works: Works) -> Iterator[None]:
    """Whether the venue changes orders by itself: in their place, or by ending one and placing another."""
    declared = cast("dict[str, Mapping[str, Can]]", CAPABILITIES)
    declared[VENUE] = {**capabilities_of(VENUE), "amend": Can(works)}
    try:
        yield
    finally:
        del declared[VENUE]


@contextmanager
def _keeping_stops() -> Iterator[None]:
    """The stops of positions rest at the venue."""
    known: dict[str, Any] = vars(resting)
    before = known["RESTING_STOPS"]
    known["RESTING_STOPS"] = before | {VENUE}
    try:
        yield
    finally:
        known["RESTING_STOPS"] = before


# --- who plays -------------------------------------------------------------------------------------------------------

_Found = tuple[User, Connection, Wallet, list[Wallet], dict[str, Instrument]]


def _desk(rng: random.Random, now: Clock, prices: dict[str, Decimal], exchange: Exchange) -> _Found:
    """A farm of some funded wallets, at the exchange as in the books."""
    Platform.objects.get_or_create(
        slug=VENUE, defaults={"name": "Simulation", "adapter": VENUE, "fees": {"maker": "0.001", "taker": "0.001"}}
    )
    instruments = {symbol: _instrument(symbol, now, price) for symbol, price in prices.items()}
    with tenancy.system():
        owner = User(email=f"{uuid.uuid4()}@simulation.example")
        owner.set_unusable_password()
        owner.save()
    with tenancy.tenant(owner.pk):
        connection = Connection.objects.create(owner=owner, platform_id=VENUE, name="Simulated", venue=VENUE)
        master = Wallet.objects.create(owner=owner, connection=connection, name="Fund", role="master")
        farm = Wallet.objects.create(owner=owner, connection=connection, name="Farm", role="farm", parent=master)
        wallets = Wallet.objects.bulk_create(
            Wallet(owner=owner, connection=connection, name=f"Agent {n}", role="agent", parent=farm)
            for n in range(rng.choice(WALLETS))
        )
        funds = [("USDT", CASH), (COIN, Decimal(10))]
        legs = [
            Leg(AccountRef(wallet.pk, asset, "external"), AccountRef(wallet.pk, asset), amount)
            for wallet in wallets
            for asset, amount in funds
        ]
        post(owner_id=owner.pk, key="fund", kind="deposit", legs=legs)
        exchange.totals.update({asset: amount * len(wallets) for asset, amount in funds})
        services.set_limits(on=connection, allowed_symbols=list(prices), maximum_notional=CASH)
    return owner, connection, farm, wallets, instruments


def _perpetuals(found: _Found) -> dict[str, str]:
    """List them beside the markets, and allow them."""
    owner, connection, _, _, instruments = found
    list_perpetuals(venue=VENUE)
    rows = Instrument.objects.filter(venue=VENUE, prices_of__in=instruments.values()).select_related("prices_of")
    symbols = {row.symbol: row.prices_of.symbol for row in rows.order_by("symbol") if row.prices_of is not None}
    instruments.update({row.symbol: row for row in rows})
    with tenancy.tenant(owner.pk):
        services.set_limits(on=connection, allowed_symbols=list(symbols), maximum_notional=CASH)
    return symbols


def _instrument(symbol: str, now: Clock, price: Decimal) -> Instrument:
    base, quote = symbol.split("/")
    instrument, _ = Instrument.objects.get_or_create(
        venue=VENUE,
        symbol=symbol,
        defaults={
            "base": base,
            "quote": quote,
            "tick_size": Decimal("0.01"),
            "lot_size": Decimal("0.001"),
            "minimum_notional": Decimal(10),
        },
    )
    Ticker.objects.update_or_create(
        instrument=instrument, defaults={"price": price, "source": VENUE, "at": now.now(), "bid": None, "ask": None}
    )
    return instrument


def work(on: Stage, name: str, act: Callable[[], object], *, at: int = 0, kind: str = "worker") -> None:
    """Do a piece of work as a process of its own would, cut off at step `at` if it has so many, and tell of it."""
    when = on.clock.now()
    on.steps.begin(at, kind)
    try:
        said = act()
    except Crash:
        said = "the worker died"
    except Exception as error:  # noqa: BLE001 - a domain error is an answer; anything else is looked at
        said = f"{type(error).__name__}: {error}"
        if not on.steps.was and not isinstance(error, MoniqoError):
            on.errors.found.append(said)
    number, was = on.steps.number, on.steps.was
    on.steps.begin(0, "worker")
    if is_stuck():
        on.errors.found.append(f"{name} has left a connection in a transaction: {said}, {kind} lost at {was}.")
    if was:
        new_process()
    cut = f", {kind} lost at {at}, {was}" if was else ""
    on.told.append(f"{when:%H:%M:%S} {name}: {said or 'done'} ({number} steps{cut})")
