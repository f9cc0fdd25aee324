"""What has no price is unknown, not zero: no index falls, no page breaks, and what is lost is lost once."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from farms.models import Farm
from kit import clock, formatting
from kit.alerts.models import Alert
from kit.users.models import User
from markets.models import Instrument, Ticker
from moniqo.home import charts
from portfolio.daily import roll_up
from portfolio.models import DailyPerformance, Snapshot
from portfolio.selectors.series import deepest_drawdown
from portfolio.services import take_snapshots
from portfolio.valuation import value_scope
from tests.conftest import as_operators
from tests.portfolio.fund import Fund, set_price
from tests.portfolio.periods import change_since, equity_series, performance
from tests.portfolio.test_series import ensure_month

D = Decimal
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


def see(fund: Fund, at: datetime, wallet: str | None = None) -> Snapshot:
    """Take snapshots at the moment; returns that of the wallet, or of all together."""
    take_snapshots(owner_id=fund.owner.pk, at=at)
    return Snapshot.objects.get(scope=fund.wallets[wallet].pk if wallet else fund.owner.pk, at=at)


def forget_prices() -> None:
    Ticker.objects.all().delete()


def forget_for_good() -> None:
    """As if nobody had ever said a price: not even the last one is known."""
    Instrument.objects.filter(base="BTC").update(venue="elsewhere")


@pytest.mark.parametrize("forget", [forget_prices, forget_for_good])
def test_a_price_that_is_missing_for_a_while_leaves_no_trace(
    fund: Fund, moments: Iterator[datetime], forget: object
) -> None:
    fund.deposit("1000")
    fund.move("master", "agent a", "500")
    fund.buy("agent a", "4", "100")
    first = see(fund, next(moments), "agent a")
    assert first.equity == 500
    forget()  # type: ignore[operator]
    fund.deposit("50", wallet="agent a")
    blind = see(fund, next(moments), "agent a")
    assert (blind.equity, blind.flow, blind.is_stale) == (550, 50, True)
    Instrument.objects.filter(base="BTC").update(venue="testing")
    set_price("110")
    last = see(fund, next(moments), "agent a")

    assert (last.equity, last.is_stale) == (590, False)
    assert [first.twr_index, blind.twr_index] == [1, 1]
    assert last.twr_index == pytest.approx(590 / 550)
    roll_up(owner_id=fund.owner.pk)
    for scope in (fund.wallets["agent a"].pk, fund.owner.pk):
        trough = deepest_drawdown(scope=scope, base="USDT", start=BEFORE)
        assert trough is not None
        assert trough.depth == 0
    day = DailyPerformance.objects.get(scope=fund.wallets["agent a"].pk)
    assert (day.flow, day.market, day.low, day.twr_low) == (550, 40, 500, 1)


def test_what_was_bought_and_has_no_price_is_worth_what_was_known(fund: Fund, moments: Iterator[datetime]) -> None:
    fund.deposit("1000")
    see(fund, next(moments))
    fund.buy("master", "1", "300", base="AAA")
    blind = see(fund, next(moments))
    assert (blind.equity, blind.cash, blind.invested) == (1000, 700, 300)
    assert (blind.twr_index, blind.is_stale, blind.unpriced) == (1, True, ["AAA"])
    set_price("270", "AAA")
    assert (see(fund, next(moments)).equity, value_scope(owner_id=fund.owner.pk, scope=fund.owner.pk).equity) == (
        970, 970,
    )  # fmt: skip


def test_a_base_currency_without_a_market_begins_a_history_of_its_own(
    fund: Fund, moments: Iterator[datetime], client: Client
) -> None:
    fund.deposit("1000")
    see(fund, next(moments))
    fund.owner.base_currency = "EUR"
    fund.owner.save()
    blind = see(fund, next(moments))
    assert (blind.base, blind.equity, blind.twr_index, blind.unpriced) == ("EUR", 0, 1, ["USDT"])
    client.force_login(fund.owner)
    assert "Nothing that is held has a price in EUR: USDT." in client.get("/").content.decode()

    set_price("2", "EUR")
    told = see(fund, next(moments))
    assert (told.equity, told.flow, told.flows, told.twr_index) == (500, 500, 500, 1)
    roll_up(owner_id=fund.owner.pk)
    change = change_since(
        scope=fund.owner.pk, start=BEFORE, now=value_scope(owner_id=fund.owner.pk, scope=fund.owner.pk)
    )
    assert (change.profit, change.max_drawdown) == (0, 0)

    fund.owner.base_currency = "USDT"
    fund.owner.save()
    fund.deposit("10")
    back = see(fund, next(moments))
    assert (back.equity, back.flow, back.flows, back.twr_index) == (1010, 10, 1010, 1)


def test_a_history_in_another_base_begins_with_what_there_is_and_with_nothing_earned(
    fund: Fund, moments: Iterator[datetime], client: Client
) -> None:
    set_price("100", "AAA")
    fund.deposit("1000")
    see(fund, next(moments))
    fund.buy("master", "2", "100", base="AAA", fee="1")
    fund.sell("master", "1", "150", base="AAA", fee="1")
    set_price("120", "AAA")
    see(fund, next(moments))
    set_price("2", "EUR")
    client.force_login(fund.owner)

    def told(part: str) -> list[Decimal]:
        said = client.get("/api/v1/portfolio/summary").json()
        names = ("profit", "realized", "fees", "market", "adjustments", "twr")
        return [D(said["equity"]), *(D(str(said[part][name] or 0)) for name in names)]

    fund.owner.base_currency = "EUR"
    fund.owner.save()
    # 1000 − 200 + 150 − 2 in money and one of 120: 1068 USDT. Nobody has written it down yet.
    for part in ("today", "period"):
        assert told(part) == [D("534"), 0, 0, 0, 0, 0, 0], part
    begun = see(fund, next(moments))
    assert (begun.base, begun.equity, begun.flow, begun.flows, begun.fees, begun.twr_index) == (
        "EUR",
        534,
        534,
        534,
        0,
        1,
    )
    roll_up(owner_id=fund.owner.pk)
    set_price("140", "AAA")
    for part in ("today", "period"):
        assert told(part)[:5] == [D("544"), D("10"), 0, 0, D("10")], part
    fund.sell("master", "1", "140", base="AAA", fee="2")
    see(fund, next(moments))
    roll_up(owner_id=fund.owner.pk)
    # Sold 40 USDT above what it was bought at: 20 EUR realized, of which 10 were prices before this history began.
    assert told("period")[:5] == [D("543"), D("9"), D("20"), D("1"), D("-10")]
    day = DailyPerformance.objects.get(scope=fund.owner.pk, base="EUR")
    assert (day.flow, day.realized, day.fees, day.market) == (534, 20, 1, -10)


def test_a_changed_base_currency_is_valued_and_rolled_up_at_once(fund: Fund, client: Client) -> None:
    set_price("2", "EUR")
    fund.deposit("1000")
    see(fund, clock.now())
    roll_up(owner_id=fund.owner.pk)
    client.force_login(fund.owner)
    wanted = {
        "base_currency": "EUR", "timezone": "UTC", "theme": "dark", "palette": "green-red",
        "number_format": "1,234.56", "date_format": "23 Oct 2026",
    }  # fmt: skip
    assert client.post("/preferences/", wanted).status_code == 302
    newest = Snapshot.objects.filter(scope=fund.owner.pk).latest("at")
    (day,) = DailyPerformance.objects.filter(scope=fund.owner.pk, base="EUR")
    for written in (newest, day):
        assert (written.base, written.equity, written.flow) == ("EUR", 500, 500)


def test_the_page_says_when_the_history_in_a_new_base_begins_and_what_trades_are_told_in(
    fund: Fund, client: Client
) -> None:
    now = clock.now()
    with clock.at(now - timedelta(days=20)):
        set_price("2", "EUR")
        fund.deposit("1000", wallet="agent a")
        see(fund, clock.now())
    with clock.at(now - timedelta(days=9)):
        fund.buy("agent a", "1", "100", fee="0")
        fund.sell("agent a", "1", "120", fee="0")
        see(fund, clock.now())
    client.force_login(fund.owner)
    assert "The history in" not in client.get("/").content.decode()
    User.objects.filter(pk=fund.owner.pk).update(base_currency="EUR")
    fund.owner.refresh_from_db()
    for _ in range(2):  # before anything is written down in it, and after
        text = client.get("/").content.decode()
        told = re.sub(r"<[^>]+>", "", text.partition("The history in ")[2].partition("</footer>")[0])
        assert told.startswith(f"EUR begins {formatting.day(now.date())}, ")
        assert told.endswith("Trades are those of the whole period, in USDT.")
        see(fund, clock.now())


def test_after_a_total_loss_the_index_begins_anew(fund: Fund, client: Client) -> None:
    start = (clock.now() - timedelta(days=4)).replace(hour=3)  # an hour later is the same day
    fund.deposit("1000")
    see(fund, start)
    fund.correct("master", "200")
    see(fund, start + timedelta(hours=1))
    fund.correct("master", "800")
    lost = see(fund, start + timedelta(days=1))
    assert (lost.equity, lost.twr_index) == (0, 0)
    roll_up(owner_id=fund.owner.pk)
    client.force_login(fund.owner)
    for page in ("/", "/?unit=return", "/?range=All", "/portfolio/explain/drawdown/", "/api/v1/portfolio/summary"):
        assert client.get(page).status_code == 200, page
    dead = change_since(scope=fund.owner.pk, start=BEFORE, now=value_scope(owner_id=fund.owner.pk, scope=fund.owner.pk))
    assert (dead.twr, dead.max_drawdown, dead.current_drawdown) == (-1, -1, -1)

    fund.deposit("500")
    assert see(fund, start + timedelta(days=2)).twr_index == 1
    fund.correct("master", "50")
    reborn = see(fund, start + timedelta(days=3))
    assert reborn.twr_index == pytest.approx(0.9)
    roll_up(owner_id=fund.owner.pk)

    for since in (BEFORE, start - timedelta(hours=1)):  # by days, and by snapshots
        change = change_since(
            scope=fund.owner.pk, start=since, now=value_scope(owner_id=fund.owner.pk, scope=fund.owner.pk)
        )
        assert (change.max_drawdown, change.profit) == (-1, -1050)
        assert (change.twr, change.current_drawdown) == (pytest.approx(-0.1), pytest.approx(-0.1))
    points = equity_series(scope=fund.owner.pk, base="USDT", start=start - timedelta(hours=1))
    assert [point.drawdown for point in points] == pytest.approx([0, -0.2, -1, 0, -0.1])
    figure = charts.equity(points, None, currency="USDT", as_return=True)
    assert list(figure["data"][0]["y"]) == pytest.approx([0, -20, -100, 0, -10])  # percent
    days = DailyPerformance.objects.filter(scope=fund.owner.pk).order_by("day")
    assert list(days.values_list("twr", flat=True)) == pytest.approx([-0.2, -1, 0, -0.1])
    figures = performance(scope=fund.owner.pk, base="USDT", start=start - timedelta(hours=1))
    assert (figures.days, figures.total_return) == (2, pytest.approx(-0.1))
    assert (figures.max_drawdown, figures.recovery_days) == (-1, None)


def test_an_index_of_zero_in_old_rows_breaks_no_page(fund: Fund, client: Client) -> None:
    now = clock.now()
    ensure_month(f"{now:%Y-%m}")
    ensure_month(f"{now - timedelta(days=2):%Y-%m}")
    for days in (2, 1):
        Snapshot.objects.create(
            owner=fund.owner, at=now - timedelta(days=days), base="USDT", equity=0, cash=0, invested=0, twr_index=0
        )
    client.force_login(fund.owner)
    for page in ("/", "/?range=1D", "/?unit=return"):
        assert client.get(page).status_code == 200, page


def test_the_largest_amounts_at_the_largest_prices_are_valued(fund: Fund, moments: Iterator[datetime]) -> None:
    set_price("99999999999999999999.999999999999999999")
    for wallet in fund.wallets:
        fund.deposit("999999999999999999", "BTC", wallet=wallet)
    huge = see(fund, next(moments))
    assert huge.equity == 5 * D("999999999999999999") * D("99999999999999999999.999999999999999999")
    set_price("0.000000000000000001")
    tiny = see(fund, next(moments))
    assert tiny.equity == 5 * D("0.999999999999999999")
    set_price("1")
    see(fund, next(moments))
    assert roll_up(owner_id=fund.owner.pk) == 6


def test_a_wallet_that_cannot_be_written_down_does_not_stop_the_others(fund: Fund, moments: Iterator[datetime]) -> None:
    fund.deposit("1000")
    see(fund, next(moments))
    fund.deposit("777", wallet="agent b")
    at = next(moments)
    in_the_way = Snapshot.objects.create(
        owner=fund.owner, wallet=fund.wallets["agent b"], at=at, base="USDT", equity=0, cash=0, invested=0
    )
    assert take_snapshots(owner_id=fund.owner.pk, at=at) == 5
    assert Snapshot.objects.get(scope=fund.owner.pk, at=at).equity == 1777
    alert = Alert.objects.get(key=f"snapshot:{fund.wallets['agent b'].pk}")
    assert (alert.level, "agent b" in alert.story()) == ("critical", True)

    assert alert.resolved_at is None
    with as_operators():
        in_the_way.delete()
    healed = see(fund, next(moments), "agent b")
    assert (healed.equity, healed.flow, healed.flows, healed.twr_index) == (777, 777, 777, 1)
    alert.refresh_from_db()
    assert alert.resolved_at is not None


def without_terms(html: str) -> str:
    """The page without the marks of words that the glossary explains, and without where they lead."""
    return re.sub(r"<dt><a [^>]*>(.*?)</a></dt>", r"<dt>\1</dt>", re.sub(r"</?dfn[^>]*>", "", html))


def test_where_nothing_has_a_price_every_figure_is_unknown_and_not_zero(
    fund: Fund, moments: Iterator[datetime], client: Client
) -> None:
    fund.owner.base_currency = "EUR"
    fund.owner.save()
    for wallet in fund.wallets.values():
        wallet.base_asset = "EUR"
        wallet.save()
    farm = Farm.objects.create(
        owner=fund.owner, wallet=fund.wallets["farm a"], name="farm a", kind=Farm.Kind.MIXED, maximum_share=D("0.5")
    )
    fund.deposit("1000")
    fund.move("master", "agent a", "500")
    see(fund, next(moments))
    client.force_login(fund.owner)

    summary = client.get("/api/v1/portfolio/summary").json()
    assert (summary["unpriced"], summary["cash"]) == (["USDT"], "0")
    for name in ("equity", "invested", "unrealized_pnl", "gross_exposure", "net_exposure", "realized_pnl", "fees"):
        assert summary[name] is None, name
    assert {*summary["today"].values(), *summary["period"].values()} == {None}
    assert client.get("/api/v1/portfolio/equity").json()["points"] == []
    assert client.get("/api/v1/portfolio/allocation").json()["total"] is None
    for node in client.get("/api/v1/wallets").json():
        if node["unpriced"]:
            assert (node["value"], node["share"]) == (None, None), node["name"]
    row = client.get(f"/api/v1/farms/{farm.pk}").json()
    assert (row["value"], row["profit"], row["share"]) == (None, None, None)

    roll_up(owner_id=fund.owner.pk)
    assert not DailyPerformance.objects.filter(scope__in=(fund.owner.pk, fund.wallets["master"].pk)).exists()
    for page in ("/", "/portfolio/explain/net-value/", "/portfolio/explain/profit/", "/farms/"):
        text = without_terms(client.get(page).content.decode())
        assert "—" in text, page
        # No euro is held, which is known.
        shown = re.sub(r"<dt>Cash</dt><dd>.*?</dd>", "", text)
        assert not re.search(r"€0(?!\d)", shown), page
    assert 'Master value</dt><dd class="v"><span class="missing"' in without_terms(
        client.get("/wallets/").content.decode()
    )


def test_the_wallets_page_tells_a_masters_day_in_the_masters_asset(fund: Fund, client: Client) -> None:
    set_price("2", "EUR")
    set_price("100", "AAA")
    fund.deposit("1000")
    fund.buy("master", "1", "100", base="AAA")
    see(fund, clock.now())
    set_price("150", "AAA")
    client.force_login(fund.owner)
    fund.owner.base_currency = "EUR"
    fund.owner.save()
    page = client.get("/wallets/").content.decode()
    hero = page[page.index('class="hero"') :].split("</div>", 1)[0]
    assert "1,050" in hero
    assert "50.00" in hero, "today, in USDT as the value beside it"
    assert "EUR" not in hero
