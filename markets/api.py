"""Markets for programs: the ids and steps that agents and orders are made with, and their bars."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import AwareDatetime, Field

from kit.api import Amount, Page, PageQuery, paginate_numbered, paginate_sorted
from kit.asking import require_known
from kit.errors import NotFoundError
from markets.candles.reading import closed_candles, moment
from markets.models import Candle, Instrument, Timeframe
from markets.prices import Quote, quotes

router = Router()

MOST = 1000


class InstrumentOut(Schema):
    """A market at a venue. `price`, `tick_size` and `minimum_notional` are in quote, `lot_size` in base; of a
    derivative `settle` is what its profit is paid in, and `contract_size` how much base one contract is.

    `price` is null until somebody has said one, `max_leverage` where nobody tells.
    """

    id: int
    venue: str
    symbol: str
    kind: str
    base: str
    quote: str
    settle: str
    contract_size: Amount
    max_leverage: Amount | None
    tick_size: Amount
    lot_size: Amount
    minimum_notional: Amount
    price: Amount | None
    priced_at: datetime | None
    is_simulated: bool


class InstrumentQuery(PageQuery):
    """Each narrows the list to exactly that."""

    limit: int = Field(50, ge=1, le=MOST)
    venue: str = ""
    symbol: str = ""
    kind: Instrument.Kind | None = None
    base: str = ""
    quote: str = ""


class CandleOut(Schema):
    """A bar that has closed. Prices are in the market's quote, `volume` in its base."""

    opened_at: datetime
    open: Amount
    high: Amount
    low: Amount
    close: Amount
    volume: Amount


class CandleQuery(PageQuery):
    limit: int = Field(200, ge=1, le=MOST)
    timeframe: Timeframe = Field(Timeframe.H1, description="The length of a bar.")
    since: AwareDatetime | None = Field(None, description="Bars that opened then or later.")
    until: AwareDatetime | None = Field(None, description="Bars that had closed by then.")


@router.get("/instruments", response=Page[InstrumentOut], summary="What can be traded, by venue and symbol")
def list_instruments(request: HttpRequest, query: Query[InstrumentQuery]) -> Any:
    """In the order of venues and symbols."""
    names = ("venue", "symbol", "kind", "base", "quote")
    narrow = {name: wanted for name in names if (wanted := getattr(query, name))}
    rows = Instrument.objects.filter(is_active=True)
    for name in {"venue", "symbol", "base", "quote"} & narrow.keys():
        require_known(name, narrow[name], rows.filter(**{name: narrow[name]}))
    rows = rows.filter(**narrow)
    page = paginate_sorted(rows, query, by=("venue", "symbol"), present=lambda instrument: instrument)
    known = quotes(instrument_ids=[instrument.pk for instrument in page["items"]])
    return page | {"items": [_row(instrument, known.get(instrument.pk)) for instrument in page["items"]]}


@router.get("/instruments/{instrument_id}", response=InstrumentOut, summary="One market")
def get_instrument(request: HttpRequest, instrument_id: int) -> Any:
    """One that is traded no more is shown too."""
    instrument = _instrument(instrument_id)
    return _row(instrument, quotes(instrument_ids=[instrument.pk]).get(instrument.pk))


@router.get("/instruments/{instrument_id}/candles", response=Page[CandleOut], summary="Its bars (OHLCV), newest first")
def list_candles(request: HttpRequest, instrument_id: int, query: Query[CandleQuery]) -> Any:
    """Only bars that have closed; what a venue did not trade, or nobody recorded, is missing and never filled in."""
    rows = closed_candles(
        instrument_id=_instrument(instrument_id).pk, timeframe=query.timeframe, since=query.since, until=query.until
    )
    return paginate_numbered(rows, query, number="ts", present=_candle)


def _instrument(instrument_id: int) -> Instrument:
    found = Instrument.objects.filter(pk=instrument_id).first()
    if found is None:
        raise NotFoundError("There is no such market.")
    return found


def _candle(candle: Candle) -> dict[str, Any]:
    figures = ("open", "high", "low", "close", "volume")
    # The shortest text that means the stored number, which is what was once read from text.
    return {"opened_at": moment(candle.ts)} | {name: Decimal(repr(getattr(candle, name))) for name in figures}


def _row(instrument: Instrument, quote: Quote | None) -> dict[str, Any]:
    return {
        **{name: getattr(instrument, name) for name in InstrumentOut.model_fields if hasattr(instrument, name)},
        "price": quote.price if quote else None,
        "priced_at": quote.at if quote else None,
    }
