"""The process of a replay: it plays what its argument asks for on its database and prints one line of JSON."""

import json
import logging
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

django.setup()

from kit.errors import MoniqoError  # noqa: E402 - models need Django
from markets.candles.files import read_file  # noqa: E402
from markets.candles.importing import steps_of  # noqa: E402
from moniqo.simulation.replay import Cast, Recording, backtest, differences, replay, without_holes  # noqa: E402
from quant.errors import QuantError  # noqa: E402


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """Play it, and say what each agent came to on paper and in the backtest."""
    read = read_file(Path(asked["candles"])).candles[: int(asked["bars"])]
    candles = without_holes(read, asked["timeframe"])
    tick, lot = steps_of(candles, "USDT")
    cash, fee = Decimal(asked["cash"]), Decimal(asked["fee"])
    recording = Recording(candles, asked["timeframe"], lot=lot, tick=tick, cash=cash, fee=fee)
    parameters = json.loads(asked["params"])
    casts = [Cast(slug, parameters, asked["sizing"], Decimal(asked["size"])) for slug in asked["strategies"]]
    agents = []
    for cast, paper in zip(casts, replay(recording, casts), strict=True):
        kernel = backtest(cast, recording)
        agents.append(
            {
                "strategy": cast.strategy,
                "trades": len(paper.trades),
                "equity": paper.equity,
                "backtest": kernel.final_equity,
                "differences": differences(paper, kernel),
            }
        )
    return {"bars": len(candles), "missing": len(candles) - len(read), "agents": agents}


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # nobody listens to live events there
    try:
        said = main(json.loads(sys.argv[1]))
    except (MoniqoError, QuantError, json.JSONDecodeError, OSError) as error:
        said = {"error": str(error)}
    print(json.dumps(said))
