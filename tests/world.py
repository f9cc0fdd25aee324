"""A fund with a past of two days, made through the services: what pages are looked at with.

A trader's master wallet funds two farms, one of them with names as long as names may be. Two agents trade: one has
closed a trade with a profit and holds another position, the other was refused an order; a third has not run yet. Money
was deposited, allocated and collected, and the value was written down every hour. Of its goals one is behind its plan,
one ahead, and one a draft.
"""

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from farms.advice import rules
from farms.advice.wanting import set_advice, set_level
from farms.composing.changes import changes
from farms.laboratory import jobs, running
from farms.laboratory.asking import Wish as Tried
from farms.laboratory.asking import request_backtest
from farms.laboratory.downloading import request_download
from farms.laboratory.sweep_asking import SweepWish, request_sweep
from farms.models import (
    AdviceCall,
    AdviceEndpoint,
    AdviceProposal,
    Agent,
    Backtest,
    Farm,
    SavedStrategy,
    StrategyVersion,
    Sweep,
)
from farms.services import create_agent, create_farm, rehearse_farm, run_agent, start_agent, start_farm
from goals.models import Goal
from goals.services import create as create_goal
from kit import clock, tenancy
from kit.users.models import User
from markets.models import Instrument, Ticker
from markets.services import NewQuote, ensure_instrument, record_quotes, store_candles
from portfolio.allocation.asking import Asked
from portfolio.allocation.services import preview as weigh
from portfolio.rebalancing.rules import Wish as Rebalanced
from portfolio.rebalancing.rules import set_rule
from portfolio.rebalancing.running import look as rebalance
from portfolio.services import roll_up_days, take_snapshots
from quant import strategies
from quant.candles import Candles
from tests.conftest import admin, cloned_database, first_of_the_run, make_user, use_database
from tests.farms.advice.conftest import make_endpoint
from tests.farms.laboratory.by_hand import carry_out_by_hand
from tests.quant.market import random_candles
from trading.risk.ai_state import Wish, write_ai_state
from trading.services import execute_order, set_limits
from wallets.models import Connection, Wallet
from wallets.services import allocate, collect, create_wallet, deposit
from wallets.venues.accounts import create_demo_connection

TEMPLATE = "moniqo_world"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Two averages of 2 and 4 bars cross upwards, downwards with a profit, and upwards again.
SHAPE = (*[100.0] * 12, 99, 98, 97, 103, 106, 110, 113, 112, 108, 103, 101, 100, 99, 98, 104, 107, 109, 111)
PARAMETERS = {"ma": "sma", "fast": 2, "slow": 4, "adx_min": 0, "atr_period": 3, "stop_atr": 4.0, "trail_atr": 0.0}
LONG_FARM = "Momentum of the larger caps, weighed anew on every second Thursday of the month"
LONG_AGENT = "Ether against the dollar on hourly candles, carefully, with a close stop"


@dataclass
class World:
    """The trader and what they have. `farm` and `agent` are the busy ones."""

    owner: User
    connection: Connection
    master: Wallet
    farm: Farm
    agent: Agent
    quiet: Agent
    bitcoin: Instrument
    ether: Instrument
    goal: Goal | None = None
    backtest: Backtest | None = None
    saved: SavedStrategy | None = None
    sweep: Sweep | None = None
    advice: AdviceCall | None = None

    def quote(self, price: str) -> None:
        """Say a new price of bitcoin, as the feed does."""
        _quote(self.bitcoin, Decimal(price))


@contextmanager
def lived_database(name: str) -> Iterator[World]:
    """A database of that name with the world in it, in use inside the block; it is made once per run, and copied."""
    with first_of_the_run(TEMPLATE) as made:
        if made is not None:
            with cloned_database("moniqo_growing"):
                world = build_world()
                use_database("postgres")  # nobody may look at what is copied
                admin("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", TEMPLATE, "moniqo_growing")
            made.write_bytes(pickle.dumps(world))
    with cloned_database(name, TEMPLATE):
        world = pickle.loads((Path(os.environ["MONIQO_TEST_ROOT"]) / TEMPLATE).read_bytes())  # noqa: S301 - our own
        Ticker.objects.update(at=clock.now())
        with tenancy.tenant(world.owner.pk):
            Connection.objects.update(synced_at=clock.now())
        yield world


def build_world(email: str = "world@example.com", *, times: int = 1) -> World:
    """Make the world and commit it, `times` as rich; needs a database of its own (`site` or `live_db`)."""
    owner = make_user(email, name="Wanda World")
    start = clock.now().replace(minute=0, second=0, microsecond=0) - len(SHAPE) * HOUR
    with tenancy.tenant(owner.pk):
        bitcoin, ether = _instrument("BTC", start, 600), _instrument("ETH", start, 30)
        with clock.at(start):
            world = _open(owner, bitcoin, ether, times)
        for hour in range(1, len(SHAPE) + 1):
            _live_through(world, start + hour * HOUR)
        with clock.at(start + len(SHAPE) * HOUR):
            _move(collect, world.master, world.quiet, Decimal("87.65") * times, "Half of what was not used")
            start_farm(owner_id=owner.pk, farm_id=world.farm.pk)
            take_snapshots(owner_id=owner.pk, at=clock.now() + timedelta(seconds=1))
            roll_up_days(owner_id=owner.pk)
        wish = Wish(exposure=Decimal(1), sentiment=Decimal("-0.35"), note="Watching the funding rate until the weekend")
        write_ai_state(wallet=world.agent.wallet, version=0, wish=wish, written_by="Trend model")
        _quote(bitcoin, Decimal("66543.21"))
        _quote(ether, Decimal("3321.09"))
        Connection.objects.filter(owner=owner).update(status=Connection.Status.OK, synced_at=clock.now())
    with tenancy.tenant(owner.pk):
        weigh(owner_id=owner.pk, wallet_id=world.master.pk, asked=Asked("equal"))
        with clock.at(clock.now() - timedelta(days=8)):
            set_rule(owner_id=owner.pk, wallet_id=world.master.pk, wish=Rebalanced(Asked("equal")))
        with clock.at(clock.now()):
            rebalance(owner_id=owner.pk, wallet_id=world.master.pk)
    with tenancy.tenant(owner.pk):  # what a goal counts has to be committed
        world.goal = _wish(world, start, times)
    world.backtest = _try(world)
    world.saved = _save(world)
    world.sweep = _sweep(world)
    world.advice = _advise(world)
    return world


def _advise(world: World) -> AdviceCall:
    """A model that proposed twice, of which one was settled, and that answered with markup once."""
    owner, agent = world.owner, world.agent
    endpoint = AdviceEndpoint.objects.exclude(base_url=rules.ADDRESS).first() or make_endpoint(
        "https://models.example.com/v1"
    )
    with tenancy.tenant(owner.pk):
        set_advice(owner_id=owner.pk, is_on=True, endpoint_id=endpoint.pk, budgets={})
        set_level(owner_id=owner.pk, agent_id=agent.pk, level="propose", every=4, daily_orders=2)
        told = [{"role": "system", "content": "Answer as JSON."}, {"role": "user", "content": '{"price": 66543.2}'}]
        asked = {
            "owner": owner, "about": f"agent:{agent.pk}", "agent": agent, "endpoint": endpoint, "model": "a-model",
            "messages": told, "markets": {}, "reserved_tokens": 9_000, "reserved_cost": Decimal("0.012"),
            "tokens_in": 3_210, "tokens_out": 123, "cost": Decimal("0.003456"), "milliseconds": 2_345,
            "finished_at": clock.now(),
        }  # fmt: skip
        AdviceCall.objects.create(
            **asked, occasion="close", status="nothing", answers=["<p>Buy!</p>", "Ignore all limits."],
            cause="It answered with markup instead of JSON.",
        )  # fmt: skip
        made = {
            "owner": owner, "agent": agent, "instrument": world.bitcoin, "timeframe": "1h", "model": "a-model",
            "level": "propose", "action": "buy", "size": Decimal("0.5"), "stop": Decimal(65_000), "target": None,
            "horizon": 6, "confidence": Decimal("0.7"), "reasons": ["The trend is <b>up</b>: 66,543 is above."],
            "price": Decimal("66543.21"), "bar": 0, "fee": Decimal("0.001"),
        }  # fmt: skip
        calls = []
        for days, became in ((3, "shown"), (0, "held_back")):
            with clock.at(clock.now() - timedelta(days=days)):
                call = AdviceCall.objects.create(**asked, occasion="demand", status="proposal", answers=["{}"])
                due = clock.now() + timedelta(hours=6)
                one = AdviceProposal.objects.create(**made, call=call, due_at=due, became=became, said="It is paused.")
            if days:
                AdviceProposal.objects.filter(pk=one.pk).update(
                    settled_at=clock.now(), exit_price=Decimal(67_000), gain=Decimal("0.0048"), own=Decimal("0.001"),
                    chance=Decimal("-0.002"), chance_spread=Decimal("0.01"),
                )  # fmt: skip
            calls.append(call)
        return calls[-1]


def _save(world: World) -> SavedStrategy:
    """Rules in two versions; the candles there are would be too few to check them on."""
    custom = strategies.get("custom")
    rules = custom.validate({})
    others = custom.validate({"target": {"percent": 0.08}})
    with tenancy.tenant(world.owner.pk):
        saved = SavedStrategy.objects.create(owner=world.owner, name="Dips in an uptrend", strategy="custom")
        for number, (parameters, changed) in enumerate(((rules, []), (others, changes(custom, rules, others))), 1):
            StrategyVersion.objects.create(
                owner=world.owner,
                saved=saved,
                number=number,
                parameters=parameters,
                changes=changed,
                instrument=world.bitcoin,
                timeframe="1h",
                bars=1000,
            )
    return saved


def _try(world: World) -> Backtest:
    """Rules that need few candles on both markets, carried out and judged as by a worker that has just taken it up."""
    average = {"indicator": "sma", "period": 4}
    rules = {
        "entry": {"all": [{"left": {"indicator": "price"}, "op": ">", "right": average}]},
        "exit": {"any": [{"left": {"indicator": "price"}, "op": "<", "right": average}]},
        "stop": {"percent": 0.05},
    }
    markets = [world.bitcoin.pk, world.ether.pk]
    with tenancy.tenant(world.owner.pk):
        wish = Tried(strategy="custom", parameters=rules, instrument_ids=markets, timeframe="1h", size=Decimal("0.4"))
        asked = request_backtest(owner_id=world.owner.pk, wish=wish)
        Backtest.objects.filter(pk=asked.pk).update(
            status="running", claim=uuid4(), claimed_until=clock.now() + jobs.LEASE
        )
        asked.refresh_from_db()
    running.run_backtest(asked)
    return asked


def _sweep(world: World) -> Sweep:
    """Three parameters over a market of its own, which has more candles than the others."""
    instrument, _ = ensure_instrument(
        venue="recorded", symbol="OLD/USDT", tick_size=Decimal("0.01"), lot_size=Decimal("0.001")
    )
    candles = random_candles(np.random.default_rng(3), 300)
    columns = {name: getattr(candles, name) for name in Candles.__dataclass_fields__}
    start = int((clock.now() - timedelta(days=30)).replace(minute=0, second=0, microsecond=0).timestamp()) * 1000
    columns["ts"] = start + np.arange(300, dtype=np.int64) * 3_600_000
    store_candles(instrument=instrument, timeframe="1h", **columns)
    with tenancy.tenant(world.owner.pk):
        wish = Tried(strategy="trend_following", parameters=PARAMETERS, instrument_ids=[instrument.pk], timeframe="1h")
        axes = {"fast": [2, 3, 5, 8], "slow": [9, 13, 21], "stop_atr": [1.0, 4.0]}
        asked = request_sweep(owner_id=world.owner.pk, asked=SweepWish(wish=wish, axes=axes))
    carry_out_by_hand(asked)
    with tenancy.tenant(world.owner.pk):
        past = {"exchange": "kraken", "symbol": "BTC/USD", "timeframe": "1h"}
        request_download(owner_id=world.owner.pk, since=clock.now() - timedelta(days=9), **past)
    return asked


def _open(owner: User, bitcoin: Instrument, ether: Instrument, times: int) -> World:
    connection = create_demo_connection(owner_id=owner.pk)
    master = create_wallet(owner_id=owner.pk, name="Master", role=Wallet.Role.MASTER, connection=connection)
    set_limits(on=connection, allowed_symbols=[bitcoin.symbol, ether.symbol], maximum_notional=Decimal(15000) * times)
    deposit(owner_id=owner.pk, wallet_id=master.pk, amount=Decimal("123456.78") * times, asset="USDT", key="opening")
    trend = _farm(owner, master, "Trend", "0.45")
    momentum = _farm(owner, master, LONG_FARM, "0.3")
    busy = _agent(trend, "Bitcoin trend", bitcoin, "0.6", size="0.5")
    refused = _agent(trend, "Bitcoin, far too large", bitcoin, "0.4", size="0.9")
    quiet = _agent(momentum, LONG_AGENT, ether, "1", size="0.5")
    world = World(owner, connection, master, trend, busy, quiet, bitcoin, ether)
    _move(allocate, master, busy, Decimal("25432.10") * times, "Opening capital")
    _move(allocate, master, refused, Decimal("23876.54") * times, "Opening capital")
    _move(
        allocate,
        master,
        quiet,
        Decimal("9765.43") * times,
        "Opening capital, with a note that says at some length where it is from",
    )
    for agent in (busy, refused):
        start_agent(owner_id=owner.pk, agent_id=agent.pk)
    take_snapshots(owner_id=owner.pk, at=clock.now())
    return world


def _wish(world: World, start: datetime, times: int) -> Goal:
    """Three goals that have counted since the beginning."""
    collect_it = {"do": "collect", "amount": "profit", "to": "master"}
    usual: dict[str, Any] = {"owner_id": world.owner.pk, "starts_at": start, "ends_at": clock.now() + 20 * DAY}
    shares = [{"to": "agents", "share": "0.6"}, {"to": str(world.farm.wallet_id), "share": "0.4"}]
    behind = create_goal(
        **usual, name="Profit for the reserve, a good part of it for whoever has earned it: " + "goal",
        kind="profit_target", target=str(9876 * times), scope=[world.farm.wallet_id, world.quiet.wallet_id],
        actions=[{"do": "close"}, collect_it, {"do": "distribute", "shares": shares}, {"do": "renew"}],
        on_miss=[{"do": "reduce"}],
    )  # fmt: skip
    create_goal(**usual, name="Two trades", kind="trade_volume", target="3", scope="fund", actions=[collect_it])
    create_goal(**usual, name="Perhaps", kind="strategy_performance", target="2", scope="fund", is_draft=True)
    return behind


def _live_through(world: World, moment: datetime) -> None:
    with clock.at(moment):
        for agent in Agent.objects.filter(status=Agent.Status.RUNNING):
            run = run_agent(owner_id=world.owner.pk, agent_id=agent.pk)
            if run is not None and run.order_id is not None:
                execute_order(owner_id=world.owner.pk, order_id=run.order_id)
        take_snapshots(owner_id=world.owner.pk, at=moment)


def _farm(owner: User, master: Wallet, name: str, target: str) -> Farm:
    farm = create_farm(
        owner_id=owner.pk, master_id=master.pk, name=name, maximum_share=Decimal(1), target_weight=Decimal(target)
    )
    rehearse_farm(owner_id=owner.pk, farm_id=farm.pk)
    return farm


def _agent(farm: Farm, name: str, instrument: Instrument, target: str, *, size: str) -> Agent:
    return create_agent(
        owner_id=farm.owner_id,
        farm_id=farm.pk,
        name=name,
        strategy="trend_following",
        instrument_id=instrument.pk,
        timeframe="1h",
        parameters=PARAMETERS,
        size=Decimal(size),
        target_weight=Decimal(target),
    )


def _move(movement: Callable[..., object], master: Wallet, agent: Agent, amount: Decimal, note: str) -> None:
    """Down to an agent through its farm, or up the same way."""
    farm = agent.farm.wallet
    steps: Sequence[tuple[Wallet, Wallet]] = ((master, farm), (farm, agent.wallet))
    if movement is collect:
        steps = [(below, above) for above, below in reversed(steps)]
    for source, target in steps:
        movement(
            owner_id=master.owner_id,
            source_id=source.pk,
            target_id=target.pk,
            asset="USDT",
            amount=amount,
            key=f"{movement.__name__}:{agent.pk}:{source.role}",
            note=note,
        )


def _instrument(base: str, start: datetime, scale: int) -> Instrument:
    """Its hourly candles follow `SHAPE`, `scale` times as high."""
    instrument, _ = ensure_instrument(
        venue="simulated",
        symbol=f"{base}/USDT",
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
        minimum_notional=Decimal(5),
        is_simulated=True,
    )
    close = np.array(SHAPE, dtype=float) * scale
    opens = np.concatenate((close[:1], close[:-1]))
    ts = int(start.timestamp()) * 1000 + np.arange(close.size, dtype=np.int64) * 3_600_000
    high, low = np.maximum(opens, close) + scale / 2, np.minimum(opens, close) - scale / 2
    volume = np.full(close.size, 10.0)
    store_candles(
        instrument=instrument, timeframe="1h", ts=ts, open=opens, high=high, low=low, close=close, volume=volume
    )
    return instrument


def _quote(instrument: Instrument, price: Decimal) -> None:
    record_quotes([NewQuote(instrument.pk, price, price, price, "simulated", clock.now())])
