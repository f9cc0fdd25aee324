"""The pages of sweeps: what they ask, what they show, to whom, and that Plotly accepts what they draw."""

import csv
from io import StringIO
from typing import Any

import plotly.graph_objects as go
import pytest
from django.test import Client
from django.urls import reverse

from farms.laboratory import heat, sweep_forms
from farms.laboratory.forms import offered
from farms.laboratory.report import COLOURS
from farms.laboratory.sweep_forms import SweepForm, sweepable
from farms.laboratory.sweep_readings import FoundSweep
from farms.models import Backtest, Sweep
from kit import figures, tenancy
from kit.users.models import User
from markets.candles.known import known_series
from markets.models import Instrument
from tests.farms.laboratory.conftest import RULES, AskSweep, read_sweep, sweep_out
from tests.farms.laboratory.test_pages import initial, page

pytestmark = pytest.mark.usefixtures("live_db")
AXES: dict[str, Any] = {"fast": [5, 10, 20], "slow": [30, 60], "stop_atr": [1.0, 3.0]}


@pytest.fixture
def browser(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def done(ask_sweep: AskSweep) -> Sweep:
    return sweep_out(ask_sweep(axes=AXES))


def test_a_form_asks_and_the_page_says_how_far_it_is(browser: Client, market: Instrument, owner: User) -> None:
    address = f"{reverse('laboratory:new-sweep')}?strategy=trend_following"
    form = initial(browser.get(address))
    form |= {"market": str(market.pk), "timeframe": "1h", "p_ma": "sma"}
    form |= {f"{end}_{name}": str(value) for name, value in RULES.items() if name != "ma" for end in ("from", "to")}
    form |= {"from_fast": "4", "to_fast": "8", "step_fast": "2", "from_stop_atr": "1", "to_stop_atr": "1.3"}
    answer = browser.post(address, form | {"step_stop_atr": "0.1"})
    assert answer.status_code == 302
    with tenancy.tenant(owner.pk):
        asked = Sweep.objects.get()
    assert asked.axes == [["fast", [4, 6, 8]], ["stop_atr", [1.0, 1.1, 1.2, 1.3]]]
    assert (asked.trials, asked.parameters["ma"], asked.parameters["slow"]) == (12, "sma", 20)
    waiting = browser.get(answer["Location"]).content.decode()
    assert "Waiting for a worker" in waiting
    assert 'hx-trigger="every 2s' in waiting
    sweep_out(asked)
    assert "Best plateaus" in browser.get(answer["Location"]).content.decode()
    again = initial(browser.get(f"{reverse('laboratory:new-sweep')}?like={asked.pk}"))
    assert {name: again[name] for name in ("from_fast", "to_fast", "step_fast", "from_slow", "to_slow")} == {
        "from_fast": "4", "to_fast": "8", "step_fast": "2", "from_slow": "20", "to_slow": "20",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"from_fast": "30", "to_fast": "10"}, "to_fast", "has to end where it begins"),
        ({"from_fast": "4", "to_fast": "10", "step_fast": "0"}, "step_fast", "above zero"),
        ({"from_stop_atr": "1", "to_stop_atr": "9", "step_stop_atr": "0.0001"}, "step_stop_atr", "more than 1,000"),
        ({"from_fast": "x"}, "from_fast", "whole number"),
        ({"from_fast": "1", "to_fast": "6"}, None, "between 2 and 500"),
        ({"timeframe": "4h"}, "timeframe", "There are no 4h candles"),
    ],
)
def test_a_wrong_form_says_so_at_its_fields(
    browser: Client, market: Instrument, wrong: dict[str, str], field: str | None, words: str
) -> None:
    address = f"{reverse('laboratory:new-sweep')}?strategy=trend_following"
    form = initial(browser.get(address)) | {"market": str(market.pk), "timeframe": "1h", "p_ma": "sma"}
    answer = browser.post(address, form | wrong)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert words in html
    assert field is None or f'id="id_{field}_error"' in html


def test_every_strategy_with_a_number_or_a_choice_begins_with_a_sweep_that_is_allowed(
    market: Instrument, owner: User
) -> None:
    """What the form begins with tries more than one set and no more than a form should start by itself."""
    shown = [strategy for strategy in offered().values() if sweepable(strategy)]
    assert {"trend_following", "breakout", "mean_reversion", "price_action"} <= {one.slug for one in shown}
    for strategy in shown:
        form = SweepForm(None, strategy=strategy, known=known_series())
        for item in form.numbers:
            start, end, step = (form.fields[name + item.name].initial for name in ("from_", "to_", "step_"))
            for value in (start, end):
                item.clean(value)
            assert float(step) > 0
        asked = {name.split("_", 1)[1] for name in form.fields if name.startswith(("from_", "p_"))} | set(form.kept)
        assert {item.name for item in strategy.schema} - asked <= {"direction"}
    assert sweep_forms.USUAL_AXES == 2


def test_a_result_is_shown_whole(browser: Client, done: Sweep) -> None:
    html = page(browser, "sweep", done.pk)
    for words in ("Best plateaus", "All parameters beside each other", "Was it fitted to the past?", "Fast average"):
        assert words in html
    assert done.result.outcome[:12] in html
    assert "More than luck explains" in html or "Not significant" in html
    for query in ("?across=slow&down=stop_atr", "?across=stop_atr", "?across=nothing&down=fast&page=x"):
        page(browser, "sweep", done.pk, query)
    assert "Trend following" in page(browser, "sweeps")


def test_a_map_holds_every_trial_and_its_means(done: Sweep) -> None:
    with tenancy.tenant(done.owner_id):
        found = FoundSweep(owner_id=done.owner_id, sweep_id=done.pk)
        drawn = heat.heat_map(found, "fast", "slow")
        rows = found.trial_rows(range(1, found.count + 1))
    assert drawn is not None
    assert drawn.columns == ("5", "10", "20")
    assert [name for name, _ in drawn.rows] == ["30", "60"]
    cell = drawn.rows[1][1][0]
    inside = [row for row in rows if row.parameters["fast"] == 5 and row.parameters["slow"] == 60]
    assert cell.count == len(inside) == 2
    assert cell.value == pytest.approx(sum(row.score for row in inside) / 2)
    assert cell.best == max(inside, key=lambda row: row.score).number
    assert sum(cell.count for _, cells in drawn.rows for cell in cells) == len(rows) == 12


def test_neighbours_share_a_cell_where_there_are_many(ask_sweep: AskSweep) -> None:
    done = sweep_out(ask_sweep(axes={"fast": list(range(2, 20))}))
    with tenancy.tenant(done.owner_id):
        drawn = heat.heat_map(FoundSweep(owner_id=done.owner_id, sweep_id=done.pk), "fast", "")
    assert drawn is not None
    assert drawn.columns[:2] == ("2 – 3", "4 – 5")
    ((_, cells),) = drawn.rows
    assert [cell.count for cell in cells] == [2] * 9
    assert {cell.side for cell in cells} <= {"up", "down", ""}
    assert max(cell.heat for cell in cells) == 3


def test_plotlys_own_checks_accept_the_lines(done: Sweep) -> None:
    with tenancy.tenant(done.owner_id):
        drawn = heat.parallel(FoundSweep(owner_id=done.owner_id, sweep_id=done.pk))
    assert drawn is not None
    checked = go.Figure(figures.painted(drawn, COLOURS))
    assert [trace.name for trace in checked.data] == ["Others", "Best"]
    # Twelve trials, each through three parameters and its score, and a gap after it.
    assert sum(len(trace.x) for trace in checked.data) == 12 * 5


def test_every_trial_is_a_line_of_the_file(browser: Client, done: Sweep) -> None:
    answer = browser.get(reverse("laboratory:trials", args=[done.pk]))
    rows = list(csv.DictReader(StringIO(answer.content.decode())))
    assert [row["number"] for row in rows] == [str(number) for number in range(1, 13)]
    assert {(row["fast"], row["slow"], row["stop_atr"]) for row in rows} == {
        (str(fast), str(slow), str(stop)) for fast in AXES["fast"] for slow in AXES["slow"] for stop in AXES["stop_atr"]
    }
    best = max(rows, key=lambda row: float(row["score"]))
    assert int(best["number"]) == done.result.best + 1
    assert float(best["score"]) == done.result.best_score


def test_a_trial_becomes_a_backtest_and_a_sweep_is_cancelled(
    browser: Client, done: Sweep, ask_sweep: AskSweep, owner: User
) -> None:
    answer = browser.post(reverse("laboratory:backtest-trial", args=[done.pk, 3]))
    with tenancy.tenant(owner.pk):
        asked = Backtest.objects.get()
    assert answer["Location"] == reverse("laboratory:backtest", args=[asked.pk])
    assert asked.parameters == done.parameters | {"fast": 5, "slow": 60, "stop_atr": 1.0}
    assert browser.post(reverse("laboratory:backtest-trial", args=[done.pk, 13])).status_code == 404
    waiting = ask_sweep(axes=AXES)
    browser.post(reverse("laboratory:cancel-sweep", args=[waiting.pk]))
    assert read_sweep(waiting).status == "cancelled"
    refused = browser.post(reverse("laboratory:cancel-sweep", args=[done.pk]), follow=True)
    assert "over already" in refused.content.decode()


def test_somebody_else_finds_and_changes_nothing_and_a_stranger_signs_in(
    client: Client, done: Sweep, other_owner: User
) -> None:
    looked_at = [("sweep", [done.pk]), ("trials", [done.pk])]
    assert {client.get(reverse(f"laboratory:{name}", args=args)).status_code for name, args in looked_at} == {302}
    client.force_login(other_owner)
    assert {client.get(reverse(f"laboratory:{name}", args=args)).status_code for name, args in looked_at} == {404}
    for name, args in (("cancel-sweep", [done.pk]), ("backtest-trial", [done.pk, 1])):
        assert client.post(reverse(f"laboratory:{name}", args=args)).status_code == 404
    assert client.get(f"{reverse('laboratory:new-sweep')}?like={done.pk}").status_code == 404
    assert "Trend following" not in client.get(reverse("laboratory:sweeps")).content.decode()
