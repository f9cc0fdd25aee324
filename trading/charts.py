"""The chart of a position, drawn from what its selector found."""

from kit import figures, formatting
from kit.figures import Bars, Figure, Level, Mark
from markets.candles.reading import moment
from trading.selectors.round_trips import RoundTrip
from trading.selectors.trades import FillRow


def position(found: RoundTrip) -> Figure | None:
    """The candles of its market with what was bought and sold on them, and the levels that protect it; None without
    candles."""
    timeframe, candles = found.market
    if not len(candles):
        return None
    at = [moment(int(ts)) for ts in candles.ts]
    bars = Bars(at, *(values.tolist() for values in (candles.open, candles.high, candles.low, candles.close)))
    trades = {side: [_mark(fill, found) for fill in found.fills if fill.side == side] for side in ("buy", "sell")}
    return figures.candles(bars, trades=trades, levels=levels(found), revision=f"{found.position.pk} {timeframe}")


def levels(found: RoundTrip) -> list[Level]:
    """What it was entered at, and where its stop and its target stand, or stood at the end."""
    position = found.position
    known = (
        ("Entry price", found.row.entry_price, "var(--ink-2)"),
        ("Stop", position.exit_stop, "var(--down)"),
        ("Target", position.exit_target, "var(--up)"),
    )
    return [Level(name, price, paint) for name, price, paint in known if price is not None]


def _mark(fill: FillRow, found: RoundTrip) -> Mark:
    word = "Bought" if fill.side == "buy" else "Sold"
    return Mark(fill.filled_at, fill.price, f"{word} at {formatting.price(fill.price, found.row.tick_size)}")
