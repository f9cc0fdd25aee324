"""A margin that its wallet cannot set aside whole: what is missing is said, and held as soon as there is money."""

from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.alerts.models import Alert
from kit.users.models import User
from tests.programs import bearer
from tests.trading.desk import assert_books_prove_themselves, fund
from tests.trading.perpetual_desk import PerpetualDesk, make_perpetual_desk
from tests.trading.test_funding import Died, pass_periods
from trading import services, tasks
from trading.models import Order, Position
from wallets.hierarchy.consequences import consequences
from wallets.models import Account, DemoFunding, Wallet

D = Decimal
ZERO = D(0)
# 10 are held at 100, and an order of 40 turns that into 30 of the other side once the price has moved by 15 against
# it: its wallet has too little left for their margin. What the first order cost is 1.
CASH, LOSS = D(350), D(150)
FEES = {"buy": 1 + D("3.4"), "sell": 1 + D("4.6")}
MARGIN = {"buy": D(255), "sell": D(345)}
FIRST = pytest.mark.parametrize("first", ["buy", "sell"])


def make(owner: User) -> PerpetualDesk:
    """The desk, whose account has enough for the venue: the rest is another wallet's."""
    desk = make_perpetual_desk(owner, cash=CASH)
    give(desk, 1000, to=desk.farm)
    return desk


def give(desk: PerpetualDesk, usdt: int, *, to: Wallet | None = None) -> None:
    with tenancy.tenant(desk.owner.pk):
        fund(replace(desk, wallet=to or desk.wallet), "USDT", D(usdt))


@pytest.fixture
def desk(owner: User) -> PerpetualDesk:
    return make(owner)


def turn(desk: PerpetualDesk, first: str = "buy") -> Position:
    desk.trade(first, "10", leverage=D(5))
    order = desk.place("sell" if first == "buy" else "buy", "40", leverage=D(10))
    desk.price("85" if first == "buy" else "115")
    assert desk.execute(order).status == "filled"
    return standing(desk)


def look(desk: PerpetualDesk) -> int:
    """What the task does every minute; returns how many positions got some of what is missing."""
    given = {"owner_id": desk.owner.pk, "connection_id": desk.connection.pk}
    services.settle_funding(**given)
    return services.make_up_margins(**given)


def standing(desk: PerpetualDesk) -> Position:
    position = desk.position()
    assert position is not None
    return position


def alerts(desk: PerpetualDesk) -> list[tuple[str, bool]]:
    """Kind of each that is about what was paid and held, and whether it stands."""
    with tenancy.tenant(desk.owner.pk):
        found = [(one.key, one.resolved_at is None) for one in Alert.objects.all()]
    return sorted((key.split(":")[0], stands) for key, stands in found if "shortfall" in key or "unpaid" in key)


def assert_whole(desk: PerpetualDesk, missing: Decimal = ZERO) -> None:
    """But for what is missing all margin is held; the wallets have what the venue has, and the books prove it."""
    position = desk.position()
    assert position is None or position.margin_shortfall == missing
    assert desk.held("USDT") + missing == (position.margin if position else 0)
    with tenancy.tenant(desk.owner.pk):
        accounts = Account.objects.filter(asset="USDT", kind="wallet", wallet__connection=desk.connection)
        assert sum(account.balance for account in accounts) == desk.venue_totals()["USDT"]
    assert desk.balance("USDT", "clearing") == 0
    assert_books_prove_themselves(desk)


@FIRST
def test_a_wallet_with_too_little_holds_what_it_has_and_its_owner_is_told(desk: PerpetualDesk, first: str) -> None:
    position = turn(desk, first)
    left = CASH - LOSS - FEES[first]
    assert (position.margin, position.margin_shortfall) == (MARGIN[first], MARGIN[first] - left)
    assert (desk.balance("USDT"), desk.held("USDT"), desk.balance("USDT", "suspense")) == (left, left, 0)
    assert alerts(desk) == [("margin-shortfall", True)]
    assert_whole(desk, MARGIN[first] - left)


@FIRST
def test_what_comes_into_the_wallet_is_held_until_nothing_is_missing(desk: PerpetualDesk, first: str) -> None:
    missing = turn(desk, first).margin_shortfall
    look(desk)
    assert standing(desk).margin_shortfall == missing
    give(desk, 20)
    look(desk)
    assert alerts(desk) == [("margin-shortfall", True)]
    assert_whole(desk, missing - 20)
    give(desk, 200)
    look(desk)
    assert alerts(desk) == [("margin-shortfall", False)]
    assert_whole(desk)
    assert look(desk) == 0


@FIRST
def test_a_smaller_position_needs_no_more_than_there_is(desk: PerpetualDesk, first: str) -> None:
    turn(desk, first)
    desk.trade(first, "20")
    assert alerts(desk) == [("margin-shortfall", False)]
    assert_whole(desk)


@FIRST
def test_a_position_that_is_closed_lacks_nothing(desk: PerpetualDesk, first: str) -> None:
    turn(desk, first)
    desk.trade(first, "30")
    assert [one.margin_shortfall for one in desk.closed()] == [0, 0]
    assert alerts(desk) == [("margin-shortfall", False)]
    assert_whole(desk)


@FIRST
def test_a_liquidation_takes_what_the_wallet_has_and_only_the_rest_stands_in_suspense(
    desk: PerpetualDesk, first: str
) -> None:
    turn(desk, first)
    desk.price("100")
    (order,) = desk.watch()
    assert (order.status, desk.position()) == ("filled", None)
    lost = sum((one.realized_pnl for one in desk.closed()), ZERO)
    assert -lost > CASH
    assert (desk.balance("USDT"), desk.balance("USDT", "suspense")) == (0, CASH + lost)
    assert alerts(desk) == [("margin-shortfall", False), ("order", True)]
    assert_books_prove_themselves(desk)


@FIRST
def test_funding_goes_into_what_is_held_and_comes_out_of_it(desk: PerpetualDesk, first: str) -> None:
    """A short receives it, a long pays it: what is missing stays the same."""
    missing = turn(desk, first).margin_shortfall
    pass_periods(desk, 2)
    look(desk)
    position = standing(desk)
    assert (position.funding > 0) == (first == "buy")
    assert position.margin == MARGIN[first] + position.funding
    assert_whole(desk, missing)


def test_funding_of_more_than_is_held_is_paid_all_the_same(desk: PerpetualDesk) -> None:
    """What the wallet cannot pay stands in suspense, and its owner is told."""
    turn(desk, "sell")
    left = CASH - LOSS - FEES["sell"]
    pass_periods(desk, 1)
    desk.price("115000")  # so high that it takes all of the margin
    look(desk)
    with tenancy.tenant(desk.owner.pk):
        assert [row.is_booked for row in DemoFunding.objects.all()] == [True]
    position = standing(desk)
    assert (position.funding, position.margin, position.margin_shortfall) == (-MARGIN["sell"], 0, 0)
    assert alerts(desk) == [("margin-shortfall", False), ("unpaid-funding", True)]
    assert (desk.balance("USDT"), desk.held("USDT"), desk.balance("USDT", "suspense")) == (0, 0, left - MARGIN["sell"])
    assert_books_prove_themselves(desk)


def test_a_loss_of_more_than_there_is_takes_all_of_it_and_the_rest_stands_in_suspense(desk: PerpetualDesk) -> None:
    """The wallet keeps nothing that it has lost, and its owner is told."""
    turn(desk)  # 30 short at 85
    left = CASH - LOSS - FEES["buy"]
    order = desk.place("buy", "30", reduce_only=True)
    desk.price("93")
    assert desk.execute(order).status == "filled"
    lost = 30 * D(8) + 30 * D(93) * D("0.001")
    assert (desk.balance("USDT"), desk.held("USDT"), desk.balance("USDT", "suspense")) == (0, 0, left - lost)
    assert sorted(alerts(desk)) == [("margin-shortfall", False), ("order", True)]
    assert_books_prove_themselves(desk)


def test_a_crash_while_it_is_made_up_changes_nothing(desk: PerpetualDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = turn(desk).margin_shortfall
    give(desk, 500)

    def dies(*args: Any, **given: Any) -> None:
        raise Died

    with monkeypatch.context() as crashing:
        crashing.setattr(Position, "save", dies)
        with pytest.raises(Died):
            look(desk)
    assert alerts(desk) == [("margin-shortfall", True)]
    assert_whole(desk, missing)
    look(desk)
    assert_whole(desk)


def test_page_and_api_say_what_is_missing_to_the_last_digit(desk: PerpetualDesk, client: Client) -> None:
    position = turn(desk)
    program = Client(headers=bearer(desk.owner))
    (listed,) = program.get("/api/v1/positions").json()
    told = program.get(f"/api/v1/positions/{position.pk}").json()
    assert (listed["margin_shortfall"], told["margin_shortfall"]) == ("59.4", "59.4")
    assert (listed["margin"], told["margin"]) == ("255", "255")
    client.force_login(desk.owner)
    page = client.get(reverse("trading:position", args=[position.pk])).content.decode()
    assert "Margin missing" in page
    give(desk, 500)
    look(desk)
    assert "Margin missing" not in client.get(reverse("trading:position", args=[position.pk])).content.decode()


def test_positions_of_before_say_what_is_missing_and_the_task_makes_it_up(live_db: str) -> None:
    """A database in which less was held, and nothing said so, is brought up to date."""
    desk = make(User.objects.create_user("before@example.com", "a long password"))
    missing = turn(desk).margin_shortfall
    with tenancy.tenant(desk.owner.pk):
        Position.objects.update(margin_shortfall=0)
    migration = import_module("trading.migrations.0041_shortfalls")
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute(migration.BEFORE)
    assert_whole(desk, missing)
    give(desk, 500)
    tasks.settle_funding()
    assert_whole(desk)


@FIRST
def test_what_comes_is_no_order_s_before_it_is_held(desk: PerpetualDesk, first: str) -> None:
    """Neither in the spot market nor in the perpetual; what makes the position smaller goes on."""
    missing = turn(desk, first).margin_shortfall
    give(desk, 20)
    refused = [
        desk.place("sell" if first == "buy" else "buy", "1", leverage=D(10)),
        desk.place(first, "60", leverage=D(10)),  # it would turn it round, and lack as much again
        spot(desk, "0.2"),
    ]
    assert [(order.status, order.refusal.template[:3]) for order in refused] == [("rejected", "Add")] * 3
    assert_whole(desk, missing)
    assert desk.trade(first, "1", reduce_only=True).status == "filled"
    give(desk, 500)
    assert spot(desk, "0.2").status == "submitting"


def test_what_turns_it_round_into_less_than_there_is_needs_no_money(desk: PerpetualDesk) -> None:
    turn(desk)
    assert desk.trade("buy", "40", leverage=D(10)).status == "filled"  # 30 short become 10 long
    assert_whole(desk)


def test_a_share_of_what_is_free_is_a_share_of_what_an_order_may_have(desk: PerpetualDesk) -> None:
    missing = turn(desk).margin_shortfall
    give(desk, 20)
    wished: dict[str, Any] = {"side": "buy", "sizing_by": "share", "size": D(1)}

    def largest() -> Decimal:
        with tenancy.tenant(desk.owner.pk):
            return services.quantity_of(wallet=desk.wallet, instrument=desk.spot, **wished)

    assert largest() == 0
    give(desk, 100)
    assert 0 < largest() * 85 <= 120 - missing


def test_who_moves_money_hears_that_margin_is_missing(desk: PerpetualDesk) -> None:
    turn(desk)
    with tenancy.tenant(desk.owner.pk):
        told = [consequences(wallet=desk.wallet, asset="USDT", change=D(change)) for change in (5, -5)]
        nothing = consequences(wallet=desk.wallet, asset="BTC", change=D(5))
    assert [sentence.split(": ")[1][:4] for (sentence,) in told] == ["this", "what"]
    assert nothing == []


def test_a_perpetual_holds_no_base_asset_that_could_arrive_or_leave(desk: PerpetualDesk) -> None:
    """What arrives beside it is nobody's, and can be taken up."""
    desk.trade("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        assert consequences(wallet=desk.wallet, asset="BTC", change=D(-1)) == []
        assert consequences(wallet=desk.wallet, asset="BTC", change=D(1)) == []
        fund(desk, "BTC", D("0.5"))
        assert services.unclaimed(owner_id=desk.owner.pk, wallet_id=desk.wallet.pk)["BTC"] == D("0.5")


def spot(desk: PerpetualDesk, quantity: str) -> Order:
    with tenancy.tenant(desk.owner.pk):
        return services.place_order(
            wallet=desk.wallet, instrument=desk.spot, side="buy", quantity=D(quantity), key=uuid4().hex, reason="Test."
        )
