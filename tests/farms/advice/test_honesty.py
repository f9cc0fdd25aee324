"""Proposals against what happened: settled once their horizon is over, and no verdict on few of them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from farms.advice import settling
from farms.advice.honesty import NEEDED, by_agent, honesty
from farms.models import AdviceProposal
from farms.services import create_agent
from kit import clock
from kit.users.models import User
from tests.farms.advice.conftest import Board
from tests.farms.advice.simulator import proposal
from tests.farms.conftest import store_hours

HOLD: dict[str, Any] = {"action": "hold", "size_percent": 0, "stop": None, "target": None}


def settle(board: Board, at: Any) -> int:
    with clock.at(at):
        return settling.settle(owner_id=board.owner_id)


def judged(board: Board, count: int, **columns: Any) -> None:
    """So many settled proposals of a candle each, all alike but for `columns`."""
    made = AdviceProposal.objects.filter(settled_at__isnull=True).first() or board.propose()
    row = {field.attname: getattr(made, field.attname) for field in AdviceProposal._meta.concrete_fields}
    row |= {"call_id": None, "settled_at": clock.now(), "exit_price": Decimal(1), **columns}
    del row["id"]
    first = row["bar"] + 3_600_000 * (1 + AdviceProposal.objects.count())
    bars = [row["bar"]] * count if "bar" in columns else [first + 3_600_000 * number for number in range(count)]
    AdviceProposal.objects.bulk_create(AdviceProposal(**row | {"bar": bar}) for bar in bars)


def test_a_proposal_is_settled_when_its_horizon_is_over_and_its_candles_are_there(board: Board) -> None:
    board.level("comment")
    made = board.ask(proposal(), farm_id=board.desk.farm.pk).proposal
    hold = board.propose(**HOLD)
    assert settle(board, made.due_at) == 0, "it may be answered in its last moment"
    assert settle(board, made.due_at + timedelta(minutes=3)) == 1, "to hold needs no candles"
    board.desk.candles([102.0, 102.0, 103.0, 104.0, 50.0])
    assert settle(board, made.due_at + timedelta(minutes=3)) == 1
    assert settle(board, made.due_at + timedelta(minutes=3)) == 0
    made.refresh_from_db()
    hold.refresh_from_db()
    assert (made.price, made.entry, made.exit_price) == (100, 102, 104)
    assert made.gain == pytest.approx(gained(102, 104))
    assert (hold.gain, hold.exit_price) == (None, None)
    assert made.chance is not None
    assert made.chance_spread is not None
    assert made.chance_spread > 0
    assert made.own is None, "it is about no agent"


def gained(entry: float, exit_price: float) -> Decimal:
    """A buy's, the fee of both sides taken off."""
    ratio = Decimal(exit_price) / Decimal(entry)
    return ratio - 1 - Decimal("0.001") * (1 + ratio)


@pytest.mark.parametrize(
    ("minutes", "entry", "ends"),
    [
        # It touched its stop before the answer, and rose after it: from the first minute after the answer on.
        ([94.0] * 20 + [101.0] * 20 + [104.0] * 20, 101, 103),
        # It is beyond its target as the answer comes: nothing is to be had of it.
        ([100.0] * 20 + [112.0] * 40, 112, 112),
        # No minutes are kept: from the next candle on, for as many as it said.
        ([], 104, 105),
    ],
)
def test_what_is_answered_amid_a_candle_is_judged_from_the_first_price_after_it(
    board: Board, minutes: list[float], entry: int, ends: int
) -> None:
    board.level("comment")
    asked_at = board.desk.now + timedelta(minutes=20, seconds=30)
    with clock.at(asked_at):
        made = board.propose(horizon_candles=2, stop=95, target=110)
    assert made.due_at == board.desk.now + timedelta(hours=2)
    if minutes:
        store_hours(board.desk.instrument, board.desk.now, minutes, timeframe="1m", spread=0)
    board.desk.candles([104.0, 104.0, 105.0] if not minutes else [104.0, 103.0, 105.0])
    settle(board, made.due_at + timedelta(minutes=3 if minutes else 63))
    made.refresh_from_db()
    assert (made.price, made.entry, made.exit_price) == (100, entry, ends)
    assert made.gain == pytest.approx(gained(entry, ends))


def test_its_agents_own_rules_are_played_over_the_same_candles(board: Board) -> None:
    """Falls, then rises: the average crosses up on the bar that closes at 103, and is followed at the next open."""
    board.level("comment")
    board.desk.candles([99.0, 98.0, 97.0])
    with clock.at(board.desk.now):
        made = board.propose(horizon_candles=4, stop=90, target=150)
    board.desk.candles([97.5, 103.0, 110.0, 110.0])
    assert settle(board, made.due_at + timedelta(minutes=3)) == 1
    made.refresh_from_db()
    assert made.own is not None
    assert Decimal("0.06") < made.own < Decimal("0.07"), "from 103 to 110, the fee of an entry taken off"
    assert made.gain == pytest.approx(gained(97.5, 110))


def test_what_never_gets_candles_is_settled_without(board: Board) -> None:
    board.level("comment")
    made = board.propose()
    assert settle(board, made.due_at + timedelta(days=1)) == 0
    assert settle(board, made.due_at + timedelta(days=2)) == 1
    made.refresh_from_db()
    assert (made.gain, made.settled_at is None) == (None, False)
    assert honesty(owner_id=board.owner_id).settled == 0


def test_under_a_hundred_there_is_no_verdict(board: Board) -> None:
    board.level("comment")
    judged(board, NEEDED - 1, gain=Decimal("0.5"), chance=Decimal(0), chance_spread=Decimal("0.01"), own=Decimal(0))
    found = honesty(owner_id=board.owner_id)
    assert not found.is_enough
    assert found.verdict.exact == (
        "Settled are 99 of 100 proposals: fewer cannot be told from luck, so there is no verdict."
    )
    judged(board, 1, gain=Decimal("0.5"), chance=Decimal(0), chance_spread=Decimal("0.01"), own=Decimal(0))
    found = honesty(owner_id=board.owner_id)
    assert found.is_enough
    assert found.verdict.exact == "Advice made more than chance. Advice made more than its agents' own rules."


def test_nor_is_there_one_beside_what_is_known_of_fewer(board: Board) -> None:
    """A hundred about markets by themselves, and of two what their agent's rules made."""
    board.level("comment")
    judged(board, NEEDED, gain=Decimal("0.5"), chance=None, chance_spread=None, own=None)
    found = honesty(owner_id=board.owner_id)
    assert found.verdict.exact == (
        "Beside chance stand 0 of 100 proposals, beside its agents' own rules 0: too few for a verdict."
    )
    judged(board, 2, gain=Decimal("0.5"), chance=Decimal(0), chance_spread=Decimal("0.01"), own=Decimal(0))
    found = honesty(owner_id=board.owner_id)
    assert (found.is_enough, found.own is not None) == (True, True)
    assert found.verdict.exact == (
        "Beside chance stand 2 of 100 proposals, beside its agents' own rules 2: too few for a verdict."
    )
    judged(board, NEEDED, gain=Decimal("0.5"), chance=Decimal(0), chance_spread=Decimal("0.01"), own=None)
    assert honesty(owner_id=board.owner_id).verdict.exact == (
        "Advice made more than chance. Beside its agents' own rules stand 2 of 100 proposals: too few for a verdict."
    )


def test_a_question_that_is_asked_again_at_a_candle_counts_once(board: Board) -> None:
    board.level("comment")
    judged(board, 150, gain=Decimal("0.01"), bar=7_200_000)
    assert honesty(owner_id=board.owner_id).settled == 1


def test_what_cannot_be_told_apart_is_said_to_be_so_and_less_is_less(board: Board) -> None:
    board.level("comment")
    same = {"chance": Decimal("0.001"), "chance_spread": Decimal("0.05")}
    for number in range(60):
        sign = Decimal(number % 2 * 2 - 1)
        judged(board, 2, gain=sign / 100, own=Decimal("0.02"), **same)
    found = honesty(owner_id=board.owner_id)
    assert found.verdict.exact == (
        "What advice made cannot be told apart from chance. Advice made less than its agents' own rules."
    )
    assert found.own is not None
    assert found.own.difference == pytest.approx(-0.02)
    assert found.own.least < -0.02 < found.own.most < 0


def test_rates_stand_by_stated_confidence_with_their_ranges(board: Board) -> None:
    board.level("comment")
    judged(board, 30, confidence=Decimal("0.95"), gain=Decimal("0.01"))
    judged(board, 10, confidence=Decimal(1), gain=Decimal("-0.01"))
    judged(board, 20, confidence=Decimal("0.5"), gain=Decimal(0))
    found = honesty(owner_id=board.owner_id)
    assert [(float(row.low), row.count, row.hits) for row in found.buckets] == [(0.5, 20, 0), (0.9, 40, 30)]
    (_, sure) = found.buckets
    assert sure.stated == pytest.approx((30 * 0.95 + 10) / 40)
    assert sure.least < 0.75 < sure.most
    assert (found.hits, found.rate, found.waiting) == (30, 0.5, 1)
    assert honesty(owner_id=board.owner_id, agent_id=board.agent.pk).settled == 60


def test_of_each_agent_there_is_a_verdict_or_the_sentence_that_there_is_none(client: Client, board: Board) -> None:
    """As many proposals together are enough, and one agent's alone are not."""
    board.level("comment")
    desk = board.desk
    other = create_agent(
        owner_id=desk.owner.pk, farm_id=desk.farm.pk, name="Two", strategy=desk.agent.strategy,
        instrument_id=desk.instrument.pk, timeframe="1h", parameters=desk.agent.parameters,
    )  # fmt: skip
    told = {"chance": Decimal("0.01"), "chance_spread": Decimal("0.01"), "own": Decimal("0.01")}
    judged(board, NEEDED, gain=Decimal("0.5"), **told)
    judged(board, 7, gain=Decimal("-0.5"), agent_id=other.pk, **told)
    found = {one.name: one.found for one in by_agent(owner_id=board.owner_id)}
    assert list(found) == ["One", "Two"], "most settled first"
    assert [(one.settled, one.hits, one.waiting) for one in found.values()] == [(NEEDED, NEEDED, 1), (7, 0, 0)]
    assert found["One"] == honesty(owner_id=board.owner_id, agent_id=board.agent.pk)
    assert found["Two"] == honesty(owner_id=board.owner_id, agent_id=other.pk)
    client.force_login(desk.owner)
    enough = client.get(f"/advice/honesty/?agent={board.agent.pk}").content.decode()
    assert "Honesty of advice for One" in enough
    assert "No verdict." not in enough
    assert "Advice made more than chance." in enough
    few = client.get(f"/advice/honesty/?agent={other.pk}").content.decode()
    assert "No verdict." in few
    assert few.count("Settled are 7 of 100 proposals: fewer cannot be told from luck, so there is no verdict.") == 2
    assert "7 proposals" in few
    for wrong in ("x", str(uuid4())):
        assert client.get(f"/advice/honesty/?agent={wrong}").status_code == 404
    assert f"/advice/honesty/?agent={other.pk}" in client.get(f"/advice/agents/{other.pk}/card/").content.decode()


def test_the_page_says_that_there_is_no_verdict_and_shows_what_there_is(
    client: Client, board: Board, other_owner: User
) -> None:
    board.level("comment")
    made = board.propose()
    board.desk.candles([101.0, 102.0, 103.0, 104.0])
    settle(board, made.due_at + timedelta(minutes=3))
    client.force_login(board.desk.owner)
    html = client.get("/advice/honesty/").content.decode()
    assert "No verdict." in html
    assert "Settled are 1 of 100 proposals" in html
    assert "+2.77" in html
    assert client.get("/api/v1/advice/honesty").json()["settled"] == 1
    client.force_login(other_owner)
    assert "+2.77" not in client.get("/advice/honesty/").content.decode()
    assert client.get(f"/advice/honesty/?agent={board.agent.pk}").status_code == 404
    assert client.get(f"/api/v1/advice/honesty?agent_id={board.agent.pk}").status_code == 404
