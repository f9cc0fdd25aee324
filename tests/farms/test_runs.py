"""The run of an agent at the close of a bar, on real books and the real paper exchange."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import QuerySet

from farms.engine.work import FarmCapital
from farms.models import Agent, AgentRun, Farm
from farms.services import pause_agent, pause_farm, run_agent
from kit import clock
from markets.models import Instrument
from tests.farms.conftest import CALM, CROSS_UP, HOUR, PARAMETERS, T0, Desk, hire, make_instrument
from trading.models import Order, Position
from trading.services import set_limits
from wallets.ledger import verify


def test_a_cross_becomes_an_order_that_is_filled_and_protected(desk: Desk) -> None:
    desk.candles(CROSS_UP[:-1])
    (run,) = desk.each(CROSS_UP[-1:])
    order = Order.objects.get()
    assert (run.decision, run.order_id, order.status) == ("enter", order.pk, "filled")
    assert order.side == "buy"
    assert str(run.explanation).startswith("Go long: the fast average crossed above the slow")
    assert run.close == 103
    assert set(run.indicators) == {"fast", "slow", "atr"}
    assert Decimal(2_400) < order.quantity * 103 < Decimal(2_500)
    position = Position.objects.get()
    assert position.exit_stop == run.exit_stop
    assert run.exit_stop is not None
    assert run.exit_stop < 103
    assert str(order.reason) in str(run.explanation)


def test_the_opposite_cross_sells_all_of_it(desk: Desk) -> None:
    desk.candles(CROSS_UP[:-1])
    runs = desk.each([103.0, 104.0, 105.0, 101.5])
    assert [run.decision for run in runs] == ["enter", "hold", "hold", "exit"]
    assert Position.objects.get().closed_at is not None
    assert Order.objects.filter(status="filled").count() == 2


def test_the_same_bar_is_run_once(desk: Desk) -> None:
    desk.candles(CROSS_UP)
    assert desk.run() is not None
    assert desk.run() is None
    assert AgentRun.objects.count() == Order.objects.count() == 1


def test_the_run_and_its_order_are_one_transaction(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between order and run would place the order again with the next bar: neither may be there alone."""
    desk.candles(CROSS_UP)

    write = QuerySet.bulk_create

    def crash(rows: Any, *args: Any, **kwargs: Any) -> Any:
        if rows.model is AgentRun:
            assert Order.objects.exists()
            raise RuntimeError("power cut")
        return write(rows, *args, **kwargs)

    monkeypatch.setattr(QuerySet, "bulk_create", crash)
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        desk.run()
    assert not Order.objects.exists()
    monkeypatch.undo()
    run = desk.run()
    assert run is not None
    assert run.order_id is not None


def test_an_agent_without_bars_waits(desk: Desk) -> None:
    assert desk.run() is None


def test_a_paused_agent_and_a_paused_farm_do_nothing(desk: Desk) -> None:
    desk.candles(CROSS_UP)
    pause_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk)
    assert desk.run() is None
    Agent.objects.update(status="running")
    pause_farm(owner_id=desk.owner.pk, farm_id=desk.farm.pk)
    assert desk.run() is None


def test_history_moves_rehearsing_farms_only_and_the_present_running_ones_only(desk: Desk) -> None:
    desk.candles(CROSS_UP)
    Farm.objects.update(status="running")
    assert desk.run() is None
    Farm.objects.update(status="rehearsing")
    assert run_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk) is None
    assert desk.run() is not None


def test_a_bar_whose_successor_should_have_closed_is_too_old_to_act_on(desk: Desk) -> None:
    closed_at = desk.candles(CROSS_UP)
    with clock.at(closed_at + HOUR):
        assert run_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk) is None
    with clock.at(closed_at + HOUR - timedelta(seconds=1)):
        run = run_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk)
    assert run is not None


def test_bars_that_passed_without_a_run_are_said_once_and_not_acted_on(desk: Desk) -> None:
    desk.candles(CALM)
    assert desk.run() is not None
    desk.candles([100.0, 103.0, 104.0])
    run = desk.run()
    assert run is not None
    said = AgentRun.objects.get(decision="skip")
    assert (said.bar, said.close, said.order_id) == (run.bar - 3_600_000, 103, None)
    assert "Nothing was decided at 2 closes up to this one" in str(said.explanation)
    assert not Order.objects.exists(), "the crossing was at a bar that nobody ran on"
    desk.candles([104.0])
    assert desk.run() is not None
    assert AgentRun.objects.filter(decision="skip").count() == 1, "the next bar follows on the last one"


def test_nothing_is_decided_while_an_order_is_on_its_way(desk: Desk) -> None:
    desk.candles(CROSS_UP)
    with clock.at(desk.now):
        run = run_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk)
    assert run is not None
    desk.candles([104.0])
    assert desk.run() is None
    with clock.at(desk.now - HOUR):
        desk.execute(run.order_id)
    assert desk.run() is not None


def test_a_refused_entry_is_recorded_with_its_order(desk: Desk) -> None:
    set_limits(on=desk.agent.wallet, allowed_symbols=None, maximum_notional=Decimal(100))
    desk.candles(CROSS_UP[:-1])
    (run,) = desk.each(CROSS_UP[-1:])
    assert run.decision == "skip"
    assert "entry was refused" in str(run.explanation)
    assert run.order is not None
    assert run.order.status == "rejected"
    assert "allows" in str(run.order.refusal)


def test_the_farms_cap_counts_what_its_other_agents_hold(desk: Desk) -> None:
    with clock.at(T0):
        second = hire(desk.owner, desk.farm, desk.instrument, name="Two", size=Decimal(1))
    Farm.objects.update(maximum_share=Decimal("0.3"))  # of 10,000: 3,000 for both together
    desk.candles(CROSS_UP[:-1])
    (first,) = desk.each(CROSS_UP[-1:])
    assert first.order is not None
    with clock.at(desk.now):
        run = run_agent(owner_id=desk.owner.pk, agent_id=second.pk)
    assert run is not None
    assert run.order is not None
    assert "limit for one instrument" in str(run.explanation)
    together = (first.order.quantity + run.order.quantity) * 103
    assert Decimal(2_950) < together <= Decimal(3_000)


def test_a_farm_is_counted_in_what_its_market_is_paid_in(desk: Desk) -> None:
    """5,000 USDT are 50 TST at 100: a cap in USDT on orders in TST would be a hundred times too wide."""
    desk.candles(CALM)
    market = make_instrument("OTH/TST")
    with clock.at(desk.now):
        assert FarmCapital(desk.farm).value(desk.instrument) == 5_000
        assert FarmCapital(desk.farm).value(market) == 50


@pytest.mark.parametrize("trail", [0.0, 1.5])
def test_the_stop_follows_the_high_when_the_strategy_trails(desk: Desk, trail: float) -> None:
    Agent.objects.update(parameters={**PARAMETERS, "trail_atr": trail})
    desk.candles(CROSS_UP[:-1])
    entered, *_ = desk.each([103.0, 106.0, 109.0, 108.5])
    position = Position.objects.get()
    if trail:
        assert entered.trail is not None
        assert position.exit_stop == Decimal("109.5") - entered.trail
    else:
        assert position.exit_stop == entered.exit_stop


def test_calm_bars_are_held_with_a_reason(desk: Desk) -> None:
    runs = desk.each(CALM)
    assert {run.decision for run in runs} == {"hold"}
    assert all(run.explanation for run in runs)
    assert Agent.objects.get().last_bar == runs[-1].bar


def test_the_books_prove_themselves_after_a_busy_stretch(desk: Desk) -> None:
    desk.candles(CALM)
    wave = [100 + 8 * ((i % 10) - 5) * (1 if (i // 10) % 2 else -1) / 5 for i in range(60)]
    runs = desk.each(wave)
    assert sum(run.order_id is not None for run in runs) >= 4
    assert verify(owner_id=desk.owner.pk).ok


def test_a_run_asks_a_fixed_number_of_queries(desk: Desk, django_assert_max_num_queries: Any) -> None:
    desk.candles(CALM)
    with clock.at(desk.now), django_assert_max_num_queries(8):
        run_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk)


def test_a_market_that_is_delisted_is_entered_no_more(desk: Desk) -> None:
    desk.candles(CROSS_UP)
    Instrument.objects.filter(pk=desk.instrument.pk).update(is_active=False)
    run = desk.run()
    assert run is not None
    assert run.decision == "skip"
    refused = Order.objects.get()
    assert "is not active: choose an instrument that trades" in str(refused.refusal)
