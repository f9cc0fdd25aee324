"""The page is generated: it must be what the code says today."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from quant import strategies

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("build_quant", ROOT / "docs" / "build_quant.py")
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    assert (ROOT / "docs" / "quant.md").read_text() == builder.page(), "run python docs/build_quant.py"


def test_every_strategy_has_its_picture() -> None:
    for strategy in strategies.catalog():
        assert (ROOT / "docs" / "quant" / f"{strategy.slug}.svg").read_text().startswith("<svg")
