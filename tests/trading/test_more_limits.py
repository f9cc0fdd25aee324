"""How large a position may grow, how many there may be, what one trade may risk, and levels where none are named."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.errors import InvalidInputError
from kit.users.models import User
from markets.models import Instrument
from tests.conftest import as_operators
from tests.trading.desk import SYMBOL, Desk, make_desk, set_price
from tests.wallets.books import fund
from trading import services
from trading.models import Order, PlatformLimit, Position, RiskDecision
from trading.orders.intents import Place, Terms
from trading.orders.placing import Batch
from trading.orders.terms import Limit, Trigger
from trading.risk.gate import Caps, Limits, Market, Proposal, Standing, assess
from wallets.models import Wallet

D = Decimal


@pytest.fixture
def desk(owner: User) -> Iterator[Desk]:
    with tenancy.tenant(owner.pk):
        yield make_desk(owner)


def cap(on: Any, **caps: Any) -> None:
    services.set_limits(on=on, allowed_symbols=None, maximum_notional=None, notional_asset="USDT", caps=Caps(**caps))


def plainly(said: str) -> str:
    return said.replace("\u202f", " ").replace("\u00a0", " ")


def refusal(order: Order) -> str:
    assert order.status == "rejected"
    return str(order.refusal)


def test_a_position_grows_to_the_smallest_limit_of_the_path_and_can_always_be_left(desk: Desk) -> None:
    cap(desk.farm, maximum_position=D(500))
    cap(desk.wallet, maximum_position=D(300))
    desk.trade("buy", "2")
    said = plainly(refusal(desk.place("buy", "2")))
    assert said.startswith("The position would be worth 400.00 USDT, more than the 300.00 USDT that ")
    desk.trade("buy", "1")
    assert desk.trade("sell", "3").status == "filled"


def other_market() -> Instrument:
    instrument, _ = Instrument.objects.get_or_create(
        venue="simulated",
        symbol="ETH/USDT",
        defaults={"base": "ETH", "quote": "USDT", "tick_size": D("0.01"), "lot_size": D("0.001")},
    )
    set_price(instrument, "100")
    return instrument


def test_positions_are_counted_here_and_below_and_so_are_those_on_their_way(desk: Desk) -> None:
    ether = other_market()
    services.set_limits(
        on=desk.connection,
        allowed_symbols=[SYMBOL, "ETH/USDT"],
        maximum_notional=D(50_000),
        caps=Caps(maximum_open_positions=1),
    )
    first = desk.place("buy", "1")  # not filled yet
    order = services.place_order(
        wallet=desk.wallet, instrument=ether, side="buy", quantity=D(1), key="second", reason="More."
    )
    assert "has 1 positions open or on their way, and may have 1" in refusal(order)
    desk.execute(first)
    assert desk.trade("buy", "1").status == "filled"  # to what is there
    desk.trade("sell", "2")
    assert desk.place("buy", "1").status == "submitting"


def test_a_batch_counts_what_it_opens_itself(desk: Desk) -> None:
    cap(desk.farm, maximum_open_positions=1)
    twin = Wallet.objects.create(
        owner=desk.owner, name="Twin", role="agent", parent=desk.farm, connection=desk.connection
    )
    fund(twin, 1000)
    batch = Batch([Place(wallet.pk, desk.instrument, f"one of {wallet.name}") for wallet in (desk.wallet, twin)])
    orders = [batch.place(wallet.pk, Terms("buy", D(1), "Both.")) for wallet in (desk.wallet, twin)]
    batch.write()
    assert [order.status for order in orders] == ["submitting", "rejected"]


def test_a_trade_risks_no_more_than_a_share_of_the_wallet(desk: Desk) -> None:
    cap(desk.wallet, maximum_risk=D("0.001"))  # 100 of 100,000
    no_stop = refusal(desk.place("buy", "0.5"))  # whatever it is worth: without a stop nobody knows what it risks
    assert no_stop.startswith("Nothing says what this order risks: Agent allows 0.10 % of the wallet's value")
    assert "its stop at 90.00" in refusal(desk.place("buy", "20", exit_stop=D(90)))
    assert desk.place("buy", "10", exit_stop=D("90.5")).status == "submitting"


def spread(desk: Desk, bid: str, ask: str) -> None:
    set_price(desk.instrument, "100", bid=D(bid), ask=D(ask))


def test_nothing_is_bought_farther_from_the_middle_than_the_nearest_limit_of_the_path(desk: Desk) -> None:
    cap(desk.farm, maximum_distance=D("0.01"))
    cap(desk.wallet, maximum_distance=D("0.02"))
    spread(desk, "99", "101")
    assert desk.trade("buy", "2").status == "filled"
    spread(desk, "98.9", "101.2")
    order = desk.place("buy", "1")
    assert refusal(order).startswith("101.20 is 1.15 % above the middle of the market, 100.05, and Trend farm allows 1")
    decision = RiskDecision.objects.get(order=order)
    assert decision.limit == "maximum_distance"
    assert (decision.numbers["middle"], decision.numbers["maximum_distance"]) == ("100.05", "0.01")
    spread(desk, "10", "190")  # to leave at the market is never refused for what it costs
    assert desk.trade("sell", "2").status == "filled"


def test_what_waits_is_as_near_as_its_limit_is_to_its_trigger(desk: Desk) -> None:
    cap(desk.wallet, maximum_distance=D("0.01"))
    far = desk.place("buy", "1", trigger=Trigger("stop_limit", D(110)), limit=Limit(D(112)))
    assert (far.status, "its trigger" in str(far.refusal)) == ("rejected", True)
    assert desk.place("buy", "1", trigger=Trigger("stop", D(110))).status == "waiting"


@pytest.mark.offline
@pytest.mark.parametrize(
    ("is_buy", "named", "refuses"),
    [(True, "105", False), (True, "105.01", True), (True, "1", False), (False, "95", False), (False, "94.99", True),
     (False, "900", False)],
)  # fmt: skip
def test_a_price_of_one_s_own_may_be_worse_by_so_much_and_better_by_any(
    is_buy: bool, named: str, refuses: bool
) -> None:
    market = Market(
        "BTC/USDT", "BTC", "USDT", True, True, True, D("0.001"), D("0.01"), D(1), D(100), timedelta(), D(100)
    )
    path = (Limits("Fund", allowed_symbols=frozenset({"BTC/USDT"}), maximum_notional=D(10_000), in_unit=D(10_000),
                   notional_asset="USDT", caps=Caps(maximum_distance=D("0.05"))),)  # fmt: skip
    order = Proposal(is_buy, D(1), D(1), False, market, Standing(D(1), D(1), D(1)), path, limit_price=D(named))
    assert assess(order).limit == ("maximum_distance" if refuses else "")


def test_a_minute_has_so_many_orders_here_and_below_and_what_was_refused_is_none_of_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(desk.farm, maximum_orders_per_minute=2)
    desk.trade("buy", "1")
    desk.place("buy", "0.0001")  # less than a lot
    desk.trade("buy", "1")
    order = desk.place("buy", "1")
    assert refusal(order).startswith("Trend farm has sent 2 orders within a minute, and may send 2")
    assert RiskDecision.objects.get(order=order).limit == "maximum_orders_per_minute"
    assert desk.trade("sell", "2").status == "filled"  # whoever leaves may
    monkeypatch.setattr(clock, "is_controlled", lambda: False)  # it is the present, only later
    with clock.at(clock.now() + timedelta(seconds=61)):
        set_price(desk.instrument, "100")
        assert desk.place("buy", "1").status == "submitting"


def test_what_is_used_of_a_limit_is_told_by_api_and_page_as_the_gate_counted_it(
    desk: Desk, owner: User, client: Client
) -> None:
    cap(desk.farm, maximum_orders_per_minute=2, maximum_open_positions=1)
    cap(desk.connection, maximum_orders_per_minute=3)
    services.set_limits(on=desk.master, allowed_symbols=[SYMBOL], maximum_notional=D(5000))
    desk.trade("buy", "1")
    desk.place("buy", "1")
    path = RiskDecision.objects.get(order=desk.place("buy", "1")).numbers["path"]
    counted = {step["name"]: (step.get("open_positions"), step.get("orders")) for step in path}
    client.force_login(owner)
    said = client.get(f"/api/v1/wallets/{desk.wallet.pk}/limits").json()["path"]
    used = {step["name"]: (step["used"]["open_positions"], step["used"]["orders_per_minute"]) for step in said}
    assert counted[desk.farm.name] == (1, 2)
    assert used == {
        desk.connection.name: (None, counted[desk.connection.name][1]), desk.master.name: (None, None),
        desk.farm.name: counted[desk.farm.name], desk.wallet.name: (None, None),
    }  # fmt: skip
    own = client.get(f"/api/v1/connections/{desk.connection.pk}/limits").json()["path"][-1]["used"]
    assert own == {"daily_loss": None, "open_positions": None, "orders_per_minute": used[desk.connection.name][1]}
    page = client.get(reverse("trading:limits", args=[desk.wallet.pk])).content.decode()
    assert "at most 1 open at once; 1 now" in page
    assert "at most 2 orders a minute; 2 in the last one" in page


def test_a_batch_counts_what_it_sends_itself(desk: Desk) -> None:
    cap(desk.connection, maximum_orders_per_minute=1)
    twin = Wallet.objects.create(
        owner=desk.owner, name="Twin", role="agent", parent=desk.farm, connection=desk.connection
    )
    fund(twin, 1000)
    services.set_limits(on=desk.master, allowed_symbols=[SYMBOL], maximum_notional=D(5000))
    batch = Batch([Place(wallet.pk, desk.instrument, f"one of {wallet.name}") for wallet in (desk.wallet, twin)])
    orders = [batch.place(wallet.pk, Terms("buy", D(1), "Both.")) for wallet in (desk.wallet, twin)]
    batch.write()
    assert [order.status for order in orders] == ["submitting", "rejected"]
    assert "Desk has sent 1 order within a minute" in refusal(orders[1])


def operators(desk: Desk, **said: Any) -> None:
    with as_operators():
        PlatformLimit.objects.update_or_create(platform_id="desk", defaults=said)


def test_the_operator_s_word_binds_every_account_and_allows_none(desk: Desk) -> None:
    operators(desk, maximum_notional=D(150), notional_asset="USDT")
    assert "more than the 150.00 USDT that Desk allows" in plainly(refusal(desk.place("buy", "2")))
    assert desk.trade("buy", "1").status == "filled"
    services.set_limits(on=desk.connection, allowed_symbols=[SYMBOL], maximum_notional=None)
    assert refusal(desk.place("buy", "1")).startswith("No limit on the path says how large an order may be")
    services.set_limits(on=desk.wallet, allowed_symbols=None, maximum_notional=D(100), notional_asset="USDT")
    operators(desk, maximum_distance=D("0.02"))
    spread(desk, "90", "110")
    assert "and Desk allows 2.00 %" in refusal(desk.place("buy", "0.5"))


def test_page_and_api_show_the_operator_s_word_and_nobody_but_operators_writes_it(desk: Desk, client: Client) -> None:
    operators(desk, maximum_notional=D(150), notional_asset="USDT", maximum_distance=D("0.02"))
    client.force_login(desk.owner)
    said = client.get(f"/api/v1/wallets/{desk.wallet.pk}/limits").json()
    first = said["path"][0]
    assert (first["role"], first["maximum_notional"], first["maximum_distance"]) == ("platform", "150", "0.02")
    assert said["applied"]["maximum_notional"] == "150"
    for page in (
        reverse("trading:limits", args=[desk.wallet.pk]),
        reverse("trading:connection-limits", args=[desk.connection.pk]),
    ):
        assert "Set by the operator, for all accounts there" in client.get(page).content.decode()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        PlatformLimit.objects.update(maximum_notional=D(1_000_000))


def test_a_buy_without_levels_gets_the_usual_ones_of_the_nearest_step(desk: Desk) -> None:
    cap(desk.farm, default_stop=D("0.2"), default_target=D("0.5"))
    cap(desk.wallet, default_stop=D("0.05"))
    desk.trade("buy", "1")
    held = Position.objects.get(closed_at=None)
    assert (held.exit_stop, held.exit_target) == (D(95), D(150))
    desk.trade("sell", "1")
    desk.trade("buy", "1", exit_stop=D(97))
    held = Position.objects.get(closed_at=None)
    assert (held.exit_stop, held.exit_target) == (D(97), D(150))


def test_the_same_request_is_the_same_order_whatever_is_usual_meanwhile(desk: Desk) -> None:
    cap(desk.wallet, default_stop=D("0.05"))
    asked: dict[str, Any] = {"side": "buy", "quantity": D(1), "key": "once", "reason": "Once."}
    first = services.place_order(wallet=desk.wallet, instrument=desk.instrument, **asked)
    set_price(desk.instrument, "120")
    cap(desk.wallet, default_stop=D("0.3"))
    again = services.place_order(wallet=desk.wallet, instrument=desk.instrument, **asked)
    assert (again.pk, again.exit_stop) == (first.pk, D(95))


@pytest.mark.parametrize(
    "caps",
    [
        {"maximum_position": D(0)},
        {"maximum_risk": D(2)},
        {"default_stop": D(1)},
        {"default_target": D("NaN")},
        {"maximum_distance": D(2)},
    ],
)
def test_what_is_no_limit_is_refused_by_its_field(desk: Desk, caps: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        cap(desk.wallet, **caps)
    assert set(refused.value.fields) == set(caps)


def test_page_and_api_set_and_show_the_same(desk: Desk, client: Client) -> None:
    client.force_login(desk.owner)
    address = reverse("trading:limits", args=[desk.wallet.pk])
    given = {
        "markets": "silent",
        "maximum_notional": "",
        "maximum_daily_loss": "",
        "maximum_position": "1,500.5",
        "maximum_open_positions": "3",
        "maximum_risk": "1.5",
        "default_stop": "4",
        "default_target": "250",
        "maximum_distance": "0.75",
        "maximum_orders_per_minute": "30",
    }
    assert client.post(address, given).status_code == 302
    api = f"/api/v1/wallets/{desk.wallet.pk}/limits"
    said = client.get(api).json()
    wanted = {
        "maximum_position": "1500.5",
        "maximum_open_positions": 3,
        "maximum_risk": "0.015",
        "default_stop": "0.04",
        "default_target": "2.5",
        "maximum_distance": "0.0075",
        "maximum_orders_per_minute": 30,
    }
    assert {name: said[name] for name in wanted} == wanted
    page = client.get(address).content.decode()
    assert all(f'value="{text}"' in page for text in ("1500.5", "3", "1.5", "4", "250", "0.75", "30")), page
    kept = {"allowed_symbols": None, "maximum_notional": None, "maximum_risk": None}
    changed = client.put(api, kept, content_type="application/json").json()
    assert (changed["maximum_risk"], changed["maximum_position"]) == (None, "1500.5")
