"""Farms and markets that models are asked about at the close of candles, and on demand."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from farms import tasks
from farms.advice import watching
from farms.advice.asking import answer
from farms.advice.facts import find
from farms.models import AdviceCall, AdviceLevel, AdviceProposal, AdviceWatch, Agent, Farm
from kit import clock, tenancy
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from tests.conftest import as_operators
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
    wanted = {"farm_id": str(farm.pk), "timeframe": "1d", "every": 4}
    refused = client.put("/api/v1/advice/watches", json.dumps(wanted), "application/json")
    assert (refused.status_code, "Choose a timeframe of 1h." in refused.content.decode()) == (422, True)
    ended = client.put("/api/v1/advice/watches", json.dumps({**wanted, "every": 0}), "application/json")
    assert [one["farm_id"] for one in ended.json()] == [None], "in any timeframe"
    assert client.post(f"/advice/farms/{farm.pk}/", {"timeframe": "1h", "every": "4"}).status_code == 302
    body = {"instrument_id": market.pk, "timeframe": "1h", "every": 0}
    (left,) = client.put("/api/v1/advice/watches", json.dumps(body), "application/json").json()
    assert (left["farm_id"], left["timeframe"], left["every"], left["said"]) == (str(farm.pk), "1h", 4, "")
    client.force_login(other_owner)
    assert client.get("/api/v1/advice/watches").json() == []
    for path in (f"/advice/farms/{farm.pk}/", f"/advice/farms/{farm.pk}/card/"):
        assert client.get(path).status_code == 404


def test_whatever_is_wrong_with_one_question_every_other_is_asked(
    as_owner: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = uuid4(), uuid4()
    done: list[tuple[str, UUID]] = []

    def breaks_once(name: str) -> Callable[..., None]:
        def work(*, owner_id: UUID, **named: UUID) -> None:
            done.append((name, next(iter(named.values()), owner_id)))
            if done[-1][1] in (first, as_owner.pk) and not broken.count(name):
                broken.append(name)
                raise RuntimeError(f"{name} is broken")

        return work

    broken: list[str] = []
    twice = [as_owner.pk, as_owner.pk]
    for module, due, found, name in (
        (tasks.budgets, "owners_with_lost_ones", twice, "let_go_of_lost"),
        (tasks.watching, "due_levels", [(as_owner.pk, first), (as_owner.pk, second)], "ask_at_close"),
        (tasks.watching, "due_watches", [(as_owner.pk, first), (as_owner.pk, second)], "ask_of_watch"),
        (tasks.settling, "owners_with_due_ones", twice, "settle"),
    ):
        monkeypatch.setattr(module, due, lambda found=found: found)
        monkeypatch.setattr(module, name, breaks_once(name))
    monkeypatch.setattr(tasks.asking, "waits", lambda: False)
    tasks.keep_advice()
    tasks.settle_advice()
    assert [name for name, _ in done] == [
        one for name in ("let_go_of_lost", "ask_at_close", "ask_of_watch", "settle") for one in (name, name)
    ]
    assert caplog.text.count(f" failed for owner {as_owner.pk}") == 4


def test_all_watches_are_looked_through_in_few_statements_and_nobody_is_asked_for_who_may_not_sign_in(
    board: Board, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    """In the test's own transaction, which the system's role would not see."""
    monkeypatch.setattr(tenancy, "system", nullcontext)
    Agent.objects.update(status="running", last_bar=10 * STEP)
    board.level("comment", every=1)
    farm = watch(board, timeframe="1h", farm_id=board.desk.farm.pk)
    market = watch(board, instrument_id=board.desk.instrument.pk)
    watch(board, instrument_id=board.desk.instrument.pk, timeframe="4h")
    assert farm is not None
    assert market is not None
    Farm.objects.update(status="running")
    Agent.objects.update(last_bar=11 * STEP)
    AdviceLevel.objects.update(last_bar=10 * STEP)
    board.desk.candles([101.0])
    with clock.at(board.desk.now):
        with django_assert_num_queries(4):
            due = watching.due_watches()
        assert set(due) == {(board.owner_id, farm.pk), (board.owner_id, market.pk)}
        assert watching.due_levels() == [(board.owner_id, board.agent.pk)]
        with as_operators():
            User.objects.update(is_active=False)
        assert watching.due_watches() == watching.due_levels() == []
