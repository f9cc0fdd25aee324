"""Trades as bytes of a row and back: a long run makes tens of thousands, which nobody asks the database about."""

from dataclasses import fields
from hashlib import sha256
from io import BytesIO

import numpy as np

from quant.backtest.result import Trades
from quant.candles import Candles, Floats

NAMES = tuple(field.name for field in fields(Trades))


def pack(trades: Trades) -> bytes:
    """The columns, compressed; nothing in them is executed when they are read."""
    file = BytesIO()
    np.savez_compressed(file, **{name: getattr(trades, name) for name in NAMES})
    return file.getvalue()


def unpack(body: bytes) -> Trades:
    """What was packed, bit by bit."""
    with np.load(BytesIO(body), allow_pickle=False) as columns:
        return Trades(**{name: columns[name] for name in NAMES})


def hash_of_candles(series: list[Candles]) -> str:
    """Of every value of every candle, in the order in which they are traded."""
    found = sha256()
    for candles in series:
        for column in (candles.ts, candles.open, candles.high, candles.low, candles.close, candles.volume):
            found.update(np.ascontiguousarray(column).data)
    return found.hexdigest()


def hash_of_outcome(trades: Trades, equity: Floats) -> str:
    """Of every trade and of the account's worth at every bar."""
    found = sha256(np.ascontiguousarray(equity).data)
    for name in NAMES:
        found.update(np.ascontiguousarray(getattr(trades, name)).data)
    return found.hexdigest()
