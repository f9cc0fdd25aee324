"""The checklist of those who build it themselves: ticks are true, and the next step links to where it is done."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from farms.services import create_agent, create_farm, pause_farm, start_agent, start_farm
from kit.users.models import User
from markets.models import Instrument
from moniqo.home.first_steps import first_steps
from moniqo.start.services import _free
from trading.services import set_limits
from wallets.models import Wallet
from wallets.services import allocate, collect, create_demo_connection, create_wallet, deposit


class Builder:
    """Builds a farm step by step, and says what the list says after each."""

    def __init__(self, owner: User, market: Instrument) -> None:
        self.id, self.market = owner.pk, market
        self.made: dict[str, Any] = {}

    def ticks(self) -> str:
        return "".join("x" if step.is_done else "." for step in first_steps(owner_id=self.id))

    def next_url(self) -> str:
        return next(step.url for step in first_steps(owner_id=self.id) if step.is_next)

    def account(self) -> None:
        self.made["account"] = create_demo_connection(owner_id=self.id)

    def silence(self) -> None:
        set_limits(on=self.made["account"], allowed_symbols=None, maximum_notional=None)

    def limits(self) -> None:
        set_limits(on=self.made["account"], allowed_symbols=[self.market.symbol], maximum_notional=Decimal(100))

    def master(self) -> None:
        made = create_wallet(owner_id=self.id, name="M", role=Wallet.Role.MASTER, connection=self.made["account"])
        self.made["master"] = made

    def deposit(self) -> None:
        deposit(owner_id=self.id, wallet_id=self.made["master"].pk, amount=Decimal(100), asset="USDT", key="d")

    def farm(self) -> None:
        self.made["farm"] = create_farm(owner_id=self.id, master_id=self.made["master"].pk, name="F")

    def agent(self) -> None:
        self.made["agent"] = create_agent(
            owner_id=self.id,
            farm_id=self.made["farm"].pk,
            name="A",
            strategy="trend_following",
            instrument_id=self.market.pk,
            timeframe="1h",
        )

    def fund_farm(self) -> None:
        self._move(allocate, self.made["master"], self.made["farm"].wallet)

    def fund_agent(self) -> None:
        self._move(allocate, self.made["farm"].wallet, self.made["agent"].wallet)

    def take_back(self) -> None:
        self._move(collect, self.made["agent"].wallet, self.made["farm"].wallet)

    def start_agent(self) -> None:
        start_agent(owner_id=self.id, agent_id=self.made["agent"].pk)

    def start_farm(self) -> None:
        start_farm(owner_id=self.id, farm_id=self.made["farm"].pk)

    def pause_farm(self) -> None:
        pause_farm(owner_id=self.id, farm_id=self.made["farm"].pk)

    def _move(self, movement: Callable[..., Any], source: Wallet, target: Wallet) -> None:
        movement(
            owner_id=self.id,
            source_id=source.pk,
            target_id=target.pk,
            asset="USDT",
            amount=Decimal(50),
            key=f"{movement.__name__}:{source.pk}",
        )


@pytest.fixture
def builder(prices: tuple[Instrument, ...], as_owner: User) -> Builder:
    return Builder(as_owner, prices[0])


def test_every_tick_says_what_is_true(builder: Builder) -> None:
    for step, ticks, address in (
        ("account", "x........", "/limits/"),
        ("silence", "x........", "/limits/"),
        ("limits", "xx.......", "/wallets/new/"),
        ("master", "xxx......", "tab=deposit"),
        ("deposit", "xxxx.....", "/farms/new/"),
        ("farm", "xxxxx....", "/hire/"),
        ("agent", "xxxxxx...", "farm.wallet"),
        ("fund_farm", "xxxxxx...", "agent.wallet"),
        ("fund_agent", "xxxxxxx..", "/farms/agents/"),
        ("start_agent", "xxxxxxxx.", "/farms/"),
    ):
        getattr(builder, step)()
        assert (step, builder.ticks()) == (step, ticks)
        thing, _, is_wallet = address.partition(".")
        assert (str(builder.made[thing].wallet_id) if is_wallet else address) in builder.next_url()
    builder.start_farm()
    assert first_steps(owner_id=builder.id) == ()
    builder.pause_farm()
    builder.take_back()
    assert builder.ticks() == "xxxxxx.x."


def test_the_list_takes_one_question(builder: Builder) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        first_steps(owner_id=builder.id)
    assert len(asked) == 1


def test_a_name_that_is_taken_in_other_capitals_is_numbered_too() -> None:
    assert _free("Trend", ["tREND", "Trend 2"]) == "Trend 3"
    assert _free("Trend", ["Trends"]) == "Trend"
