"""What a question says before it is answered, and what is not asked at all."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from kit import clock, tenancy
from kit.approvals.models import Approval
from kit.users import tokens
from kit.users.models import User
from tests.programs import bearer
from tests.trading.perpetual_desk import PERPETUAL, PerpetualDesk, make_perpetual_desk
from trading import services


@pytest.fixture
def desk(owner: User) -> PerpetualDesk:
    desk = make_perpetual_desk(owner)
    desk.price("100")
    return desk


def ask(client: Client, what: str, headers: dict[str, str], **body: Any) -> tuple[int, Any]:
    answer = client.post(
        f"/api/v1/approvals/{what}", body, content_type="application/json",
        headers={**headers, "Idempotency-Key": f"k-{what}-{hash(str(body))}"},
    )  # fmt: skip
    return answer.status_code, answer.json()


def test_the_question_of_an_order_names_the_market_and_what_it_opens(desk: PerpetualDesk, client: Client) -> None:
    agent, order = bearer(desk.owner, "agent"), {"wallet_id": str(desk.wallet.pk), "side": "sell", "quantity": "1"}
    status, told = ask(client, "orders", agent, **order, symbol=PERPETUAL, exit_stop="110", exit_target="80")
    assert status == 201, told
    assert told["title"] == f"Sell 1 BTC in {PERPETUAL} for {desk.wallet.name}"
    for line in ("It opens a short of 1 BTC, with a leverage of 1.", "Its stop: 110.", "Its target: 80."):
        assert line in told["lines"]
    desk.trade("buy", "2")
    status, told = ask(client, "orders", agent, **order, symbol=PERPETUAL, reduce_only=True)
    assert status == 201, told
    assert "It leaves a long of 1 BTC, with a leverage of 1." in told["lines"]
    assert "It only reduces what is open." in told["lines"]


def test_an_order_that_the_gate_would_refuse_is_not_asked(desk: PerpetualDesk, client: Client) -> None:
    with tenancy.tenant(desk.owner.pk):
        services.set_limits(on=desk.connection, allowed_symbols=[PERPETUAL], maximum_notional=Decimal(50_000))
    order = {"wallet_id": str(desk.wallet.pk), "symbol": desk.spot.symbol, "side": "buy", "quantity": "1"}
    status, told = ask(client, "orders", bearer(desk.owner, "agent"), **order)
    assert status == 422
    assert desk.spot.symbol in told["detail"]
    with tenancy.tenant(desk.owner.pk):
        assert not Approval.objects.exists()


def test_the_question_of_a_goal_says_what_is_wanted_of_whom_until_when(desk: PerpetualDesk, client: Client) -> None:
    goal = {"name": "G6", "kind": "profit_target", "target": "500", "scope": [str(desk.farm.pk)]}
    ends = (clock.now() + timedelta(days=9)).replace(microsecond=0)
    more = {"ends_at": ends.isoformat(), "actions": [{"do": "close"}]}
    status, told = ask(client, "goals", bearer(desk.owner, "agent"), **goal, **more)
    assert (status, told["title"]) == (201, "Make the goal G6"), told
    text = " ".join(told["lines"])
    for words in (
        "at least 500",
        desk.farm.name,
        f"Until {ends.day} {ends:%b %Y, %H:%M} UTC.",
        "Close every position in scope.",
    ):
        assert words in text, told["lines"]
    status, told = ask(client, "goals", bearer(desk.owner, "agent"), **goal | {"scope": "fund"})
    assert "the whole fund" in " ".join(told["lines"])
    assert "It has no deadline." in told["lines"]


@pytest.mark.parametrize("wrong", [{"actions": ["close"]}, {"actions": [5]}, {"scope": 7}, {"target": [[]]}])
def test_a_goal_that_is_none_is_not_asked(desk: PerpetualDesk, client: Client, wrong: dict[str, Any]) -> None:
    goal = {"name": "G", "kind": "profit_target", "target": "500", **wrong}
    status, told = ask(client, "goals", bearer(desk.owner, "agent"), **goal)
    assert status == 422, told


def test_a_token_of_one_wallet_asks_for_no_goal_of_others(desk: PerpetualDesk, client: Client) -> None:
    token = tokens.open_token(
        desk.owner, kind=tokens.Token.Kind.PERSONAL, name="Bound", scopes=["agent"], lifetime=timedelta(hours=1),
        wallet_id=desk.wallet.pk,
    )  # fmt: skip
    bound = {"Authorization": f"Bearer {tokens.access_text(token)}"}
    goal = {"name": "G", "kind": "profit_target", "target": "500"}
    for scope in ("fund", [str(desk.farm.pk)], [str(desk.wallet.pk), str(desk.master.pk)]):
        assert ask(client, "goals", bound, **goal, scope=scope)[0] == 403
    assert ask(client, "goals", bound, **goal, scope=[str(desk.wallet.pk)])[0] == 201
