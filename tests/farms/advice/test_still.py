"""A question that waits is asked only while it is wanted: looked at right before a model is, each time it is."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from farms.advice import asking, client
from farms.advice.asking import answer
from farms.advice.budgets import used
from farms.advice.facts import find
from farms.advice.wanting import set_advice
from farms.advice.watching import set_watch
from farms.models import AdviceCall, AdviceEndpoint, AdviceProposal, Agent, Farm
from kit.users.models import User
from tests.conftest import as_operators
from tests.farms.advice.conftest import Board, make_endpoint
from tests.farms.advice.simulator import proposal
from trading.models import AiState, Order

CLOSE: Final = AdviceCall.Occasion.CLOSE


def turn_off(board: Board) -> None:
    set_advice(owner_id=board.owner_id, is_on=False, endpoint_id=board.endpoint.pk, budgets={})


def close_the_account(board: Board) -> None:
    with as_operators():
        User.objects.filter(pk=board.owner_id).update(is_active=False)


def choose_another(board: Board) -> None:
    other = make_endpoint("https://elsewhere.example.com/v1", "Other")
    set_advice(owner_id=board.owner_id, is_on=True, endpoint_id=other.pk, budgets={})


def switch_off(board: Board) -> None:
    with as_operators():
        AdviceEndpoint.objects.filter(pk=board.endpoint.pk).update(is_active=False)


def stop(board: Board) -> None:
    AdviceEndpoint.objects.filter(pk=board.endpoint.pk).update(stopped="The quota at the endpoint is used up.")


def status_of_agent(status: str) -> Callable[[Board], None]:
    return lambda board: void(Agent.objects.filter(pk=board.agent.pk).update(status=status))


def status_of_farm(status: str) -> Callable[[Board], None]:
    return lambda board: void(Farm.objects.filter(pk=board.desk.farm.pk).update(status=status))


def void(_: object) -> None:
    """Of what is done for its effect."""


ALWAYS: Final[Mapping[str, tuple[Callable[[Board], None], str]]] = {
    "advice turned off": (turn_off, "Advice was turned off before it was asked."),
    "account closed": (close_the_account, "Advice was turned off before it was asked."),
    "another endpoint": (choose_another, "Another endpoint was chosen before it was asked."),
    "endpoint switched off": (switch_off, "Simulated is switched off: choose another endpoint."),
    "endpoint stopped": (stop, "Simulated is stopped until its operator has looked"),
    "level off": (lambda board: void(board.level("off")), "Advice was turned off for its agent before it was asked."),
    "agent archived": (status_of_agent("archived"), "Its agent was archived before it was asked."),
    "farm archived": (status_of_farm("archived"), "Its farm was archived before it was asked."),
}
AT_CLOSE: Final[Mapping[str, tuple[Callable[[Board], None], str]]] = {
    "agent paused": (status_of_agent("paused"), "Its agent was paused before it was asked."),
    "farm paused": (status_of_farm("paused"), "Its farm was paused before it was asked."),
}


def waiting(board: Board, occasion: AdviceCall.Occasion, **about: Any) -> AdviceCall:
    found = find(owner_id=board.owner_id, **(about or {"agent_id": board.agent.pk}))
    return asking.request_advice(owner_id=board.owner_id, about=found, occasion=occasion)


def require_unasked(board: Board, call: AdviceCall, said: str) -> None:
    call = answer(board.taken(call))
    assert (call.status, call.cost, call.tokens_in, call.milliseconds) == ("failed", 0, 0, None)
    assert str(call.cause).startswith(said)
    assert board.model.requests == [], "nobody was asked"
    assert used(owner_id=board.owner_id).day_tokens == 0
    assert not AdviceProposal.objects.exists()


@pytest.mark.parametrize("happens", ALWAYS)
@pytest.mark.parametrize("occasion", ["close", "demand"])
def test_what_happens_while_it_waits_keeps_it_from_being_asked(board: Board, happens: str, occasion: str) -> None:
    change, said = ALWAYS[happens]
    board.level("act")
    call = waiting(board, AdviceCall.Occasion(occasion))
    change(board)
    require_unasked(board, call, said)


@pytest.mark.parametrize("happens", AT_CLOSE)
def test_who_is_paused_is_not_asked_about_at_a_close_and_is_when_its_owner_asked(board: Board, happens: str) -> None:
    change, said = AT_CLOSE[happens]
    board.level("comment")
    call = waiting(board, CLOSE)
    change(board)
    require_unasked(board, call, said)
    assert answer(board.taken(waiting(board, AdviceCall.Occasion.DEMAND))).status == "proposal"


def test_a_farm_and_a_market_are_asked_about_at_a_close_while_they_are_watched(board: Board) -> None:
    market = {"instrument_id": board.desk.instrument.pk, "timeframe": "1h"}
    for about in (market, {"farm_id": board.desk.farm.pk}):
        found = find(owner_id=board.owner_id, **about)
        for every in (1, 0):
            set_watch(owner_id=board.owner_id, about=found, every=1, timeframe="1h")
            call = waiting(board, CLOSE, **about)
            set_watch(owner_id=board.owner_id, about=found, every=every, timeframe="1h")
            call = answer(board.taken(call))
            assert (call.status == "proposal") is bool(every), str(call.cause)
        assert str(call.cause) == "Nobody wanted it any more when its turn came."
    assert len(board.model.requests) == 2


def test_what_is_turned_off_after_a_first_answer_is_not_asked_a_second_time(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.level("act")
    call = board.taken(board.request())
    board.model.answers = ["This is no JSON.", proposal()]
    answers_and_turns_off(board, monkeypatch)
    call = answer(call)
    assert (call.status, str(call.cause)) == ("failed", "Advice was turned off before it was asked.")
    assert (len(board.model.requests), len(call.answers)) == (1, 1)
    assert call.cost is not None
    assert call.cost > 0, "the first has cost what it says"


def test_what_is_turned_off_while_a_model_answers_comes_to_nothing(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.level("act")
    call = board.taken(board.request())
    board.model.answers = [proposal(exposure=0.1)]
    answers_and_turns_off(board, monkeypatch)
    made = answer(call).proposal
    assert (made.level, made.became) == ("off", "shown")
    assert not Order.objects.exists()
    assert not AiState.objects.exists()


def answers_and_turns_off(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if its owner turned it off while the answer is on its way."""
    ask = client.ask

    def late(*given: Any, **named: Any) -> client.Reply:
        reply = ask(*given, **named)
        turn_off(board)
        return reply

    monkeypatch.setattr(client, "ask", late)
