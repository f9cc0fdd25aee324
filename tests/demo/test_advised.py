"""Advice at work in the demo: one agent at each level, asked by the code that serves a real model."""

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from farms.advice import settling
from farms.advice.answers import read
from farms.advice.client import Endpoint, Message
from farms.advice.facts import BARS, _indicators
from farms.advice.honesty import NEEDED, honesty
from farms.advice.prompts import again
from farms.advice.reading import wanted
from farms.advice.rules import ADDRESS, HORIZON, ask
from farms.advice.wanting import set_advice
from farms.models import AdviceCall, AdviceEndpoint, AdviceLevel, AdviceProposal, AdviceSetting, Agent
from farms.services import create_agent
from kit import clock
from kit.approvals.models import Approval
from kit.errors import InvalidInputError
from kit.users.models import User
from markets.candles.reading import TIMEFRAME_MS
from markets.services.simulation import SEED
from moniqo.demo import advised, cast, stage
from quant import market_simulator
from quant.candles import DAY_MS, MINUTE_MS, Candles, aggregate
from tests.farms.conftest import Desk, desk, fund
from trading.models import Order, Position

__all__ = ["desk"]

MARKET: dict[str, Any] = {
    "instrument": "TST/USDT", "price": 100.0, "can_be_sold_short": False, "position": None,
    "indicators": {"ema_20": 98.0, "sma_50": 95.0, "atr_14": 2.0, "rsi_14": 60.0, "adx_14": 25.0},
}  # fmt: skip
ADVISED = {*advised.COMMENTED, *dict(advised.LEVELS)}
DOWN = {"ema_20": 102.0, "sma_50": 105.0, "atr_14": 2.0, "rsi_14": 40.0, "adx_14": 25.0}


def said(*, is_second: bool = False, **changed: Any) -> Any:
    market = {**MARKET, **changed}
    told: list[Message] = [{"role": "user", "content": json.dumps({"markets": [market]})}]
    told = again(told, "Well.", "It answered something that is no JSON.") if is_second else told
    reply = ask(Endpoint(ADDRESS, "demo rules"), told, schema={})
    return read(reply.text, instruments=["TST/USDT"], prices={"TST/USDT": Decimal(str(market["price"]))})


def test_its_rules_answer_what_a_model_may_answer() -> None:
    up = said()
    assert (up.action, up.stop, up.target, up.confidence) == ("buy", 96, 106, Decimal("0.62"))
    assert said(indicators=DOWN).action == "hold", "nothing is held, and spot has one direction"
    for held in ({"can_be_sold_short": True}, {"position": {"side": "long"}}):
        down = said(indicators=DOWN, **held)
        assert (down.action, down.stop, down.target) == ("sell", 104, 94)
    assert said(indicators={**MARKET["indicators"], "rsi_14": 75.0}).action == "hold"
    assert said(indicators={}).action == "hold"


def test_its_rules_know_what_they_were_told_when_asked_again_and_the_smallest_prices() -> None:
    assert said(is_second=True) == said()
    tiny = {"ema_20": 2.9e-9, "sma_50": 2.8e-9, "atr_14": 1e-10, "rsi_14": 60.0, "adx_14": 25.0}
    up = said(price=3e-9, indicators=tiny)
    assert (up.action, up.stop, up.target) == ("buy", Decimal("2.8e-9"), Decimal("3.3e-9"))


def test_those_who_are_advised_are_of_the_cast() -> None:
    names = {agent.name for farm in cast.FARMS for agent in farm.agents}
    assert names >= ADVISED
    assert advised.COMMENTED[-1] == advised.LEVELS[-1][0]
    assert [level for _, level in advised.LEVELS] == ["comment", "propose", "act"]


@pytest.fixture
def troupe(desk: Desk) -> Desk:
    """Sixty rising bars, and an agent of each name that is advised, who has run on the last of them."""
    desk.candles([100 + bar * 0.5 + (bar % 3) for bar in range(60)])
    for name in sorted(ADVISED):
        agent = create_agent(
            owner_id=desk.owner.pk, farm_id=desk.farm.pk, name=name, strategy=desk.agent.strategy,
            instrument_id=desk.instrument.pk, timeframe="1h", parameters=desk.agent.parameters,
        )  # fmt: skip
        with clock.at(desk.now):
            fund(desk.owner, agent.wallet, Decimal(2_000))
    return desk


def day(troupe: Desk, day: int) -> None:
    """A day later every agent has run, and the rules are asked: of a history of four days, all in the last ones."""
    bar = int(troupe.now.timestamp() * 1000) - 3_600_000
    Agent.objects.update(last_bar=bar, status="running")
    with clock.at(troupe.now):
        if day == 0:
            advised.midnight(owner_id=troupe.owner.pk, day=1, days_left=3)
        end = troupe.now + (3 if day > 1 else 0) * timedelta(days=1)
        advised.follow(owner_id=troupe.owner.pk, end=end, execute=troupe.execute)
    troupe.candles([130 + day * 12 + bar * 0.5 + (bar % 3) for bar in range(24)])


def test_a_new_user_finds_comments_questions_orders_and_what_came_of_them(troupe: Desk) -> None:
    for number in range(4):
        day(troupe, number)
    assert AdviceSetting.objects.get().is_on
    assert AdviceCall.objects.count() == len(ADVISED) * 3, "from the day after it was turned on"
    assert not AdviceCall.objects.exclude(status="proposal").exists()
    levels = dict(AdviceLevel.objects.values_list("agent__name", "level"))
    assert levels == dict.fromkeys(ADVISED, "comment") | {name: level.value for name, level in advised.LEVELS}
    became = {
        level: list(AdviceProposal.objects.filter(level=level).order_by("created_at").values_list("became", flat=True))
        for level in levels.values()
    }
    assert became["comment"] == ["shown"] * 9
    assert set(became["propose"]) <= {"asked", "ordered", "held_back"}
    assert "ordered" in became["act"]
    first, *others = Approval.objects.order_by("created_at")
    assert first.status == "open", "what is proposed right before the end is left to who looks"
    assert {one.status for one in others} <= {"approved", "declined"}
    assert others
    ordered = Order.objects.filter(key__startswith="advice:")
    assert {order.status for order in ordered} == {"filled"}
    assert Position.objects.filter(wallet__agent__name=advised.LEVELS[2][0]).exists()
    with clock.at(troupe.now + timedelta(minutes=3)):
        found = honesty(owner_id=troupe.owner.pk)
        assert found.settled > 0
        over = AdviceProposal.objects.filter(settled_at__isnull=False)
        assert all(made.settled_at - made.due_at < timedelta(days=1) for made in over), "at the time of then"
        assert settling.settle(owner_id=troupe.owner.pk) > 0, "and what is over since by the worker"
        assert not found.is_enough
        assert wanted(owner_id=troupe.owner.pk).is_demo


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (90, {84: "begin", 8: "trust"}),
        (30, {30: "begin", 8: "trust"}),
        (5, {5: "begin trust"}),
    ],
)
def test_comments_come_first_and_trust_in_the_last_days_of_however_short_a_history(
    days: int, expected: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: dict[int, str] = {}
    for name in ("begin", "trust"):
        monkeypatch.setattr(
            advised, name, lambda *, owner_id, name=name: done.update({left: f"{done.get(left, '')} {name}".strip()})
        )
    for day, left in enumerate(range(days, -1, -1), start=1):
        advised.midnight(owner_id=uuid4(), day=day, days_left=left)
    assert done == expected


@pytest.mark.parametrize("weekday", range(0, 7, 3))
def test_the_simulated_history_has_enough_for_a_verdict_on_all_and_on_no_agent_alone(weekday: int) -> None:
    """By the rules, on the candles that the demo's market has had whenever it is built."""
    end = (20_000 + weekday) * DAY_MS
    state = market_simulator.initial_state(SEED, start_ms=end - (stage.DAYS + stage.WARM_UP_DAYS) * DAY_MS)
    first = state.now_ms
    _, played = market_simulator.advance(state, (stage.DAYS + stage.WARM_UP_DAYS) * market_simulator.DAY)
    found = {}
    for role in (agent for farm in cast.FARMS for agent in farm.agents if agent.name in advised.COMMENTED):
        minutes = market_simulator.to_candles(first, played, role.instrument)
        candles = aggregate(minutes, TIMEFRAME_MS[role.timeframe] // MINUTE_MS)
        # What is held is not known here: to leave it comes on top.
        moves = [
            said(price=price, indicators=indicators, can_be_sold_short=role.leverage is not None).action != "hold"
            for price, indicators in daily(candles, end, role.timeframe)
        ]
        found[role.name] = sum(moves)
    assert set(found) == set(advised.COMMENTED)
    assert all(10 < count < NEEDED for count in found.values()), found
    assert sum(found.values()) > NEEDED + 5, found


def daily(candles: Candles, end: int, timeframe: str) -> Iterator[tuple[float, dict[str, float]]]:
    """What the rules are told at each midnight whose proposals are settled by the end: price and indicators."""
    settled = advised.DAYS - math.ceil(HORIZON * TIMEFRAME_MS[timeframe] / DAY_MS)
    for day in range(settled):
        until = end - (advised.DAYS - 1 - day) * DAY_MS
        known = candles.between(None, until)[-BARS:]
        yield float(known.close[-1]), _indicators(known, Decimal("0.01"))


def test_nobody_else_is_offered_the_demos_rules(as_owner: User) -> None:
    rules = AdviceEndpoint.objects.get(base_url=ADDRESS)
    found = wanted(owner_id=as_owner.pk)
    assert (found.endpoints, found.setting.is_on) == ((), False)
    assert "an operator lists an endpoint" in found.obstacle
    with pytest.raises(InvalidInputError, match="of the list"):
        set_advice(owner_id=as_owner.pk, is_on=True, endpoint_id=rules.pk, budgets={})
