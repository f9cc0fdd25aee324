"""Strategies of an installed package join those that pages offer, and are held to the same rules."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from kit.users.models import User
from markets.models import Instrument
from quant import strategies
from tests.farms.composing.test_pages import NEW, filled, newest, sentences

PACKAGE = """
import numpy as np
from quant.strategies.base import Intents, Parameter, Strategy

def compute(candles, params):
    close = candles.close
    known = np.append(close[1:], close[-1]) if params["peeks"] == "yes" else close
    before = np.concatenate((close[:1], close[:-1]))
    up = known > before * (1 + params["rise"])
    return Intents(enter=up.astype(np.int8), exit=np.zeros(close.size, dtype=np.bool_), stop=close * 0.95)

STRATEGY = Strategy(
    slug="bursts",
    name="Bursts",
    description="Enters on a candle that rises at once.",
    schema=(
        Parameter("rise", "float", 0.01, "Least rise.", minimum=0, maximum=1, label="Rise"),
        Parameter("peeks", "choice", "no", "Whether it cheats.", choices=("no", "yes"), label="Peeks"),
        Parameter("notes", "data", {"any": "thing"}, "Nested data that says nothing of its shape.", label="Notes"),
    ),
    compute=compute,
    settle=lambda params: 2,
)
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package in a folder of its own, as pip leaves one: a module, and metadata that name its entry point."""
    (tmp_path / "bursts_strategy.py").write_text(PACKAGE)
    metadata = tmp_path / "bursts_strategy-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: bursts-strategy\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[moniqo.strategies]\nbursts = bursts_strategy:STRATEGY\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    strategies._by_slug.cache_clear()
    yield
    sys.modules.pop("bursts_strategy", None)
    monkeypatch.undo()
    strategies._by_slug.cache_clear()


@pytest.fixture
def browser(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.mark.usefixtures("installed")
def test_it_is_offered_saved_and_held_to_the_rules(browser: Client, market: Instrument, owner: User) -> None:
    page = browser.get(f"{NEW}?strategy=bursts")
    assert ("bursts", "Bursts") in page.context["strategies"]
    assert [node.kind for node in page.context["form"].rules] == ["ask", "ask", "ask"]
    cheats = browser.post(f"{NEW}?strategy=bursts", filled(market, {"peeks": "yes"}, slug="bursts"))
    assert cheats.status_code == 422
    assert "These rules break 'look-ahead'" in sentences(cheats)[0]
    answer = browser.post(f"{NEW}?strategy=bursts", filled(market, {"rise": 0.02}, slug="bursts"))
    assert answer.status_code == 302, sentences(answer)
    assert newest(owner).parameters == {"rise": 0.02, "peeks": "no", "notes": {"any": "thing"}}


def test_what_is_not_installed_any_more_is_shown_as_it_was(
    browser: Client, market: Instrument, owner: User, installed: None, request: pytest.FixtureRequest
) -> None:
    browser.post(f"{NEW}?strategy=bursts", filled(market, {"rise": 0.02}, slug="bursts"))
    saved = newest(owner).saved_id
    request.getfixturevalue("monkeypatch").undo()
    strategies._by_slug.cache_clear()
    page = browser.get(f"/strategies/{saved}/")
    assert page.status_code == 200
    assert "Its strategy is not installed." in page.content.decode()
    assert "bursts" in browser.get("/strategies/").content.decode()
    assert browser.get(f"/strategies/{saved}/edit/").status_code == 404
