"""Every figure of the metrics bar and of Performance is reckoned again from the rows its explanation shows."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import mean, stdev

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from kit import clock
from kit.templatetags import formats
from kit.users.models import User
from portfolio.models import Snapshot
from portfolio.selectors.reckoning import FIGURES
from portfolio.services import roll_up_days, take_snapshots
from tests.portfolio.fund import Fund, set_price

START = datetime(2026, 5, 4, 9, tzinfo=UTC)
DAYS = 45
NOW = START + timedelta(days=DAYS, hours=3)
MINUS = "\u2212"
# Where a figure stands on the page: the words of its label, as a link to its explanation.
HOME = "/?range=All"
YEAR = 365


@pytest.fixture
def page(client: Client, fund: Fund, owner: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Forty-five days with a snapshot each, trades won and lost, flows; a position is open, and the clock stands."""
    for day in range(DAYS):
        price = Decimal(150 if day == DAYS - 1 else 100 + (day * 7) % 11 - (day * 3) % 7)
        with clock.at(START + timedelta(days=day)):
            set_price(price)
            if day == 0:
                fund.deposit("5000", wallet="agent a")
            if day % 10 == 9:
                fund.deposit("250", wallet="agent a")
            if day % 3 == 0:
                fund.buy("agent a", "10", str(price), fee="0.25")
            if day % 3 == 2:
                fund.sell("agent a", "10", str(price), fee="0.25")
            take_snapshots(owner_id=owner.pk, at=clock.now())
    with clock.at(NOW - timedelta(hours=1)):
        fund.buy("agent a", "4", "101", fee="0.5")
    set_price("103.5", at=NOW)
    roll_up_days(owner_id=owner.pk)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    client.force_login(owner)
    return client


def text(html: str) -> str:
    return re.sub(r"\s+", " ", strip_tags(html)).strip()


def explained(page: Client, figure: str, query: str = "?range=All") -> str:
    answer = page.get(f"{reverse('portfolio:explain', args=[figure])}{query}")
    assert answer.status_code == 200, figure
    return answer.content.decode()


def result(html: str) -> str:
    found = re.search(r'id="result">(.*?)</dd>', html, re.DOTALL)
    assert found
    return text(found[1])


def shown(home: str, figure: str) -> str:
    """What the page says of the figure, by the links to its explanation."""
    address = re.escape(reverse("portfolio:explain", args=[figure]))
    if figure == "gross-exposure":
        found = re.search(rf'<a href="{address}[^"]*">gross (.*?)</a>', home, re.DOTALL)
    else:
        found = re.search(rf'<dt><a href="{address}[^"]*">.*?</a>.*?</dt>\s*<dd[^>]*>(.*?)</dd>', home, re.DOTALL)
    assert found, figure
    return text(found[1])


def returns(html: str) -> list[float]:
    """The daily returns of the rows, oldest first, with every digit."""
    return [float(value) for value in re.findall(r'<data value="([^"]+)">', html)][::-1]


def money(html: str) -> list[Decimal]:
    """The last column of the rows."""
    body = html.partition('id="h-rows"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    cells = [text(row.rpartition("<td")[2].partition(">")[2]) for row in body.split("</tr>")[:-1]]
    return [Decimal(re.sub(r"[^\d.\-]", "", cell.replace(MINUS, "-"))) for cell in cells]


def given(html: str, label: str) -> float:
    """An input of the explanation, as far as its digits go; a percentage as a fraction."""
    inputs = text(html.partition('id="inputs"')[2].partition("</dl>")[0]).replace(MINUS, "-")
    found = re.search(rf"{label} ([+-]?[\d.]+)(.%)?", inputs)
    assert found, (label, inputs)
    return float(found[1]) / (100 if found[2] else 1)


def at_risk(days: list[float]) -> float:
    ordered, place = sorted(days), (len(days) - 1) * 0.05
    low = int(place)
    return -(ordered[low] + (place - low) * (ordered[low + 1] - ordered[low]))


OF_DAYS: dict[str, Callable[[list[float]], object]] = {
    "volatility": lambda days: formats.percent(stdev(days) * YEAR**0.5),
    "sharpe": lambda days: formats.ratio(mean(days) / stdev(days) * YEAR**0.5),
    "sortino": lambda days: formats.ratio(
        mean(days) / mean(min(day, 0.0) ** 2 for day in days) ** 0.5 * YEAR**0.5
    ),
    "value-at-risk": lambda days: formats.percent(at_risk(days)),
    "shortfall": lambda days: formats.percent(-mean(sorted(days)[: int((len(days) - 1) * 0.05) + 1])),
}  # fmt: skip


def won(made: list[Decimal]) -> list[Decimal]:
    return [one for one in made if one > 0]


def lost(made: list[Decimal]) -> list[Decimal]:
    return [one for one in made if one < 0]


OF_TRADES: dict[str, Callable[[list[Decimal]], object]] = {
    "profit-factor": lambda made: formats.ratio(sum(won(made)) / -sum(lost(made))),
    "expectancy": lambda made: formats.pnl_plain(sum(made) / len(made), "USDT"),
    "win-rate": lambda made: formats.percent(Decimal(len(won(made))) / len(made)),
    "average-win": lambda made: formats.pnl_plain(sum(won(made)) / len(won(made)), "USDT"),
    "average-loss": lambda made: formats.pnl_plain(sum(lost(made)) / len(lost(made)), "USDT"),
}


def test_every_figure_is_reckoned_again_from_the_rows_that_are_shown(page: Client) -> None:
    home = page.get(HOME).content.decode()
    for figure, again in OF_DAYS.items():
        html = explained(page, figure)
        days = returns(html)
        assert len(days) == DAYS
        assert result(html) == shown(home, figure) == text(str(again(days))), figure
    for name, sums in OF_TRADES.items():
        html = explained(page, name)
        made = money(html)
        assert len(made) == DAYS // 3
        assert won(made)
        assert lost(made)
        assert result(html) == shown(home, name) == text(str(sums(made))), name


def test_what_runs_along_the_index_is_reckoned_from_what_the_page_says_of_it(page: Client, owner: User) -> None:
    home = page.get(HOME).content.decode()
    html = explained(page, "annualised")
    growth_, days = given(html, "Return"), given(html, "Days from the first to the last moment")
    assert days == pytest.approx(DAYS + 3 / 24)
    a_year = (1 + growth_) ** (YEAR / days) - 1
    assert result(html) == shown(home, "annualised") == text(str(formats.change(a_year, 1)))
    html = explained(page, "calmar")
    fall = given(html, "Deepest fall of the index")
    assert shown(home, "drawdown") == text(str(formats.change(fall, 1)))
    assert result(html) == shown(home, "calmar") == text(str(formats.ratio(a_year / -fall)))
    rows = Snapshot.objects.filter(scope=owner.pk).order_by("at").values_list("at", "twr_index")
    assert (
        result(explained(page, "recovery")) == shown(home, "recovery") == text(str(formats.days(recovery(list(rows)))))
    )


def recovery(points: list[tuple[datetime, float]]) -> int:
    """Days, begun ones too, from the deepest point until its peak was reached again."""
    below = [index / max(one for _, one in points[: place + 1]) - 1 for place, (_, index) in enumerate(points)]
    trough = below.index(min(below))
    peak = max(index for _, index in points[: trough + 1])
    again = next(at for at, index in points[trough:] if index >= peak)
    return -((points[trough][0] - again) // timedelta(days=1))


def test_what_is_held_now_is_reckoned_from_its_rows(page: Client) -> None:
    home = page.get(HOME).content.decode()
    html = explained(page, "open-pnl")
    assert money(html) == [Decimal(10)]
    assert result(html) == text(str(formats.pnl_plain(Decimal(10), "USDT")))
    assert shown(home, "open-pnl") == text(str(formats.pnl_whole(Decimal(10), "USDT")))
    for figure, write in (("net-exposure", formats.times_signed), ("gross-exposure", formats.times)):
        html = explained(page, figure)
        exposed = sum(money(html))
        assert exposed == 4 * Decimal("103.5")
        worth = Decimal(re.findall(r"\$([\d,.]+)", text(html.partition('id="inputs"')[2]))[1].replace(",", ""))
        assert result(html) == shown(home, figure) == text(str(write(exposed / worth))), figure


def test_the_return_is_that_of_the_index(page: Client) -> None:
    for query in ("?range=All", "?range=1M", "?from=2026-05-10&to=2026-06-01"):
        html = explained(page, "return", query)
        inputs = text(html.partition('id="inputs"')[2].partition("</dl>")[0])
        before, now = (float(one) for one in re.findall(r"\d\.\d{6}", inputs))
        home = page.get(f"/{query}").content.decode()
        assert result(html) == shown(home, "return") == text(str(formats.change(now / before - 1)))


def test_each_explanation_is_linked_from_the_page_and_has_a_formula_with_its_source(page: Client) -> None:
    home = page.get("/").content.decode()
    for figure in (*FIGURES, "net-value", "profit", "drawdown"):
        assert f'href="{reverse("portfolio:explain", args=[figure])}?' in home, figure
    bars = re.findall(r'<dl class="(?:card metrics|kv four figures)">.*?</dl>', home, re.DOTALL)
    labels = re.findall(r"<dt>(.*?)</dt>", "".join(bars), re.DOTALL)
    assert len(labels) == 23
    assert [label for label in labels if "/portfolio/explain/" not in label] == []
    for figure in FIGURES:
        html = explained(page, figure)
        assert len(text(html.partition('id="h-formula"')[2].partition("</section>")[0])) > 60


def test_explanations_follow_scope_and_period_and_know_when_there_is_nothing(page: Client, fund: Fund) -> None:
    for figure in FIGURES:
        for query in ("?range=1D", f"?range=1W&wallet={fund.wallets['farm b'].pk}"):
            assert explained(page, figure, query)
    week = explained(page, "win-rate", f"?range=1W&wallet={fund.wallets['farm a'].pk}")
    assert 0 < len(money(week)) < DAYS // 3
    idle = explained(page, "win-rate", f"?wallet={fund.wallets['farm b'].pk}")
    assert "No trade was closed" in idle
    assert page.get(reverse("portfolio:explain", args=["luck"])).status_code == 404


def test_hidden_amounts_are_hidden_in_explanations(page: Client, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(privacy=True)
    for figure in FIGURES:
        assert "$" not in explained(page, figure), figure


def test_another_owner_has_nothing_of_ours_explained(page: Client, fund: Fund, other_owner: User) -> None:
    theirs = Client()
    theirs.force_login(other_owner)
    for figure in FIGURES:
        address = reverse("portfolio:explain", args=[figure])
        assert theirs.get(address, {"wallet": str(fund.wallets["farm a"].pk)}).status_code == 404
        assert "BTC" not in theirs.get(address).content.decode().partition('id="h-rows"')[2].partition("</section>")[0]
