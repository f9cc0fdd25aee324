"""One question from beginning to end: looked at, reserved, asked outside of any transaction, written down, followed.

Rows are the queue, as in the laboratory: whoever wants advice writes one, a worker takes it up, and one that a worker
did not come back from is never asked again, because it may have cost what it was to cost. An answer is written down by
the adviser, a role of the database that may write nothing else (`kit.tenancy.as_adviser`). What the endpoint did (its
refusals, pause and alert) is noted before, as the app. What follows is a second step of the same transaction: all of
it is there or nothing.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction

from farms.advice import budgets, client, endpoints, facts, following, prompts, rules
from farms.advice.answers import NoProposalError, Proposal, read, schema
from farms.models import AdviceCall, AdviceEndpoint, AdviceLevel, AdviceProposal
from kit import clock, tenancy
from kit.errors import ConflictError
from kit.live.publish import publish
from kit.sentences import Sentence, Told
from kit.users.models import Token
from markets.candles.reading import TIMEFRAME_MS, milliseconds, moment

Status = AdviceCall.Status
MOST_ANSWERS: Final = 2
SPARE: Final = timedelta(seconds=60)
WAKING_SECONDS: Final = 60
ANSWER_LENGTH: Final = 20_000
# What a model's answer may come to, whatever it says: the database refuses every other scope's tables.
MAY: Final = (Token.Scope.READ.value, Token.Scope.TRADE.value, Token.Scope.AGENT.value)
# Of these nothing was answered, so nothing was spent.
FREE: Final = frozenset({"key", "quota", "busy", "server"})


@dataclass(slots=True)
class _Talk:
    """What was said, and what came of it."""

    answers: list[str] = field(default_factory=list)
    proposal: Proposal | None = None
    cause: str = ""
    trouble: client.Trouble | None = None
    tokens_in: int | None = 0
    tokens_out: int | None = 0
    milliseconds: int | None = None

    def heard(self, reply: client.Reply) -> None:
        self.answers.append(reply.text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:ANSWER_LENGTH])
        self.tokens_in = _sum(self.tokens_in, reply.tokens_in)
        self.tokens_out = _sum(self.tokens_out, reply.tokens_out)


def request_advice(
    *, owner_id: UUID, about: facts.About, occasion: AdviceCall.Occasion = AdviceCall.Occasion.DEMAND
) -> AdviceCall:
    """Write the question, with what it may cost set aside, and wake a worker. Run it as the tenant.

    Raises InvalidInputError where there is nothing to tell, and what `reserve` raises.
    """
    if about.agent is not None and not AdviceLevel.objects.filter(agent=about.agent).exclude(level="off").exists():
        raise ConflictError("Advice is off for this agent: choose a level first.")
    known = facts.look(owner_id=owner_id, about=about)
    asked = prompts.messages(known)
    call = budgets.reserve(owner_id=owner_id, about=about, facts=known, messages=asked, occasion=occasion)
    wake()
    return call


def wake() -> None:
    """Tell a worker, once this transaction is committed, that a question waits. Who builds history asks by itself."""
    if clock.is_controlled():
        return
    transaction.on_commit(lambda: current_app.send_task("farms.tasks.ask_models", expires=WAKING_SECONDS), robust=True)


def take() -> AdviceCall | None:
    """Take up the question that waits longest; None where none does, or enough are being asked. As the system."""
    with tenancy.system(), transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS):
        now = clock.now()
        if AdviceCall.objects.filter(status=Status.ASKING, claimed_until__gt=now).count() >= settings.ADVICE_AT_ONCE:
            return None
        waiting = AdviceCall.objects.filter(status=Status.WAITING, created_at__gt=now - budgets.STALE)
        call = waiting.select_for_update(skip_locked=True).order_by("created_at").first()
        if call is None:
            return None
        return claim(call)


def claim(call: AdviceCall) -> AdviceCall:
    """Have it until its lease is over: it is asked by whoever has it, and by nobody afterwards."""
    call.endpoint = AdviceEndpoint.objects.get(pk=call.endpoint_id)
    lease = timedelta(seconds=call.endpoint.seconds * MOST_ANSWERS) + SPARE
    call.status, call.claimed_until = Status.ASKING, clock.now() + lease
    call.save(update_fields=("status", "claimed_until"))
    return call


def waits() -> bool:
    """Whether anybody waits to be asked. As the system."""
    with tenancy.system():
        return AdviceCall.objects.filter(status=Status.WAITING).exists()


def answer(call: AdviceCall) -> AdviceCall:
    """Ask the model what `take` has taken up, and write down what came of it. Run it outside of transactions."""
    talk = _talk(call)
    with tenancy.tenant(call.owner_id, scopes=MAY):
        if talk.answers:
            endpoints.note_answer(call.endpoint)
        if talk.trouble is not None:
            endpoints.note_trouble(call.endpoint, talk.trouble)
        seat = following.seat_of(call)
        with tenancy.as_adviser():
            row, made = _write(call, talk, seat)
        if made is not None:
            following.follow(made)
        publish(owner_id=row.owner_id, event="advice", data={"call": str(row.pk), "status": row.status})
    return row


def _talk(call: AdviceCall) -> _Talk:
    """Ask, and once more where the first answer is no proposal. It took as long as it took, whatever came of it."""
    talk = _Talk()
    try:
        endpoints.require_open(call.endpoint)  # another question may have stopped it meanwhile
        wire = endpoints.opened(call.endpoint)
    except endpoints.EndpointError as error:
        talk.trouble, talk.cause = client.Trouble("server", str(error)), str(error)
        return talk
    begun = time.monotonic()
    _converse(talk, call, wire)
    talk.milliseconds = round((time.monotonic() - begun) * 1000)
    return talk


def _converse(talk: _Talk, call: AdviceCall, wire: client.Endpoint) -> None:
    symbols = sorted(call.markets)
    prices = {symbol: Decimal(known["price"]) for symbol, known in call.markets.items()}
    asked = call.messages
    speak = rules.ask if wire.base_url == rules.ADDRESS else client.ask
    for _ in range(MOST_ANSWERS):
        try:
            reply = speak(wire, asked, schema=schema(symbols))
        except client.Refusal as refusal:
            talk.heard(refusal.reply)
            talk.trouble, talk.cause = refusal, refusal.sentence
            return
        except client.Trouble as trouble:
            if trouble.cause not in FREE:  # it may have answered where nobody heard it
                talk.tokens_in = talk.tokens_out = None
            talk.trouble, talk.cause = trouble, trouble.sentence
            return
        talk.heard(reply)
        try:
            talk.proposal = read(reply.text, instruments=symbols, prices=prices)
        except NoProposalError as error:
            talk.cause = f"Its answer was cut off. {error}" if reply.is_cut else str(error)
            asked = prompts.again(call.messages, reply.text[:ANSWER_LENGTH], talk.cause)
        else:
            talk.cause = ""
            return


def _write(call: AdviceCall, talk: _Talk, seat: following.Seat | None) -> tuple[AdviceCall, AdviceProposal | None]:
    """Write what came of it, once, with what it proposed and asks for. As the adviser."""
    row = AdviceCall.objects.select_for_update().filter(pk=call.pk, status=Status.ASKING).first()
    if row is None:  # it took longer than its lease, and counts as lost
        return AdviceCall.objects.get(pk=call.pk), None
    status = Status.NOTHING
    if talk.proposal is not None:
        status = Status.PROPOSAL
    elif talk.trouble is not None:
        status = Status.FAILED
    written: dict[str, Any] = {
        "status": status,
        "cause": _said(talk.cause),
        "answers": talk.answers,
        "milliseconds": talk.milliseconds,
        "finished_at": clock.now(),
        **budgets.costs_of(
            call.endpoint,
            tokens_in=talk.tokens_in,
            tokens_out=talk.tokens_out,
            is_free=not talk.answers and talk.tokens_in == 0,
        ),
    }
    AdviceCall.objects.filter(pk=row.pk).update(**written)
    for name, value in written.items():
        setattr(row, name, value)
    if talk.proposal is None:
        return row, None
    made = _propose(row, talk.proposal, seat)
    if seat is not None:
        following.wish(seat, made, talk.proposal)
    return row, made


def _propose(call: AdviceCall, proposal: Proposal, seat: following.Seat | None) -> AdviceProposal:
    known: Mapping[str, Any] = call.markets[proposal.instrument]
    return AdviceProposal.objects.create(
        owner_id=call.owner_id,
        call=call,
        agent_id=call.agent_id,
        farm_id=call.farm_id,
        instrument_id=known["instrument_id"],
        timeframe=known["timeframe"],
        model=call.model,
        level=seat.level if seat is not None else AdviceLevel.Level.COMMENT,
        action=proposal.action,
        size=proposal.size,
        stop=proposal.stop,
        target=proposal.target,
        horizon=proposal.horizon,
        confidence=proposal.confidence,
        reasons=list(proposal.reasons),
        price=Decimal(known["price"]),
        bar=known["bar"],
        fee=Decimal(known["fee"]),
        due_at=_due(known, proposal.horizon),
    )


def _due(known: Mapping[str, Any], horizon: int) -> datetime:
    """When the last of its candles has closed, of which the first is the one that its answer came in."""
    step = TIMEFRAME_MS[known["timeframe"]]
    return moment(milliseconds(clock.now()) // step * step + step * horizon)


def _said(cause: str) -> Told:
    """Words of ours; a market that a model named, or a figure of it, may be in them."""
    return Sentence.of(cause) if cause else Sentence()


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
