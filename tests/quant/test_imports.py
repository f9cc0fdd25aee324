"""Web processes import `quant` and must not pay for compilers, optimisers or their memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("numba", "scipy", "clarabel", "optuna", "django", "skfolio", "plotly")
MODULES = (
    "quant", "quant.allocation", "quant.backtest", "quant.candles", "quant.indicators", "quant.market_simulator",
    "quant.metrics", "quant.strategies", "quant.strategies.validator", "quant.sweeps", "quant.validation",
)  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]


def run(code: str, *path: Path) -> str:
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=ROOT, env={"PYTHONPATH": ":".join(map(str, (ROOT, *path)))},
    )  # fmt: skip
    return found.stdout.strip()


def test_importing_the_core_imports_nothing_heavy() -> None:
    code = f"import sys, {', '.join(MODULES)}; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert run(code) == "[]"


def test_strategies_and_metrics_work_without_numba() -> None:
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np\n"
        "from quant import strategies\n"
        "from quant.candles import Candles\n"
        "from quant.market_simulator import advance, initial_state, to_candles\n"
        "state, bars = advance(initial_state(1, start_ms=0), 2000)\n"
        "candles = to_candles(0, bars, 0)\n"
        "print([len(s.intents(candles, s.defaults())) for s in strategies.catalog()])"
    )
    assert run(code) == "[2000, 2000, 2000, 2000, 2000, 2000]"


PLUGIN = """
from dataclasses import replace
from quant.strategies.trend_following import STRATEGY as TREND
STRATEGY = replace(TREND, slug="{slug}", name="Mine")
"""


def installed(folder: Path, slug: str) -> Path:
    (folder / "my_strategies.py").write_text(PLUGIN.format(slug=slug))
    metadata = folder / "my_strategies-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-strategies\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[moniqo.strategies]\nmine = my_strategies:STRATEGY\n")
    return folder


def test_a_package_joins_by_entry_point(tmp_path: Path) -> None:
    code = "from quant import strategies; print(strategies.get('mine').name, strategies.catalog()[-1].slug)"
    assert run(code, installed(tmp_path, "mine")) == "Mine mine"


def test_a_package_cannot_take_a_slug_that_is_taken(tmp_path: Path) -> None:
    code = (
        "from quant import strategies\nfrom quant.errors import StrategyRuleError\n"
        "try: strategies.catalog()\nexcept StrategyRuleError as error: print(error)"
    )
    assert "another slug" in run(code, installed(tmp_path, "breakout"))
