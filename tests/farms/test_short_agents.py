"""An agent on a perpetual sells short, turns round and uses leverage, by the same runs as on spot."""

from dataclasses import replace
from decimal import Decimal

import pytest

from farms.engine.decision import Means, Signal, decide
from farms.models import Agent, Farm
from farms.services import create_agent, start_agent, update_agent
from kit import clock
from kit.errors import InvalidInputError
from kit.sentences import Sentence
from kit.users.models import User
from markets.models import Instrument
from tests.farms.conftest import CALM, PARAMETERS, T0, Desk, fund, make_desk
from trading.models import Position
from trading.services import set_limits
from wallets.models import Account
from wallets.venues.accounts import rehearse

D = Decimal
# Rises, then falls: a 2-bar average crosses a 4-bar one downwards on the bar that closes at 97.
CROSS_DOWN = [*CALM, 101.0, 102.0, 103.0, 97.0]


@pytest.fixture
def desk(as_owner: User) -> Desk:
    with clock.at(T0):
        made = make_desk(as_owner)
        perpetual = Instrument.objects.get(prices_of=made.instrument)
        set_limits(on=made.master.connection, allowed_symbols=[perpetual.symbol], maximum_notional=D(1_000_000))
        made.agent = create_agent(
            owner_id=as_owner.pk,
            farm_id=made.farm.pk,
            name="Both ways",
            strategy="trend_following",
            instrument_id=perpetual.pk,
            timeframe="1h",
            parameters={**PARAMETERS, "direction": "both"},
            size=D("0.5"),
            leverage=D(3),
        )
        fund(as_owner, made.agent.wallet, D(2_000))
        start_agent(owner_id=as_owner.pk, agent_id=made.agent.pk)
        rehearse(connection=made.master.connection)
    return made


def position(desk: Desk) -> Position:
    return Position.objects.get(wallet=desk.agent.wallet, closed_at=None)


def test_a_cross_downwards_sells_short_with_a_stop_above(desk: Desk) -> None:
    desk.candles(CROSS_DOWN)
    run = desk.run()
    assert run is not None
    assert (run.decision, run.order is not None) == ("enter", True)
    assert str(run.explanation).startswith("Go short")
    held = position(desk)
    assert (held.direction, held.leverage) == ("short", 3)
    assert held.exit_stop is not None
    assert held.exit_stop > held.entry_price
    assert held.liquidation_price is not None
    assert held.liquidation_price > held.exit_stop
    account = Account.objects.get(wallet=desk.agent.wallet, asset="USDT", kind="wallet")
    assert account.held == held.margin
    # Half of its cash stands for it, and it is worth three times as much.
    assert D(900) < held.margin <= 1_000
    assert D(2_700) < held.quantity * held.entry_price <= 3_000


def test_the_opposite_cross_turns_it_round_with_one_order(desk: Desk) -> None:
    desk.candles(CROSS_DOWN)
    desk.run()
    short = position(desk)
    runs = desk.each([96.0, 95.0, 94.0, 100.0])
    turned = runs[-1]
    assert turned.decision == "enter", str(turned.explanation)
    assert str(turned.explanation).startswith("Turn round")
    held = position(desk)
    assert held.direction == "long"
    short.refresh_from_db()
    assert short.closed_at is not None
    assert turned.order is not None
    assert turned.order.quantity == short.exit_quantity + held.quantity


def test_its_settings_say_the_kind_and_the_leverage_and_are_held_to_the_market(desk: Desk) -> None:
    given = {
        "owner_id": desk.owner.pk, "agent_id": desk.agent.pk, "name": "Both ways", "timeframe": "1h",
        "parameters": desk.agent.parameters, "sizing": "cash", "size": D("0.5"),
    }  # fmt: skip
    Farm.objects.update(status=Farm.Status.PAUSED)  # its history is built
    assert update_agent(**given, leverage=D(20)).leverage == 20
    for wrong in ("20.5", "0.5", "NaN"):
        with pytest.raises(InvalidInputError) as error:
            update_agent(**given, leverage=D(wrong))
        assert "from 1 to 20" in error.value.fields["leverage"]
    spot = Agent.objects.exclude(pk=desk.agent.pk).get()
    with pytest.raises(InvalidInputError, match="without leverage"):
        update_agent(**{**given, "agent_id": spot.pk, "name": "S", "parameters": spot.parameters}, leverage=D(2))


# --- decisions alone ------------------------------------------------------------------------------------------------


def signal(enter: int, close: str = "100", **more: D) -> Signal:
    return Signal(enter, False, D(close), Sentence("It crossed."), **more)


def means(**more: D) -> Means:
    given = {
        "cash": D(1_000), "price": D(100), "room": D(100_000), "sizing": "cash", "size": D("0.5"),
        "fee_rate": D("0.001"), "lot": D("0.001"), "minimum_notional": D(5),
    }  # fmt: skip
    return Means(**{**given, **more})


@pytest.mark.offline
def test_on_spot_nothing_is_sold_short_and_on_a_perpetual_it_is() -> None:
    assert decide(signal=signal(-1), held=None, means=means).kind == "skip"
    entry = decide(signal=signal(-1), held=None, means=lambda: means(leverage=D(4)), may_short=True)
    assert (entry.kind, entry.quantity) == ("enter", D("19.92"))  # 500 × 4 ÷ (1 + 0.4 %) ÷ 100, in lots


@pytest.mark.offline
def test_a_short_is_sized_by_the_way_up_to_its_stop() -> None:
    risk = {"sizing": "risk", "size": D("0.01"), "leverage": D(5)}
    entry = decide(signal=signal(-1, stop=D(110)), held=None, means=lambda: means(**risk), may_short=True)
    assert entry.quantity == 1  # 10 at risk, 10 of way
    missing = decide(signal=signal(-1, stop=D(90)), held=None, means=lambda: means(**risk), may_short=True)
    assert "stop above the price" in str(missing.explanation)


@pytest.mark.offline
def test_a_short_stays_until_the_strategy_leaves_it() -> None:
    held = D(-2)
    stays = decide(signal=signal(-1), held=held, means=means, may_short=True)
    assert (stays.kind, str(stays.explanation).startswith("Stay short")) == ("hold", True)
    left = decide(signal=replace(signal(0), exit=True), held=held, means=means, may_short=True)
    assert (left.kind, left.quantity) == ("exit", 2)
    turned = decide(signal=signal(1), held=held, means=lambda: means(leverage=D(1)), may_short=True)
    assert (turned.kind, turned.quantity) == ("enter", 2 + D("4.995"))
