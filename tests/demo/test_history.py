"""The demo's history is decided in memory; what it leaves is what the live path leaves when asked at every moment."""

import gzip
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from farms.models import Agent, AgentRun
from farms.services import Tape, run_agent
from kit import clock, tenancy
from kit.users.models import User
from markets.candles.reading import TIMEFRAME_MS, milliseconds
from markets.models import Instrument
from markets.prices import latest_price
from moniqo.demo import cast, rehearsal, trader
from portfolio.models import Snapshot
from trading.models import Fill, Order, Position
from trading.services import keep_protection, settle_funding
from wallets.models import Account

START = datetime(2024, 1, 3, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
BARS = 24 * 14


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three hourly markets: waves that averages cross, spikes that stops meet, and a stretch that nobody recorded."""
    for phase, pair in enumerate(("BTCUSDT", "ETHUSDT", "SOLUSDT")):
        lines, before = ["ts,open,high,low,close,volume"], 100.0
        for bar in range(BARS):
            spike = 9 if (bar + 17 * phase) % 61 == 0 else 0
            close = round(100 + 11 * math.sin(bar / 9 + phase) + 3 * math.sin(bar / 2.3) + bar / 90 - spike, 2)
            if not (200 <= bar < 207 and phase == 1):
                low, high = min(before, close) - 0.4, max(before, close) + 0.4
                ts = milliseconds(START + bar * HOUR)
                lines.append(f"{ts},{before:.2f},{high:.2f},{low:.2f},{close:.2f},{50 + bar}.125")
            before = close
        (tmp_path / f"binance_{pair}_1h.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return tmp_path


class AskedAtEveryMoment:
    """The history without a memory: stops, funding and agents as the live tasks ask, each with its own reads."""

    def __init__(self, *, owner_id: UUID, tape: Tape, execute: Callable[[UUID], object]) -> None:
        self.owner_id, self.execute = owner_id, execute
        self.read()

    def read(self) -> None:
        self.agents = list(
            Agent.objects.filter(status=Agent.Status.RUNNING).select_related("wallet").order_by("created_at", "name")
        )

    def write(self) -> None:
        """Nothing is ever waiting to be written."""

    def step(self) -> None:
        for order in keep_protection(owner_id=self.owner_id):
            self.execute(order.pk)
        for connection_id in {agent.wallet.connection_id for agent in self.agents}:
            settle_funding(owner_id=self.owner_id, connection_id=connection_id)
        for agent in self.agents:
            if milliseconds(clock.now()) % TIMEFRAME_MS[agent.timeframe] == 0:
                run = run_agent(owner_id=self.owner_id, agent_id=agent.pk)
                if run is not None and run.order_id is not None:
                    self.execute(run.order_id)


def story(user: User) -> dict[str, list[Any]]:
    """Every row that trading left, by names instead of ids."""
    with tenancy.tenant(user.pk):
        return {
            "runs": list(
                AgentRun.objects.order_by("id").values_list(
                    "agent__name", "instrument", "bar", "decision", "explanation", "close", "exit_stop",
                    "exit_target", "trail", "indicators", "numbers", "order__quantity", "order__status", "created_at",
                )
            ),
            "orders": list(
                Order.objects.order_by("created_at", "wallet__name", "side").values_list(
                    "created_at", "wallet__name", "instrument", "side", "quantity", "status", "reason", "refusal",
                    "exit_stop", "exit_target", "exit_trail", "reference_price", "filled_quantity",
                )
            ),
            "fills": list(
                Fill.objects.order_by("filled_at", "wallet__name", "side").values_list(
                    "filled_at", "wallet__name", "side", "price", "quantity", "fee"
                )
            ),
            "positions": list(
                Position.objects.order_by("opened_at", "wallet__name").values_list(
                    "opened_at", "closed_at", "wallet__name", "quantity", "realized_pnl", "exit_stop", "exit_target"
                )
            ),
            "books": list(
                Account.objects.filter(wallet__isnull=False).order_by("wallet__name", "asset", "kind").values_list(
                    "wallet__name", "asset", "kind", "balance", "held", "version"
                )
            ),
            "agents": list(Agent.objects.order_by("name").values_list("name", "last_bar", "failures", "status_detail")),
            "equity": list(
                Snapshot.objects.order_by("at", "wallet__name").values_list("at", "wallet__name", "equity", "flow")
            ),
        }  # fmt: skip


@pytest.mark.slow
def test_history_leaves_the_same_rows_as_asking_at_every_moment(
    db: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swing, quick, short = cast.FARMS
    follower = replace(swing.agents[0], timeframe="1h", parameters={**swing.agents[0].parameters, "trail_atr": 2.0})
    farms = (replace(swing, agents=(follower, swing.agents[1])), quick, short)
    monkeypatch.setattr(cast, "FARMS", farms)
    first, _ = trader.prepare()
    assert rehearsal.build(owner_id=first.pk, candles=folder, say=print) is not None
    second, _ = trader.prepare(another=True)
    monkeypatch.setattr(rehearsal, "History", AskedAtEveryMoment)
    assert rehearsal.build(owner_id=second.pk, candles=folder, say=print) is not None

    remembered, asked = story(first), story(second)
    assert {name: len(rows) for name, rows in remembered.items()} == {name: len(rows) for name, rows in asked.items()}
    for name, rows in remembered.items():
        assert rows == asked[name], name
    reasons = {row[6].template.split(" at ")[0] for row in remembered["orders"]}
    assert "The stop" in reasons
    assert len(remembered["orders"]) > 20
    assert len(remembered["runs"]) > 1000


@pytest.mark.slow
def test_a_tape_of_the_past_knows_the_price_that_everybody_else_is_told(db: None, folder: Path) -> None:
    user, _ = trader.prepare()
    rehearsal.build(owner_id=user.pk, candles=folder, say=print)
    instruments = list(Instrument.objects.filter(venue="binance").values_list("pk", flat=True))
    until = START + BARS * HOUR
    tape = Tape.of_past(instrument_ids=instruments, since=START, until=until, bars=10)
    for minutes in range(0, BARS * 60, 777):
        with clock.at(START + timedelta(minutes=minutes)):
            for instrument in instruments:
                told = latest_price(instrument_id=instrument)
                assert tape.price(instrument) == (told and told.price)
