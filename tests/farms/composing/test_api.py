"""Saved strategies for programs: the same rules and refusals as on the pages."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from farms.models import SavedStrategy
from kit import tenancy
from kit.users.models import User
from markets.models import Candle, Instrument
from quant import strategies
from tests.farms.composing.conftest import PRICE, RULES, average
from tests.farms.laboratory.conftest import SINCE
from tests.farms.test_api import bearer
from tests.quant.market import HOUR_MS

API = "/api/v1"
ALWAYS = {"all": [{"left": PRICE, "op": ">", "right": 0}]}
LONG = {"entry": {"any": [{"left": PRICE, "op": "crosses_above", "right": average(10)}] * 26}}
NEVER = {"all": [{"left": PRICE, "op": ">", "right": 10**9}]}


class Program:
    """Somebody's program."""

    def __init__(self, client: Client, owner: User) -> None:
        self.client, self.headers = client, bearer(client, owner)

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        send = getattr(self.client, method)
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        answer = send(f"{API}{path}", headers=self.headers, **more)
        assert answer.status_code == status, answer.content
        return answer.json()


@pytest.fixture
def program(client: Client, owner: User) -> Program:
    return Program(client, owner)


def wish(market: Instrument, **more: Any) -> dict[str, Any]:
    usual = {
        "name": "Mine", "strategy": "custom", "parameters": RULES, "instrument_id": market.pk, "timeframe": "1h",
    }  # fmt: skip
    return usual | more


def test_rules_are_saved_read_and_listed(program: Program, market: Instrument) -> None:
    made = program.ask("post", "/saved-strategies", wish(market), status=201)
    (version,) = made["versions"]
    assert version["parameters"] == strategies.get("custom").validate(RULES)
    assert (made["version"], version["number"], version["bars"], version["agent_ids"]) == (1, 1, 1000, [])
    assert program.ask("get", f"/saved-strategies/{made['id']}") == made
    (row,) = program.ask("get", "/saved-strategies")["items"]
    assert row == {name: made[name] for name in row}


def test_a_preview_says_what_would_be_saved_and_saves_nothing(
    program: Program, market: Instrument, owner: User
) -> None:
    made = program.ask("post", "/saved-strategies", wish(market), status=201)
    other = RULES | {"stop": {"percent": 0.04}}
    given = {name: value for name, value in wish(market, parameters=other).items() if name != "name"}
    told = program.ask("post", "/saved-strategies/preview", given | {"version_id": made["versions"][0]["id"]})
    assert told["changes"] == ["Stop: 5 % from the close → 4 % from the close"]
    assert told["parameters"]["stop"] == {"percent": 0.04}
    with tenancy.tenant(owner.pk):
        assert SavedStrategy.objects.get().versions.count() == 1


def test_other_rules_make_a_version_and_another_name_none(program: Program, market: Instrument) -> None:
    made = program.ask("post", "/saved-strategies", wish(market), status=201)
    path = f"/saved-strategies/{made['id']}"
    named = program.ask("patch", path, {"name": "Other"})
    assert (named["name"], named["version"]) == ("Other", 1)
    program.ask("patch", path, {"parameters": RULES, "version": 1}, status=409)
    changed = program.ask("patch", path, {"parameters": RULES | {"target": {"percent": 0.1}}, "version": 1})
    assert [one["number"] for one in changed["versions"]] == [2, 1]
    assert changed["versions"][0]["changes"] == ["Target: None → 10 % from the close"]
    assert changed["versions"][1] == made["versions"][0]


def test_a_change_names_the_version_that_it_was_made_from_and_undoes_none_unseen(
    program: Program, market: Instrument
) -> None:
    path = f"/saved-strategies/{program.ask('post', '/saved-strategies', wish(market), status=201)['id']}"
    mine, theirs = ({"parameters": RULES | {"stop": {"percent": share}}} for share in (0.04, 0.03))
    told = program.ask("patch", path, mine, status=422)
    assert list(told["fields"]) == ["version"]
    program.ask("patch", path, mine | {"version": 1})
    told = program.ask("patch", path, theirs | {"version": 1, "name": "Theirs"}, status=409)
    assert told["detail"] == "Look again: version 2 of Mine is the newest, and this was made from version 1."
    found = program.ask("get", path)
    assert (found["name"], found["version"]) == ("Mine", 2)
    assert program.ask("patch", path, theirs | {"version": 2})["version"] == 3


@pytest.mark.parametrize("alone", [{"timeframe": "zzz"}, {"instrument_id": -5}, {"timeframe": "1h"}])
def test_a_market_without_parameters_is_refused_not_passed_over(
    program: Program, market: Instrument, alone: dict[str, Any]
) -> None:
    made = program.ask("post", "/saved-strategies", wish(market), status=201)
    told = program.ask("patch", f"/saved-strategies/{made['id']}", alone | {"name": "Other"}, status=422)
    assert list(told["fields"]) == list(alone)
    assert program.ask("get", f"/saved-strategies/{made['id']}")["name"] == "Mine"


@pytest.mark.parametrize(
    ("more", "field", "sentence"),
    [
        ({"strategy": "trend_following", "parameters": {"fast": 60, "slow": 20}}, "parameters", "Set fast below slow"),
        ({"strategy": "trend_following", "parameters": {"fast": 1}}, "parameters", "Set fast between 2 and 500"),
        ({"strategy": "magic"}, "strategy", "there is no strategy 'magic'"),
        ({"parameters": {"entry": {"all": [{"left": {"indicator": "magic"}, "op": ">", "right": 1}]}}},
         "parameters", "Name an indicator in entry.all[1].left"),
        ({"parameters": RULES | {"entry": NEVER}}, "parameters", "'never fires'"),
        ({"parameters": RULES | {"entry": ALWAYS, "exit": None}}, "parameters", "'always fires'"),
        ({"parameters": RULES | {"stop": None}}, "parameters", "'no protection'"),
        ({"parameters": RULES | {"direction": "short"}}, "parameters", "is a spot market, which nobody sells short"),
        ({"parameters": RULES | {"entry": {"all": [{"left": PRICE, "op": ">", "right": average(1000)}]}}},
         "timeframe", "has 1100 candles of 1h, and these rules need"),
        ({"parameters": RULES | {"stop": {"indicator": "highest", "period": 50}}},
         "parameters", "'stop on the wrong side'"),
        ({"parameters": RULES | {"target": {"indicator": "lowest", "period": 50}}},
         "parameters", "'target on the wrong side'"),
        ({"parameters": RULES | {"size": 1e9}}, "parameters", "Make size a number from 0.01 to 100"),
        ({"parameters": {"entry": {"all": [{"left": PRICE, "op": [], "right": 1}]}}},
         "parameters", "Set entry.all[1].op to one of >"),
        ({"parameters": {"entry": {"all": [{"left": PRICE, "op": {}, "right": 1}]}}},
         "parameters", "Set entry.all[1].op to one of >"),
        ({"strategy": "mixed", "parameters": {"members": [{"strategy": "breakout", "params": [1]}]}},
         "parameters", "Make the params of member 1, Breakout, an object"),
        ({"strategy": "mixed", "parameters": {"members": [{"strategy": "custom", "params": ["entry"]}]}},
         "parameters", "Make the params of member 1, Custom rules, an object"),
        ({"strategy": "mixed", "parameters": {"members": [{"strategy": "custom", "params": 0}]}},
         "parameters", "Make the params of member 1, Custom rules, an object"),
        ({"strategy": "mixed", "parameters": {"members": [{"strategy": "custom", "params": LONG}] * 2}},
         "parameters", "Shorten the members: at most 50 conditions over all of them."),
        ({"timeframe": "2h"}, "timeframe", "Choose one of 1m"),
        ({"instrument_id": 0}, "instrument_id", "Choose a market that there is"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why_and_what_field(
    program: Program, market: Instrument, more: dict[str, Any], field: str, sentence: str
) -> None:
    for path in ("/saved-strategies", "/saved-strategies/preview"):
        given = wish(market, **more)
        if path.endswith("preview"):
            del given["name"]
        told = program.ask("post", path, given, status=422)
        assert sentence in told["detail"]
        assert list(told["fields"]) == [field]
    assert program.ask("get", "/saved-strategies")["items"] == []


def test_a_gap_and_a_market_that_is_gone_are_refused(program: Program, market: Instrument) -> None:
    last = int(SINCE.timestamp() * 1000) + 1_050 * HOUR_MS
    Candle.objects.filter(instrument=market, ts=last).delete()
    told = program.ask("post", "/saved-strategies", wish(market), status=422)
    assert "TST/USDT has a gap in its candles of 1h, with 49 after it" in told["detail"]
    Instrument.objects.filter(pk=market.pk).update(is_active=False)
    told = program.ask("post", "/saved-strategies", wish(market), status=422)
    assert told["detail"] == "TST/USDT is no longer traded: choose another market."


def test_the_schema_of_every_strategy_can_be_asked_for(program: Program) -> None:
    for strategy in strategies.catalog():
        schema = program.ask("get", f"/strategies/{strategy.slug}/schema")
        assert list(schema["properties"]) == [item.name for item in strategy.schema]
    assert "there is no strategy" in program.ask("get", "/strategies/magic/schema", status=404)["detail"]


def test_what_is_somebody_elses_is_not_there(
    client: Client, market: Instrument, owner: User, other_owner: User
) -> None:
    made = Program(client, owner).ask("post", "/saved-strategies", wish(market), status=201)
    other = Program(client, other_owner)
    assert other.ask("get", "/saved-strategies")["items"] == []
    for pk in (made["id"], uuid4()):
        other.ask("get", f"/saved-strategies/{pk}", status=404)
        other.ask("patch", f"/saved-strategies/{pk}", {"name": "Taken"}, status=404)
    given = {name: value for name, value in wish(market).items() if name != "name"}
    given["version_id"] = made["versions"][0]["id"]
    told = other.ask("post", "/saved-strategies/preview", given, status=422)
    assert list(told["fields"]) == ["version_id"]


def test_the_same_key_saves_a_strategy_once(program: Program, market: Instrument, owner: User) -> None:
    def send(key: str, **more: Any) -> Any:
        return program.client.post(
            f"{API}/saved-strategies",
            wish(market, **more),
            content_type="application/json",
            headers=program.headers | {"Idempotency-Key": key},
        )

    first, again = send("one"), send("one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = send("one", name="Other")
    assert (other.status_code, other.json()["detail"]) == (
        409, "The key was used for another strategy: use a new key for a new one.",
    )  # fmt: skip
    taken = send("two")
    assert taken.json()["fields"] == {"name": "Choose another name: this one is taken."}
    assert send("two", name="Second").status_code == 201
    with tenancy.tenant(owner.pk):
        assert SavedStrategy.objects.count() == 2


def test_an_archived_strategy_is_listed_apart_and_comes_back(program: Program, market: Instrument) -> None:
    made = program.ask("post", "/saved-strategies", wish(market), status=201)
    path = f"/saved-strategies/{made['id']}"
    for _ in range(2):  # a second time changes nothing
        gone = program.ask("post", f"{path}/archive")
        assert gone["archived_at"]
    assert program.ask("get", "/saved-strategies")["items"] == []
    (row,) = program.ask("get", "/saved-strategies?archived=true")["items"]
    assert (row["id"], row["archived_at"]) == (made["id"], gone["archived_at"])
    refused = program.ask("patch", path, {"name": "Other"}, status=409)
    assert refused["detail"] == "Mine is archived: restore it first."
    backtest = program.ask("post", "/backtests", {"version_id": made["versions"][0]["id"]}, status=422)
    assert "Mine is archived: restore it first." in str(backtest)
    assert program.ask("post", f"{path}/restore") == made
    assert program.ask("patch", path, {"name": "Other"})["name"] == "Other"
