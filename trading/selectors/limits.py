"""What may be traded, and who said so: the limits on a path, outermost first, and what they come to.

The gate reads the same rows with its own query and the same two functions, so a page never promises what it refuses.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from kit import clock
from kit.errors import NotFoundError
from markets.models import Instrument
from trading.models import AiState, PlatformLimit, RiskLimit
from trading.risk import gate as risk
from trading.risk.falls import fallen
from trading.risk.limits import caps_of, converted, counted_below, paths_of, told
from trading.risk.locked import KINDS
from wallets.models import Connection, Wallet

NO_MARKETS: Final = "Nobody on the path says which markets may be traded, so none may."
NO_SHARED_MARKET: Final = "No market is allowed by every list on the path."
NO_MAXIMUM: Final = "Nobody on the path says how large an order may be, so none may be placed."
NOT_ALLOWED: Final = "The limits on its path do not allow {symbol}."


@dataclass(frozen=True, slots=True)
class Counted:
    """How much of its limits a connection or a wallet has used; None of what it does not limit, or is not known.

    Orders that will open a position count as open ones, and orders are those sent within the last minute. The daily
    loss is a fraction of what was there when the owner's day began.
    """

    open_positions: int | None = None
    orders_per_minute: int | None = None
    daily_loss: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitStep(risk.Caps):
    """What the operator, the connection or one wallet of the path says, its caps among it: None where it says nothing,
    no symbols where it allows none.

    `is_tightest_notional` and `is_tightest_symbols` tell whose word applies; an intersection of lists is nobody's.
    `used` is there where it was counted (`with_use`).
    """

    id: UUID
    role: str
    name: str
    allowed_symbols: tuple[str, ...] | None
    maximum_notional: Decimal | None
    notional_asset: str
    maximum_daily_loss: Decimal | None
    lost: Decimal | None
    rests_until: datetime | None
    is_tightest_symbols: bool
    is_tightest_notional: bool
    is_unpriced: bool
    used: Counted | None = None

    @property
    def caps(self) -> risk.Caps:
        """What it says beyond markets, order and day."""
        return risk.Caps(*(getattr(self, field.name) for field in fields(risk.Caps)))

    @property
    def says_more(self) -> bool:
        return self.caps != risk.NO_CAPS

    @property
    def protects(self) -> bool:
        """Whether any protection of its own is set."""
        return any(getattr(self, kind) is not None for kind in KINDS)

    @property
    def is_operators(self) -> bool:
        """Whether it binds all accounts at the platform; only who runs it may change it."""
        return self.role == "platform"

    @property
    def is_connection(self) -> bool:
        return self.role == "connection"


@dataclass(frozen=True, slots=True)
class LimitPath:
    """The path down to `target`, whose limits are the last step. `allowed_symbols` and `maximum_notional` (per order,
    in `notional_asset`) are what applies there, None where nobody says; `choices` what may be ticked; `unit` what
    the amounts of the path are compared in: the owner's base currency, or the asset that all markets are paid
    in."""

    target: Connection | Wallet
    steps: tuple[LimitStep, ...]
    allowed_symbols: tuple[str, ...] | None
    maximum_notional: Decimal | None
    notional_asset: str
    choices: tuple[str, ...]
    unit: str
    asks_nothing: str = ""  # the wallet of the path whose agent asks for no exposure now

    @property
    def own(self) -> LimitStep:
        return self.steps[-1]

    @property
    def obstacle(self) -> str:
        """Why nothing can be bought here, or ""."""
        if self.allowed_symbols is None:
            return NO_MARKETS
        if not self.allowed_symbols:
            return NO_SHARED_MARKET
        if unpriced := [step for step in self.steps if step.is_unpriced]:
            return f"{unpriced[0].name} limits orders in {unpriced[0].notional_asset}, which has no price here."
        if self.maximum_notional is None:
            return NO_MAXIMUM
        if resting := [step for step in self.steps if step.rests_until is not None]:
            return f"{resting[0].name} has lost what it may lose in a day."
        if self.asks_nothing:
            return f"The agent of {self.asks_nothing} asks for no exposure now: its wish can be set aside."
        return ""

    def obstacle_to(self, symbol: str) -> str:
        """Why `symbol` cannot be bought here, or ""."""
        if self.obstacle or symbol in (self.allowed_symbols or ()):
            return self.obstacle
        return NOT_ALLOWED.format(symbol=symbol)


def wallet_limits(*, owner_id: UUID, wallet_id: UUID) -> LimitPath:
    """The limits from the wallet's connection down to the wallet, in three queries. Raises NotFoundError."""
    wallet = (
        Wallet.objects.filter(owner_id=owner_id, pk=wallet_id)
        .select_related(
            "owner",
            "connection__limit",
            "connection__platform__limit",
            "limit",
            "parent__limit",
            "parent__parent__limit",
        )
        .defer("owner__password")
        .first()
    )
    if wallet is None:
        raise NotFoundError("There is no such wallet: choose one of yours.")
    path: list[Wallet] = [wallet]
    while (above := path[0].parent) is not None:
        path.insert(0, above)
    return replace(_path(wallet, wallet.connection, path), asks_nothing=_asks_nothing(path))


def _asks_nothing(path: list[Wallet]) -> str:
    now = clock.now()
    newest = AiState.objects.filter(wallet__in=path, created_at__lte=now).order_by("wallet_id", "-version")
    for state in newest.distinct("wallet_id"):
        if state.exposure == 0 and (state.expires_at is None or state.expires_at > now):
            return next(wallet.name for wallet in path if wallet.pk == state.wallet_id)
    return ""


def with_use(path: LimitPath) -> LimitPath:
    """The same with how much of each step's limits is used now, as the gate counts it: numbers by one statement; what
    was lost today by a valuation, where a step names a daily loss."""
    target = path.target
    if isinstance(target, Wallet):
        counted = counted_on_paths([target.pk])
    else:
        opened, sent = counted_below(target)
        counted = {target.pk: _counted(path.own.caps, opened, sent)}
    named = {step.id for step in path.steps if step.maximum_daily_loss is not None}
    lost = fallen(target.owner_id) if named else {}

    def used(step: LimitStep) -> Counted:
        return replace(counted.get(step.id, Counted()), daily_loss=lost.get(step.id) if step.id in named else None)

    steps = (step if step.is_operators else replace(step, used=used(step)) for step in path.steps)
    return replace(path, steps=tuple(steps))


def counted_on_paths(wallet_ids: Sequence[UUID]) -> dict[UUID, Counted]:
    """What the gate counts on the paths of the wallets, by the connection or wallet that limits it: one statement."""
    return {
        step.id: _counted(step.caps, step.open_positions, step.orders)
        for path in paths_of(wallet_ids).values()
        for step in path
        if step.id is not None
    }


def _counted(caps: risk.Caps, opened: int, sent: int) -> Counted:
    return Counted(
        open_positions=None if caps.maximum_open_positions is None else opened,
        orders_per_minute=None if caps.maximum_orders_per_minute is None else sent,
    )


def connection_limits(*, owner_id: UUID, connection_id: UUID) -> LimitPath:
    """The limits of a connection, in two queries. Raises NotFoundError."""
    rows = Connection.objects.select_related("owner", "limit", "platform__limit").defer("owner__password")
    connection = rows.filter(owner_id=owner_id, pk=connection_id).first()
    if connection is None:
        raise NotFoundError("There is no such connection: choose one of yours.")
    return _path(connection, connection, [])


def _path(target: Connection | Wallet, connection: Connection, wallets: list[Wallet]) -> LimitPath:
    path: list[Connection | Wallet] = [connection, *wallets]
    instruments = dict(Instrument.objects.filter(venue=connection.venue, is_active=True).values_list("symbol", "quote"))
    unit = target.owner.base_currency
    if (quotes := set(instruments.values())) and unit not in quotes and len(quotes) == 1:
        (unit,) = quotes  # the gate counts in what the market is paid in
    said = (*_operators(connection), *(_limits(step) for step in path))
    limits = converted(said, venue=connection.venue, unit=unit)
    outermost = [connection] if said[0].is_operators else []
    symbols, notional = risk.shared_symbols(limits), risk.tightest_notional(limits)
    stored = limits[-1].allowed_symbols or frozenset()
    steps = (
        LimitStep(
            id=step.pk,
            role="platform" if limit.is_operators else step.role if isinstance(step, Wallet) else "connection",
            name=limit.name,
            allowed_symbols=in_order(limit.allowed_symbols),
            maximum_notional=limit.maximum_notional,
            notional_asset=limit.notional_asset,
            maximum_daily_loss=limit.maximum_daily_loss,
            lost=limit.lost,
            rests_until=limit.rests_until,
            is_tightest_symbols=symbols is not None and limit.allowed_symbols == symbols,
            is_unpriced=limit.is_unpriced,
            is_tightest_notional=notional is not None and limit.in_unit == notional,
            **asdict(limit.caps),
        )
        for step, limit in zip([*outermost, *path], limits, strict=True)
    )
    return LimitPath(
        target=target,
        steps=tuple(steps),
        allowed_symbols=in_order(symbols),
        maximum_notional=notional,
        notional_asset="" if notional is None else unit,
        choices=tuple(sorted(set(instruments) | stored)),
        unit=unit,
    )


def _operators(connection: Connection) -> tuple[risk.Limits, ...]:
    """The operator's word for all accounts at the platform, where there is one."""
    limit: PlatformLimit | None = getattr(connection.platform, "limit", None)
    if limit is None:
        return ()
    return (
        risk.Limits(
            connection.platform.name,
            maximum_notional=limit.maximum_notional,
            notional_asset=limit.notional_asset,
            caps=risk.Caps(maximum_distance=limit.maximum_distance),
            is_operators=True,
        ),
    )


def _limits(step: Connection | Wallet) -> risk.Limits:
    limit: RiskLimit | None = getattr(step, "limit", None)
    if limit is None:
        return risk.Limits(step.name)
    listed = None if limit.allowed_symbols is None else frozenset(limit.allowed_symbols)
    said = risk.Limits(
        step.name,
        allowed_symbols=listed,
        maximum_notional=limit.maximum_notional,
        notional_asset=limit.notional_asset,
        caps=caps_of(limit),
    )
    return told(said, limit.maximum_daily_loss, limit.lost, limit.rests_until)


def in_order(symbols: frozenset[str] | None) -> tuple[str, ...] | None:
    return None if symbols is None else tuple(sorted(symbols))
