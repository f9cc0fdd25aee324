"""The demo trader's goals: one that its history reaches, and at the end of it one ahead of its plan and one behind, and
one that a farm has for itself, whose path is drawn beside its return."""

from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final
from uuid import UUID

from django.db.models import F, Sum

from farms.models import Farm
from goals import services
from goals.models import GoalAction
from kit import clock, tenancy
from moniqo.demo import cast
from trading.models import Fill
from trading.selectors.trades import trade_figures
from wallets.models import Wallet
from wallets.services import create_wallet

RESERVE: Final = "Savings"
FIRST_PROFIT: Final = Decimal(500)  # in dollars, as the cast's money
FIRST_TRADES: Final = 40
HALF: Final = timedelta(days=15)  # of the time of the last goals, which are in the middle of it when the history ends
AHEAD: Final = Decimal("0.75")
BEHIND: Final = Decimal("1.6")
FARM_PROFIT: Final = Decimal(1000)  # at least, in dollars


def set_first(*, owner_id: UUID, master: Wallet, dollar: Decimal) -> None:
    """A goal for the history: at the first profit the money comes home and is shared out."""
    reserve = create_wallet(owner_id=owner_id, name=RESERVE, role=Wallet.Role.RESERVE, parent=master)
    services.create(
        owner_id=owner_id,
        name="The first profit",
        kind="custom",
        target={
            "match": "any",
            "conditions": [
                {"metric": "profit", "operator": ">=", "value": str(FIRST_PROFIT * dollar)},
                {"metric": "trades", "operator": ">=", "value": FIRST_TRADES},
            ],
        },
        scope="fund",
        actions=[
            {"do": "collect", "amount": "profit", "to": "master"},
            {
                "do": "distribute",
                "shares": [{"to": str(reserve.pk), "share": "0.6"}, {"to": "agents", "share": "0.4"}],
            },
            {"do": "continue"},
        ],
    )


def follow(*, owner_id: UUID, at: datetime) -> None:
    """What happens to goals at the end of a day of the history."""
    with tenancy.tenant(owner_id), clock.at(at):
        services.update(owner_id=owner_id)
        open_ones = GoalAction.objects.filter(status__in=(GoalAction.Status.WAITING, GoalAction.Status.RUNNING))
        acting = list(open_ones.values_list("goal_id", flat=True).distinct().order_by())
    for goal_id in acting:
        with tenancy.tenant(owner_id), clock.at(at):
            services.carry_out(owner_id=owner_id, goal_id=goal_id)


def set_last(*, owner_id: UUID, end: datetime, dollar: Decimal) -> None:
    """Goals under way, wherever the history has led: one ahead of its plan, one behind, and one of the first farm's."""
    now = clock.now()
    starts_at = end - HALF
    ends_at = now + (now - starts_at)
    _set_farms(owner_id=owner_id, starts_at=starts_at, ends_at=ends_at, dollar=dollar)
    trades = trade_figures(owner_id=owner_id, since=starts_at).trades
    volume = Fill.objects.filter(owner_id=owner_id, filled_at__gte=starts_at).aggregate(
        sum=Sum(F("price") * F("quantity"))
    )
    wanted = {
        "Trades of this month": ("count", trades * 2 * AHEAD, Decimal(1)),
        "Volume of this month": ("notional", (volume["sum"] or Decimal(0)) * 2 * BEHIND, Decimal(1000)),
    }
    for name, (measure, value, unit) in wanted.items():
        services.create(
            owner_id=owner_id,
            name=name,
            kind="trade_volume",
            target={
                "measure": measure,
                "value": str(max((value / unit).to_integral_value(ROUND_CEILING) * unit, unit)),
            },
            scope="fund",
            starts_at=starts_at,
            ends_at=ends_at,
            actions=[{"do": "collect", "amount": "profit", "to": "farm"}, {"do": "renew", "rule": "ratchet"}],
            on_miss=[{"do": "extend", "days": 7, "times": 1}],
        )


def _set_farms(*, owner_id: UUID, starts_at: datetime, ends_at: datetime, dollar: Decimal) -> None:
    """A profit that the farm is ahead of, where it has made one, and that is never reached already."""
    farm = Farm.objects.get(name=cast.FARMS[0].name)
    figures = trade_figures(owner_id=owner_id, since=starts_at, wallet_ids=[farm.wallet_id])
    made = (figures.won or Decimal(0)) - (figures.lost or Decimal(0))
    hundred = 100 * dollar
    value = max((made * 2 * AHEAD / hundred).to_integral_value(ROUND_CEILING) * hundred, FARM_PROFIT * dollar)
    services.create(
        owner_id=owner_id,
        name=f"Profit of {farm.name} this month",
        kind="profit_target",
        target={"measure": "total", "value": str(value)},
        scope=[farm.wallet_id],
        starts_at=starts_at,
        ends_at=ends_at,
        actions=[{"do": "collect", "amount": "profit", "to": "master"}, {"do": "renew", "rule": "ratchet"}],
    )
