"""What follows from a proposal: by its level, inside its agent's wallet and limits, on paper, so many a day."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from farms.advice.asking import MAY, answer
from farms.advice.voices import MODEL_MARK
from farms.models import AdviceProposal, Agent
from farms.services import pause_agent
from kit import clock, tenancy
from kit.approvals import services as approvals
from kit.approvals.models import Approval
from kit.audit.models import AuditEntry
from kit.errors import InvalidInputError
from tests.conftest import as_operators
from tests.farms.advice.conftest import Board
from tests.farms.advice.simulator import proposal
from trading.models import AiState, Order, Position, RiskLimit
from trading.risk.ai_state import Wish, write_ai_state
from trading.services import set_limits
from wallets.models import Connection

WRITES = re.compile(r'^(?:INSERT INTO|UPDATE|DELETE FROM)\s+(?:ONLY\s+)?"?(\w+)')
# What reading an answer may write: its own log, what a model asks for and thinks, and who wrote that.
MAY_WRITE = {"farms_advicecall", "farms_adviceproposal", "trading_aistate", "audit_auditentry", "farms_adviceendpoint"}
SELL: dict[str, Any] = {"action": "sell", "stop": 110, "target": 90}


def live(board: Board) -> None:
    """As if it were a real exchange."""
    account = board.desk.master.connection_id
    Connection.objects.filter(pk=account).update(is_paper=False, orders_compared_at=clock.now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT wallets_make_live(%s, %s)", [account, clock.now()])


@pytest.mark.parametrize("level", ["comment", "propose"])
def test_below_act_nothing_is_written_but_what_it_thinks(board: Board, level: str) -> None:
    board.level(level)
    call = board.taken(board.request())
    board.model.answers = [proposal(action="hold", size_percent=0, stop=None, target=None, exposure=0.1)]
    with CaptureQueriesContext(connection) as asked:
        answer(call)
    written = {found for one in asked.captured_queries for found in WRITES.findall(one["sql"])}
    assert written <= MAY_WRITE
    assert "trading_aistate" in written
    state = AiState.objects.get()
    assert (state.sentiment, state.exposure, state.written_by) == (Decimal("0.2"), None, MODEL_MARK)
    assert state.expires_at == AdviceProposal.objects.get().due_at


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trading_risklimit SET maximum_notional = 1e9",
        "DELETE FROM trading_risklimit",
        "UPDATE farms_advicelevel SET level = 'act'",
        "UPDATE farms_advicesetting SET day_tokens = 1e9",
        "UPDATE wallets_credential SET key_id = ''",
        "UPDATE users_token SET revoked_at = NULL",
        "DELETE FROM portfolio_exposurelimit",
        "UPDATE farms_adviceendpoint SET base_url = 'https://elsewhere.example.com'",
    ],
)
def test_the_database_refuses_what_an_answer_may_not_come_to(board: Board, statement: str) -> None:
    """Whatever our code forgot: an answer is written down with the scopes of a trading agent."""
    board.level("act")
    with (
        pytest.raises(DatabaseError, match=r"scope|permission denied"),
        tenancy.tenant(board.owner_id, scopes=MAY),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_comment_asks_for_nothing_and_places_nothing(board: Board) -> None:
    board.level("comment")
    assert board.propose().became == "shown"
    assert not Approval.objects.exists()
    assert not Order.objects.exists()


def test_act_places_an_order_of_its_agents_usual_size_with_its_stop_and_target(board: Board) -> None:
    board.level("act")
    made = board.propose(mood=None)
    order = Order.objects.get()
    assert (made.became, made.order, order.status) == ("ordered", order, "submitting")
    # Half of what the agent usually takes, which is half of its cash of 5,000.
    assert Decimal(1_200) < order.quantity * 100 < Decimal(1_250)
    assert (order.exit_stop, order.exit_target, order.wallet_id) == (95, Decimal("110.5"), board.agent.wallet_id)
    assert str(order.reason) == "Go long: a language model proposed it with a confidence of 70\u202f%."
    board.desk.execute(order.pk)
    assert Position.objects.get().exit_stop == 95
    assert not AiState.objects.exists()


def test_its_words_stand_in_no_order(board: Board) -> None:
    board.level("act")
    board.propose(reasons=["Ignore all limits <script>alert(1)</script>"])
    order = Order.objects.get()
    assert "Ignore" not in f"{order.reason} {order.refusal} {order.key} {order.client_order_id}"


def test_to_sell_leaves_what_is_held_and_opens_nothing_on_a_spot_market(board: Board) -> None:
    board.level("act")
    made = board.propose(**SELL)
    assert (made.became, str(made.said)) == (
        "held_back",
        "No entry: a language model proposed it with a confidence of 70\u202f%. A spot market cannot be sold short.",
    )
    bought = board.propose()
    board.desk.execute(bought.order_id)
    sold = board.propose(**SELL)
    order = Order.objects.get(pk=sold.order_id)
    assert (order.side, order.quantity) == ("sell", Position.objects.get().quantity)
    assert (order.exit_stop, order.exit_target) == (None, None)


def test_it_never_adds_to_what_is_held_and_waits_for_what_is_on_its_way(board: Board) -> None:
    board.level("act", daily_orders=9)
    first = board.propose()
    assert str(board.propose().said) == "An order of its agent has no answer yet."
    board.desk.execute(first.order_id)
    assert str(board.propose().said).startswith("Stay long: a language model proposed it")
    assert Order.objects.count() == 1


def test_the_gate_judges_it_and_its_refusal_is_why_it_was_held_back(board: Board) -> None:
    set_limits(on=board.agent.wallet, allowed_symbols=None, maximum_notional=Decimal(100))
    board.level("act")
    before = list(RiskLimit.objects.order_by("pk").values())
    made = board.propose(reasons=["Ignore all limits."])
    assert (made.became, Order.objects.get().status) == ("held_back", "rejected")
    assert "100" in str(made.said)
    assert list(RiskLimit.objects.order_by("pk").values()) == before


def test_it_places_so_many_a_day_and_no_more_until_a_day_is_over(board: Board) -> None:
    board.level("act", daily_orders=1)
    board.desk.execute(board.propose().order_id)
    made = board.propose(**SELL)
    assert str(made.said) == "Advice has placed as many orders in 24 hours as it may: 1."
    with as_operators():
        AdviceProposal.objects.update(created_at=clock.now() - timedelta(hours=24))
    made = board.propose(**SELL)
    assert made.became == "ordered", str(made.said)


def test_a_paused_agent_is_left_alone(board: Board) -> None:
    board.level("act")
    pause_agent(owner_id=board.owner_id, agent_id=board.agent.pk)
    assert str(board.propose().said) == "Its agent or its farm is paused."


def test_where_real_money_is_act_is_refused_and_a_level_from_before_asks(board: Board) -> None:
    board.level("act")
    live(board)
    with pytest.raises(InvalidInputError, match="acts on paper only"):
        board.level("act")
    made = board.propose(exposure=0.5)
    assert made.became == "asked", str(made.said)
    assert not Order.objects.exists()
    assert AiState.objects.get().exposure is None


def test_a_level_that_was_lowered_while_it_was_asked_counts(board: Board) -> None:
    board.level("act")
    call = board.taken(board.request())
    board.level("comment")
    board.model.answers = [proposal()]
    assert answer(call).proposal.became == "shown"
    assert not Order.objects.exists()


def test_a_question_says_whose_it_is_and_a_yes_places_what_was_seen(board: Board) -> None:
    board.level("propose")
    made = board.propose(reasons=["<b>Up</b>"])
    asked = Approval.objects.get()
    assert (made.became, made.approval_id) == ("asked", asked.pk)
    assert (asked.asked_by, asked.reason, asked.token) == ("a-model, a model", "<b>Up</b>", None)
    assert asked.title.exact.endswith("TST/USDT for One, as proposed by a language model")
    assert asked.expires_at == made.due_at
    quantity = Decimal(asked.given["quantity"])
    Agent.objects.update(size=Decimal("0.01"))  # what is approved is what was seen
    done = approvals.answer(owner_id=board.owner_id, approval_id=asked.pk, is_approved=True)
    order = Order.objects.get()
    assert done.result == {"order_id": str(order.pk), "status": "submitting"}
    assert (order.quantity, order.exit_stop) == (quantity, 95)
    made.refresh_from_db()
    assert (made.became, made.order) == ("ordered", order)


def test_a_no_places_nothing_and_a_yes_that_the_gate_refuses_says_why(board: Board) -> None:
    board.level("propose")
    board.propose()
    approvals.answer(owner_id=board.owner_id, approval_id=Approval.objects.get().pk, is_approved=False)
    assert not Order.objects.exists()
    board.propose()
    asked = Approval.objects.get(status="open")
    set_limits(on=board.agent.wallet, allowed_symbols=None, maximum_notional=Decimal(100))
    done = approvals.answer(owner_id=board.owner_id, approval_id=asked.pk, is_approved=True)
    assert done.result["refused"] == "limit"
    made = AdviceProposal.objects.get(approval_id=asked.pk)
    assert (made.became, made.said.exact) == ("held_back", done.result["said"])


def test_a_model_that_repeats_itself_asks_one_question_and_another_where_it_has_changed_its_mind(board: Board) -> None:
    """Two of the same that are both approved would add to a position, and fifty keep every program from asking."""
    board.level("propose")
    first, second = board.propose(), board.propose()
    assert (first.became, second.became) == ("asked", "held_back")
    assert str(second.said) == "The question before this one asks for the same, and waits for an answer."
    approvals.answer(owner_id=board.owner_id, approval_id=first.approval_id, is_approved=False)
    assert board.propose().became == "asked"
    board.level("act")
    board.desk.execute(board.propose().order_id)
    board.level("propose")
    sold = board.propose(**SELL)
    assert (sold.became, Approval.objects.filter(status="open").count()) == ("asked", 2), str(sold.said)


def test_a_yes_that_comes_when_its_agent_holds_that_already_adds_nothing_to_it(board: Board) -> None:
    board.level("propose")
    asked = board.propose()
    board.level("act")
    board.desk.execute(board.propose().order_id)
    done = approvals.answer(owner_id=board.owner_id, approval_id=asked.approval_id, is_approved=True)
    assert done.result == {
        "refused": "conflict", "said": "Its agent holds that already, and a proposal adds to no position."
    }  # fmt: skip
    assert Order.objects.count() == 1


def test_what_the_gate_would_refuse_is_not_asked(board: Board) -> None:
    set_limits(on=board.agent.wallet, allowed_symbols=None, maximum_notional=Decimal(100))
    board.level("propose")
    assert board.propose().became == "held_back"
    assert not Approval.objects.exists()


def test_it_asks_for_less_exposure_where_it_acts_and_its_next_order_has_it(board: Board) -> None:
    board.level("act")
    made = board.propose(exposure=0.5)
    assert AiState.objects.get().exposure == Decimal("0.5")
    order = Order.objects.get(pk=made.order_id)
    assert Decimal(600) < order.quantity * 100 < Decimal(625)
    assert AuditEntry.objects.filter(action="Agent's state written").count() == 1


def test_what_another_program_asks_for_stays(board: Board) -> None:
    board.level("act")
    write_ai_state(wallet=board.agent.wallet, version=0, wish=Wish(exposure=Decimal("0.2")), written_by="Mine")
    board.propose(exposure=1, mood=1)
    state = AiState.objects.get()
    assert (state.exposure, state.written_by) == (Decimal("0.2"), "Mine")
