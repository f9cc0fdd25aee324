"""What is shown of advice: questions with what came of them, and the last of an agent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from farms.advice import rules
from farms.advice.budgets import Used, setting_of, used
from farms.advice.endpoints import offered
from farms.advice.facts import About
from farms.advice.voices import voice_of
from farms.advice.wanting import level_of
from farms.advice.watching import timeframes_of, watch_of, watches
from farms.models import AdviceCall, AdviceEndpoint, AdviceLevel, AdviceProposal, AdviceSetting, AdviceWatch, Agent
from kit import statuses
from kit.errors import NotFoundError
from kit.sentences import Sentence, quoted, sentence
from markets.models import Timeframe


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal as it is shown. Prices in quote, shares and gains as fractions; `gain` None until it is settled."""

    id: UUID
    call_id: UUID | None
    created_at: datetime
    agent_id: UUID | None
    farm_id: UUID | None
    symbol: str
    timeframe: str
    tick_size: Decimal
    model: str
    level: str
    action: str
    action_label: str
    size: Decimal
    stop: Decimal | None
    target: Decimal | None
    horizon: int
    confidence: Decimal
    reasons: tuple[str, ...]
    price: Decimal
    due_at: datetime
    became: str
    became_label: str
    said: Sentence
    approval_id: UUID | None
    order_id: UUID | None
    settled_at: datetime | None
    entry: Decimal | None
    exit_price: Decimal | None
    gain: Decimal | None
    own: Decimal | None
    chance: Decimal | None

    @property
    def colour(self) -> str:
        """The chip's."""
        return statuses.colour("proposal", self.became)

    @property
    def signed(self) -> str:
        """Who says it, and whether that is a model."""
        return voice_of(self.model).signature

    @property
    def spoken(self) -> tuple[Sentence, ...]:
        """Its reasons, in which any figure may be an amount."""
        return tuple(sentence("{said}", said=quoted(one)) for one in self.reasons)


@dataclass(frozen=True, slots=True)
class CallRow:
    """A question as it is shown. Costs in US dollars; None while they are not known, and what is reserved counts."""

    id: UUID
    created_at: datetime
    about: str
    about_words: Sentence
    about_url: str
    agent_id: UUID | None
    farm_id: UUID | None
    occasion: str
    endpoint: str
    model: str
    status: str
    status_label: str
    cause: Sentence
    reserved_tokens: int
    reserved_cost: Decimal
    tokens_in: int | None
    tokens_out: int | None
    cost: Decimal | None
    milliseconds: int | None
    finished_at: datetime | None
    messages: Sequence[Mapping[str, str]]
    answers: Sequence[str]
    proposal: ProposalRow | None

    @property
    def is_open(self) -> bool:
        return self.finished_at is None

    @property
    def colour(self) -> str:
        """The chip's."""
        return statuses.colour("advice", self.status)

    @property
    def signed(self) -> str:
        """Who was asked, and whether that is a model."""
        return voice_of(self.model).signature

    @property
    def who(self) -> str:
        """The same within a sentence."""
        return voice_of(self.model).who

    @property
    def tokens(self) -> int | None:
        """Asked and answered together."""
        if self.tokens_in is None or self.tokens_out is None:
            return None
        return self.tokens_in + self.tokens_out

    @property
    def seconds(self) -> float | None:
        return None if self.milliseconds is None else self.milliseconds / 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """The owner's setting, what has been used of it, and where advice can be asked for."""

    setting: AdviceSetting
    used: Used
    endpoints: tuple[AdviceEndpoint, ...]

    @property
    def is_demo(self) -> bool:
        """Whether rules of thumb answer in place of a language model."""
        return self.setting.endpoint is not None and self.setting.endpoint.base_url == rules.ADDRESS

    @property
    def obstacle(self) -> str:
        """Why nobody can be asked now; empty where somebody can."""
        if not self.endpoints:
            return "Nobody can be asked yet: an operator lists an endpoint in the admin first."
        if self.setting.is_on and self.setting.endpoint is not None and self.setting.endpoint.stopped:
            return f"{self.setting.endpoint.name} is stopped until its operator has looked."
        return ""


@dataclass(frozen=True, slots=True)
class OfAgent:
    """What an agent's page tells of advice."""

    agent: Agent
    is_on: bool
    level: AdviceLevel
    last: CallRow | None

    @property
    def acts_on_paper(self) -> bool:
        return bool(self.agent.wallet.connection.is_paper)


def wanted(*, owner_id: UUID) -> Wanted:
    """Four queries at most."""
    setting = setting_of(owner_id)
    return Wanted(setting, used(owner_id=owner_id), tuple(offered(setting)))


def of_agent(*, owner_id: UUID, agent_id: UUID) -> OfAgent:
    """Raises NotFoundError."""
    agent = Agent.objects.select_related("wallet__connection").filter(owner_id=owner_id, pk=agent_id).first()
    if agent is None:
        raise NotFoundError("This agent does not exist.")
    last = calls(owner_id=owner_id).filter(agent=agent).first()
    return OfAgent(agent, setting_of(owner_id).is_on, level_of(agent), None if last is None else call_row(last))


@dataclass(frozen=True, slots=True)
class OfThing:
    """What is told of advice about a farm or a market. `timeframes` are those that it can be asked about at."""

    about: About
    words: Sentence
    is_on: bool
    watch: AdviceWatch | None
    timeframes: tuple[str, ...]
    last: CallRow | None


def of_thing(*, owner_id: UUID, about: About) -> OfThing:
    """Of a farm or a market."""
    last = calls(owner_id=owner_id).filter(about=about.key).first()
    return OfThing(
        about,
        _words(about),
        setting_of(owner_id).is_on,
        watch_of(owner_id=owner_id, about=about),
        timeframes_of(about),
        None if last is None else call_row(last),
    )


@dataclass(frozen=True, slots=True)
class WatchRow:
    """A farm or a market that is asked about at the close of candles."""

    id: UUID
    farm_id: UUID | None
    instrument_id: int | None
    timeframe: str
    every: int
    said: Sentence
    words: Sentence
    url: str


def watch_rows(*, owner_id: UUID) -> list[WatchRow]:
    """All of them, oldest first."""
    found = []
    for watch in watches(owner_id=owner_id):
        about = About(farm=watch.farm, instrument=watch.instrument, timeframe=watch.timeframe)
        found.append(
            WatchRow(
                watch.pk, watch.farm_id, watch.instrument_id, watch.timeframe, watch.every, watch.said, _words(about),
                _url(about),
            )
        )  # fmt: skip
    return found


def calls(*, owner_id: UUID) -> "QuerySet[AdviceCall]":
    """Questions, newest first, with what `call_row` reads."""
    related = ("agent", "farm", "instrument", "endpoint", "proposal__instrument")
    return AdviceCall.objects.filter(owner_id=owner_id).select_related(*related)


def proposals(*, owner_id: UUID) -> "QuerySet[AdviceProposal]":
    """What was proposed, newest first, with what `proposal_row` reads."""
    return AdviceProposal.objects.filter(owner_id=owner_id).select_related("instrument")


def find_call(*, owner_id: UUID, call_id: UUID) -> CallRow:
    """One question. Raises NotFoundError."""
    found = calls(owner_id=owner_id).filter(pk=call_id).first()
    if found is None:
        raise NotFoundError("There is no such question.")
    return call_row(found)


def call_of(*, owner_id: UUID, proposal_id: UUID) -> UUID | None:
    """The question that was answered so; None once it is kept no longer. Raises NotFoundError."""
    found = AdviceProposal.objects.filter(owner_id=owner_id, pk=proposal_id).values_list("call_id").first()
    if found is None:
        raise NotFoundError("There is no such proposal.")
    return found[0]


def call_row(call: AdviceCall) -> CallRow:
    """A row that came from `calls`."""
    words, url = _about(call)
    made = getattr(call, "proposal", None)
    named = {name: getattr(call, name) for name in CallRow.__dataclass_fields__ if hasattr(call, name)}
    return CallRow(
        **{
            **named,
            "about": call.about.partition(":")[0],
            "about_words": words,
            "about_url": url,
            "endpoint": call.endpoint.name,
            "status_label": call.get_status_display(),
            "proposal": None if made is None else proposal_row(made),
        }
    )


def proposal_row(made: AdviceProposal) -> ProposalRow:
    """A row with its instrument."""
    named = {name: getattr(made, name) for name in ProposalRow.__dataclass_fields__ if hasattr(made, name)}
    return ProposalRow(
        **{
            **named,
            "symbol": made.instrument.symbol,
            "tick_size": made.instrument.tick_size,
            "action_label": made.get_action_display(),
            "reasons": tuple(made.reasons),
            "became_label": made.get_became_display(),
        }
    )


def _about(call: AdviceCall) -> tuple[Sentence, str]:
    about = About(agent=call.agent, farm=call.farm, instrument=call.instrument, timeframe=call.timeframe)
    return _words(about), _url(about)


def _words(about: About) -> Sentence:
    if about.agent is not None or about.farm is not None:
        return Sentence(str(about.agent or about.farm))
    if about.instrument is not None:
        return sentence("{symbol}, " + str(Timeframe(about.timeframe).label), symbol=about.instrument.symbol)
    return Sentence("The portfolio")


def _url(about: About) -> str:
    if about.agent is not None:
        return reverse("farms:agent", args=(about.agent.pk,))
    if about.farm is not None:
        return reverse("farms:farm", args=(about.farm.pk,))
    if about.instrument is not None:
        return reverse("advice:market", args=(about.instrument.pk, about.timeframe))
    return reverse("portfolio:home")
