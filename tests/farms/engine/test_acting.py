"""Members of a farm that run together decide, order and hold exactly what they would one after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from farms.models import Agent, AgentRun, Farm
from farms.services import prepare_runs, run_agent, run_members
from kit import clock
from kit.users.models import User
from tests.farms.conftest import CROSS_UP, PARAMETERS, T0, Desk, hire, make_desk
from trading.models import Order, Position, RiskDecision, RiskLimit
from trading.services import set_limits
from wallets.ledger import verify
from wallets.models import Account, Wallet
from wallets.services import collect, deposit
from wallets.venues.accounts import rehearse

PLAIN = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
    phases=[Phase.generate],  # each example takes a second: to shrink one would take minutes
)


@dataclass(frozen=True)
class Member:
    """An agent as the test hires it; `limit` is its wallet's maximum notional in `limit_asset`."""

    cash: int
    size: str
    sizing: str
    trail: float
    slow: int
    state: str
    limit: int | None
    limit_asset: str


members = st.builds(
    Member,
    cash=st.sampled_from([1, 6, 40, 700, 5_000]),
    size=st.sampled_from(["0.01", "0.3", "0.95", "1"]),
    sizing=st.sampled_from(["cash", "cash", "risk"]),
    trail=st.sampled_from([0.0, 1.5]),
    slow=st.sampled_from([4, 4, 4, 9]),
    state=st.sampled_from(["active"] * 6 + ["reducing", "halted"]),
    limit=st.sampled_from([None, None, None, 50, 1_000]),
    limit_asset=st.sampled_from(["USDT", "USDT", "TST", "GOLD"]),
)
farms = st.fixed_dictionaries(
    {
        "crew": st.lists(members, min_size=2, max_size=6),
        "share": st.sampled_from(["0.01", "0.1", "0.3", "0.6", "1"]),
        "limit": st.sampled_from([None, 400, 2_000]),
        "next_bar": st.sampled_from([88.0, 101.5, 103.0, 106.0, 125.0]),
    }
)


def make_farm(owner: User, crew: list[Member], share: str, limit: int | None) -> Desk:
    with clock.at(T0):
        desk = make_desk(owner)
        rehearse(connection=desk.master.connection)
        deposit(owner_id=owner.pk, wallet_id=desk.master.pk, amount=Decimal(50_000), asset="USDT", key="more")
        for number, member in enumerate(crew):
            parameters = {**PARAMETERS, "slow": member.slow, "trail_atr": member.trail}
            size = {"size": Decimal(member.size), "sizing": member.sizing}
            agent = hire(owner, desk.farm, desk.instrument, name=f"Member {number}", parameters=parameters, **size)
            taken = Decimal(5_000 - member.cash)
            if taken:
                up = {"source_id": agent.wallet_id, "target_id": desk.farm.wallet_id, "asset": "USDT"}
                collect(owner_id=owner.pk, amount=taken, key=f"less {number}", **up)
            if member.limit is not None:
                amount = {"maximum_notional": Decimal(member.limit), "notional_asset": member.limit_asset}
                RiskLimit.objects.create(owner=owner, wallet=agent.wallet, **amount)  # also in what has no price
            Wallet.objects.filter(pk=agent.wallet_id).update(trading_state=member.state)
    if limit is not None:
        set_limits(on=desk.farm.wallet, allowed_symbols=None, maximum_notional=Decimal(limit), notional_asset="USDT")
    Farm.objects.filter(pk=desk.farm.pk).update(maximum_share=Decimal(share))
    return desk


def together(desk: Desk) -> None:
    ids = list(Agent.objects.order_by("created_at", "name").values_list("pk", flat=True))
    crew, tape = prepare_runs(owner_id=desk.owner.pk, agent_ids=ids)
    (farm_id,) = crew
    assert run_members(owner_id=desk.owner.pk, farm_id=farm_id, agent_ids=ids, tape=tape) == []


def one_by_one(desk: Desk) -> None:
    for agent_id in Agent.objects.order_by("created_at", "name").values_list("pk", flat=True):
        run_agent(owner_id=desk.owner.pk, agent_id=agent_id)


def left_by(work: Callable[[Desk], None], desk: Desk) -> dict[str, list[Any]]:
    """All that the work leaves behind, which is undone."""
    with transaction.atomic():
        with clock.at(desk.now):
            work(desk)
        left = rows()
        transaction.set_rollback(True)
    return left


def rows() -> dict[str, list[Any]]:
    """What stands in the tables, without the ids and moments that every try has of its own."""
    run = ("agent", "bar", "decision", "explanation", "close", "numbers", "exit_stop", "exit_target", "trail")
    order = ("key", "side", "quantity", "status", "refusal", "reason", "reference_price", "exit_stop", "exit_trail")
    account = ("wallet", "asset", "kind", "balance", "held")
    return {
        "runs": list(AgentRun.objects.order_by("agent", "bar").values_list(*run, "order__key")),
        "orders": list(Order.objects.order_by("key").values_list(*order, "hold__amount", "hold__asset")),
        "decisions": list(
            RiskDecision.objects.order_by("order__key").values_list("allowed", "limit", "explanation", "numbers")
        ),
        "events": list(
            Order.objects.order_by("key", "events__id").values_list("key", "events__to_status", "events__detail")
        ),
        "accounts": [row for row in Account.objects.order_by(*account[:3]).values_list(*account) if any(row[3:])],
        "positions": list(Position.objects.order_by("wallet").values_list("wallet", "quantity", "exit_stop")),
        "agents": list(Agent.objects.order_by("pk").values_list("pk", "last_bar", "failures")),
    }


@settings(PLAIN, max_examples=10)
@given(made=farms)
def test_together_they_do_what_they_would_do_alone(as_owner: User, made: Any) -> None:
    """On a bar on which most enter, and on the next, on which those who did hold, move their stops or leave."""
    with transaction.atomic():
        desk = make_farm(as_owner, made["crew"], made["share"], made["limit"])
        for closes in (CROSS_UP, [made["next_bar"]]):
            desk.candles(closes)
            assert left_by(together, desk) == left_by(one_by_one, desk)
            with clock.at(desk.now):
                together(desk)
                for order in Order.objects.unfinished():
                    desk.execute(order.pk)
        assert verify(owner_id=as_owner.pk).ok
        transaction.set_rollback(True)
