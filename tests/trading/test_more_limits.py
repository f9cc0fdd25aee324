"""How large a position may grow, how many there may be, what one trade may risk, and levels where none are named."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.errors import InvalidInputError
from kit.users.models import User
from markets.models import Instrument
from tests.trading.desk import SYMBOL, Desk, make_desk, set_price
from tests.wallets.books import fund
from trading import services
from trading.models import Order, Position
from trading.orders.intents import Place, Terms
from trading.orders.placing import Batch
from trading.risk.gate import Caps
from wallets.models import Wallet

D = Decimal


@pytest.fixture
def desk(owner: User) -> Iterator[Desk]:
    with tenancy.tenant(owner.pk):
        yield make_desk(owner)


def cap(on: Any, **caps: Any) -> None:
    services.set_limits(on=on, allowed_symbols=None, maximum_notional=None, notional_asset="USDT", caps=Caps(**caps))


def refusal(order: Order) -> str:
    assert order.status == "rejected"
    return str(order.refusal)


def test_a_position_grows_to_the_smallest_limit_of_the_path_and_can_always_be_left(desk: Desk) -> None:
    cap(desk.farm, maximum_position=D(500))
    cap(desk.wallet, maximum_position=D(300))
    desk.trade("buy", "2")
    said = refusal(desk.place("buy", "2")).replace("\u202f", " ").replace("\u00a0", " ")
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
    assert "without a stop it puts at risk" in refusal(desk.place("buy", "2"))
    assert "its stop at 90.00" in refusal(desk.place("buy", "20", exit_stop=D(90)))
    assert desk.place("buy", "10", exit_stop=D("90.5")).status == "submitting"


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
    "caps", [{"maximum_position": D(0)}, {"maximum_risk": D(2)}, {"default_stop": D(1)}, {"default_target": D("NaN")}]
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
    }
    assert {name: said[name] for name in wanted} == wanted
    page = client.get(address).content.decode()
    assert all(f'value="{text}"' in page for text in ("1500.5", "3", "1.5", "4", "250")), page
    kept = {"allowed_symbols": None, "maximum_notional": None, "maximum_risk": None}
    changed = client.put(api, kept, content_type="application/json").json()
    assert (changed["maximum_risk"], changed["maximum_position"]) == (None, "1500.5")
