"""Who says it: a language model by its name, or the demo's rules of thumb, which are said to be none wherever they
speak."""

import re
from decimal import Decimal

import pytest
from django.test import Client

from farms.advice import rules, voices
from farms.advice.asking import answer
from farms.advice.endpoints import name_of
from farms.models import AdviceCall, AdviceEndpoint, AdviceProposal, AdviceSetting
from kit import clock
from kit.alerts.models import Alert
from kit.approvals import services as approvals
from kit.approvals.models import Approval
from tests.conftest import as_operators
from tests.farms.advice.conftest import Board
from tests.farms.advice.simulator import proposal
from trading.models import AiState, Order

RULES = "rules of thumb of the demo, not a model"
MODEL = "a-model, a model"
# Words that would make a model of the rules: such as ", a model" without the "not" before it.
CLAIMS = re.compile(r"language model|, a model|by a model|[Qq]uestion to a model|a model's words")


@pytest.fixture
def pages(client: Client, board: Board) -> Client:
    client.force_login(board.desk.owner)
    board.level("propose")
    return client


def of_the_rules(board: Board) -> AdviceCall:
    """Asked of the rules on candles that rise, which they follow."""
    AdviceSetting.objects.update(endpoint=AdviceEndpoint.objects.get(base_url=rules.ADDRESS))
    board.desk.candles([100 + bar * 0.5 + (bar % 3) for bar in range(60)])
    with clock.at(board.desk.now):
        call = answer(board.taken(board.request()))
    assert (call.status, call.proposal.action, call.proposal.became) == ("proposal", "buy", "asked"), call.cause
    return call


def shown(client: Client, board: Board, call: AdviceCall) -> dict[str, str]:
    """Everywhere that a signature stands."""
    found = {
        path: client.get(path).content.decode()
        for path in (
            f"/advice/{call.pk}/", "/advice/", "/advice/honesty/", "/approvals/", "/alerts/",
            f"/advice/agents/{board.agent.pk}/card/", f"/api/v1/advice/{call.pk}", "/api/v1/advice",
            "/api/v1/approvals",
        )
    }  # fmt: skip
    # Not the navigation, and not what the glossary says of a word in general.
    return {path: re.sub(r'<dfn title="[^"]*"', "", text.partition("<main")[2] or text) for path, text in found.items()}


def test_the_demos_rules_are_said_to_be_no_model_wherever_they_speak(pages: Client, board: Board) -> None:
    call = of_the_rules(board)
    with clock.at(board.desk.now):
        for path, text in shown(pages, board, call).items():
            assert RULES in text, path
            for claim in CLAIMS.finditer(text):
                around = text[max(claim.start() - 80, 0) : claim.end()]
                assert re.search(r"in place of a |Demo, no ", around), (path, around)
        asked = Approval.objects.get()
        assert asked.asked_by == RULES
        assert asked.title.exact.endswith("as proposed by the demo's rules of thumb")
        assert asked.lines[0]["template"].startswith("Proposed by the demo's rules of thumb, with a confidence")
        assert RULES in Alert.objects.get(key__startswith="approval").story()
        approvals.answer(owner_id=board.owner_id, approval_id=asked.pk, is_approved=True)
    assert str(Order.objects.get().reason).startswith("A proposal, approved: the demo's rules of thumb proposed it")
    state = AiState.objects.get()
    assert (state.written_by, state.sentiment_source) == (voices.RULES.mark, RULES)


def test_a_model_is_signed_as_one_everywhere(pages: Client, board: Board) -> None:
    call = board.ask(proposal())
    for path, text in shown(pages, board, call).items():
        assert MODEL in text, path
        assert RULES not in text, path
    assert AiState.objects.get().written_by == voices.MODEL_MARK


def test_a_state_that_either_wrote_is_written_anew_by_the_other(board: Board) -> None:
    board.level("comment")
    board.propose(mood=0.5)
    board.level("propose")
    of_the_rules(board)
    assert AiState.objects.order_by("-version")[0].sentiment_source == RULES
    with clock.at(board.desk.now):
        AdviceSetting.objects.update(endpoint=board.endpoint)
        board.propose(mood=0.5, stop=1, target=1_000)
    assert AiState.objects.order_by("-version")[0].sentiment_source == MODEL


def test_no_model_passes_for_the_rules_by_its_name(board: Board) -> None:
    with as_operators():
        AdviceEndpoint.objects.filter(pk=board.endpoint.pk).update(model=rules.NAME)
    board.level("comment")
    call = board.ask(proposal())
    assert board.model.requests[0]["model"] == rules.NAME, "it is called what it is called there"
    assert (call.model, AdviceProposal.objects.get().model) == ("demo rules by name", "demo rules by name")
    assert voices.voice_of(call.model).signature == "demo rules by name, a model"
    assert name_of(AdviceEndpoint.objects.get(base_url=rules.ADDRESS)) == rules.NAME


def test_what_a_question_cost_is_money_everywhere_even_less_than_a_cent(pages: Client, board: Board) -> None:
    price = Decimal("0.00345") * 1_000_000 / (len(proposal()) // 3)
    with as_operators():
        AdviceEndpoint.objects.filter(pk=board.endpoint.pk).update(price_in=0, price_out=price)
    call = board.ask(proposal())
    board.budgets(day_cost=Decimal("0.5"), month_cost=Decimal(20))
    for path in ("/advice/", "/advice/settings/"):
        text = re.sub(r"<[^>]+>", "", pages.get(path).content.decode())
        assert "$0.0035 of $0.50" in text, path
        assert "$0.0035 of $20.00" in text, path
        assert " USD" not in text, path
    for path in ("/advice/", f"/advice/{call.pk}/"):
        text = re.sub(r"<[^>]+>", "", pages.get(path).content.decode())
        assert "$0.0035" in text, path
        assert " USD" not in text, path
