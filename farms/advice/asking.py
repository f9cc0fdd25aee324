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
from django.db import connections, transaction

from farms.advice import budgets, client, endpoints, facts, following, prompts, rules, still
from farms.advice.answers import NoProposalError, Proposal, read, schema
from farms.models import AdviceCall, AdviceEndpoint, AdviceLevel, AdviceProposal
from kit import clock, tenancy
from kit.alerts.failures import resting
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
WORK: Final = "answer about "
# What a model's answer may come to, whatever it says: the database refuses every other scope's tables.
MAY: Final = (Token.Scope.READ.value, Token.Scope.TRADE.value, Token.Scope.AGENT.value)
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('ask models', 0))"
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
        self.answers.append(reply.text[:ANSWER_LENGTH])
        self.tokens_in = _sum(self.tokens_in, reply.tokens_in)
        self.tokens_out = _sum(self.tokens_out, reply.tokens_out)


def request_advice(
    *, owner_id: UUID, about: facts.About, occasion: AdviceCall.Occasion = AdviceCall.Occasion.DEMAND
) -> AdviceCall:
    """Write the question, with what it may cost set aside, and wake a worker. Run it as the tenant.

    Raises InvalidInputError where there is nothing to tell, and what `reserve` raises.
    """
    if occasion == AdviceCall.Occasion.CLOSE and work_of(about.key) in resting(work_of(about.key)):
        raise ConflictError("What was answered about this last could not be written down: it is asked again later.")
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
        with connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
            cursor.execute(_ONE_AT_A_TIME)  # two would count the same
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


def work_of(about: str) -> str:
    """What an answer about it is called where failures are counted (`kit.alerts.failures`)."""
    return f"{WORK}{about}"


def answer(call: AdviceCall) -> AdviceCall:
    """Ask the model what `take` has taken up, and write down what came of it. Run it outside of transactions.

    Whatever breaks on the way is raised, once the question is over: it keeps no place among those that are asked at
    the same time, and what it may have cost counts.
    """
    try:
        return _answer(call)
    except Exception:  # whatever it is, nobody will come back to this question
        _give_up(call)
        raise


def _give_up(call: AdviceCall) -> None:
    with tenancy.tenant(call.owner_id):
        AdviceCall.objects.filter(pk=call.pk, status=Status.ASKING).update(
            status=Status.LOST, finished_at=clock.now(),
            cause="Moniqo could not write down what came of it: what it may have cost at most is counted.",
        )  # fmt: skip


def _answer(call: AdviceCall) -> AdviceCall:
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
    talk, begun, asked = _Talk(), None, call.messages
    symbols = sorted(call.markets)
    prices = {symbol: Decimal(known["price"]) for symbol, known in call.markets.items()}
    try:
        for _ in range(MOST_ANSWERS):
            wire = _wire(call)
            begun = begun or time.monotonic()
            speak = rules.ask if wire.base_url == rules.ADDRESS else client.ask
            reply = speak(wire, asked, schema=schema(symbols))
            talk.heard(reply)
            try:
                talk.proposal = read(reply.text, instruments=symbols, prices=prices)
            except NoProposalError as error:
                talk.cause = f"Its answer was cut off. {error}" if reply.is_cut else str(error)
                asked = prompts.again(call.messages, reply.text[:ANSWER_LENGTH], talk.cause)
            else:
                talk.cause = ""
                break
    except client.Refusal as refusal:
        talk.heard(refusal.reply)
        talk.trouble, talk.cause = refusal, refusal.sentence
    except client.Trouble as trouble:
        if trouble.cause not in FREE:  # it may have answered where nobody heard it
            talk.tokens_in = talk.tokens_out = None
        talk.trouble, talk.cause = trouble, trouble.sentence
    if begun is not None:
        talk.milliseconds = round((time.monotonic() - begun) * 1000)
    return talk


def _wire(call: AdviceCall) -> client.Endpoint:
    """Where it is asked, looked up right before each time it is. Raises Trouble where it is not to be, or no more."""
    with tenancy.tenant(call.owner_id):
        if told := still.obstacle(call):
            raise client.Trouble("server", told)
        call.endpoint.refresh_from_db(fields=("is_active", "stopped", "paused_until"))
    try:
        endpoints.require_open(call.endpoint)  # another question may have stopped it meanwhile
        return endpoints.opened(call.endpoint)
    except endpoints.EndpointError as error:
        raise client.Trouble("server", str(error)) from error


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
