"""What may be asked of the laboratory: a backtest is checked whole before its row is written."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from farms.laboratory import jobs
from farms.laboratory.keys import asked_before
from farms.models import Agent, Backtest, Question, StrategyVersion
from farms.services.hiring import checked_parameters, fraction, invalid, require_leverage, version_of
from farms.services.promoting import sized_as
from kit import clock
from kit.decimals import plain
from kit.errors import ConflictError, NotFoundError
from markets.candles.known import Series, count_between, known_series
from markets.candles.reading import TIMEFRAME_MS
from markets.models import Instrument, Timeframe
from quant import strategies
from quant.backtest import Config, Market, Size
from quant.errors import ParameterError
from trading.risk.fees import taker_fee
from trading.risk.sizing import SLIPPAGE_CUSHION

MOST_MARKETS: Final = 20
# Of one market alone, and of several together: they are held side by side in memory.
MOST_BARS: Final = 3_000_000
MOST_WAITING: Final = 20
CASH: Final = Decimal(10_000)
FEE: Final = Decimal("0.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A backtest as somebody asks for it; an agent's rules, market and candles where nothing else is said, or those of
    a version of a saved strategy.

    Fees and slippage are fractions. `size` is of `sizing`: units of the base asset, or a fraction of equity, above 0
    and up to 1, that is spent, risked between entry and stop, or moved per year. `leverage` is one that each market
    has: 1 on spot. Without `since` or `until` it is as far as the candles of all go.
    """

    strategy: str = ""
    parameters: Mapping[str, Any] | None = None
    agent_id: UUID | None = None
    version_id: UUID | None = None
    instrument_ids: Sequence[int] = ()
    timeframe: str = ""
    since: datetime | None = None
    until: datetime | None = None
    cash: Decimal = CASH
    taker_fee: Decimal = FEE
    maker_fee: Decimal | None = None
    slippage: Decimal = Decimal(0)
    sizing: str = "fraction"
    size: Decimal = Decimal(1)
    fill: str = "next_open"
    leverage: Decimal = Decimal(1)
    max_entries: int = 1
    assumed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """A wish that can be carried out, as the columns of a `farms.models.Question`, its markets, and whose rules it is
    of: a version's that was named, or that the agent follows unchanged."""

    columns: dict[str, Any]
    instruments: list[Instrument]
    version: StrategyVersion | None


@dataclass(frozen=True, slots=True)
class Rules:
    """Which strategy, what of its parameters is given, and whose they are."""

    strategy: str
    given: Mapping[str, Any]
    agent: Agent | None
    version: StrategyVersion | None


def request_backtest(*, owner_id: UUID, wish: Wish, key: str = "") -> Backtest:
    """Write what is asked for and wake a worker; run it as the tenant. The same `key` with the same wish returns the
    first one.

    Raises InvalidInputError naming the field, NotFoundError for an agent that is not there, ConflictError while too
    many wait, or for a key that asked for another one.
    """
    pk, made = asked_before(Backtest, owner_id, key, asdict(wish))
    if made is not None:
        return made
    asked = settle(wish, rules_of(owner_id, wish))
    strategy, parameters = asked.columns["strategy"], asked.columns["parameters"]
    require_candles(asked, strategies.get(strategy).warmup(parameters))
    _require_room(owner_id)
    backtest = Backtest.objects.create(id=pk, owner_id=owner_id, version=asked.version, **asked.columns)
    jobs.wake()
    return backtest


def settle(wish: Wish, rules: Rules) -> Settled:
    """What is asked for of these rules, checked, with everything that was left open filled in.

    Raises InvalidInputError naming the field.
    """
    agent, version = rules.agent, rules.version
    usual = agent or version
    timeframe = wish.timeframe or (usual.timeframe if usual else "")
    if timeframe not in Timeframe.values:
        raise invalid("timeframe", f"Choose one of {', '.join(Timeframe.values)}.")
    instruments = _instruments(wish.instrument_ids or ([usual.instrument_id] if usual else []))
    for instrument in instruments:
        require_leverage(wish.leverage, instrument)
        parameters = checked_parameters(rules.strategy, rules.given, instrument)
    if version is None and agent is not None and agent.version is not None and agent.parameters == parameters:
        version = agent.version
    config = _config(wish, instruments)
    since, until = _span(wish, instruments, timeframe)
    columns = {
        "agent": agent,
        "strategy": rules.strategy,
        "parameters": parameters,
        "instruments": [instrument.pk for instrument in instruments],
        "timeframe": timeframe,
        "since": since,
        "until": until,
        "cash": wish.cash,
        "assumptions": stored(config),
    }
    return Settled(columns, instruments, version)


def rules_of(owner_id: UUID, wish: Wish) -> Rules:
    """The rules that are asked for.

    Raises InvalidInputError for a strategy or a version that is not there, for a version with other rules beside it, or
    beside an agent that does not follow it, NotFoundError for an agent that is not there.
    """
    agent = _agent(owner_id, wish.agent_id)
    version = None if wish.version_id is None else version_of(wish.version_id)
    if version is not None and (wish.parameters is not None or wish.strategy not in ("", version.saved.strategy)):
        raise invalid("version_id", f"Send {version} alone, or a strategy with parameters.")
    if version is not None and agent is not None and agent.version_id != version.pk:
        follows = f"follows {agent.version}" if agent.version else "follows no saved strategy"
        raise invalid("version_id", f"{agent.name} {follows}: send the agent or {version}, not both.")
    own = version.saved.strategy if version else agent.strategy if agent else ""
    strategy = wish.strategy or own
    if strategy not in {known.slug for known in strategies.catalog()}:
        names = ", ".join(known.slug for known in strategies.catalog())
        raise invalid("strategy", f"Choose one of {names}: there is no strategy {strategy!r}.")
    given = wish.parameters
    if version is not None:
        given = version.parameters
    elif given is None:
        given = agent.parameters if agent and agent.strategy == strategy else {}
    return Rules(strategy, given, agent, version)


def compare_agent(*, owner_id: UUID, agent_id: UUID) -> Backtest:
    """Ask for the backtest that the agent's fills are held against: its rules, market, size and fee, up to now.

    Raises what `request_backtest` raises.
    """
    agent = Agent.objects.select_related("wallet__connection__platform").filter(owner_id=owner_id, pk=agent_id).first()
    if agent is None:
        raise NotFoundError("There is no such agent.")
    sizing, size = sized_as(agent)
    wish = Wish(agent_id=agent_id, sizing=sizing, size=size, leverage=agent.leverage, taker_fee=taker_fee(agent.wallet))
    return request_backtest(owner_id=owner_id, wish=wish)


def repeat_backtest(*, owner_id: UUID, backtest_id: UUID, key: str = "") -> Backtest:
    """Ask exactly the same again, with the candles of today; its hashes say whether they, or the answer, differ.

    The same `key` asks once. Raises NotFoundError, ConflictError while too many wait, or for a key that asked for
    something else.
    """
    asked = Backtest.objects.filter(owner_id=owner_id, pk=backtest_id).first()
    if asked is None:
        raise NotFoundError("There is no such backtest.")
    pk, made = asked_before(Backtest, owner_id, key, {"repeats": backtest_id})
    if made is not None:
        return made
    _require_room(owner_id)
    names = (
        "agent_id", "version_id", "strategy", "parameters", "instruments", "timeframe", "since", "until", "cash",
        "assumptions",
    )  # fmt: skip
    again = Backtest.objects.create(id=pk, owner_id=owner_id, **{name: getattr(asked, name) for name in names})
    jobs.wake()
    return again


def _require_room(owner_id: UUID) -> None:
    if Backtest.objects.filter(owner_id=owner_id, finished_at=None).count() >= MOST_WAITING:
        raise ConflictError(f"Wait until some of them are over: {MOST_WAITING} backtests are not done yet.")


def cancel_backtest(*, owner_id: UUID, backtest_id: UUID) -> Backtest:
    """End it before it is done. Raises NotFoundError, ConflictError when it has come to another end."""
    try:
        return jobs.cancel(Backtest, owner_id=owner_id, job_id=backtest_id)
    except Backtest.DoesNotExist as error:
        raise NotFoundError("There is no such backtest.") from error


def config_of(asked: Question) -> Config:
    """What the run assumes, as the kernel takes it."""
    assumed = dict(asked.assumptions)
    market = assumed.pop("market", None)
    if market is not None:
        assumed["market"] = Market(**{name: Decimal(value) for name, value in market.items()})
    return Config(cash=float(asked.cash), size=Size.parse(assumed.pop("size")), **assumed)


def stored(config: Config) -> dict[str, Any]:
    """A configuration as JSON; the cash has a column of its own."""
    names = ("taker_fee", "maker_fee", "slippage", "fill", "gap", "volume_cap", "leverage", "max_entries")
    kept: dict[str, Any] = {name: getattr(config, name) for name in names}
    if config.market is not None:
        kept["market"] = {name: plain(value) for name, value in asdict(config.market).items()}
    return kept | {"size": f"{config.size.kind}:{config.size.amount!r}"}


def _market(wish: Wish, instruments: Sequence[Instrument]) -> Market | None:
    """What an agent could do it trades by; several markets and added entries are no agent's."""
    if len(instruments) > 1 or instruments[0].kind != Instrument.Kind.SPOT or wish.max_entries > 1:
        return None
    (one,) = instruments
    return Market(lot=one.lot_size, tick=one.tick_size, minimum=one.minimum_notional, cushion=SLIPPAGE_CUSHION)


def _agent(owner_id: UUID, agent_id: UUID | None) -> Agent | None:
    if agent_id is None:
        return None
    agent = Agent.objects.select_related("version__saved").filter(owner_id=owner_id, pk=agent_id).first()
    if agent is None:
        raise NotFoundError("There is no such agent.")
    return agent


def _instruments(ids: Sequence[int]) -> list[Instrument]:
    found = Instrument.objects.in_bulk(list(ids))
    if not ids or len(ids) > MOST_MARKETS:
        raise invalid("instrument_ids", f"Choose 1 to {MOST_MARKETS} markets.")
    if len(found) < len(ids):
        raise invalid("instrument_ids", "Choose markets that there are, each once: see GET /instruments.")
    instruments = [found[pk] for pk in ids]
    if len(paid := sorted({instrument.quote for instrument in instruments})) > 1:
        raise invalid(
            "instrument_ids",
            f"Choose markets that are paid in one asset, which they share: these are in {', '.join(paid)}.",
        )
    return instruments


def _config(wish: Wish, instruments: Sequence[Instrument]) -> Config:
    if wish.sizing != "units":
        fraction(wish.size, "size")
    try:
        size = Size.parse(f"{wish.sizing}:{wish.size}")
    except ParameterError as error:
        raise invalid("size", str(error)) from error
    maker = wish.taker_fee if wish.maker_fee is None else wish.maker_fee
    try:
        return Config(
            cash=float(wish.cash),
            taker_fee=float(wish.taker_fee),
            maker_fee=float(maker),
            slippage=float(wish.slippage),
            size=size,
            fill=wish.fill,  # type: ignore[arg-type]  # checked on construction
            leverage=float(wish.leverage),
            max_entries=wish.max_entries,
            market=_market(wish, instruments),
            **wish.assumed,
        )
    except ParameterError as error:
        raise invalid(error.field or "instrument_ids", str(error)) from error


def _span(wish: Wish, instruments: Sequence[Instrument], timeframe: str) -> tuple[datetime, datetime]:
    """From when until when: what is asked for, or else what all of them have; never beyond what has closed by now."""
    known = {one.instrument_id: one for one in known_series() if one.timeframe == timeframe}
    bare = [instrument.symbol for instrument in instruments if instrument.pk not in known]
    if bare:
        others = sorted(
            {one.timeframe for one in known_series() if one.instrument_id == instruments[0].pk},
            key=list(TIMEFRAME_MS).index,
        )
        more = f" {bare[0]} has candles of {', '.join(others)}." if others and bare[0] == instruments[0].symbol else ""
        raise invalid("timeframe", f"There are no {timeframe} candles of {', '.join(bare)}.{more}")
    series: list[Series] = [known[instrument.pk] for instrument in instruments]
    since = wish.since or max(one.first for one in series)
    until = min(wish.until or clock.now(), clock.now())
    if until <= since:
        raise invalid("until", "Choose an end after the beginning, and a beginning in the past.")
    return since, until


def require_candles(asked: Settled, warmup: int) -> int:
    """How many candles there are, of all markets together; more than the rules need and no more than can be held.

    Raises InvalidInputError naming `since`.
    """
    timeframe, since, until = (asked.columns[name] for name in ("timeframe", "since", "until"))
    counts = [
        count_between(instrument_id=instrument.pk, timeframe=timeframe, since=since, until=until)
        for instrument in asked.instruments
    ]
    for instrument, count in zip(asked.instruments, counts, strict=True):
        if count <= warmup:
            raise invalid(
                "since",
                f"{instrument.symbol} has {count} closed {timeframe} candles in this time, and these rules need more "
                f"than {warmup} before they decide the same as live: begin earlier, or shorten their averages.",
            )
    if sum(counts) > MOST_BARS:
        raise invalid(
            "since",
            f"Choose a shorter time, coarser candles or fewer markets: {sum(counts):,} candles are more than "
            f"{MOST_BARS:,}.",
        )
    return sum(counts)
