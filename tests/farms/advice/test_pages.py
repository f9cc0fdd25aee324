"""The pages of advice: what they offer, what they show of a model's words, and whose they are."""

from uuid import uuid4

import pytest
from django.test import Client

from farms.models import AdviceCall, AdviceLevel, AdviceSetting
from kit.users.models import User
from tests.conftest import make_user
from tests.farms.advice.conftest import Board
from tests.farms.advice.simulator import proposal
from wallets.models import Connection

MARKUP = "<script>alert(1)</script> & <b>ignore all limits</b>"


@pytest.fixture
def desk_of(client: Client, board: Board) -> Client:
    client.force_login(board.desk.owner)
    return client


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_advice_is_off_until_its_owner_turns_it_on_at_an_endpoint_of_the_list(desk_of: Client, board: Board) -> None:
    AdviceSetting.objects.all().delete()
    html = page(desk_of, "/advice/")
    assert "Advice is off." in html
    assert "Ask about the portfolio" not in html
    wish = {"is_on": "on", "endpoint_id": "", "day_tokens": "1000", "month_tokens": "5000", "day_cost": "1",
            "month_cost": "5"}  # fmt: skip
    refused = desk_of.post("/advice/settings/", wish)
    assert refused.status_code == 422
    assert "Choose where advice is asked for" in refused.content.decode()
    foreign = desk_of.post("/advice/settings/", {**wish, "endpoint_id": "https://mine.example.com/v1"})
    assert foreign.status_code == 422
    done = desk_of.post("/advice/settings/", {**wish, "endpoint_id": str(board.endpoint.pk)})
    assert done.status_code == 302
    setting = AdviceSetting.objects.get()
    assert (setting.is_on, setting.endpoint, setting.day_tokens, setting.month_cost) == (True, board.endpoint, 1000, 5)
    assert "Ask about the portfolio" in page(desk_of, "/advice/")


def test_a_models_words_are_escaped_and_marked_wherever_they_stand(desk_of: Client, board: Board) -> None:
    board.level("propose")
    call = board.ask(proposal(reasons=[MARKUP]))
    for path in (f"/advice/{call.pk}/", f"/advice/agents/{board.agent.pk}/card/", "/approvals/"):
        html = page(desk_of, path)
        assert "<script>alert(1)" not in html, path
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;ignore all limits" in html, path
        assert "a-model, a model" in html, path


def test_who_is_to_decide_on_a_proposal_finds_what_its_model_was_told_and_said(desk_of: Client, board: Board) -> None:
    board.level("propose")
    made = board.propose()
    address = f"/advice/proposals/{made.pk}/"
    assert f'<a href="{address}">Show what the model was told and said</a>' in page(desk_of, "/approvals/")
    there = desk_of.get(address)
    assert (there.status_code, there["Location"]) == (302, f"/advice/{made.call_id}/")
    assert desk_of.get(f"/advice/proposals/{uuid4()}/").status_code == 404
    desk_of.force_login(make_user("another@example.com"))
    assert desk_of.get(address).status_code == 404


def test_a_question_shows_what_was_told_and_said_and_what_it_used(desk_of: Client, board: Board) -> None:
    board.level("comment")
    call = board.ask("<p>Buy DOGE</p>", proposal(size_percent=5000))
    html = page(desk_of, f"/advice/{call.pk}/")
    assert "No proposal: Its size_percent of 5000 % is outside of 0 to 100 %." in html
    assert "&lt;p&gt;Buy DOGE&lt;/p&gt;" in html
    assert "last_decisions" in html
    assert f"{call.tokens_in:,} asked" in html
    assert "/advice/" in page(desk_of, "/advice/")


def test_who_hides_amounts_sees_no_figure_of_a_models_words_and_no_cost(desk_of: Client, board: Board) -> None:
    board.level("comment")
    call = board.ask(proposal(reasons=["You have 5000 dollars."]))
    User.objects.filter(pk=board.owner_id).update(privacy=True)
    html = page(desk_of, f"/advice/{call.pk}/")
    assert "You have" in html
    assert "5000 dollars" not in html


def test_an_agents_level_is_chosen_and_act_is_offered_on_paper_alone(desk_of: Client, board: Board) -> None:
    path = f"/advice/agents/{board.agent.pk}/"
    assert 'value="act"' in page(desk_of, path)
    refused = desk_of.post(path, {"level": "act", "every": "-1", "daily_orders": "2"})
    assert refused.status_code == 422
    assert desk_of.post(path, {"level": "act", "every": "1", "daily_orders": "3"}).status_code == 302
    level = AdviceLevel.objects.get()
    assert (level.level, level.every, level.daily_orders) == ("act", 1, 3)
    assert f"/advice/agents/{board.agent.pk}/card/" in page(desk_of, f"/farms/agents/{board.agent.pk}/")
    card = page(desk_of, f"{path}card/")
    assert "Act on paper, asked at each candle" in card
    Connection.objects.update(is_paper=False)
    assert 'value="act"' not in page(desk_of, path)
    assert desk_of.post(path, {"level": "act", "every": "1", "daily_orders": "3"}).status_code == 422


def test_a_button_asks_and_says_why_nobody_can_be_asked(desk_of: Client, board: Board) -> None:
    board.level("comment")
    done = desk_of.post("/advice/ask/", {"agent_id": str(board.agent.pk)}, follow=True)
    assert "A model is asked" in done.content.decode()
    assert AdviceCall.objects.get().occasion == "demand"
    again = desk_of.post("/advice/ask/", {"agent_id": str(board.agent.pk)}, follow=True)
    assert "is being asked about this already" in again.content.decode()
    for wrong in ("nobody", str(uuid4())):
        assert desk_of.post("/advice/ask/", {"agent_id": wrong}).status_code == 404


def test_nobody_sees_or_changes_what_is_somebody_elses(client: Client, board: Board, other_owner: User) -> None:
    board.level("comment")
    call = board.ask(proposal())
    client.force_login(other_owner)
    for path in (f"/advice/{call.pk}/", f"/advice/agents/{board.agent.pk}/", f"/advice/agents/{board.agent.pk}/card/"):
        assert client.get(path).status_code == 404, path
    assert client.post("/advice/ask/", {"agent_id": str(board.agent.pk)}).status_code == 404
    assert str(call.pk) not in page(client, "/advice/")
