"""The demo's history: the engine run over candles, day by day.

A day is one transaction under a controlled clock, and the newest snapshots say how far the history has come: a build
that is killed goes on with the day it was in. Until the end the farms rehearse, which keeps the live workers away
from them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

from django.db import connection

from farms.models import Agent, Farm
from farms.services import (
    RUNS,
    History,
    Tape,
    bars_wanted,
    create_agent,
    create_farm,
    rehearse_farm,
    start_agent,
    start_farm,
)
from kit import clock, days, months, tenancy
from kit.audit.services import ENTRIES
from kit.errors import ConflictError
from kit.live.publish import publish
from kit.users.models import User
from markets.assets import dollar_in
from markets.candles.reading import TIMEFRAME_MS, milliseconds, moment
from markets.models import Instrument
from moniqo.demo import advised, ambitions, cast, composed, stage, tried
from moniqo.demo.cast import AgentRole, FarmRole
from portfolio.models import PortfolioState
from portfolio.rebalancing.rules import set_rule
from portfolio.rebalancing.running import look
from portfolio.services import roll_up_days, take_snapshots
from quant.candles import DAY_MS
from trading.models import Order, Position
from trading.services import DECISIONS, EVENTS, execute_order, set_limits
from wallets.models import Connection, Wallet, WalletRule
from wallets.services import allocate, apply_rules, collect, create_wallet, deposit, make_rule
from wallets.venues.accounts import create_demo_connection, go_live, rehearse

# Stops are looked at this often between the runs, or as often as the candles allow.
LOOK_EVERY_MS: Final = TIMEFRAME_MS["1h"]
HOUR_MS: Final = TIMEFRAME_MS["1h"]
CLOSED_HOURLY_MS: Final = 7 * DAY_MS
CENT: Final = Decimal("0.01")

# What the past is written into, that live work writes into months made ahead.
WRITTEN: Final = tuple(table.table for table in (RUNS, EVENTS, DECISIONS, ENTRIES))

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a build made."""

    start: datetime
    end: datetime
    orders: int
    trades: int


def build(*, owner_id: UUID, candles: Path | None, say: Say) -> Summary | None:
    """Give the demo trader a past, on simulated candles or those of a folder; None when there is one already.

    `say` gets a line for each step. Raises CandleFolderError when the folder has nothing to offer, and ConflictError
    while another process is building it.
    """
    with _alone(owner_id):
        return _build(owner_id, candles, say)


@contextmanager
def _alone(owner_id: UUID) -> Iterator[None]:
    """Keep other builds of the same history out; PostgreSQL lets go by itself when this process dies."""
    name = [f"demo:{owner_id}"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", name)
        if not cursor.fetchone()[0]:
            raise ConflictError("The history is being built by another process: wait until it is there.")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", name)


def _build(owner_id: UUID, candles: Path | None, say: Say) -> Summary | None:
    with tenancy.tenant(owner_id):
        state, _ = PortfolioState.objects.get_or_create(owner_id=owner_id, defaults={"building": 0})
        master = Wallet.objects.select_related("connection").filter(role=Wallet.Role.MASTER).first()
    if state.building is None:
        if master is not None:
            stage.go_live(master.connection.venue)
        return None
    _tell(owner_id, state.building, "Preparing the market")
    if master is None:
        scene = stage.set_up(candles, say)
        months.make_between(WRITTEN, scene.start.date(), scene.end.date())
        _open(owner_id, scene)
    else:
        scene = stage.recall(owner_id)
    _play(owner_id, scene, say)
    return _close(owner_id, scene)


# --- the opening ---------------------------------------------------------------------------------------------------


def _open(owner_id: UUID, scene: stage.Scene) -> None:
    """Money, farms and the agents that are there from the beginning; one transaction."""
    with tenancy.tenant(owner_id), clock.at(scene.start):
        account = create_demo_connection(owner_id=owner_id, name="Paper account", venue=scene.venue)
        rehearse(connection=account)
        master = create_wallet(
            owner_id=owner_id,
            name="Master",
            role=Wallet.Role.MASTER,
            connection=account,
            base_asset=scene.quote,
        )
        User.objects.filter(pk=owner_id).update(base_currency=scene.quote)
        symbols = sorted({instrument.symbol for instrument in _traded(scene)})
        set_limits(
            on=account,
            allowed_symbols=symbols,
            maximum_notional=_scaled(cast.MAXIMUM_NOTIONAL, scene),
            maximum_daily_loss=cast.MAXIMUM_DAILY_LOSS,
        )
        _deposit(owner_id, master, cast.FUNDING, scene, "first")
        for role in cast.FARMS:
            farm = create_farm(
                owner_id=owner_id,
                master_id=master.pk,
                name=role.name,
                kind=role.kind,
                maximum_share=role.maximum_share,
                target_weight=role.share,
            )
            _move(owner_id, master, farm.wallet, role.share * cast.FUNDING, scene, "Opening capital")
            rehearse_farm(owner_id=owner_id, farm_id=farm.pk)
            for agent in role.agents:
                if agent.joins_before_end is None or not scene.is_quick(agent):
                    _hire(owner_id, farm, role, agent, scene)
        first = Farm.objects.select_related("wallet").order_by("created_at")[0].wallet
        make_rule(owner_id=owner_id, wallet_id=first.pk, kind=WalletRule.Kind.SWEEP, every=WalletRule.Every.WEEK)
        ambitions.set_first(owner_id=owner_id, master=master, dollar=dollar_in(scene.quote))
        take_snapshots(owner_id=owner_id, at=scene.start)
        stage.remember(owner_id, scene)


def _traded(scene: stage.Scene) -> list[Instrument]:
    """The instruments of the scene, and the perpetuals beside them."""
    perpetuals = Instrument.objects.filter(prices_of__in=[instrument.pk for instrument in scene.instruments])
    return [*scene.instruments, *perpetuals]


def _hire(owner_id: UUID, farm: Farm, farm_role: FarmRole, role: AgentRole, scene: stage.Scene) -> None:
    instrument = scene.instruments[role.instrument % len(scene.instruments)]
    if role.leverage is not None:
        instrument = Instrument.objects.get(prices_of=instrument)
    agent = create_agent(
        owner_id=owner_id,
        farm_id=farm.pk,
        name=role.name,
        strategy=role.strategy,
        instrument_id=instrument.pk,
        timeframe=scene.timeframe_of(role),
        parameters=role.parameters,
        sizing=role.sizing,
        size=role.size,
        leverage=role.leverage or Decimal(1),
        target_weight=role.share,
    )
    _move(owner_id, farm.wallet, agent.wallet, role.share * farm_role.share * cast.FUNDING, scene, "Opening capital")
    start_agent(owner_id=owner_id, agent_id=agent.pk)


# --- the days ------------------------------------------------------------------------------------------------------


def _play(owner_id: UUID, scene: stage.Scene, say: Say) -> None:
    with tenancy.tenant(owner_id):
        cursor = PortfolioState.objects.values_list("valued_at", flat=True).get(owner_id=owner_id)
    first, last = milliseconds(cursor or scene.start), milliseconds(scene.end)
    shown = -1
    tape = Tape.of_past(
        instrument_ids=[instrument.pk for instrument in _traded(scene)],
        since=moment(first),
        until=scene.end,
        bars=max(bars_wanted(role.strategy, role.parameters) for farm in cast.FARMS for role in farm.agents),
    )
    while first < last:
        until = min((first // DAY_MS + 1) * DAY_MS, last)
        done = int(100 * (until - milliseconds(scene.start)) / max(1, last - milliseconds(scene.start)))
        step = f"Trading {moment(first):%-d %b %Y}"
        with tenancy.tenant(owner_id):
            _play_day(owner_id, scene, tape, first, until)
            _progress(owner_id, min(done, 99), step)
        # The value of `until` is written: what moves money now comes after it, as it does in the present.
        ambitions.follow(owner_id=owner_id, at=moment(until) + days.INSTANT)
        if done // 10 != shown:
            shown = done // 10
            say(f"{done:3d} %  {step}")
        first = until


def _play_day(owner_id: UUID, scene: stage.Scene, tape: Tape, first: int, until: int) -> None:
    """Everything that happens after `first` up to and with `until` (ms), which ends with a snapshot."""

    def execute(order_id: UUID) -> None:
        execute_order(owner_id=owner_id, order_id=order_id)

    history = History(owner_id=owner_id, tape=tape, execute=execute)
    for now in _moments(scene, history.agents, first, until):
        if _closes(scene, now):
            # A day closes before anything of the next one happens: agents trade when a bar closes, so at midnight.
            with clock.at(moment(now) - days.INSTANT):
                take_snapshots(owner_id=owner_id)
        with clock.at(moment(now)):
            if now % DAY_MS == 0:
                history.write()
                _midnight(owner_id, scene, now)
                advised.follow(owner_id=owner_id, end=scene.end, execute=execute)
                history.read()
            history.step()
            if now % scene.snapshot_every_ms == 0 or now == until:
                take_snapshots(owner_id=owner_id)
    history.write()
    roll_up_days(owner_id=owner_id)


def _closes(scene: stage.Scene, now: int) -> bool:
    """Whether a day is closed right before `now`: at midnight, and lately at every hour, because it is somebody's
    midnight: a reader who chooses another time zone finds today and this week begun at their own."""
    return now % DAY_MS == 0 or (now % HOUR_MS == 0 and now > milliseconds(scene.end) - CLOSED_HOURLY_MS)


def _moments(scene: stage.Scene, agents: list[Agent], first: int, until: int) -> Iterator[int]:
    """The closes of the shortest bars anybody looks at, and `until`."""
    step = min([max(LOOK_EVERY_MS, scene.finest_ms), *(TIMEFRAME_MS[agent.timeframe] for agent in agents)])
    yield from range((first // step + 1) * step, until, step)
    yield until


# --- what people do ------------------------------------------------------------------------------------------------


def _midnight(owner_id: UUID, scene: stage.Scene, now: int) -> None:
    """The trader's own doings, a later deposit, a late hire, a collection; and what the rules do by themselves."""
    apply_rules(owner_id=owner_id)
    day = (now - milliseconds(scene.start)) // DAY_MS
    if day == cast.REBALANCES_AFTER_DAYS:
        set_rule(owner_id=owner_id, wallet_id=_master().pk, wish=cast.REBALANCING)
    if day > cast.REBALANCES_AFTER_DAYS:
        look(owner_id=owner_id, wallet_id=_master().pk)
    if day == cast.LATER_DEPOSIT_AFTER_DAYS:
        _deposit(owner_id, _master(), cast.LATER_DEPOSIT, scene, "later")
    if day and day % cast.COLLECT_EVERY_DAYS == 0:
        _collect_profit(owner_id, day)
    first = milliseconds(scene.start) // DAY_MS
    advised.midnight(owner_id=owner_id, day=now // DAY_MS - first, days_left=(scene.last_midnight_ms - now) // DAY_MS)
    for role in cast.FARMS:
        for agent in role.agents:
            joins = agent.joins_before_end
            if joins is not None and scene.is_quick(agent) and now == scene.last_midnight_ms - joins * DAY_MS:
                _hire(owner_id, Farm.objects.get(name=role.name), role, agent, scene)
            if agent.distrusted and now == scene.last_midnight_ms - cast.DISTRUSTED_BEFORE_DAYS * DAY_MS:
                wallet = Wallet.objects.get(agent__name=agent.name)
                set_limits(on=wallet, allowed_symbols=None, maximum_notional=None, caps=cast.DISTRUST)


def _collect_profit(owner_id: UUID, day: int) -> None:
    """Half of what an agent has earned beyond its opening capital goes up to the master, when it holds no position."""
    busy = Position.objects.filter(closed_at__isnull=True).values("wallet_id")
    master = _master()
    for agent in Agent.objects.exclude(wallet__in=busy).select_related("wallet", "farm__wallet"):
        account = agent.wallet.accounts.filter(asset=master.base_asset, kind="wallet").first()
        earned = Position.objects.filter(wallet=agent.wallet_id).values_list("realized_pnl", flat=True)
        profit = min(sum(earned, Decimal(0)), account.available if account else Decimal(0))
        dollar = dollar_in(master.base_asset)
        amount = (profit / 2).quantize(dollar * CENT, ROUND_DOWN)
        if amount < dollar:
            continue
        for source, target in ((agent.wallet, agent.farm.wallet), (agent.farm.wallet, master)):
            collect(
                owner_id=owner_id,
                source_id=source.pk,
                target_id=target.pk,
                asset=master.base_asset,
                amount=amount,
                key=f"demo:collect:{day}:{agent.pk}:{source.pk}",
                note="Half of the profit so far",
            )


def _deposit(owner_id: UUID, master: Wallet, amount: Decimal, scene: stage.Scene, key: str) -> None:
    deposit(
        owner_id=owner_id,
        wallet_id=master.pk,
        amount=_scaled(amount, scene),
        asset=scene.quote,
        key=f"demo:deposit:{key}",
    )


def _move(owner_id: UUID, source: Wallet, target: Wallet, amount: Decimal, scene: stage.Scene, note: str) -> None:
    # Whoever joins late may find that rebalancing has lent a part of it to another farm.
    free = source.accounts.get(asset=scene.quote, kind="wallet").available
    allocate(
        owner_id=owner_id,
        source_id=source.pk,
        target_id=target.pk,
        asset=scene.quote,
        amount=min(_scaled(amount, scene), free.quantize(dollar_in(scene.quote) * CENT, ROUND_DOWN)),
        key=f"demo:allocate:{target.pk}",
        note=note,
    )


def _scaled(amount: Decimal, scene: stage.Scene) -> Decimal:
    return amount * dollar_in(scene.quote)


def _master() -> Wallet:
    return Wallet.objects.get(role=Wallet.Role.MASTER)


# --- the end, and being told -----------------------------------------------------------------------------------------


def _close(owner_id: UUID, scene: stage.Scene) -> Summary:
    """From here on the farms run live, on prices that go on where the history ends."""
    with tenancy.tenant(owner_id):
        for farm in Farm.objects.filter(status=Farm.Status.REHEARSING):
            start_farm(owner_id=owner_id, farm_id=farm.pk)
        for account in Connection.objects.filter(owner_id=owner_id, is_rehearsing=True):
            go_live(connection=account)
        orders = Order.objects.count()
        trades = Position.objects.filter(closed_at__isnull=False).count()
        ambitions.set_last(owner_id=owner_id, end=scene.end, dollar=dollar_in(scene.quote))
        composed.save(owner_id=owner_id)
        tried.ask(owner_id=owner_id)
        _progress(owner_id, None, "")
    stage.go_live(scene.venue)
    return Summary(scene.start, scene.end, orders, trades)


def _tell(owner_id: UUID, percent: int, step: str) -> None:
    with tenancy.tenant(owner_id):
        _progress(owner_id, percent, step)


def _progress(owner_id: UUID, percent: int | None, step: str) -> None:
    PortfolioState.objects.filter(owner_id=owner_id).update(building=percent, building_step=step)
    publish(owner_id=owner_id, event="demo", data={"percent": percent, "step": step})
