"""Advice for programs: the same services and the same words as on the pages. Which scopes reach what is asked of every
operation in tests/kit/users/test_tokens.py."""

import json
from typing import Any

import pytest
from django.test import Client

from kit.users.models import User
from tests.farms.advice.conftest import Board
from tests.farms.advice.simulator import proposal
from wallets.models import Connection

ROOT = "/api/v1"


@pytest.fixture
def program(client: Client, board: Board) -> Any:
    def call(method: str, path: str, body: Any = None, *, user: User | None = None) -> Any:
        client.force_login(user or board.desk.owner)
        return client.generic(method, ROOT + path, json.dumps(body or {}), "application/json")

    return call


def test_settings_are_read_and_written_with_what_is_used(program: Any, board: Board) -> None:
    wish = {"is_on": True, "endpoint_id": str(board.endpoint.pk), "day_tokens": 9_000, "day_cost": "0.5"}
    done = program("PUT", "/advice/settings", wish).json()
    assert (done["day_tokens"], done["month_tokens"], done["day_cost"]) == (9_000, 2_000_000, "0.5")
    assert done["endpoints"][0]["name"] == "Simulated"
    assert "sk-of-a-test" not in json.dumps(done)
    assert "base_url" not in json.dumps(done)
    assert program("GET", "/advice/settings").json() == done
    for wrong in (
        {"is_on": True},
        {**wish, "endpoint_id": str(board.agent.pk)},
        {**wish, "endpoint_id": "https://mine.example.com"},
        {**wish, "base_url": "https://mine.example.com"},
        {**wish, "day_tokens": -1},
        {**wish, "day_cost": "NaN"},
    ):
        assert program("PUT", "/advice/settings", wrong).status_code == 422, wrong


def test_a_question_is_asked_listed_and_read_word_for_word(program: Any, board: Board) -> None:
    refused = program("POST", "/advice", {"agent_id": str(board.agent.pk)})
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "Advice is off for this agent: choose a level first.",
    )
    board.level("comment")
    asked = program("POST", "/advice", {"agent_id": str(board.agent.pk)})
    assert asked.status_code == 202
    assert (asked.json()["status"], asked.json()["about"], asked.json()["cost"]) == ("waiting", "agent", None)
    board.ask(proposal(reasons=["<b>Up</b>"]), farm_id=board.desk.farm.pk)
    listed = program("GET", "/advice").json()["items"]
    assert len(listed) == 2
    (newest,) = (row for row in listed if row["proposal"])
    assert newest["proposal"]["reasons"] == ["<b>Up</b>"]
    assert newest["proposal"]["gain"] is None
    (mine,) = program("GET", f"/advice?agent_id={board.agent.pk}&status=waiting").json()["items"]
    assert mine["id"] == asked.json()["id"]
    read = program("GET", f"/advice/{newest['id']}").json()
    assert read["answers"] == [proposal(reasons=["<b>Up</b>"])]
    assert [message["role"] for message in read["messages"]] == ["system", "user"]
    for body in ({"agent_id": str(board.agent.pk), "farm_id": str(board.desk.farm.pk)}, {"instrument_id": 1}):
        assert program("POST", "/advice", body).status_code == 422


def test_an_agents_level_is_set_within_its_bounds(program: Any, board: Board) -> None:
    path = f"/agents/{board.agent.pk}/advice"
    assert program("GET", path).json()["level"] == "off"
    done = program("PUT", path, {"level": "act", "every": 3, "daily_orders": 1}).json()
    assert (done["level"], done["every"], done["daily_orders"], done["is_on"], done["last"]) == (
        "act",
        3,
        1,
        True,
        None,
    )
    for wrong in ({"level": "more"}, {"level": "act", "every": -1}, {"level": "act", "daily_orders": 101}):
        assert program("PUT", path, wrong).status_code == 422
    Connection.objects.update(is_paper=False)
    refused = program("PUT", path, {"level": "act"})
    assert refused.status_code == 422
    assert refused.json()["fields"] == {
        "level": "A model acts on paper only: choose propose, and answer its questions on Approvals."
    }


def test_somebody_elses_is_not_there(program: Any, board: Board, other_owner: User) -> None:
    board.level("comment")
    call = board.ask(proposal())
    for method, path, body in (
        ("GET", f"/advice/{call.pk}", None),
        ("GET", f"/agents/{board.agent.pk}/advice", None),
        ("PUT", f"/agents/{board.agent.pk}/advice", {"level": "off"}),
        ("POST", "/advice", {"agent_id": str(board.agent.pk)}),
    ):
        assert program(method, path, body, user=other_owner).status_code == 404, path
    assert program("GET", "/advice", user=other_owner).json()["items"] == []
