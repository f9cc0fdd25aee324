"""What can be traded, for programs: the ids and steps that agents and orders are made with."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from kit.api import Amount
from markets.models import Instrument
from markets.prices import Quote, quotes

router = Router()


class InstrumentOut(Schema):
    """A market at a venue, in base and quote; `price` is null until somebody has said one."""

    id: int
    venue: str
    symbol: str
    kind: str
    base: str
    quote: str
    tick_size: Amount
    lot_size: Amount
    minimum_notional: Amount
    price: Amount | None
    priced_at: datetime | None
    is_simulated: bool


@router.get("/instruments", response=list[InstrumentOut], summary="What can be traded, by venue and symbol")
def list_instruments(request: HttpRequest, venue: str = "", symbol: str = "") -> Any:
    """`venue` and `symbol` narrow the list to exactly that."""
    narrow = {name: value for name, value in (("venue", venue), ("symbol", symbol)) if value}
    instruments = list(Instrument.objects.filter(is_active=True, **narrow))
    known = quotes(instrument_ids=[instrument.pk for instrument in instruments])
    return [_row(instrument, known.get(instrument.pk)) for instrument in instruments]


def _row(instrument: Instrument, quote: Quote | None) -> dict[str, Any]:
    return {
        **{name: getattr(instrument, name) for name in InstrumentOut.model_fields if hasattr(instrument, name)},
        "price": quote.price if quote else None,
        "priced_at": quote.at if quote else None,
    }
