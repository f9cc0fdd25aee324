"""The demo: who signs in, which recordings are used, and a past that the real engine traded."""

import gzip
import json
import math
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from farms.analytics.reading import Analytics
from farms.models import Agent, AgentRun, Farm
from goals.models import Goal
from goals.selectors import goal_rows
from kit import clock, days, display, formatting, tenancy
from kit.alerts.models import Alert
from kit.display import Display
from kit.embedded.environment import DATABASE_VARIABLES
from kit.errors import ConflictError
from kit.models import SentenceField
from kit.sentences import Sentence, in_words
from kit.users.models import User
from markets.candles.reading import load_candles, milliseconds
from markets.feeds import collect
from markets.models import Ticker
from moniqo.demo import ambitions, cast, recordings, rehearsal, trader
from moniqo.demo.recordings import CandleFolderError
from portfolio.models import PortfolioState, RebalanceRun, Snapshot
from portfolio.selectors.periods import Period
from portfolio.selectors.scope import Scope
from portfolio.services import ask_venues
from tests.conftest import address
from tests.markets.candle_files import make_coins
from tests.programs import bearer
from tests.shared_data import MADE, RECORDED, recording
from trading.models import EntryLock, Fill, Order, Position, RiskLimit
from wallets.ledger import verify
from wallets.models import FundAllocation, Posting, VenueIncome, Wallet, WalletRule

START = datetime(2024, 1, 3, 8, tzinfo=UTC)
FOUR_HOURS = timedelta(hours=4)
BARS = 200


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Any) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three instruments whose prices swing enough for averages to cross, and files that do not belong."""
    for index, symbol in enumerate(("BTCUSDT", "ETHUSDT", "SOLUSDT")):
        write(tmp_path / f"binance_{symbol}_4h.csv.gz", phase=index)
    write(tmp_path / "kraken_BTCUSDC_4h.csv.gz", phase=0)
    write(tmp_path / "binance_BTCUSDT_2020_1d.csv.gz", phase=0)
    (tmp_path / "notes.txt").write_text("not candles")
    return tmp_path


def write(path: Path, *, phase: int, bars: int = BARS) -> None:
    lines = ["ts,open,high,low,close,volume"]
    before = 100.0
    for bar in range(bars):
        close = round(100 + 12 * math.sin(bar / 9 + phase) + bar / 40, 2)
        low, high = min(before, close) - 0.5, max(before, close) + 0.5
        ts = milliseconds(START + bar * FOUR_HOURS)
        lines.append(f"{ts},{before:.2f},{high:.2f},{low:.2f},{close:.2f},{50 + bar}.125")
        before = close
    path.write_bytes(gzip.compress("\n".join(lines).encode()))


def build(folder: Path, say: Any = print) -> tuple[User, Any]:
    user, _ = trader.prepare()
    return user, rehearsal.build(owner_id=user.pk, candles=folder, say=say)


# --- the trader ----------------------------------------------------------------------------------------------------


def test_the_login_file_signs_in_and_is_for_its_owner_only(client: Client, db: None, data_dir: Path) -> None:
    trader.prepare()
    file = data_dir / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    login = json.loads(file.read_text())
    assert set(login) == {"url", "email", "password"}
    answer = client.post(reverse("login"), {"username": login["email"], "password": login["password"]})
    assert (answer.status_code, answer["Location"]) == (302, reverse("portfolio:home"))


def test_preparing_twice_changes_nothing(db: None, data_dir: Path) -> None:
    trader.prepare()
    before = (data_dir / "demo.json").read_text()
    trader.prepare()
    assert (data_dir / "demo.json").read_text() == before
    assert User.objects.count() == 1


def test_a_moved_server_changes_the_address_only(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    _, before = trader.prepare()
    monkeypatch.setenv("MONIQO_PORT", "8123")
    _, after = trader.prepare()
    assert after.url == "http://127.0.0.1:8123/"
    assert (after.email, after.password) == (before.email, before.password)


def test_a_lost_file_gets_another_password(db: None, data_dir: Path) -> None:
    _, before = trader.prepare()
    (data_dir / "demo.json").unlink()
    user, after = trader.prepare()
    assert after.password != before.password
    assert user.check_password(after.password)


def test_another_trader_is_another_person(db: None) -> None:
    first, _ = trader.prepare()
    second, login = trader.prepare(another=True)
    assert login.email == second.email != first.email
    assert trader.find() == second


# --- the recordings --------------------------------------------------------------------------------------------------


def test_the_venue_with_most_instruments_is_used_and_the_rest_has_reasons(folder: Path) -> None:
    selection = recordings.select(folder)
    assert [recording.symbol for recording in selection.used] == ["BTC/USDT", "ETH/USDT", "SOL/USDT"]
    assert dict(selection.skipped) == {
        "binance_BTCUSDT_2020_1d.csv.gz": "its name is not <venue>_<BASE><QUOTE>_<timeframe>.csv.gz",
        "notes.txt": "its name is not <venue>_<BASE><QUOTE>_<timeframe>.csv.gz",
        "kraken_BTCUSDC_4h.csv.gz": "the demo trades at binance in USDT, where there are most instruments",
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("binance_BTCUSDT_7h.csv.gz", "timeframe"),
        ("simulated_BTCUSDT_4h.csv.gz", "simulator"),
        ("binance_BTCXYZ_4h.csv.gz", "quote asset"),
        ("BINANCE_BTCUSDT_4h.csv.gz", "name"),
    ],
)
def test_a_name_that_cannot_be_used_is_explained(tmp_path: Path, name: str, reason: str) -> None:
    write(tmp_path / name, phase=0)
    write(tmp_path / "kraken_ETHEUR_1h.csv.gz", phase=0)
    selection = recordings.select(tmp_path)
    assert [recording.symbol for recording in selection.used] == ["ETH/EUR"]
    ((skipped, why),) = selection.skipped
    assert skipped == name
    assert reason in why


def test_a_folder_without_candles_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CandleFolderError, match="binance_BTCUSDT_4h"):
        recordings.select(tmp_path)
    with pytest.raises(CandleFolderError, match="is none"):
        recordings.select(tmp_path / "nowhere")


# --- the past --------------------------------------------------------------------------------------------------------


def test_the_past_is_traded_by_the_engine_proves_itself_and_tells_why(db: None, folder: Path) -> None:
    said: list[str] = []
    user, summary = build(folder, said.append)
    assert (summary.start, summary.end) == (START, START + BARS * FOUR_HOURS)
    assert any("Skipped kraken_BTCUSDC_4h.csv.gz" in line for line in said)
    with tenancy.tenant(user.pk):
        assert set(Farm.objects.filter(status="running").values_list("kind", flat=True)) == set(Farm.Kind.values)
        agents = sum(len(farm.agents) for farm in cast.FARMS)
        assert Agent.objects.filter(status="running").count() == agents
        assert Agent.objects.values("instrument").distinct().count() == 4
        assert AgentRun.objects.count() == agents * BARS
        assert Position.objects.filter(direction="short", leverage=2).exists()
        assert VenueIncome.objects.exclude(funding=0).exists()
        assert Order.objects.filter(status="filled").count() >= 8
        assert not Order.objects.unfinished().exists()
        assert Position.objects.filter(closed_at__isnull=False).exists()
        kinds = set(FundAllocation.objects.values_list("kind", flat=True))
        assert kinds >= {"deposit", "allocate"}
        rule = WalletRule.objects.get()
        assert (rule.kind, rule.every, rule.is_on) == ("sweep", "week", True)
        assert {run.status for run in rule.runs.all()} >= {"done"}
        snapshots = Snapshot.objects.filter(wallet=Wallet.objects.get(role="master"))
        bars = {START + bar * FOUR_HOURS for bar in range(BARS + 1)}
        end = max(bars)
        closes = {bar - days.INSTANT for bar in bars if bar.hour == 0 or bar > end - timedelta(days=7)}
        assert {snapshot.at for snapshot in snapshots} == bars | closes
        # Somebody who moves to Los Angeles, where it is midnight at 08:00 in UTC, finds today begun at theirs.
        with clock.at(end), display.showing(Display(timezone="America/Los_Angeles")):
            today = Scope(owner=User.objects.get(pk=user.pk), period=Period.ALL).today
        assert today.began == end.replace(hour=8) - days.INSTANT
        runs = AgentRun.objects.values_list("created_at", flat=True)
        assert min(runs) == START + FOUR_HOURS
        assert PortfolioState.objects.get().building is None
        distrusted = RiskLimit.objects.filter(minimum_profit_factor__isnull=False)
        assert {one.wallet.agent.name for one in distrusted} == {"Bitcoin bursts", "Ether dips"}
        held_back = list(EntryLock.objects.select_related("wallet__agent").filter(ended_at=None, until__gt=summary.end))
        assert {lock.wallet.agent.name for lock in held_back} == {"Ether dips"}  # bursts wins on these candles
        custom = Agent.objects.get(strategy="custom")
        assert AgentRun.objects.filter(agent=custom).count() == BARS
        made = Position.objects.exclude(closed_at=None).values_list("wallet__agent__name").annotate(Sum("realized_pnl"))
        assert any(profit < 0 for _, profit in made), made
        assert verify(owner_id=user.pk).ok
    assert_the_lock_is_visible(user, held_back[0].wallet.agent, summary.end)
    assert_no_reason_contradicts_its_decision(user)
    assert_every_stored_sentence_keeps_its_figures_apart_from_its_words(user)


@pytest.mark.slow
def test_the_trader_has_a_goal_that_was_reached_one_ahead_and_one_behind(
    live_db: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ambitions, "FIRST_TRADES", 2)  # a month of four-hour candles has few
    user, summary = build(folder)
    with tenancy.tenant(user.pk):
        rows = {row.goal.name: row for row in goal_rows(owner_id=user.pk)}
        assert [row.state for row in rows.values()] == ["behind", "ahead", "ahead", "achieved"]
        assert list(rows) == [
            "Volume of this month", "Profit of Swing this month", "Trades of this month", "The first profit",
        ]  # fmt: skip
        assert_its_path_is_drawn_beside_the_farms_return(user, rows["Profit of Swing this month"].goal, summary.end)
        first = rows["The first profit"].goal
        assert summary.start < first.ended_at <= summary.end
        assert [step.status for step in first.steps.all()] == ["done"] * 3
        collected, rewarded = (
            sum(move.amount for move in first.moves.filter(purpose=purpose)) for purpose in ("collect", "reward")
        )
        reserve = Wallet.objects.get(role="reserve").accounts.filter(kind="wallet").values_list("balance", flat=True)
        assert collected > 0
        assert 0 <= collected - rewarded < Decimal("0.05")
        assert sum(reserve) == (collected * Decimal("0.6")).quantize(Decimal("0.01"), ROUND_DOWN)
        assert verify(owner_id=user.pk).ok
        moved = Posting.objects.filter(key__startswith="goal:").values("created_at")
        at_once = Snapshot.objects.filter(at__in=moved)
        assert not at_once.exists(), "a value and what moves money after it have moments of their own"


def assert_its_path_is_drawn_beside_the_farms_return(user: User, goal: Goal, end: datetime) -> None:
    farm = Farm.objects.get(name="Swing")
    with clock.at(end):
        (path,) = Analytics(owner=User.objects.get(pk=user.pk), farm_id=farm.pk).paths
    assert (path.goal_id, path.since, path.until) == (goal.pk, goal.starts_at, goal.ends_at)
    assert path.target > path.begins


def assert_the_lock_is_visible(user: User, agent: Agent, end: datetime) -> None:
    """At the end of the history its page and the API say that a protection holds its buying back."""
    client = Client()
    with clock.at(end):
        client.force_login(user)
        said = client.get(f"/api/v1/agents/{agent.pk}", headers=bearer(user)).json()
        page = client.get(reverse("farms:agent", args=[agent.pk])).content.decode()
    assert said["state_words"] in ("Waiting: pause after its stop", "Waiting: its trades lost too much"), said
    assert said["state_words"] in page


def assert_no_reason_contradicts_its_decision(user: User) -> None:
    leads = {"enter": ("Go long: ", "Go short: ", "Turn round: "), "exit": ("Leave: ",)}
    leads["hold"] = ("Wait: ", "Stay long: ", "Stay short: ")
    leads["skip"] = ("No entry: ", "Not left: ")
    every = {lead for allowed in leads.values() for lead in allowed}
    with tenancy.tenant(user.pk):
        runs = [(decision, str(told)) for decision, told in AgentRun.objects.values_list("decision", "explanation")]
    assert {"enter", "exit", "hold"} <= {decision for decision, _ in runs}
    wrong = [
        (decision, words)
        for decision, words in runs
        if not words.startswith(leads[decision])
        or sum(words.count(lead) for lead in every) != 1
        or (decision in ("enter", "exit") and "missing" in words)
    ]
    assert wrong == []


def assert_every_stored_sentence_keeps_its_figures_apart_from_its_words(user: User) -> None:
    """No figure has more digits than its unit, and hiding amounts hides amounts: not periods, prices or thresholds."""
    told: list[Sentence] = []
    with tenancy.tenant(user.pk):
        for model in apps.get_models():
            for field in (one for one in model._meta.get_fields() if isinstance(one, SentenceField)):
                told += filter(None, model._default_manager.values_list(field.name, flat=True))
        told += [Sentence(alert.title, alert.facts) for alert in Alert.objects.all()]
    kinds = Counter(value[0] for one in told for value in one.values.values() if isinstance(value, list))
    assert min(kinds["price"], kinds["amount"]) > 50
    assert kinds["quoted"] == 0  # all of it is the engine's own, which knows its figures
    raw = re.compile(r"\d\.\d")
    assert [one.template for one in told if raw.search(one.template)] == []
    for one in told:
        shown, hidden = str(one), in_words(one.template, one.values, Display(hide_amounts=True))
        for kind, value, unit in (value for value in one.values.values() if isinstance(value, list)):
            if kind == "amount":
                places = 2 if unit in formatting.SYMBOLS else formatting.MAX_PLACES
                written = formatting.amount(Decimal(value), unit)
                assert written in shown
                assert len(written.partition(".")[2].split("\u00a0")[0]) <= places, shown
                assert written not in hidden or Decimal(value) == 0, hidden
                assert f"{formatting.MASK}\u00a0{unit}" in hidden
            elif kind == "price":
                written = formatting.price(Decimal(value), Decimal(unit))
                assert written in hidden, hidden
                assert Decimal(value) % Decimal(unit) == 0, shown
        assert re.findall(r"\d+-bar", hidden) == re.findall(r"\d+-bar", shown)
    assert any("-bar" in str(one) for one in told)


@pytest.mark.slow
def test_a_rule_that_rebalances_is_at_work_and_explains_itself(db: None, folder: Path) -> None:
    user, _ = build(folder)
    with tenancy.tenant(user.pk):
        runs = list(RebalanceRun.objects.order_by("due_at"))
        assert {"done"} <= {run.status for run in runs}, [(run.status, str(run.reason)) for run in runs]
        assert {run.status for run in runs} <= {"done", "nothing"}, [(run.status, str(run.reason)) for run in runs]
        assert all(run.targets and run.reason for run in runs)
        moved = Posting.objects.filter(key__startswith="rule:", kind="rebalance").count()
        assert moved == sum(run.status == "done" for run in runs)


@pytest.mark.slow
def test_a_second_build_changes_nothing(db: None, folder: Path) -> None:
    user, _ = build(folder)
    with tenancy.tenant(user.pk):
        before = AgentRun.objects.count(), Order.objects.count(), Snapshot.objects.count()
    assert build(folder)[1] is None
    with tenancy.tenant(user.pk):
        assert (AgentRun.objects.count(), Order.objects.count(), Snapshot.objects.count()) == before


@pytest.mark.slow
def test_a_build_that_is_killed_goes_on_and_ends_the_same(live_db: str, folder: Path, data_dir: Path) -> None:
    """Killed by SIGKILL three times, in the middle of a day, it must leave what an undisturbed build leaves."""
    first, _ = build(folder)
    second, _ = trader.prepare(another=True)
    connections.close_all()

    for percent in (10, 40, 70):
        kill_build_at(percent, live_db, folder, data_dir)
    with tenancy.tenant(second.pk):
        assert PortfolioState.objects.get().building is not None, "a build that ended was not killed"
    assert rehearsal.build(owner_id=second.pk, candles=folder, say=print) is not None

    def story(user: User) -> list[Any]:
        with tenancy.tenant(user.pk):
            runs = list(AgentRun.objects.order_by("bar", "agent__name").values_list("bar", "agent__name", "decision"))
            equity = list(Snapshot.objects.filter(wallet=None).order_by("at").values_list("at", "equity"))
            orders = list(Order.objects.order_by("created_at", "id").values_list("created_at", "side", "quantity"))
            assert verify(owner_id=user.pk).ok
        return [runs, equity, sorted(orders)]

    assert story(first) == story(second)


def kill_build_at(percent: int, database: str, folder: Path, data_dir: Path) -> None:
    """Build in a process of its own, and kill it shortly after it said that it has come so far."""
    addresses = {name: address(name, database) for name in DATABASE_VARIABLES}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "manage.py", "demo", "--build", "--candles", str(folder)],
        env=os.environ | addresses | {"MONIQO_DATA": str(data_dir), "PYTHONUNBUFFERED": "1"},
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        said = re.match(r" *(\d+) %", line)
        if said and int(said[1]) >= percent:
            time.sleep(random.uniform(0, 0.1))  # anywhere in a day
            break
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_one_file_is_enough(db: None, tmp_path: Path) -> None:
    write(tmp_path / "okx_SOLUSD_4h.csv.gz", phase=1, bars=60)
    user, _ = build(tmp_path)
    with tenancy.tenant(user.pk):
        assert Agent.objects.count() == sum(len(farm.agents) for farm in cast.FARMS)
        assert set(Agent.objects.values_list("instrument__symbol", flat=True)) == {"SOL/USD", "SOL/USD-PERP"}
        assert Wallet.objects.get(role="master").base_asset == "USD"


def coins(source: str, folder: Path) -> Path:
    """Coins from 65,000 down to 4.6e-10."""
    if source == MADE:
        make_coins(folder, bars=180)
    else:
        for file in recording("cases").glob("gate_*"):
            shutil.copy(file, folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("source", [MADE, RECORDED])
def test_coins_of_every_magnitude_fill_inside_their_market(source: str, db: None, tmp_path: Path) -> None:
    user, summary = build(coins(source, tmp_path))
    with tenancy.tenant(user.pk):
        fills = list(Fill.objects.select_related("order__instrument"))
        assert {fill.order.instrument.base for fill in fills} >= {"BTC", "1000PEPE", "BABYDOGE"}
        for fill in fills:
            instrument = fill.order.instrument
            bars = load_candles(instrument_id=instrument.pk, timeframe="4h", until=fill.filled_at, limit=1)
            assert 0.99 < float(fill.price) / bars.close[-1] < 1.01
            assert fill.price % instrument.tick_size == 0
        master = Wallet.objects.get(role="master")
        equity = Snapshot.objects.filter(wallet=master).values_list("equity", flat=True)
        assert all(50_000 < value < 300_000 for value in equity)
        assert verify(owner_id=user.pk).ok
    assert summary.orders >= 8
    for ticker in Ticker.objects.select_related("instrument"):
        bars = load_candles(instrument_id=ticker.instrument_id, timeframe="4h", until=summary.end)
        assert 0.3 < float(ticker.price) / bars.close[-1] < 3


@pytest.mark.slow
def test_a_demo_on_recorded_candles_leaves_the_simulated_market_to_its_feed(db: None, tmp_path: Path) -> None:
    write(tmp_path / "okx_SOLUSD_4h.csv.gz", phase=1, bars=60)
    build(tmp_path)
    collect()
    assert Ticker.objects.filter(instrument__venue="simulated").count() == 4


def test_a_sync_of_the_page_waits_until_the_past_is_there(db: None, folder: Path) -> None:
    user, _ = trader.prepare()
    assert ask_venues(owner_id=user.pk) is False


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_prepares_and_builds(
    client: Client, db: None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("demo", "--prepare")
    call_command("demo", "--build", "--candles", str(folder))
    call_command("demo")
    said = capsys.readouterr().out
    assert "closed trades" in said
    assert "nothing was changed" in said
    user = trader.find()
    assert user is not None
    client.force_login(user)
    for name in ("portfolio:home", "farms:list", "wallets:tree", "trading:trades"):
        assert client.get(reverse(name)).status_code == 200


@pytest.mark.slow
def test_asking_for_recorded_candles_makes_another_trader_beside_a_finished_one(db: None, folder: Path) -> None:
    call_command("demo", "--prepare")
    first = trader.find()
    call_command("demo", "--candles", str(folder))
    assert trader.find() == first
    call_command("demo", "--candles", str(folder))
    second = trader.find()
    assert second is not None
    assert second != first
    with tenancy.tenant(second.pk):
        assert PortfolioState.objects.get().building is None


def test_building_without_a_trader_says_what_to_do(db: None) -> None:
    with pytest.raises(CommandError, match="--prepare"):
        call_command("demo", "--build")


def test_a_wrong_folder_is_one_sentence(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Name a folder"):
        call_command("demo", "--force", "--candles", str(tmp_path / "nowhere"))
    assert trader.find() is None


@pytest.mark.slow
def test_two_builds_at_once_do_not_meet(live_db: str, folder: Path) -> None:
    user, _ = trader.prepare()
    refused: list[str] = []

    def other() -> None:
        try:
            rehearsal.build(owner_id=user.pk, candles=folder, say=print)
        except ConflictError as error:
            refused.append(str(error))
        finally:
            connections.close_all()

    def say(line: str) -> None:
        if line.lstrip().startswith("50"):
            thread = Thread(target=other)
            thread.start()
            thread.join(timeout=60)

    assert rehearsal.build(owner_id=user.pk, candles=folder, say=say) is not None
    assert len(refused) == 1
