"""A proposal as a question to its owner: how it looks on *Approvals*, and how it is carried out after a yes."""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from farms.advice.following import ACT, became_of_order, reason_of
from farms.advice.voices import voice_of
from farms.engine.quiet import positions_of
from farms.models import AdviceProposal, Agent
from kit.approvals.acts import Act, Given, Looked
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.sentences import amount, price, sentence, share
from kit.users.models import Token
from trading.models import Order, Side
from trading.services import Terms, place_order, preview_order


def look(owner_id: UUID, given: Given) -> Looked:
    """What the order would come to now. Raises InvalidInputError for one that the gate would refuse."""
    made, terms = _read(owner_id, given)
    agent = _agent(made)
    found = preview_order(wallet=agent.wallet, instrument=agent.instrument, terms=terms)
    if not found.verdict.allowed:
        raise InvalidInputError(found.verdict.explanation)
    instrument, order = agent.instrument, found.order
    lines = [
        sentence(
            f"Proposed by {voice_of(made.model).who}, with a confidence of {{confidence}}.",
            confidence=share(made.confidence),
        ),
        sentence("It is worth {notional}.", notional=amount(found.notional, instrument.quote)),
        sentence("Free afterwards: {free}.", free=amount(found.free_after, instrument.quote)),
    ]
    if order.exit_stop is not None:
        lines.append(sentence("Its stop: {stop}.", stop=price(order.exit_stop, instrument.tick_size)))
    if order.exit_target is not None:
        lines.append(sentence("Its target: {target}.", target=price(order.exit_target, instrument.tick_size)))
    if order.reduce_only:
        lines.append(sentence("It only reduces what is open."))
    title = sentence(
        f"{Side(terms.side).label} {{quantity}} in {{symbol}} for {{agent}}, as proposed by {voice_of(made.model).who}",
        quantity=amount(order.quantity, instrument.base), symbol=instrument.symbol, agent=agent.name,
    )  # fmt: skip
    return Looked(title, lines)


def carry_out(owner_id: UUID, given: Given, key: str) -> dict[str, Any]:
    """Place it under the question's key, through the gate that judges every order."""
    made, terms = _read(owner_id, given)
    agent = _agent(made)
    if not terms.reduce_only and _is_held(agent, terms.side):
        raise ConflictError("Its agent holds that already, and a proposal adds to no position.")
    order = place_order(
        wallet=agent.wallet, instrument=agent.instrument, side=terms.side, quantity=terms.quantity, key=key,
        reason=terms.reason, reduce_only=terms.reduce_only, exit_stop=terms.exit_stop, exit_target=terms.exit_target,
        leverage=terms.leverage,
    )  # fmt: skip
    became_of_order(made, order)
    told = {"order_id": str(order.pk), "status": str(order.outcome)}
    if order.status == Order.Status.REJECTED:
        told |= {"refused": "limit", "said": order.refusal.exact}
    return told


# A token needs for a yes what it needs to place an order.
QUESTION: Final = Act(ACT, "Advice", "Place it", look, carry_out, Token.Scope.TRADE)


def _read(owner_id: UUID, given: Given) -> tuple[AdviceProposal, Terms]:
    rows = AdviceProposal.objects.select_related("agent__instrument", "agent__farm", "agent__wallet__connection")
    made = rows.filter(owner_id=owner_id, pk=UUID(given["proposal_id"])).first()
    if made is None:
        raise NotFoundError("There is no such proposal.")
    terms = Terms(
        given["side"],
        Decimal(given["quantity"]),
        sentence("A proposal, approved: {reason}.", reason=reason_of(made)),
        given["reduce_only"],
        exit_stop=_decimal(given["exit_stop"]),
        exit_target=_decimal(given["exit_target"]),
        leverage=_decimal(given["leverage"]),
    )
    return made, terms


def _agent(made: AdviceProposal) -> Agent:
    if made.agent is None:
        raise ConflictError("It is about no agent: there is nothing to place.")
    return made.agent


def _is_held(agent: Agent, side: str) -> bool:
    """Whether its position is on that side by now, whoever opened it since it was asked."""
    held = positions_of([agent]).get((agent.wallet_id, agent.instrument_id))
    return held is not None and held.is_long == (side == Side.BUY)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
