"""Every allocation method walked forward over recorded closes, with costs: what the page of methods says of a fund.

The panel is the four-hour candles of a folder of recordings (`binance_*USDT_4h.csv.gz`): the thirty days before
each week decide its weights, 0.1 % of what is traded is paid, and equal weight runs along. Volatility and
Sharpe ratio are per year, the return is of the whole walk.
"""

import gzip
import os
from pathlib import Path
from typing import Final

import numpy as np

from kit.errors import NotFoundError
from quant.allocation import Comparison, Options, compare
from quant.candles import Floats

FOLDER: Final = "MONIQO_SHARED_DATA"
PANEL: Final = "binance_*USDT_4h.csv.gz"
CLOSE: Final = 4  # the column
BARS_A_DAY: Final = 6
LOOKBACK: Final = 30 * BARS_A_DAY
EVERY: Final = 7 * BARS_A_DAY
COST: Final = 0.001


def walk_forward(folder: Path | None = None) -> dict[str, float]:
    """Figures of each method by name, the best Sharpe ratio first. Raises NotFoundError without a panel."""
    returns = panel(folder or Path(os.environ.get(FOLDER) or Path(__file__).resolve().parents[3] / "shared/data"))
    found = walked(returns)
    figures = {
        "assets": float(returns.shape[1]),
        "periods": float(len(returns)),
        "walked": float(len(found.tracks[0].returns)),
    }
    for track in found.tracks:
        told = {
            "return": track.total_return, "volatility": track.volatility, "sharpe": track.sharpe,
            "max drawdown": track.max_drawdown, "turnover": track.turnover,
        }  # fmt: skip
        if track.beats_equal is not None:
            told["share of histories above equal"] = track.beats_equal
        figures |= {f"{track.method}, {name}": value for name, value in told.items()}
    return figures


def walked(returns: Floats) -> Comparison:
    return compare(
        returns, lookback=LOOKBACK, rebalance_every=EVERY, cost=COST, options=Options(periods_per_year=365 * BARS_A_DAY)
    )


def panel(folder: Path) -> Floats:
    """Returns `(T, N)` of the closes that all files have, in their order."""
    files = sorted([*folder.glob(PANEL), *folder.glob(f"candles/{PANEL}")])
    if not files:
        raise NotFoundError(f"There is no recorded panel in {folder}: set {FOLDER} to the folder of recordings.")
    closes = []
    for file in files:
        with gzip.open(file, "rt") as stream:
            closes.append(np.loadtxt(stream, delimiter=",", skiprows=1, usecols=CLOSE))
    shortest = min(map(len, closes))
    prices = np.stack([one[-shortest:] for one in closes], axis=1)
    return np.diff(prices, axis=0) / prices[:-1]
