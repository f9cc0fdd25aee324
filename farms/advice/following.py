"""What follows from a proposal, by the level that its agent's owner has chosen.

Off and comment: nothing. Propose: a question on *Approvals*. Act: an order, on paper only, so many a day at most; where
real money is, a question as well. The order is sized as the agent's own entries are, of what its owner lets it spend,
and goes through the gate that judges every order: no rule stands here a second time.

Two steps. What it thinks and asks for is written with its answer, by the adviser (`kit.tenancy.as_adviser`), into
`ai_state`, which only ever takes away from what limits allow. What is done is done afterwards, by whoever serves its
owner, as if the agent's strategy had wanted the same.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction

from farms.advice.answers import Proposal
from farms.advice.budgets import DAY
from farms.advice.still import is_off
from farms.advice.voices import MARKS, voice_of
from farms.engine.acting import means_of, terms_of
from farms.engine.decision import Signal, decide
from farms.engine.quiet import positions_of
from farms.engine.runs import View, may_short
from farms.engine.standing import lock_agent
from farms.engine.work import FarmCapital
from farms.models import AdviceCall, AdviceLevel, AdviceProposal, Agent
from kit import clock
from kit.approvals import services as approvals
from kit.approvals.selectors import stands
from kit.decimals import plain
from kit.errors import ConflictError, InvalidInputError, MoniqoError
from kit.sentences import Sentence, sentence, share
from trading.models import Order
from trading.risk.ai_state import Wish, current_state, write_ai_state
from trading.risk.sizing import in_ticks
from trading.services import Batch, Place, Terms, place_order
from wallets.models import Wallet

Became = AdviceProposal.Became
Level = AdviceLevel.Level
ACT: Final = "advice"
# A question that stands for longer than this asks about another market.
LONGEST: Final = timedelta(days=7)
# What two questions have in common of which one is enough, however much of it each would trade.
SAME: Final = ("agent_id", "side", "reduce_only")


@dataclass(frozen=True, slots=True)
class Seat:
    """Whose advice it is: an agent's wallet, and what advice may come to there."""

    wallet: Wallet
    level: str
    is_paper: bool


def seat_of(call: AdviceCall) -> Seat | None:
    """The agent that was asked about, as it is now; None for what is about none."""
    if call.agent_id is None:
        return None
    agent = Agent.objects.select_related("wallet__connection").get(pk=call.agent_id)
    level = AdviceLevel.objects.filter(agent=agent).values_list("level", flat=True).first()
    if level is None or is_off(call.owner_id):  # it was turned off while the model answered
        level = Level.OFF.value
    return Seat(agent.wallet, level, agent.wallet.connection.is_paper)


def wish(seat: Seat, made: AdviceProposal, proposal: Proposal) -> None:
    """Write its mood, and what it may take away from entries where it acts. What another program asks for stays, and
    so does what stands where nothing is traded any more."""
    exposure = proposal.exposure if seat.level == Level.ACT and seat.is_paper else None
    if seat.level == Level.OFF or (proposal.mood is None and exposure is None) or made.due_at <= clock.now():
        return
    before = current_state(seat.wallet.pk)
    if before is not None and before.written_by not in MARKS and _is_in_force(before):
        return
    asked = Wish(
        exposure=exposure,
        sentiment=proposal.mood,
        sentiment_text=proposal.reasons[0],
        sentiment_source=voice_of(made.model).signature,
        expires_at=made.due_at,
    )
    version = before.version if before is not None else 0
    with suppress(ConflictError):
        write_ai_state(wallet=seat.wallet, version=version, wish=asked, written_by=voice_of(made.model).mark)


def follow(made: AdviceProposal) -> None:
    """Do what its level says, in the transaction that it is written in; what is refused is held back and says why."""
    if made.agent_id is None or made.level not in (Level.PROPOSE, Level.ACT) or made.action == made.Action.HOLD:
        return
    try:
        with transaction.atomic():
            _follow(made)
    except MoniqoError as error:
        _became(made, Became.HELD_BACK, said=error.sentence)


def _follow(made: AdviceProposal) -> None:
    agent = lock_agent(owner_id=made.owner_id, agent_id=made.agent_id)  # type: ignore[arg-type]  # it has one
    level = AdviceLevel.objects.get(agent=agent)
    acts = level.level == Level.ACT and made.level == Level.ACT and agent.wallet.connection.is_paper
    if level.level not in (Level.PROPOSE, Level.ACT):
        return
    terms = _terms(agent, made)
    if acts:
        _require_orders_left(level)
        order = place_order(
            wallet=agent.wallet, instrument=agent.instrument, side=terms.side, quantity=terms.quantity,
            key=f"advice:{made.pk}", reason=terms.reason, reduce_only=terms.reduce_only, exit_stop=terms.exit_stop,
            exit_target=terms.exit_target, leverage=terms.leverage,
        )  # fmt: skip
        became_of_order(made, order)
        return
    given = given_of(made, terms)
    same = {name: given[name] for name in SAME}
    if stands(owner_id=made.owner_id, kind=ACT, given=same):  # both approved, it would add to a position
        raise ConflictError("The question before this one asks for the same, and waits for an answer.")
    asked = approvals.ask(
        owner_id=made.owner_id,
        kind=ACT,
        given=given,
        source=approvals.Source(None, f"advice:{made.pk}", name=voice_of(made.model).signature),
        reason=" ".join(made.reasons),
        lasts=min(max(made.due_at - clock.now(), approvals.SHORTEST), LONGEST),
    )
    _became(made, Became.ASKED, approval_id=asked.pk)


def became_of_order(made: AdviceProposal, order: Order) -> None:
    """Remember its order; one that the gate refused is held back, and its refusal says why."""
    if order.status == Order.Status.REJECTED:
        _became(made, Became.HELD_BACK, said=order.refusal, order=order)
    else:
        _became(made, Became.ORDERED, order=order)


def given_of(made: AdviceProposal, terms: Terms) -> dict[str, Any]:
    """The arguments of the question: what is approved is what was seen, to the last digit."""
    levels = {"exit_stop": terms.exit_stop, "exit_target": terms.exit_target, "leverage": terms.leverage}
    return {
        "proposal_id": str(made.pk),
        "agent_id": str(made.agent_id),
        "side": str(terms.side),
        "quantity": plain(terms.quantity),
        "reduce_only": terms.reduce_only,
        **{name: None if value is None else plain(value) for name, value in levels.items()},
    }


def reason_of(made: AdviceProposal) -> Sentence:
    """Why an order of advice is placed, in our words: those of who advised stand with the proposal."""
    return sentence(
        f"{voice_of(made.model).who} proposed it with a confidence of {{confidence}}", confidence=share(made.confidence)
    )


def _terms(agent: Agent, made: AdviceProposal) -> Terms:
    """The order that its agent would place if its strategy wanted the same. Raises ConflictError where it is none."""
    if agent.status != Agent.Status.RUNNING or not agent.farm.is_acting:
        raise ConflictError("Its agent or its farm is paused.")
    if agent.is_waiting:
        raise ConflictError("An order of its agent has no answer yet.")
    if made.instrument_id != agent.instrument_id:
        raise InvalidInputError("It is about another market than its agent's.")
    tick = agent.instrument.tick_size
    signal = Signal(
        enter=1 if made.action == AdviceProposal.Action.BUY else -1,
        exit=False,
        close=made.price,
        reason=reason_of(made),
        stop=None if made.stop is None else in_ticks(made.stop, tick),
        target=None if made.target is None else in_ticks(made.target, tick),
        weight=made.size,
    )
    batch = Batch([Place(agent.wallet_id, agent.instrument, key=f"advice:{made.pk}")])
    view = View(made.bar, signal, made.price, made.price, {})
    guarded = positions_of([agent]).get((agent.wallet_id, agent.instrument_id))
    held = None if guarded is None else guarded.signed
    decision = decide(
        signal=signal,
        held=held,
        means=lambda: means_of(agent, view, batch, FarmCapital(agent.farm), held),
        may_short=may_short(agent),
    )
    if decision.quantity <= 0:
        raise ConflictError(decision.explanation)
    if decision.kind == "enter" and signal.stop is None:
        raise ConflictError("It names no stop: nothing is entered without one.")
    return terms_of(agent, signal, decision, held, batch)


def _require_orders_left(level: AdviceLevel) -> None:
    """Under the farm's lock, so two at once count each other."""
    since = clock.now() - DAY
    placed = AdviceProposal.objects.filter(agent=level.agent_id, order__isnull=False, created_at__gt=since).count()
    if placed >= level.daily_orders:
        raise ConflictError(f"Advice has placed as many orders in 24 hours as it may: {level.daily_orders}.")


def _is_in_force(state: Any) -> bool:
    is_over = state.expires_at is not None and state.expires_at <= clock.now()
    asks = (state.exposure, state.stop_distance, state.target_distance, state.sentiment)
    return not is_over and any(one is not None for one in asks)


def _became(made: AdviceProposal, became: AdviceProposal.Became, **also: Any) -> None:
    for name, value in {"became": became, **also}.items():
        setattr(made, name, value)
    made.save(update_fields=("became", *also))
