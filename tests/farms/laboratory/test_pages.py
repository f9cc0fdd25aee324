"""The pages of the laboratory: what they show, to whom, and that Plotly accepts what they draw."""

import csv
import re
from decimal import Decimal
from io import StringIO
from typing import Any

import plotly.graph_objects as go
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from farms.laboratory import charts, jobs
from farms.laboratory.forms import BacktestForm
from farms.laboratory.readings import Found
from farms.laboratory.report import COLOURS
from farms.models import Agent, Backtest, Sweep
from farms.services import create_agent, create_farm
from kit import figures, formatting, tenancy
from kit.users.models import User
from markets.models import Instrument
from markets.services import list_perpetuals
from tests.farms.conftest import make_instrument
from tests.farms.laboratory.conftest import RULES, Ask, carry_out, hours, read, store
from wallets.services import create_wallet
from wallets.venues.accounts import create_demo_connection

pytestmark = pytest.mark.usefixtures("live_db")


@pytest.fixture
def browser(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def done(ask: Ask, market: Instrument) -> Backtest:
    """Two markets on one account, carried out."""
    second = make_instrument("OTH/USDT")
    store(second, hours(seed=4))
    return carry_out(ask(instrument_ids=[market.pk, second.pk], size="0.5"))


def page(browser: Client, name: str, pk: Any = None, query: str = "") -> str:
    answer = browser.get(reverse(f"laboratory:{name}", args=[pk] if pk else []) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_form_asks_and_the_page_says_how_far_it_is(browser: Client, market: Instrument, owner: User) -> None:
    address = reverse("laboratory:new")
    asking = browser.get(f"{address}?strategy=trend_following")
    assert "TST/USDT · simulated · 1h" in asking.content.decode()
    form = initial(asking)
    form |= {f"p_{name}": str(value) for name, value in RULES.items()} | {"markets": str(market.pk), "timeframe": "1h"}
    answer = browser.post(f"{address}?strategy=trend_following", form)
    assert answer.status_code == 302
    with tenancy.tenant(owner.pk):
        asked = Backtest.objects.get()
    waiting = browser.get(answer["Location"]).content.decode()
    assert "Waiting for a worker" in waiting
    assert 'hx-trigger="every 2s' in waiting
    carry_out(asked)
    assert "Buy and hold" in browser.get(answer["Location"]).content.decode()


def test_a_form_does_not_risk_more_than_all(browser: Client, market: Instrument) -> None:
    address = reverse("laboratory:new")
    asked = initial(browser.get(f"{address}?strategy=trend_following"))
    asked |= {"markets": str(market.pk), "timeframe": "1h", "sizing": "risk", "size": "200"}
    answer = browser.post(f"{address}?strategy=trend_following", asked)
    assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"size"})


def initial(answer: Any) -> dict[str, str]:
    """What the fields of the page's form begin with, as a browser would send them."""
    form = answer.context["form"]
    values = {name: form[name].field.prepare_value(form[name].value()) for name in form.fields}
    return {name: str(value) for name, value in values.items() if value not in (None, "")}


def test_a_wrong_form_says_so_at_its_fields(browser: Client, market: Instrument) -> None:
    address = f"{reverse('laboratory:new')}?strategy=trend_following"
    form = initial(browser.get(address))
    wrong = form | {"markets": str(market.pk), "timeframe": "1h", "p_fast": "60", "p_slow": "20"}
    answer = browser.post(address, wrong)
    assert answer.status_code == 422
    assert "Set fast below slow" in answer.content.decode()
    answer = browser.post(address, form | {"timeframe": "4h", "markets": str(market.pk)})
    assert answer.status_code == 422
    assert 'id="id_timeframe_error"' in answer.content.decode()


def test_a_result_is_shown_whole(browser: Client, done: Backtest) -> None:
    html = page(browser, "backtest", done.pk)
    for words in ("Max drawdown", "Return month by month", "By what ended them", "What trades returned", "of UTC"):
        assert words in html
    assert done.result.outcome[:12] in html
    assert told(html, "Fees") == formatting.money(Decimal(str(done.result.statistics["fees"])), "USDT")
    exposure = done.result.statistics["exposure"]
    assert 0 < exposure < 1
    assert told_beside(html, "In the market") == formatting.percent(Decimal(str(exposure)), 0)
    assert told(html, "Profit factor") == formatting.number(Decimal(str(done.result.statistics["profit_factor"])), 2)
    for loss, name in (("Value at risk", "value_at_risk"), ("Shortfall", "expected_shortfall")):
        assert done.result.statistics[name] > 0  # as a loss, which is no gain
        assert told(html, loss)[0].isdigit()
    assert "Does it look ahead?" in html
    assert f"{done.result.trade_count}" in html
    for query in ("?market=2", "?trade=1", "?sort=-pnl&page=2", "?trade=999999&market=x&sort=nothing&page=-3"):
        page(browser, "backtest", done.pk, query)


def told_beside(html: str, label: str) -> str:
    """What stands beside a label that is explained."""
    found = re.search(rf"<dt>(?:(?!</dt>).)*{label}(?:(?!</dt>).)*</dt><dd>(.*?)</dd>", html, re.DOTALL)
    assert found, label
    return strip_tags(found[1]).strip()


def told(html: str, label: str) -> str:
    """What stands beside the label of a figure, or in the row of a table that it begins."""
    found = re.search(rf"<(?:dt|th)[^>]*>{label}</(?:dt|th)><(?:dd|td)[^>]*>(.*?)</(?:dd|td)>", html, re.DOTALL)
    assert found, label
    return strip_tags(found[1]).strip()


def test_plotlys_own_checks_accept_every_chart(done: Backtest) -> None:
    with tenancy.tenant(done.owner_id):
        found = Found(owner_id=done.owner_id, backtest_id=done.pk)
        drawn = {
            "equity": charts.equity(found),
            "market": charts.market(found, 1),
            "trade": charts.market(found, int(found.trades.instrument[0]), trade=1) if found.trades else {},
            "distribution": charts.distribution(found),
            "growth": charts.growth([found, found], ["A", "B"]),
        }
    checked = {name: go.Figure(figures.painted(figure, COLOURS)) for name, figure in drawn.items()}
    assert [trace.name for trace in checked["equity"].data] == ["Buy and hold", "Equity", "Drawdown"]
    assert len(checked["market"].data[0].close) == 450
    assert len(checked["trade"].data[0].close) < 450
    assert sum(checked["distribution"].data[0].y) == done.result.trade_count
    assert [trace.name for trace in checked["growth"].data] == ["A", "B"]


def test_the_trades_are_a_file(browser: Client, done: Backtest) -> None:
    answer = browser.get(reverse("laboratory:trades", args=[done.pk]))
    rows = list(csv.DictReader(StringIO(answer.content.decode())))
    assert len(rows) == done.result.trade_count
    assert {row["symbol"] for row in rows} == {"TST/USDT", "OTH/USDT"}
    assert sum(float(row["pnl"]) for row in rows) == pytest.approx(
        done.result.statistics["expectancy"] * done.result.trade_count
    )


def test_it_is_cancelled_repeated_and_changed(browser: Client, done: Backtest, ask: Ask) -> None:
    waiting = ask()
    browser.post(reverse("laboratory:cancel", args=[waiting.pk]))
    assert read(waiting).status == "cancelled"
    assert "over already" in browser.post(reverse("laboratory:cancel", args=[done.pk]), follow=True).content.decode()
    again = browser.post(reverse("laboratory:repeat", args=[done.pk]))
    assert again["Location"] != reverse("laboratory:backtest", args=[done.pk])
    job = jobs.take()
    assert job is not None
    jobs.fail(job, "It ends here.")
    assert "It ends here." in browser.get(again["Location"]).content.decode()
    form = initial(browser.get(f"{reverse('laboratory:new')}?like={done.pk}"))
    assert (form["p_fast"], form["size"], form["since"]) == ("5", "50", "2025-03-01")


def test_two_are_compared_and_what_has_no_result_is_left_out(browser: Client, done: Backtest, ask: Ask) -> None:
    other, waiting = carry_out(ask(parameters=RULES | {"fast": 9}, taker_fee=Decimal("0.002"))), ask()
    html = page(browser, "compare", query=f"?id={done.pk}&id={other.pk}&id={waiting.pk}")
    cells = [formatting.money(Decimal(str(one.result.statistics["fees"])), "USDT") for one in (done, other)]
    assert cells[0] != cells[1]
    row = re.search(r"<th[^>]*>\s*Fees\b.*?</tr>", html, re.DOTALL)
    assert row is not None
    found = [" ".join(strip_tags(cell).split()) for cell in re.findall(r"<td.*?</td>", row[0], re.DOTALL)]
    assert found == cells
    with tenancy.tenant(done.owner_id):
        several = [Found(owner_id=one.owner_id, backtest_id=one.pk) for one in (done, other)]
        names = [f"{letter} {one.row.name}" for letter, one in zip("AB", several, strict=True)]
    assert names[0] != names[1]
    assert all(name in html for name in names), "the names of the chart's two lines"
    assert f'href="{reverse("laboratory:backtest", args=[waiting.pk])}"' not in html
    assert "Choose two to six" in page(browser, "compare", query=f"?id={done.pk}")
    assert browser.get(f"{reverse('laboratory:compare')}?id=nonsense").status_code == 404


def test_somebody_else_finds_and_changes_nothing(client: Client, done: Backtest, other_owner: User) -> None:
    client.force_login(other_owner)
    for name in ("backtest", "trades"):
        assert client.get(reverse(f"laboratory:{name}", args=[done.pk])).status_code == 404
    for name in ("cancel", "repeat"):
        assert client.post(reverse(f"laboratory:{name}", args=[done.pk])).status_code == 404
    for query in (f"?like={done.pk}", f"?agent={done.pk}", "?agent=nonsense"):
        assert client.get(reverse("laboratory:new") + query).status_code == 404
    assert client.get(f"{reverse('laboratory:compare')}?id={done.pk}").status_code == 404
    assert "Trend following" not in client.get(reverse("laboratory:list")).content.decode()


def test_a_stranger_is_asked_to_sign_in(client: Client, done: Backtest) -> None:
    names = [("list", []), ("new", []), ("compare", []), ("backtest", [done.pk]), ("trades", [done.pk])]
    assert {client.get(reverse(f"laboratory:{name}", args=args)).status_code for name, args in names} == {302}


def test_the_list_asks_as_often_for_many_as_for_one(browser: Client, done: Backtest, ask: Ask) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            page(browser, "list")
        return len(asked)

    one = queries()
    for _ in range(5):
        ask()
    assert queries() == one


def test_every_parameter_of_every_simple_strategy_is_asked_for(market: Instrument) -> None:
    from farms.laboratory.forms import offered
    from markets.candles.known import known_series

    for strategy in offered().values():
        form = BacktestForm(None, strategy=strategy, known=known_series())
        asked = {name.removeprefix("p_") for name in form.fields} | set(form.kept)
        left_out = {item.name for item in strategy.schema} - asked
        assert left_out == ({"direction"} & {item.name for item in strategy.schema}), "spot is only bought"
        assert "leverage" not in asked
    list_perpetuals(venue="simulated")
    for strategy in offered().values():
        form = BacktestForm(None, strategy=strategy, known=known_series())
        asked = {name.removeprefix("p_") for name in form.fields} | set(form.kept)
        assert {item.name for item in strategy.schema} | {"leverage"} <= asked


def both_ways(owner: User, future: Instrument) -> Agent:
    account = create_demo_connection(owner_id=owner.pk)
    master = create_wallet(owner_id=owner.pk, name="Master", role="master", connection=account)
    farm = create_farm(owner_id=owner.pk, master_id=master.pk, name="Trend")
    return create_agent(
        owner_id=owner.pk, farm_id=farm.pk, name="Both", instrument_id=future.pk, timeframe="1h",
        parameters=RULES | {"direction": "both"}, size=Decimal("0.25"), leverage=Decimal(3),
    )  # fmt: skip


def test_an_agent_of_both_directions_is_tested_as_it_trades(browser: Client, owner: User, market: Instrument) -> None:
    list_perpetuals(venue="simulated")
    future = Instrument.objects.get(prices_of=market)
    with tenancy.tenant(owner.pk):
        agent = both_ways(owner, future)

    def sent(page: str, query: str) -> Any:
        address = f"{reverse(f'laboratory:{page}')}?{query}"
        fields = browser.get(address).context["form"]
        asked = {name: fields[name].value() for name in fields.fields}
        answer = browser.post(address, {name: value for name, value in asked.items() if value not in (None, "")})
        assert answer.status_code == 302
        kind = Backtest if page == "new" else Sweep
        with tenancy.tenant(owner.pk):
            return answer["Location"], kind.objects.latest("created_at")

    where, first = sent("new", f"agent={agent.pk}")
    again, swept = sent("new", f"like={first.pk}")[1], sent("new-sweep", f"agent={agent.pk}")
    of_sweep = sent("new-sweep", f"like={swept[1].pk}")[1]
    for made in (first, again, swept[1], of_sweep):
        assert made.parameters["direction"] == "both"
        assert (made.assumptions["leverage"], made.assumptions["size"]) == (3, "fraction:0.75")
    assert first.parameters == agent.parameters
    for address in (where, swept[0]):
        html = browser.get(address).content.decode()
        assert "At most 3 times its equity" in html
        assert "Not counted: what a perpetual pays" in html
