"""The page is generated: it must be what the code says today."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from quant import strategies

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def files() -> dict[Path, str]:
    spec = importlib.util.spec_from_file_location("build_quant", ROOT / "docs" / "build_quant.py")
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    found: dict[Path, str] = builder.build()
    return found


def test_the_page_and_its_pictures_are_up_to_date(files: dict[Path, str]) -> None:
    stale = [str(place) for place, text in files.items() if not place.is_file() or place.read_text() != text]
    assert stale == [], "run python docs/build_quant.py"


def test_every_picture_is_shown_and_every_one_shown_is_there(files: dict[Path, str]) -> None:
    page = files[ROOT / "docs" / "quant.md"]
    shown = set(re.findall(r"\(quant/(\w+)\.svg\)", page))
    assert shown == {place.stem for place in files if place.suffix == ".svg"}
    assert shown == {place.stem for place in (ROOT / "docs" / "quant").glob("*.svg")}
    assert shown >= {strategy.slug for strategy in strategies.catalog()}
