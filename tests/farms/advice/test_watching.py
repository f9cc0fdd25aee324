"""Farms and markets that models are asked about at the close of candles, and on demand."""

import json
from typing import Any

import pytest
from django.test import Client

from farms.advice import watching
from farms.advice.asking import answer
from farms.advice.facts import find
from farms.models import AdviceCall, AdviceProposal, AdviceWatch, Agent
from kit import clock
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from tests.farms.advice.conftest import Board

STEP = 3_600_000


def watch(board: Board, every: int = 1, timeframe: str = "1h", **named: Any) -> AdviceWatch | None:
    about = find(owner_id=board.owner_id, **named, timeframe=timeframe if "instrument_id" in named else "")
    return watching.set_watch(owner_id=board.owner_id, about=about, timeframe=timeframe, every=every)


def ask(board: Board, found: AdviceWatch | None) -> bool:
    assert found is not None
    return watching.ask_of_watch(owner_id=board.owner_id, watch_id=found.pk)


def test_a_market_is_asked_about_at_every_candle_that_is_due_once_and_what_keeps_it_is_said(board: Board) -> None:
    market = {"instrument_id": board.desk.instrument.pk}
    found = watch(board, every=2, **market)
    assert not ask(board, found), "what closed before it was wanted is nobody's question"
    board.desk.candles([101.0])
    with clock.at(board.desk.now):
        assert not ask(board, found), "one of two"
    board.desk.candles([102.0])
    with clock.at(board.desk.now):
        assert ask(board, found)
        assert not ask(board, found), "each candle once"
    call = AdviceCall.objects.get()
    assert (call.occasion, call.about, call.agent) == ("close", f"market:{board.desk.instrument.pk}:1h", None)
    board.desk.candles([103.0, 104.0])
    with clock.at(board.desk.now):
        board.request(**market, timeframe="1h")
        assert not ask(board, found)
        found = AdviceWatch.objects.get()
        assert str(found.said) == "A model is being asked about this already: wait for its answer."
        board.budgets(day_tokens=1)
        AdviceCall.objects.filter(finished_at=None).update(status="lost", finished_at=clock.now())
    board.desk.candles([103.0, 104.0])
    with clock.at(board.desk.now):
        assert not ask(board, found)
    assert str(AdviceWatch.objects.get().said).startswith("The budget of 24 hours is used up")
    assert AdviceCall.objects.count() == 2


def test_a_farm_is_asked_about_when_one_of_its_agents_has_run_and_only_while_it_runs(board: Board) -> None:
    Agent.objects.update(status="running", last_bar=10 * STEP)
    found = watch(board, timeframe="1h", farm_id=board.desk.farm.pk)
    assert not ask(board, found)
    Agent.objects.update(last_bar=11 * STEP, status="paused")
    assert not ask(board, found), "nobody works there"
    Agent.objects.update(status="running")
    assert ask(board, found)
    call = board.taken(AdviceCall.objects.get())
    assert answer(call).status == "proposal"
    made = AdviceProposal.objects.get()
    assert (made.farm, made.level, made.became) == (board.desk.farm, "comment", "shown")


def test_what_cannot_be_watched_is_refused_and_nought_ends_it(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    market = {"instrument_id": board.desk.instrument.pk}
    for wrong in ({}, {"agent_id": board.agent.pk}, {"farm_id": board.desk.farm.pk, "timeframe": "7h"}):
        with pytest.raises(InvalidInputError):
            watch(board, **wrong)
    for every in (-1, 1_001):
        with pytest.raises(InvalidInputError, match="from 0 to 1,000"):
            watch(board, every=every, **market)
    assert watch(board, every=0, **market) is None
    first = watch(board, every=3, **market)
    assert watch(board, every=4, **market) == first
    monkeypatch.setattr(watching, "MOST_WATCHES", 1)
    with pytest.raises(ConflictError, match="end one first"):
        watch(board, timeframe="1h", farm_id=board.desk.farm.pk)
    assert watch(board, every=0, **market) is None
    assert not AdviceWatch.objects.exists()


def test_pages_and_programs_ask_about_a_farm_and_a_market_and_say_when(
    client: Client, board: Board, other_owner: User
) -> None:
    farm, market = board.desk.farm, board.desk.instrument
    client.force_login(board.desk.owner)
    assert f"/advice/farms/{farm.pk}/card/" in client.get(f"/farms/{farm.pk}/").content.decode()
    assert client.post(f"/advice/farms/{farm.pk}/", {"timeframe": "1h", "every": "4"}).status_code == 302
    assert client.post(f"/advice/farms/{farm.pk}/", {"timeframe": "1h", "every": "-4"}).status_code == 422
    assert client.post(f"/advice/farms/{farm.pk}/", {"timeframe": "1d", "every": "4"}).status_code == 422, "nobody's"
    chosen = client.get("/advice/markets/", {"market": market.pk, "timeframe": "1h"})
    place = f"/advice/markets/{market.pk}/1h/"
    assert chosen.headers["Location"] == place
    assert client.post(place, {"every": "2"}).status_code == 302
    told = client.get("/advice/markets/").content.decode()
    assert "asked at every 4 candles of 1h" in told
    assert f'<a href="{place}">' in told
    for form in ({"farm_id": farm.pk}, {"instrument_id": market.pk, "timeframe": "1h"}):
        assert "A model is asked" in client.post("/advice/ask/", form, follow=True).content.decode()
    html = client.get(f"/advice/farms/{farm.pk}/card/").content.decode() + client.get(place).content.decode()
    assert html.count("Ask now") == html.count("Waiting") == 2
    for path in (f"/advice/markets/{market.pk}/7h/", "/advice/markets/0/1h/", f"/advice/farms/{board.agent.pk}/"):
        assert client.get(path).status_code == 404
    for wrong in ("x", "0"):
        assert client.post("/advice/ask/", {"instrument_id": wrong, "timeframe": "1h"}).status_code == 404
    body = {"instrument_id": market.pk, "timeframe": "1h", "every": 0}
    (left,) = client.put("/api/v1/advice/watches", json.dumps(body), "application/json").json()
    assert (left["farm_id"], left["timeframe"], left["every"], left["said"]) == (str(farm.pk), "1h", 4, "")
    client.force_login(other_owner)
    assert client.get("/api/v1/advice/watches").json() == []
    for path in (f"/advice/farms/{farm.pk}/", f"/advice/farms/{farm.pk}/card/"):
        assert client.get(path).status_code == 404
