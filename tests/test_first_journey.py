"""From an empty account to the first position, through pages alone, each reached by a link of the one before it.

Nobody prepares anything: only prices come in, as they do from the feed.
"""

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from farms.models import Agent, Farm
from farms.services import run_agent
from kit import clock, tenancy
from kit.users.models import User
from markets.candles.reading import TIMEFRAME_MS, milliseconds
from markets.models import Instrument
from markets.services import NewQuote, ensure_simulated_instruments, record_quotes, store_candles
from tests.conftest import as_operators
from tests.farms.conftest import CROSS_UP, PARAMETERS
from trading.models import Order, Position
from trading.services import execute_order
from wallets.models import Connection, SyncRun, Wallet
from wallets.sync.runs import sync_connection

DAY = TIMEFRAME_MS["1d"]


class Visitor:
    """Follows links and sends forms, and only those that the last page offered."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)
        self.html = ""
        self.go("/", expected=False)

    def go(self, address: str, *, expected: bool = True) -> None:
        """Open a page that the last one links to."""
        if expected:
            assert self.offers("href", address), f"{address} is not linked"
        self._take(self.client.get(address, follow=True))

    def send(self, address: str, **fields: Any) -> None:
        """Send the form of the last page, and land where it leads."""
        for name in fields:
            assert f'name="{name}"' in self.html, f"{name} is not asked for"
        self._take(self.client.post(address, fields, follow=True))

    def press(self, address: str) -> None:
        """Press a button that stands for itself."""
        assert self.offers("action", address), f"nothing posts to {address}"
        self._take(self.client.post(address, follow=True))

    def move(self, action: str, wallet: Wallet, amount: str) -> None:
        """Ask for money to move from the form that is open, read the review, confirm it."""
        address = reverse(f"wallets:{action}", args=(wallet.pk,))
        assert self.offers("action", address), f"nothing asks {address}"
        self._take(self.client.get(address, {"asset": "USDT", "amount": amount}))
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.html))
        self.send(address, **hidden)

    def offers(self, attribute: str, address: str) -> bool:
        return f'{attribute}="{address.replace("&", "&amp;")}"' in self.html

    def _take(self, answer: Any) -> None:
        assert answer.status_code == 200, answer.content.decode()
        self.html = answer.content.decode()


@pytest.fixture
def bitcoin(db: None) -> Instrument:
    """Days of prices that end today with two averages about to cross, and a fresh quote: what the feed brings."""
    instrument = next(row for row in ensure_simulated_instruments() if row.symbol == "BTC/USDT")
    closes = np.array(CROSS_UP)
    today = milliseconds(clock.now()) // DAY * DAY
    store_candles(
        instrument=instrument,
        timeframe="1d",
        ts=today + DAY * np.arange(-len(closes), 0, dtype=np.int64),
        open=closes,
        high=closes + 0.5,
        low=closes - 0.5,
        close=closes,
        volume=np.ones(len(closes)),
    )
    price = Decimal(103)
    record_quotes([NewQuote(instrument.pk, price, price, price, "simulated", clock.now())])
    return instrument


def mine(owner: User, model: Any) -> Any:
    """The one that the owner has, with what it refers to."""
    with tenancy.tenant(owner.pk), as_operators():
        return model.objects.filter(owner=owner).select_related().get()


def test_a_new_trader_gets_from_nothing_to_a_first_position(owner: User, bitcoin: Instrument) -> None:
    visitor = Visitor(owner)

    visitor.go(reverse("wallets:connections"))
    visitor.go(reverse("wallets:connection-create"))
    visitor.go(reverse("wallets:connection-join", args=("demo",)))
    visitor.send(reverse("wallets:connection-join", args=("demo",)), name="Paper account", venue="simulated")
    account = mine(owner, Connection)
    run = mine(owner, SyncRun)
    sync_connection(owner_id=owner.pk, connection_id=account.pk, run_id=run.pk)  # what a worker does now
    assert mine(owner, Connection).status == Connection.Status.OK

    visitor.send(
        reverse("trading:first-limits", args=(account.pk,)),
        markets="listed",
        symbols=["BTC/USDT", "ETH/USDT"],
        maximum_notional="5000",
    )
    visitor.go(reverse("wallets:connections"))
    visitor.go(reverse("wallets:create"))
    visitor.send(reverse("wallets:create"), name="Fund", connection=account.pk)
    fund = mine(owner, Wallet)
    visitor.move("deposit", fund, "10000")

    visitor.go(reverse("farms:list"))
    visitor.go(reverse("farms:new"))
    visitor.send(reverse("farms:new"), name="Trend", master=fund.pk, kind="trend_following", maximum_share="60")
    farm = mine(owner, Farm)
    hire = reverse("farms:hire", args=(farm.pk,))
    visitor.go(hire)
    visitor.go(f"{hire}?strategy=trend_following", expected=False)  # the link names the query alone
    visitor.send(
        f"{hire}?strategy=trend_following",
        name="Bitcoin",
        instrument=bitcoin.pk,
        timeframe="1d",
        sizing="cash",
        cash_share="50",
        risk_share="1",
        **{f"p_{name}": value for name, value in PARAMETERS.items()},
    )
    agent = mine(owner, Agent)
    assert "It cannot buy anything." not in visitor.html

    visitor.go(reverse("farms:farm", args=(farm.pk,)))
    visitor.go(reverse("wallets:wallet", args=(farm.wallet_id,)))
    visitor.move("allocate", farm.wallet, "4000")
    visitor.go(reverse("farms:list"))
    visitor.go(reverse("farms:agent", args=(agent.pk,)))
    visitor.go(reverse("wallets:wallet", args=(agent.wallet_id,)))
    visitor.move("allocate", agent.wallet, "4000")

    visitor.go(reverse("wallets:wallet", args=(agent.wallet_id,)))
    limits = reverse("trading:limits", args=(agent.wallet_id,))
    visitor.go(limits)
    visitor.send(limits, markets="listed", symbols=["BTC/USDT"], maximum_notional="3000")

    visitor.go(reverse("farms:list"))
    visitor.go(reverse("farms:farm", args=(farm.pk,)))
    visitor.press(reverse("farms:farm-start", args=(farm.pk,)))
    visitor.go(reverse("farms:agent", args=(agent.pk,)))
    visitor.press(reverse("farms:agent-start", args=(agent.pk,)))

    with tenancy.tenant(owner.pk):  # what the schedule does within seconds
        Agent.objects.filter(pk=agent.pk).update(last_bar=None)  # as if it had been started a candle earlier
        acted = run_agent(owner_id=owner.pk, agent_id=agent.pk)
    assert acted is not None
    assert acted.order is not None, acted.explanation
    execute_order(owner_id=owner.pk, order_id=acted.order.pk)
    assert mine(owner, Order).status == "filled"
    assert mine(owner, Position).quantity > 0
    visitor.go(reverse("trading:positions"))
    assert "BTC/USDT" in visitor.html


def test_whoever_begins_in_the_middle_is_led_to_the_beginning(owner: User) -> None:
    visitor = Visitor(owner)
    visitor.go(reverse("farms:list"))
    visitor.go(reverse("farms:new"))
    assert "open one first" in visitor.html
    visitor.go(reverse("wallets:connection-join", args=("demo",)))
    assert 'name="venue"' in visitor.html
