"""What the engine asks: money that an entry may use, and whose work is due."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, F, IntegerField, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from farms.models import Agent, Farm
from kit import clock
from markets.candles.reading import TIMEFRAME_MS, milliseconds
from markets.models import Candle, Instrument
from markets.prices import prices_in
from trading.models import Order, Position, Side
from wallets.models import Account

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class FarmCapital:
    """In the farm's base asset: all that it and its agents have, and how much of it is in one instrument."""

    value: Decimal
    exposure: Decimal


def free_cash(*, wallet_id: UUID, asset: str) -> Decimal:
    """What the wallet has of the asset and no order holds."""
    account = Account.objects.filter(wallet=wallet_id, asset=asset, kind=Account.Kind.WALLET).first()
    return account.available if account else ZERO


def farm_capital(*, farm: Farm, instrument: Instrument, price: Decimal) -> FarmCapital:
    """What the farm is worth, and what its agents hold or are buying in `instrument` at `price`.

    Assets without a price count nothing, so that they never make room for an entry.
    """
    members = Q(wallet=farm.wallet_id) | Q(wallet__parent=farm.wallet_id)
    balances = (
        Account.objects.filter(members, kind=Account.Kind.WALLET)
        .values_list("asset")
        .annotate(total=Sum("balance"))
        .filter(total__gt=0)
    )
    totals: dict[str, Decimal] = dict(balances)
    base = farm.wallet.base_asset
    prices = prices_in(assets=totals, base=base, venue=instrument.venue)
    value = sum((total * prices[asset].price for asset, total in totals.items() if asset in prices), ZERO)
    held = Position.objects.filter(members, instrument=instrument, closed_at__isnull=True).aggregate(
        total=Coalesce(Sum("quantity"), ZERO)
    )["total"]
    coming = (
        Order.objects.unfinished()
        .filter(members, instrument=instrument, side=Side.BUY)
        .aggregate(total=Coalesce(Sum(F("quantity") - F("filled_quantity")), ZERO))["total"]
    )
    return FarmCapital(value=value, exposure=(held + coming) * price)


def due_agents() -> list[tuple[UUID, UUID]]:
    """(owner, agent) of every agent with a closed bar it has not run on; asked as the system role."""
    now = milliseconds(clock.now())
    length = Case(
        *(When(timeframe=timeframe, then=Value(ms)) for timeframe, ms in TIMEFRAME_MS.items()),
        output_field=IntegerField(),
    )
    newest = (
        Candle.objects.filter(
            instrument=OuterRef("instrument"), timeframe=OuterRef("timeframe"), ts__lte=now - OuterRef("length")
        )
        .order_by("-ts")
        .values("ts")[:1]
    )
    return list(
        Agent.objects.filter(status=Agent.Status.RUNNING, farm__status=Farm.Status.RUNNING)
        .annotate(length=length)
        .annotate(newest=Subquery(newest))
        .filter(
            Q(last_bar__isnull=True) | Q(newest__gt=F("last_bar")) | Q(last_bar__gt=now),
            newest__gt=now - 2 * F("length"),
        )
        .order_by("newest", "created_at")
        .values_list("owner_id", "pk")
    )
