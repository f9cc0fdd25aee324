"""The market of a position: what is drawn of it, how finely, and Plotly's own checks of it."""

from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import plotly.graph_objects as go
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from farms.laboratory.report import COLOURS
from kit import clock, figures, tenancy
from kit.users.models import User
from markets.candles import copying
from markets.candles.reading import TIMEFRAME_MS, candles_around, milliseconds, moment
from quant.candles import Candles
from tests.trading.desk import Desk, make_desk, set_price
from trading import charts
from trading.models import Position
from trading.selectors import RoundTrip, round_trip
from trading.selectors.round_trips import MOST_BARS


@pytest.fixture
def desk(owner: User) -> Desk:
    return make_desk(owner)


def held(desk: Desk) -> Position:
    with tenancy.tenant(desk.owner.pk):
        return Position.objects.get()


def life(desk: Desk) -> RoundTrip:
    position = held(desk)
    with tenancy.tenant(desk.owner.pk):
        found = round_trip(owner_id=desk.owner.pk, position_id=position.pk)
        assert found.market
    return found


def fill(desk: Desk, timeframe: str, *, until: datetime, bars: int) -> None:
    """Candles at 100 whose last one closes at or before `until`."""
    step = TIMEFRAME_MS[timeframe]
    last = milliseconds(until) // step * step - step
    ts = np.arange(last - step * (bars - 1), last + 1, step, dtype=np.int64)
    prices = np.full(len(ts), 100.0)
    copying.write(
        instrument_id=desk.instrument.pk, timeframe=timeframe, candles=Candles(ts, *[prices.copy() for _ in range(5)])
    )


def test_plotlys_own_checks_accept_a_position_with_its_trades_and_levels(desk: Desk) -> None:
    fill(desk, "1m", until=clock.now(), bars=100)
    desk.trade("buy", "2", exit_stop=Decimal(90), exit_target=Decimal(130))
    set_price(desk.instrument, "120")
    desk.trade("sell", "1")
    found = life(desk)
    drawn = go.Figure(figures.painted(charts.position(found), COLOURS))
    assert [trace.name for trace in drawn.data] == ["Price", "Entry price", "Stop", "Target", "Buy", "Sell"]
    assert [level.price for level in charts.levels(found)] == [found.row.entry_price, 90, 130]
    bought, sold = drawn.data[-2:]
    assert list(bought.y) == [float(found.entries[0].price)]
    assert list(sold.y) == [float(found.exits[0].price)]
    assert found.market[0] == "1m"


def test_it_is_drawn_as_finely_as_the_page_has_room_for(desk: Desk) -> None:
    now = clock.now()
    fill(desk, "1m", until=now, bars=3000)
    fill(desk, "1h", until=now, bars=400)
    for length, timeframe in ((timedelta(minutes=2), "1m"), (timedelta(hours=2), "1m"), (timedelta(days=3), "1h")):
        since = now - length - timedelta(hours=1)
        found, candles = candles_around(
            instrument_id=desk.instrument.pk, since=since, until=since + length, bars=MOST_BARS
        )
        assert found == timeframe
        assert len(candles) <= MOST_BARS
        assert moment(int(candles.ts[0])) < since
        assert moment(int(candles.ts[-1])) > since + length - timedelta(hours=1)
    since = now - timedelta(days=300)
    found, candles = candles_around(instrument_id=desk.instrument.pk, since=since, until=now, bars=MOST_BARS)
    assert (found, len(candles)) == ("1h", MOST_BARS)  # the newest of a while that no series shows whole


def test_a_position_without_candles_has_its_page_without_a_chart(desk: Desk, client: Client) -> None:
    desk.trade("buy", "2")
    fill(desk, "1m", until=clock.now() - timedelta(days=9), bars=50)  # long before it
    position = held(desk)
    client.force_login(desk.owner)
    page = client.get(f"/trading/positions/{position.pk}/").content.decode()
    assert "position-chart" not in page
    assert charts.position(life(desk)) is None


def test_the_page_asks_as_often_however_many_candles_there_are(desk: Desk, client: Client) -> None:
    desk.trade("buy", "2")
    address = f"/trading/positions/{held(desk).pk}/"
    client.force_login(desk.owner)
    costs = []
    for bars in (50, 5000):
        fill(desk, "1m", until=clock.now(), bars=bars)
        with CaptureQueriesContext(connection) as asked:
            page = client.get(address).content.decode()
        assert "position-chart" in page
        costs.append(len(asked))
    assert costs[0] == costs[1]
