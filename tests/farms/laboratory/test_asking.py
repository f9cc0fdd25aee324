"""What cannot be tried is refused before anything is written, with a sentence at its field."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from farms.laboratory import asking
from farms.models import Backtest
from kit import clock, tenancy
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.users.models import User
from markets.models import Instrument
from markets.services import list_perpetuals
from tests.farms.conftest import make_desk, make_instrument
from tests.farms.laboratory.conftest import BARS, RULES, SINCE, UNTIL, Ask, AskSweep, hours, store

UNKNOWN = {"left": {"indicator": "feeling"}, "op": ">", "right": 1}


@pytest.mark.parametrize(
    ("wish", "field", "words"),
    [
        ({"parameters": RULES | {"fast": 20, "slow": 5}}, "parameters", "Set fast below slow"),
        ({"parameters": RULES | {"fast": 5_000}}, "parameters", "between 2 and 500"),
        ({"parameters": {"quick": 5}}, "parameters", "has no such parameter"),
        ({"parameters": {"direction": "short"}}, "parameters", "nobody sells short"),
        (
            {
                "strategy": "custom",
                "parameters": {"entry": {"all": [{"left": {"indicator": "x"}, "op": ">", "right": 1}]}},
            },
            "parameters",
            "Name an indicator",
        ),
        ({"strategy": "astrology"}, "strategy", "there is no strategy 'astrology'"),
        ({"timeframe": "2h"}, "timeframe", "Choose one of 1m"),
        ({"timeframe": "4h"}, "timeframe", "There are no 4h candles of TST/USDT. TST/USDT has candles of 1h"),
        ({"instrument_ids": [10**9]}, "instrument_ids", "markets that there are"),
        ({"instrument_ids": []}, "instrument_ids", "Choose 1 to 20"),
        (
            {"since": UNTIL - timedelta(hours=30)},
            "since",
            "has 30 closed 1h candles in this time",
        ),
        ({"since": UNTIL, "until": SINCE}, "until", "an end after the beginning"),
        ({"since": datetime(2100, 1, 1, tzinfo=UTC)}, "until", "a beginning in the past"),
        ({"size": Decimal("NaN")}, "size", "a fraction above 0"),
        ({"sizing": "units", "size": Decimal("NaN")}, "size", "positive amount"),
        ({"taker_fee": Decimal(5)}, "taker_fee", "the fee as a fraction from 0 to below 1"),
        ({"maker_fee": Decimal(1)}, "maker_fee", "the maker fee as a fraction below 1"),
        ({"slippage": Decimal(1)}, "slippage", "the slippage as a fraction from 0 to below 1"),
        ({"leverage": Decimal(0)}, "leverage", "traded without leverage"),
    ],
)
def test_what_cannot_be_tried_is_a_sentence_at_its_field(
    ask: Ask, wish: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words) as refused:
        ask(**wish)
    assert set(refused.value.fields) == {field}


@pytest.mark.parametrize("sizing", ["fraction", "risk", "volatility"])
def test_nobody_borrows_on_spot_or_risks_more_than_all(ask: Ask, ask_sweep: AskSweep, sizing: str) -> None:
    axes = {"fast": [5, 10]}
    for wish, field, words in (
        ({"sizing": sizing, "size": Decimal(2)}, "size", "Give a fraction above 0 and up to 1"),
        ({"sizing": sizing, "leverage": Decimal(500)}, "leverage", "TST/USDT is traded without leverage: give 1"),
    ):
        for asked in (ask, partial(ask_sweep, axes=axes)):
            with pytest.raises(InvalidInputError, match=words) as refused:
                asked(**wish)
            assert set(refused.value.fields) == {field}


def test_a_perpetual_has_the_leverage_that_hiring_asks_for(ask: Ask, market: Instrument) -> None:
    list_perpetuals(venue="simulated")
    future = Instrument.objects.get(prices_of=market)
    assert ask(instrument_ids=[future.pk], leverage=Decimal(20)).assumptions["leverage"] == 20
    with pytest.raises(InvalidInputError, match="has a leverage from 1 to 20"):
        ask(instrument_ids=[future.pk], leverage=Decimal(21))
    with pytest.raises(InvalidInputError, match="TST/USDT is traded without leverage"):
        ask(instrument_ids=[future.pk, market.pk], leverage=Decimal(5))


def test_nothing_is_written_of_what_is_refused(ask: Ask, owner: User) -> None:
    with pytest.raises(InvalidInputError):
        ask(timeframe="2h")
    with tenancy.tenant(owner.pk):
        assert not Backtest.objects.exists()


def test_markets_that_share_an_account_are_paid_in_one_asset(ask: Ask, market: Instrument) -> None:
    other = make_instrument("TST/EUR")
    store(other, hours(seed=9))
    with pytest.raises(InvalidInputError, match=r"paid in one asset.*EUR, USDT"):
        ask(instrument_ids=[market.pk, other.pk])


def test_more_candles_than_a_worker_can_hold_are_refused(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_BARS", BARS - 1)
    with pytest.raises(InvalidInputError, match="900 candles are more than 899"):
        ask()


def test_nobody_fills_the_queue(ask: Ask, other_owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_WAITING", 2)
    ask()
    ask()
    with pytest.raises(ConflictError, match="2 backtests are not done yet"):
        ask()
    assert ask(other_owner).status == "queued"


def test_it_is_as_far_as_the_candles_of_all_go_and_what_is_asked_is_kept_exactly(ask: Ask, market: Instrument) -> None:
    later = make_instrument("OTH/USDT")
    store(later, hours(seed=4)[300:])
    now = clock.now()
    asked = ask(instrument_ids=[later.pk, market.pk])
    assert asked.since == SINCE + timedelta(hours=300)
    assert now <= asked.until <= clock.now(), "a moment, so that asking again asks the same"
    assert asked.instruments == [later.pk, market.pk]
    assert asked.parameters["fast"] == 5
    assert asked.parameters["stop_atr"] == 2.5, "defaults are written down: they may change"


def test_a_market_that_is_not_traded_any_more_can_still_be_looked_at(ask: Ask, market: Instrument) -> None:
    Instrument.objects.filter(pk=market.pk).update(is_active=False)
    assert ask().status == "queued"


def test_an_agents_rules_market_and_candles_count_where_none_are_said(owner: User, market: Instrument) -> None:
    with tenancy.tenant(owner.pk):
        agent = make_desk(owner).agent
        asked = asking.request_backtest(owner_id=owner.pk, wish=asking.Wish(agent_id=agent.pk))
        assert (asked.agent_id, asked.instruments, asked.timeframe) == (agent.pk, [market.pk], "1h")
        assert (asked.strategy, asked.parameters) == (agent.strategy, agent.parameters)
        with pytest.raises(NotFoundError, match="no such agent"):
            asking.request_backtest(owner_id=owner.pk, wish=asking.Wish(agent_id=uuid4()))


def test_nobody_uses_somebody_elses_agent(owner: User, other_owner: User, market: Instrument) -> None:
    with tenancy.tenant(owner.pk):
        agent = make_desk(owner).agent
    with tenancy.tenant(other_owner.pk), pytest.raises(NotFoundError):
        asking.request_backtest(owner_id=other_owner.pk, wish=asking.Wish(agent_id=agent.pk))
