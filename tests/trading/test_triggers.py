"""Orders that wait for a price: kept over any restart, sent once when the market is there, and by no old price."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.errors import InvalidInputError
from kit.users.models import User
from markets.candles import copying
from quant.candles import Candles
from tests.programs import bearer
from tests.trading.desk import Desk, make_desk, set_price
from tests.trading.test_crashes import together
from tests.trading.test_crashes_of_what_rests import everything_falls_due
from tests.trading.test_limit_orders import at, refused, settled
from tests.trading.test_ticket import asked, placing
from trading import services, tasks
from trading.models import Order
from trading.orders.terms import Trigger, limit_of
from trading.positions.levels import WrongSideError
from wallets.models import Wallet

D = Decimal


@pytest.fixture
def desk(owner: User) -> Desk:
    desk = make_desk(owner)
    prices(desk, "99", "101")
    return desk


def prices(desk: Desk, bid: str, ask: str, **changes: Any) -> None:
    set_price(desk.instrument, str((D(bid) + D(ask)) / 2), bid=D(bid), ask=D(ask), **changes)


def look(desk: Desk) -> None:
    with tenancy.tenant(desk.owner.pk):
        services.keep_protection(owner_id=desk.owner.pk)


def status(desk: Desk, order: Order) -> str:
    return desk.fresh(order).status


def stop(price: str, kind: str = "stop") -> Trigger:
    return Trigger(kind, D(price))


def both(bad: str, good: str) -> Trigger:
    return Trigger("oco", D(bad), target=D(good))


# (side, trigger, a market that does not reach it, one that does)
WAITS = {
    "a stop below by the bid": ("sell", stop("90"), ("90.01", "92"), ("90", "95")),
    "a stop above by the ask": ("buy", stop("110"), ("109.99", "109.99"), ("100", "110")),
    "a profit above by the bid": ("sell", stop("120", "take_profit"), ("119.99", "121"), ("120", "121")),
    "a profit below by the ask": ("buy", stop("80", "take_profit"), ("79", "80.01"), ("79", "80")),
    "the bad of two by the bid": ("sell", both("90", "120"), ("90.01", "92"), ("90", "95")),
    "the good of two by the bid": ("sell", both("90", "120"), ("119.99", "121"), ("120", "121")),
    "the bad of two by the ask": ("buy", both("110", "80"), ("109.99", "109.99"), ("100", "110")),
    "the good of two by the ask": ("buy", both("110", "80"), ("79", "80.01"), ("79", "80")),
}


@pytest.mark.parametrize(
    ("side", "trigger", "right", "wrong"),
    [
        ("buy", stop("110"), {"exit_stop": D(105), "exit_target": D(120)}, {"exit_target": D(108)}),
        ("buy", stop("110"), {}, {"exit_stop": D(111)}),
        ("buy", stop("80", "take_profit"), {"exit_stop": D(75), "exit_target": D(90)}, {"exit_stop": D(85)}),
        ("buy", both("110", "80"), {"exit_stop": D(75), "exit_target": D(120)}, {"exit_stop": D(90)}),
    ],
)
def test_the_levels_of_an_entry_are_judged_by_where_it_is_made(
    desk: Desk, side: str, trigger: Trigger, right: dict[str, Any], wrong: dict[str, Any]
) -> None:
    with tenancy.tenant(desk.owner.pk):
        with pytest.raises(WrongSideError, match="trigger"):
            desk.place(side, "1", trigger=trigger, **wrong)
        assert desk.place(side, "1", trigger=trigger, **right).status == "waiting"


@pytest.mark.parametrize("name", WAITS)
def test_it_waits_with_its_funds_held_and_is_sent_when_the_market_is_there(desk: Desk, name: str) -> None:
    side, trigger, before, after = WAITS[name]
    if side == "sell":
        desk.trade("buy", "2")
    order = desk.place(side, "1", trigger=trigger)
    assert (order.status, order.due_at, order.attempts) == ("waiting", None, 0)
    held = desk.held("BTC") if side == "sell" else desk.held("USDT")
    assert held == (1 if side == "sell" else (trigger.price or 0) * D("1.011"))
    prices(desk, *before)
    look(desk)
    assert status(desk, order) == "waiting"
    prices(desk, *after)
    look(desk)
    order = desk.fresh(order)
    assert (order.status, order.triggered_at is not None) == ("submitting", True)
    assert desk.execute(order).status == "filled"
    settled(desk)


def test_a_stop_limit_is_sent_within_its_limit(desk: Desk) -> None:
    desk.trade("buy", "2")
    order = desk.place("sell", "2", trigger=stop("90", "stop_limit"), limit=at("89"))
    prices(desk, "85", "86")
    look(desk)
    assert desk.execute(order).status == "open", "a gap beyond the limit is not sold into"
    assert desk.fresh(order).limit_price == 89


@pytest.mark.parametrize(
    ("trigger", "levels"),
    [
        (Trigger("trailing_stop", trail=D(10)), (89, 100, 100)),
        (Trigger("trailing_stop", trail_share=D("0.1")), (D("89.1"), 99, 99)),
    ],
)
def test_a_trailing_stop_follows_the_best_bid_and_never_moves_back(
    desk: Desk, trigger: Trigger, levels: tuple[Any, ...]
) -> None:
    desk.trade("buy", "2")
    order = desk.place("sell", "2", trigger=trigger)
    seen = [desk.fresh(order).trigger_price]
    for bid in ("110", "105"):
        prices(desk, bid, "112")
        look(desk)
        seen.append(desk.fresh(order).trigger_price)
    assert (tuple(seen), status(desk, order)) == (levels, "waiting")
    prices(desk, "98", "99")
    look(desk)
    assert status(desk, order) == "submitting"


def test_a_trailing_buy_follows_the_ask_down(desk: Desk) -> None:
    order = desk.place("buy", "1", trigger=Trigger("trailing_stop", trail=D(5)))
    prices(desk, "90", "92")
    look(desk)
    assert desk.fresh(order).trigger_price == 97
    prices(desk, "96", "97")
    look(desk)
    assert status(desk, order) == "submitting"


def test_one_that_trails_by_the_average_range_keeps_the_distance_of_when_it_was_placed(desk: Desk) -> None:
    """Wilder's average of ranges that are all 4 is 4."""
    hour, now = 3_600_000, int(clock.now().timestamp() * 1000)
    ts = np.arange(400, dtype=np.int64) * hour + (now // hour - 400) * hour
    flat = np.full(400, 100.0)
    candles = Candles(ts, flat, flat + 2, flat - 2, flat, flat.copy())
    copying.write(instrument_id=desk.instrument.pk, timeframe="1h", candles=candles)
    desk.trade("buy", "2")
    asked = {"key": "by the range", "trigger": Trigger("trailing_stop", atr=D("2.5"), timeframe="1h")}
    order = desk.fresh(desk.place("sell", "2", **asked))
    assert (order.trail, order.trail_atr, order.trail_timeframe, order.trigger_price) == (10, D("2.5"), "1h", 89)
    prices(desk, "110", "112")
    look(desk)
    assert desk.fresh(order).trigger_price == 100
    assert desk.place("sell", "2", **asked).pk == order.pk, "the same request, whatever the range is by now"


def test_of_two_prices_one_order_is_sent_and_holds_once(desk: Desk) -> None:
    desk.trade("buy", "2")
    order = desk.place("sell", "2", trigger=both("90", "120"))
    assert desk.held("BTC") == 2
    prices(desk, "125", "126")
    look(desk)
    look(desk)
    prices(desk, "80", "81")
    look(desk)
    with tenancy.tenant(desk.owner.pk):
        told = [str(event.detail) for event in desk.fresh(order).events.filter(to_status="submitting")]
    assert len(told) == 1
    assert "120.00 was reached by 125.00" in told[0]
    assert desk.execute(order).status == "filled"
    assert (desk.balance("BTC"), desk.held("BTC")) == (0, 0)
    settled(desk)


def test_an_old_price_sends_nothing_and_raises_an_alert_until_the_next(desk: Desk) -> None:
    desk.trade("buy", "2")
    order = desk.place("sell", "1", trigger=stop("90"))
    prices(desk, "80", "81", at=clock.now() - timedelta(seconds=61))
    look(desk)
    with tenancy.tenant(desk.owner.pk):
        alert = Alert.objects.get(kind="stale-price")
        assert "1 order has" in alert.story()
    assert status(desk, order) == "waiting"
    prices(desk, "80", "81")
    look(desk)
    assert status(desk, order) == "submitting"
    with tenancy.tenant(desk.owner.pk):
        assert Alert.objects.get(kind="stale-price").resolved_at is not None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"trigger": ("stop", "99")}, "trigger_price"),
        ({"trigger": ("stop", "90.001")}, "trigger_price"),
        ({"trigger": ("stop", "0")}, "trigger_price"),
        ({"trigger": ("stop", "NaN")}, "trigger_price"),
        ({"trigger": ("stop", None)}, "trigger_price"),
        ({"trigger": ("take_profit", "99")}, "trigger_price"),
        ({"trigger": ("stop", "101"), "side": "buy"}, "trigger_price"),
        ({"trigger": ("take_profit", "101"), "side": "buy"}, "trigger_price"),
        ({"trigger": ("trailing_stop", "90")}, "trail"),
        ({"trigger": ("trailing_stop", None, "99")}, "trail"),
        ({"trigger": ("trailing_stop", None, "5", "0.1")}, "trail_share"),
        ({"trigger": ("trailing_stop", None, None, "1")}, "trail_share"),
        ({"trigger": ("oco", "90")}, "target_price"),
        ({"trigger": ("oco", None, None, None, "120")}, "trigger_price"),
        ({"trigger": ("oco", "90", None, None, "99")}, "target_price"),
        ({"trigger": ("oco", "99", None, None, "120")}, "trigger_price"),
        ({"trigger": ("oco", "90", None, None, "120.001")}, "target_price"),
        ({"trigger": ("oco", "101", None, None, "80"), "side": "buy"}, "trigger_price"),
        ({"trigger": ("oco", "110", None, None, "101"), "side": "buy"}, "target_price"),
        ({"trigger": ("stop", "90", None, None, "120")}, "trigger_price"),
        ({"trigger": ("trailing_stop", None, None, None, None, "2")}, "trail_timeframe"),
        ({"trigger": ("trailing_stop", None, "5", None, None, "2"), "timeframe": "1h"}, "trail_atr"),
        ({"trigger": ("trailing_stop", None, None, None, None, "2"), "timeframe": "2h"}, "trail_timeframe"),
        ({"trigger": ("trailing_stop", None, None, None, None, "2"), "timeframe": "1d"}, "trail_timeframe"),
        ({"trigger": ("stop_limit", "90")}, "limit_price"),
        ({"trigger": ("stop", "90"), "limit": "89"}, "limit_price"),
    ],
)
def test_what_makes_no_trigger_is_refused_with_a_sentence(desk: Desk, given: dict[str, Any], field: str) -> None:
    desk.trade("buy", "2")
    kind, *numbers = given["trigger"]

    def place() -> Order:
        said = dict(zip(("price", "trail", "trail_share", "target", "atr"), numbers, strict=False))
        amounts = {name: None if one is None else D(one) for name, one in said.items()}
        trigger = Trigger(kind, **amounts, timeframe=given.get("timeframe", ""))
        more = {"limit": at(given["limit"])} if "limit" in given else {}
        return desk.place(given.get("side", "sell"), "1", trigger=trigger, **more)

    with pytest.raises(InvalidInputError) as error:
        place()
    assert (error.value.status, field in error.value.fields) == (422, True)


def test_the_gate_judges_it_when_it_is_placed(desk: Desk) -> None:
    refused(desk.place("sell", "1", trigger=stop("90")), "position")
    desk.trade("buy", "2")
    desk.place("sell", "1.5", trigger=stop("90"))
    refused(desk.place("sell", "1", trigger=stop("80")), "position")
    desk.place("buy", "1", trigger=stop("110"))
    refused(desk.place("buy", "1"), "unfinished_order")


def test_one_that_waits_is_cancelled_at_once_and_gives_back_what_it_held(desk: Desk) -> None:
    desk.trade("buy", "2")
    order = desk.place("sell", "2", trigger=stop("90"))
    with tenancy.tenant(desk.owner.pk):
        cancelled = services.request_cancellation(owner_id=desk.owner.pk, order_id=order.pk)
    assert (cancelled.status, desk.held("BTC")) == ("cancelled", 0)
    prices(desk, "80", "81")
    look(desk)
    assert status(desk, order) == "cancelled"
    settled(desk)


def test_the_stop_of_its_position_sells_all_in_spite_of_it(desk: Desk) -> None:
    desk.trade("buy", "2", exit_stop=D(85))
    waiting = desk.place("sell", "2", trigger=stop("120", "take_profit"))
    prices(desk, "84", "85")
    with tenancy.tenant(desk.owner.pk):
        (exit_,) = services.keep_protection(owner_id=desk.owner.pk)
    assert (exit_.quantity, status(desk, waiting)) == (2, "cancelled")
    assert desk.execute(exit_).status == "filled"
    settled(desk)


def test_a_halt_does_not_keep_a_sale_that_waited_from_being_sent_and_does_a_purchase(desk: Desk) -> None:
    desk.trade("buy", "2")
    sale = desk.place("sell", "2", trigger=stop("90"))
    purchase = desk.place("buy", "1", trigger=stop("80", "take_profit"))
    with tenancy.tenant(desk.owner.pk):
        Wallet.objects.filter(pk=desk.wallet.pk).update(trading_state="halted")
    prices(desk, "79", "80")
    look(desk)
    assert desk.execute(sale).status == "filled"
    assert desk.execute(purchase).status == "expired"
    settled(desk)


def test_through_a_connection_that_is_paused_nothing_is_sent_until_it_is_active(desk: Desk) -> None:
    desk.trade("buy", "2")
    order = desk.place("sell", "2", trigger=stop("90"))
    prices(desk, "80", "81")
    for state, expected in (("paused", "waiting"), ("active", "submitting")):
        with tenancy.tenant(desk.owner.pk):
            type(desk.connection).objects.update(state=state)
        look(desk)
        assert status(desk, order) == expected


def test_a_trigger_never_changes_but_for_one_that_trails_and_only_forward(desk: Desk) -> None:
    desk.trade("buy", "2")
    fixed = desk.place("sell", "1", trigger=stop("90"))
    trailing = desk.place("sell", "1", trigger=Trigger("trailing_stop", trail=D(10)))
    for order, change in (
        (fixed, {"trigger_price": 91}),
        (trailing, {"trigger_price": 88}),
        (trailing, {"trail": 5}),
    ):
        with tenancy.tenant(desk.owner.pk), pytest.raises(DatabaseError), transaction.atomic():
            Order.objects.filter(pk=order.pk).update(**change)


WORKER = """
import os, signal, sys
import django
django.setup()
from django.db import connections
for alias in connections:
    connections[alias].settings_dict["NAME"] = os.environ["DATABASE_NAME"]
from uuid import UUID
from celery import current_app
from kit import tenancy
from trading import services
from trading.orders import triggers

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

MOMENT, owner_id = sys.argv[1], UUID(sys.argv[2])
current_app.send_task = die if MOMENT == "telling" else lambda *_, **__: None
if MOMENT == "claiming":
    triggers.move = die
with tenancy.tenant(owner_id):
    services.keep_protection(owner_id=owner_id)
    if MOMENT == "committing":
        die()
die()
"""


@pytest.mark.parametrize("moment", ["claiming", "committing", "telling", "told"])
def test_killed_anywhere_it_is_sent_once(live_db: str, owner: User, moment: str) -> None:
    desk = make_desk(owner)
    desk.trade("buy", "2")
    order = desk.place("sell", "2", trigger=stop("90"))
    set_price(desk.instrument, "89")
    result = subprocess.run(
        [sys.executable, "-c", WORKER, moment, str(owner.pk)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "moniqo.settings", "DATABASE_NAME": live_db},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == -signal.SIGKILL, result.stderr
    assert status(desk, order) == ("submitting" if moment in ("telling", "told") else "waiting")
    together([lambda: look(desk)] * 4)
    everything_falls_due(desk)
    assert (status(desk, order), desk.balance("BTC"), desk.books_agree()) == ("filled", 0, True)


def test_the_monitor_looks_for_owners_who_have_nothing_else(live_db: str, owner: User) -> None:
    desk = make_desk(owner)
    desk.place("buy", "1", trigger=stop("110"))
    with tenancy.system():
        assert tasks.owners_of_waiting() == [owner.pk]


def test_it_is_reviewed_and_placed_by_hand_and_by_programs(desk: Desk, client: Client) -> None:
    desk.trade("buy", "2")
    client.force_login(desk.owner)
    page = reverse("trading:ticket")
    given = asked(desk, side="sell", type="trailing_stop", trail_share="10", how_much="1")
    review = client.post(page, given).context["review"]
    placed = client.post(page, placing(desk, review))
    shown = client.get(placed["Location"]).content.decode()
    assert "follows the best price" in shown
    assert "while it waits for its trigger" in shown
    body = {"wallet_id": str(desk.wallet.pk), "symbol": "BTC/USDT", "side": "sell", "quantity": "1", "type": "stop"}

    def post(**more: str) -> Any:
        headers = bearer(desk.owner) | {"Idempotency-Key": "one"}
        return client.post("/api/v1/orders", body | more, content_type="application/json", headers=headers)

    assert post().status_code == 422
    assert "wrong_side" in post(trigger_price="99").content.decode()
    said = post(trigger_price="90").json()
    assert (said["status"], said["type"], said["trigger_price"]) == ("waiting", "stop", "90")
    with tenancy.tenant(desk.owner.pk):
        assert {one.type: one.trail_share for one in Order.objects.filter(status="waiting")} == {
            "trailing_stop": D("0.1"), "stop": None,
        }  # fmt: skip


def test_two_prices_are_asked_for_by_hand_and_by_programs(desk: Desk, client: Client) -> None:
    desk.trade("buy", "2")
    client.force_login(desk.owner)
    two = {"type": "oco", "trigger_price": "90", "target_price": "120", "side": "sell"}
    page = reverse("trading:ticket")
    review = client.post(page, asked(desk, **two, how_much="0.5")).context["review"]
    shown = client.get(client.post(page, placing(desk, review))["Location"]).content.decode()
    assert "One cancels the other" in shown
    assert "Take profit at" in shown
    body = {"wallet_id": str(desk.wallet.pk), "symbol": "BTC/USDT", "quantity": "0.5"}
    headers = bearer(desk.owner) | {"Idempotency-Key": "two prices"}
    answer = client.post("/api/v1/orders", body | two, content_type="application/json", headers=headers).json()
    assert (answer["status"], answer["trigger_price"], answer["target_price"]) == ("waiting", "90", "120")
    fields = client.post(page, asked(desk, **two | {"target_price": ""}, how_much="0.5")).context["form"].errors
    assert "target_price" in fields


def test_what_does_not_go_with_a_trigger_is_said_of_that_trigger() -> None:
    with pytest.raises(InvalidInputError, match="at the market once its trigger is reached: choose a stop limit"):
        limit_of("oco", price=D(95))
    with pytest.raises(InvalidInputError, match="filled at once"):
        limit_of("market", price=D(95))
    with pytest.raises(InvalidInputError, match="only in average true ranges") as error:
        Trigger("trailing_stop", trail=D(5), timeframe="1h")
    assert set(error.value.fields) == {"trail_timeframe"}
