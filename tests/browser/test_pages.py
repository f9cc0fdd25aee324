"""Every page of the site: with a fund that has a past, for somebody who has nothing yet, and with amounts hidden."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest

from farms.models import AgentRun
from kit import tenancy
from kit.approvals.services import Source, answer, ask
from kit.users.models import User
from portfolio.models import AllocationPlan, RebalanceRun, Snapshot
from tests.browser.conftest import OpenPage
from tests.browser.soundness import CHART_PAGE_BYTES, DESK, PAGE_BYTES, PHONE, assert_page_is_sound_everywhere
from tests.world import World
from trading.models import Fill, Order, Position
from wallets.models import Account, FundAllocation

WITH_CHARTS = (
    "home", "wrong dates", "drawdown", "farm", "agent", "analytics", "goal", "contribution", "comparison", "report",
    "report of an account", "backtest", "sweep", "position", "trade",
)  # fmt: skip
PAGES = (
    "home", "net value", "profit", "drawdown", "money-weighted", "performance", "by strategy", "by asset", "history",
    "calendar", "weeks", "day", "sharpe", "win rate",
    "open profit", "exposure", "at risk", "changes", "posting", "contribution", "months", "comparison", "report",
    "report of an account",
    "wallets", "collecting", "settings", "wallet", "agent's wallet",
    "new wallet", "connections", "connecting", "entering a key", "first limits", "limits", "planning",
    "weighing", "weighed", "risk", "rules", "rebalancing", "rebalanced", "proof", "arrivals", "taking up",
    "stopping", "protection", "venues", "farms", "farm", "agent", "analytics",
    "promoting",
    "new farm", "hiring", "orders", "order",
    "positions", "position", "trade", "wrong dates", "wrong filter",
    "goals", "goal", "new goal", "duplicated goal", "cancelled goal",
    "trades", "preferences", "password", "two-factor", "tokens", "log", "channels", "adding a channel", "alerts",
    "old alerts", "laboratory", "backtest", "new backtest", "drift",
    "strategies", "strategy", "composing",
    "sweeps", "sweep", "new sweep", "candles",
    "advice", "question to a model", "honesty of advice", "settings of advice", "market of advice",
)  # fmt: skip
FOR_A_BEGINNER = (
    "/", "/wallets/", "/wallets/connections/", "/farms/", "/goals/", "/trading/orders/", "/trading/positions/",
    "/trading/trades/", "/alerts/", "/portfolio/contribution/", "/portfolio/months/", "/portfolio/compare/",
    "/portfolio/report/", "/strategies/", "/strategies/new/", "/laboratory/", "/laboratory/new/", "/laboratory/sweeps/",
    "/laboratory/sweeps/new/", "/laboratory/candles/", "/advice/", "/advice/honesty/", "/nowhere/",
)  # fmt: skip


def address(world: World, name: str) -> str:
    """Where the page `name` of the world is."""
    farm, agent, wallet = world.farm, world.agent, world.farm.wallet_id
    goal = world.goal.pk if world.goal else None
    with tenancy.tenant(world.owner.pk):
        order = Order.objects.filter(wallet=agent.wallet_id, status="filled").earliest("created_at").pk
        held, left = (Position.objects.filter(closed_at__isnull=is_open).first() for is_open in (True, False))
        posting = Fill.objects.filter(order_id=order).earliest("pk").posting_id
        weighed = AllocationPlan.objects.earliest("created_at").allocation_id
        run = RebalanceRun.objects.get().pk
    return {
        "home": "/",
        "net value": "/portfolio/explain/net-value/",
        "profit": "/portfolio/explain/profit/",
        "drawdown": "/portfolio/explain/drawdown/",
        "money-weighted": "/portfolio/explain/xirr/?range=All",
        "performance": f"/portfolio/statistics/?range=All&wallet={wallet}",
        "by strategy": "/portfolio/by/?by=strategy&range=All",
        "by asset": "/portfolio/by/?by=asset&range=All",
        "history": f"/portfolio/history/?account={wallet}&period=week",
        "calendar": "/portfolio/calendar/",
        "weeks": "/portfolio/calendar/?period=week",
        "day": "/portfolio/explain/day/",
        "sharpe": "/portfolio/explain/sharpe/",
        "win rate": "/portfolio/explain/win-rate/",
        "open profit": "/portfolio/explain/open-pnl/",
        "exposure": "/portfolio/explain/net-exposure/",
        "at risk": "/portfolio/exposure/",
        "contribution": "/portfolio/contribution/?by=agent&range=All",
        "months": "/portfolio/months/",
        "comparison": f"/portfolio/compare/?account=fund&against={wallet}&range=All",
        "report": "/portfolio/report/?period=quarter",
        "report of an account": f"/portfolio/report/?account={world.connection.pk}&period=year",
        "changes": "/portfolio/changes/",
        "posting": f"/wallets/postings/{posting}/",
        "wallets": "/wallets/",
        "collecting": f"/wallets/?wallet={wallet}&tab=collect",
        "settings": f"/wallets/?wallet={world.master.pk}&tab=settings",
        "wallet": f"/wallets/{world.master.pk}/",
        "agent's wallet": f"/wallets/{world.quiet.wallet_id}/",
        "new wallet": f"/wallets/new/?parent={wallet}",
        "connections": "/wallets/connections/",
        "connecting": "/wallets/connections/new/",
        "entering a key": "/wallets/connections/new/okx/",
        "first limits": f"/trading/limits/connection/{world.connection.pk}/first/",
        "limits": f"/trading/limits/{wallet}/",
        "planning": f"/wallets/{world.master.pk}/plan/",
        "weighing": f"/wallets/{world.master.pk}/methods/",
        "risk": f"/wallets/{world.master.pk}/risk/",
        "weighed": f"/wallets/methods/{weighed}/",
        "rules": f"/wallets/{world.master.pk}/rules/",
        "rebalancing": f"/wallets/{world.master.pk}/rebalancing/",
        "rebalanced": f"/wallets/rebalancing/{run}/",
        "proof": "/wallets/proof/",
        "arrivals": f"/wallets/connections/{world.connection.pk}/arrivals/",
        "ticket": "/trading/orders/new/",
        "order by hand": f"/trading/orders/new/?wallet={agent.wallet_id}",
        "taking up": f"/trading/positions/of/{agent.wallet_id}/take-up/",
        "stopping": f"/trading/stop/{world.master.pk}/",
        "protection": f"/trading/stop/{world.master.pk}/protection/",
        "venues": "/wallets/connections/venues/",
        "goals": "/goals/",
        "goal": f"/goals/{goal}/",
        "new goal": "/goals/new/",
        "duplicated goal": f"/goals/new/?like={goal}",
        "cancelled goal": f"/goals/{goal}/cancel/",
        "farms": "/farms/",
        "farm": f"/farms/{farm.pk}/",
        "farm's policy": f"/farms/{farm.pk}/policy/",
        "agent": f"/farms/agents/{agent.pk}/",
        "analytics": f"/farms/{farm.pk}/analytics/",
        "promoting": f"/farms/agents/{agent.pk}/promote/",
        "laboratory": "/laboratory/",
        "backtest": f"/laboratory/{world.backtest.pk if world.backtest else None}/",
        "new backtest": "/laboratory/new/?strategy=breakout",
        "sweeps": "/laboratory/sweeps/",
        "candles": "/laboratory/candles/",
        "sweep": f"/laboratory/sweeps/{world.sweep.pk if world.sweep else None}/",
        "new sweep": "/laboratory/sweeps/new/?strategy=trend_following",
        "drift": f"/laboratory/drift/{world.agent.pk}/",
        "advice": "/advice/",
        "question to a model": f"/advice/{world.advice.pk if world.advice else None}/",
        "honesty of advice": "/advice/honesty/",
        "settings of advice": "/advice/settings/",
        "market of advice": f"/advice/markets/{world.bitcoin.pk}/1h/",
        "strategies": "/strategies/",
        "strategy": f"/strategies/{world.saved.pk if world.saved else None}/",
        "composing": f"/strategies/{world.saved.pk if world.saved else None}/edit/",
        "new farm": "/farms/new/",
        "hiring": f"/farms/{farm.pk}/hire/",
        "orders": "/trading/orders/",
        "order": f"/trading/orders/{order}/",
        "positions": "/trading/positions/",
        "position": f"/trading/positions/{held.pk if held else None}/",
        "levels": f"/trading/positions/{held.pk if held else None}/levels/",
        "trade": f"/trading/positions/{left.pk if left else None}/",
        "wrong dates": "/?from=2026-06-20&to=2026-06-10",
        "wrong filter": "/trading/trades/?since=soon",
        "trades": "/trading/trades/",
        "preferences": "/preferences/",
        "password": "/password/",
        "two-factor": "/settings/two-factor/",
        "tokens": "/settings/tokens/",
        "log": "/settings/log/",
        "channels": "/settings/channels/",
        "adding a channel": "/settings/channels/new/webhook/",
        "alerts": "/alerts/",
        "old alerts": "/alerts/?tab=history",
    }[name]


# Made of the templates of another page in the list, which every change is shown with.
ALIKE = {
    "drawdown", "sharpe", "win rate", "open profit", "exposure", "weeks", "by asset", "report of an account",
    "settings", "agent's wallet", "order by hand", "duplicated goal", "old alerts", "wrong filter", "new sweep",
    "collecting",
}  # fmt: skip


@pytest.mark.parametrize("name", [pytest.param(one, marks=pytest.mark.slow) if one in ALIKE else one for one in PAGES])
def test_a_page_with_data_is_sound_at_a_desk_in_light_and_on_a_phone_in_dark(
    open_page: OpenPage, world: World, name: str
) -> None:
    budget = CHART_PAGE_BYTES if name in WITH_CHARTS else PAGE_BYTES
    assert_page_is_sound_everywhere(open_page(address(world, name), user=world.owner), byte_budget=budget)


def test_what_programs_ask_for_is_a_sound_page_with_its_count_in_the_navigation(
    open_page: OpenPage, world: World
) -> None:
    given = {"farm_id": str(world.farm.pk), "agent_id": None}
    usual: dict[str, Any] = {"owner_id": world.owner.pk, "kind": "pause", "given": given, "source": Source(None)}
    with tenancy.tenant(world.owner.pk):
        over = ask(**usual, reason="A word of its own, and a long one: " + "volatility " * 20)
        answer(owner_id=world.owner.pk, approval_id=over.pk, is_approved=False, note="Not now")
        asked = ask(**usual, reason="The market turns")
    visit = open_page("/approvals/", user=world.owner)
    assert_page_is_sound_everywhere(visit)
    assert visit.page.locator("#nav a[aria-current=page] .count").inner_text() == "1"
    with tenancy.tenant(world.owner.pk):
        answer(owner_id=world.owner.pk, approval_id=asked.pk, is_approved=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_page_with_data_is_sound_at_a_desk_in_dark_and_on_a_phone_in_light(
    open_page: OpenPage, world: World, name: str
) -> None:
    budget = CHART_PAGE_BYTES if name in WITH_CHARTS else PAGE_BYTES
    visit = open_page(address(world, name), user=world.owner)
    assert_page_is_sound_everywhere(visit, byte_budget=budget, screens=((DESK, "dark"), (PHONE, "light")))


@pytest.mark.slow
@pytest.mark.parametrize("path", FOR_A_BEGINNER[:-1])
def test_a_page_without_data_is_sound_and_says_what_to_do_next(open_page: OpenPage, trader: User, path: str) -> None:
    visit = open_page(path, user=trader)
    assert_page_is_sound_everywhere(visit)
    assert visit.page.locator("main :is(a, button):visible").count() >= 1


@pytest.fixture
def discreet(world: World) -> Iterator[World]:
    """The world, its owner hiding amounts."""
    User.objects.filter(pk=world.owner.pk).update(privacy=True)
    yield world
    User.objects.filter(pk=world.owner.pk).update(privacy=False)


@pytest.mark.slow
def test_no_amount_is_anywhere_in_the_html_while_amounts_are_hidden(open_page: OpenPage, discreet: World) -> None:
    written = _spellings(_amounts(discreet))
    found = {}
    for name in PAGES:
        html = open_page(address(discreet, name), user=discreet.owner, script=False).page.content()
        found[name] = sorted(written & {text.strip(".,") for text in NUMBER.findall(html)})
    assert not {name: texts for name, texts in found.items() if texts}


# Digits in the middle of an id or a hash are none.
NUMBER: Final = re.compile(r"(?<![0-9A-Za-z])[0-9][0-9.,]*(?![0-9A-Za-z])")


def _amounts(world: World) -> set[Decimal]:
    """Everything in the books, orders and snapshots that says how much the owner has or moved."""
    sources = (
        Account.objects.values_list("balance", "held"),
        FundAllocation.objects.values_list("amount"),
        Order.objects.values_list("quantity", "filled_quantity"),
        Fill.objects.values_list("quantity", "fee"),
        Position.objects.values_list("quantity", "entry_quantity", "realized_pnl", "fees"),
        Snapshot.objects.values_list("equity", "realized_pnl", "fees"),
        AgentRun.objects.values_list("numbers__notional", "numbers__cash", "numbers__quantity"),
    )
    with tenancy.tenant(world.owner.pk):
        return {abs(Decimal(str(value))) for rows in sources for row in rows for value in row if value}


def _spellings(amounts: set[Decimal]) -> set[str]:
    """Each amount as it could be written; short numbers would be found in anything."""
    plain = {spelling for value in amounts for spelling in (f"{value.normalize():f}", f"{value:.2f}", f"{value:.0f}")}
    grouped = {f"{value:,.{places}f}" for value in amounts for places in (0, 2)}
    return {text for text in plain | grouped if sum(letter.isdigit() for letter in text) >= 5}
