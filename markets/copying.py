"""Candle series between PostgreSQL and numpy without a Python object per row.

COPY in its binary form is a header, then per row a field count and per field a length and the bytes, big-endian
(PostgreSQL documentation, COPY, "Binary Format"). A candle has only fixed-length columns that are never null, so a
whole series is one numpy record array whose lengths are constants: reading is one `frombuffer`, writing one `tobytes`.
"""

from typing import Any, Final

import numpy as np
from django.db import DEFAULT_DB_ALIAS, connections, router, transaction
from numpy.typing import NDArray

from markets.models import Candle
from quant.candles import Candles

COLUMNS: Final = ("ts", "open", "high", "low", "close", "volume")
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_FIELD_BYTES: Final = 8
_ROW: Final = np.dtype(
    [
        ("fields", ">i2"),
        *((name, kind) for column in COLUMNS for name, kind in (
            (f"{column}_length", ">i4"), (column, ">i8" if column == "ts" else ">f8")
        )),
    ]
)  # fmt: skip
# Pieces that are large enough to keep the network busy and small enough not to double the memory of a big import.
_PIECE_BYTES: Final = 1 << 20

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS candle_stage (
    ts bigint, open float8, high float8, low float8, close float8, volume float8
) ON COMMIT DELETE ROWS
"""
# A candle that is there already and says the same is not touched: a second import of a file writes nothing.
_UPSERT = """
INSERT INTO markets_candle AS stored (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT %s, %s, ts, open, high, low, close, volume FROM candle_stage ORDER BY ts
ON CONFLICT (instrument_id, timeframe, ts) DO UPDATE
SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume
WHERE (stored.open, stored.high, stored.low, stored.close, stored.volume)
      IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)
"""

# LIMIT NULL is no limit. The index is read backwards and numpy turns the series round, which costs nothing.
_NEWEST = """
COPY (
    SELECT ts, open, high, low, close, volume FROM markets_candle
    WHERE instrument_id = %s AND timeframe = %s AND ts <= %s ORDER BY ts DESC LIMIT %s
) TO STDOUT (FORMAT BINARY)
"""


def encode(candles: Candles) -> bytes:
    """The series as the body of a binary COPY."""
    rows = np.empty(len(candles), dtype=_ROW)
    rows["fields"] = len(COLUMNS)
    for column in COLUMNS:
        rows[f"{column}_length"] = _FIELD_BYTES
        rows[column] = getattr(candles, column)
    return _HEADER + rows.tobytes() + _TRAILER


def decode(body: bytes) -> Candles:
    """The series that a binary COPY of `COLUMNS` sent."""
    start, extension = len(_HEADER), int.from_bytes(body[len(_HEADER) - 4 : len(_HEADER)], "big")
    rows: NDArray[Any] = np.frombuffer(body[start + extension : -len(_TRAILER)], dtype=_ROW)
    return Candles(*(rows[column] for column in COLUMNS))


def write(*, instrument_id: int, timeframe: str, candles: Candles) -> int:
    """Insert or correct candles; returns how many rows were new or different. All or none."""
    if not len(candles):
        return 0
    alias = router.db_for_write(Candle) or DEFAULT_DB_ALIAS
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_STAGE)
        stage(cursor, candles)
        cursor.execute(_UPSERT, [instrument_id, timeframe])
        written: int = cursor.rowcount
        cursor.execute("TRUNCATE candle_stage")  # a second write may follow in the same transaction
    return written


def stage(cursor: Any, candles: Candles) -> None:
    """COPY the series into the session's `candle_stage`."""
    body = memoryview(encode(candles))
    with cursor.copy("COPY candle_stage (ts, open, high, low, close, volume) FROM STDIN (FORMAT BINARY)") as copy:
        for start in range(0, len(body), _PIECE_BYTES):
            copy.write(body[start : start + _PIECE_BYTES])


def read(*, instrument_id: int, timeframe: str, last_ts: int, limit: int | None) -> Candles:
    """The newest `limit` bars (None: all) that open at `last_ts` or before, oldest first."""
    alias = router.db_for_read(Candle) or DEFAULT_DB_ALIAS
    with (
        connections[alias].cursor() as cursor,
        cursor.copy(_NEWEST, [instrument_id, timeframe, last_ts, limit]) as copy,
    ):
        return decode(b"".join(copy))[::-1]
