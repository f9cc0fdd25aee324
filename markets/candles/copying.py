"""Candle series between PostgreSQL and numpy without a Python object per row.

COPY in its binary form is a header, then per row a field count and per field a length and the bytes, big-endian
(PostgreSQL documentation, COPY, "Binary Format"). A candle has only fixed-length columns that are never null, so all
those lengths are constants and a whole series is one numpy record array: writing is one `tobytes`, reading one
`frombuffer` per column.
"""

from typing import Any, Final

import numpy as np
from django.db import DEFAULT_DB_ALIAS, connections, router, transaction

from markets.models import Candle
from quant.candles import Candles

COLUMNS: Final = ("ts", "open", "high", "low", "close", "volume")
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"
# What comes before the first field of the first row: the header and the row's field count.
_PREFIX_BYTES: Final = len(_HEADER) + 2
# Of an array's binary form: dimensions, flags, element type, length and lower bound, each four bytes.
_ARRAY_HEADER_BYTES: Final = 20
_ELEMENT: Final = {
    "ts": np.dtype([("length", ">i4"), ("value", ">i8")]),
    "price": np.dtype([("length", ">i4"), ("value", ">f8")]),
}
NO_CANDLES: Final = Candles(np.empty(0, dtype=np.int64), *([np.empty(0)] * 5))
# Pieces that are large enough to keep the network busy and small enough not to double the memory of a big import.
_PIECE_BYTES: Final = 1 << 20

STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS candle_stage (
    instrument_id bigint, timeframe text,
    ts bigint, open float8, high float8, low float8, close float8, volume float8
) ON COMMIT DELETE ROWS
"""
# One writer per series, so that what is looked up here stays true until it is written.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('candles:' || %s || ':' || %s, 0))"
_OVERLAP = """
SELECT EXISTS (SELECT FROM markets_candle WHERE instrument_id = %s AND timeframe = %s AND ts BETWEEN %s AND %s)
"""
# Candles that say the same are not touched, so a second import of a file writes nothing. Two statements under a lock
# are twice as fast as ON CONFLICT, which probes the index for every row before it inserts.
_CORRECT = """
UPDATE markets_candle AS stored
SET open = new.open, high = new.high, low = new.low, close = new.close, volume = new.volume
FROM candle_stage AS new
WHERE (stored.instrument_id, stored.timeframe, stored.ts) = (new.instrument_id, new.timeframe, new.ts)
  AND (stored.open, stored.high, stored.low, stored.close, stored.volume)
      IS DISTINCT FROM (new.open, new.high, new.low, new.close, new.volume)
"""
_ADD = """
INSERT INTO markets_candle (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT new.* FROM candle_stage AS new
WHERE NOT EXISTS (
    SELECT FROM markets_candle AS stored
    WHERE (stored.instrument_id, stored.timeframe, stored.ts) = (new.instrument_id, new.timeframe, new.ts)
)
"""

# One row of six arrays: COPY sends a message per row, and a message per candle costs more than the candle.
# LIMIT NULL is no limit. The index is read backwards and numpy turns the series round, which costs nothing.
_NEWEST = """
COPY (
    SELECT array_agg(ts), array_agg(open), array_agg(high), array_agg(low), array_agg(close), array_agg(volume)
    FROM (
        SELECT ts, open, high, low, close, volume FROM markets_candle
        WHERE instrument_id = (SELECT coalesce(prices_of_id, id) FROM markets_instrument WHERE id = %s)
              AND timeframe = %s AND ts <= %s
        ORDER BY ts DESC LIMIT %s
    ) AS bars
) TO STDOUT (FORMAT BINARY)
"""


def encode(candles: Candles, *, instrument_id: int, timeframe: str) -> bytes:
    """The series as the body of a binary COPY into the table's columns."""
    label = timeframe.encode()
    columns = [("instrument_id", ">i8"), ("timeframe", f"S{len(label)}"), ("ts", ">i8")]
    columns += [(name, ">f8") for name in COLUMNS[1:]]
    kinds = [("fields", ">i2")]
    for name, kind in columns:
        kinds += [(f"{name}_length", ">i4"), (name, kind)]
    rows = np.empty(len(candles), dtype=kinds)
    rows["fields"] = len(columns)
    for name, kind in columns:
        rows[f"{name}_length"] = np.dtype(kind).itemsize
    rows["instrument_id"], rows["timeframe"] = instrument_id, label
    for name in COLUMNS:
        rows[name] = getattr(candles, name)
    return _HEADER + rows.tobytes() + _TRAILER


def decode(body: bytes) -> Candles:
    """The series in a binary COPY of one row with six arrays, one per column; NULL instead of an array is no bar."""
    position = _PREFIX_BYTES
    columns = []
    for column in COLUMNS:
        length = int.from_bytes(body[position : position + 4], "big", signed=True)
        position += 4
        if length < 0:
            return NO_CANDLES
        elements = body[position + _ARRAY_HEADER_BYTES : position + length]
        columns.append(np.frombuffer(elements, dtype=_ELEMENT["ts" if column == "ts" else "price"])["value"])
        position += length
    return Candles(*columns)


def write(*, instrument_id: int, timeframe: str, candles: Candles) -> int:
    """Insert or correct candles, in order of time; returns how many rows were new or different. All or none."""
    if not len(candles):
        return 0
    body = encode(candles, instrument_id=instrument_id, timeframe=timeframe)
    first, last = int(candles.ts[0]), int(candles.ts[-1])
    alias = router.db_for_write(Candle) or DEFAULT_DB_ALIAS
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_LOCK, [instrument_id, timeframe])
        cursor.execute(_OVERLAP, [instrument_id, timeframe, first, last])
        if not cursor.fetchone()[0]:
            send(cursor, "markets_candle", body)
            return len(candles)
        cursor.execute(STAGE)
        send(cursor, "candle_stage", body)
        cursor.execute(_CORRECT)
        corrected: int = cursor.rowcount
        cursor.execute(_ADD)
        added: int = cursor.rowcount
        cursor.execute("TRUNCATE candle_stage")  # a second write may follow in the same transaction
    return corrected + added


def send(cursor: Any, table: str, body: bytes) -> None:
    """COPY an encoded series into `table`, which has the columns of the candles' table."""
    columns = f"instrument_id, timeframe, {', '.join(COLUMNS)}"
    view = memoryview(body)
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
        for start in range(0, len(view), _PIECE_BYTES):
            copy.write(view[start : start + _PIECE_BYTES])


def read(*, instrument_id: int, timeframe: str, last_ts: int, limit: int | None) -> Candles:
    """The newest `limit` bars (None: all) that open at `last_ts` or before, oldest first."""
    alias = router.db_for_read(Candle) or DEFAULT_DB_ALIAS
    with (
        connections[alias].cursor() as wrapper,
        # Django's wrapper for debugging takes a statement without parameters, psycopg's cursor inside takes both.
        wrapper.cursor.copy(_NEWEST, [instrument_id, timeframe, last_ts, limit]) as copy,
    ):
        return decode(b"".join(copy))[::-1]
