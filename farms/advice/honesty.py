"""How honest advice was: how often proposals made money by their stated confidence, and against what they are held.

Counted are settled proposals to buy or to sell, whether or not anything was traded. Under `NEEDED` of them there is no
verdict, because nothing can be told apart from luck; above, what advice made is held against what the agents' own rules
made in the same candles, and against as many proposals by chance, each where it is known of as many.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import sqrt
from typing import Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from farms.models import AdviceProposal
from kit.sentences import Sentence, Value, number, sentence
from quant.forecasts import NORMAL_95, wilson

NEEDED: Final = 100
# What two proposals have in common that count as one, and what is known of those that are judged.
SAME: Final = ("instrument_id", "timeframe", "bar")
NAMES: Final = ("confidence", "gain", "own", "chance", "chance_spread")
# The stated confidences that are told apart, as fractions.
EDGES: Final = (Decimal(0), Decimal("0.5"), Decimal("0.6"), Decimal("0.7"), Decimal("0.8"), Decimal("0.9"), Decimal(1))


@dataclass(frozen=True, slots=True)
class Bucket:
    """Proposals whose stated confidence was from `low` to below `high`. Fractions; `least` and `most` is the range in
    which their true rate lies at 95 % (Wilson)."""

    low: Decimal
    high: Decimal
    count: int
    hits: int
    stated: float
    rate: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Against:
    """What proposals made on average beside something else, of those for which both are known: fractions, costs paid.
    `least` and `most` is the range of the difference at 95 %."""

    count: int
    advice: float
    other: float
    difference: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Honesty:
    """What became of proposals. `settled` counts those that are judged: not open, to hold, or without candles."""

    settled: int
    waiting: int
    holds: int
    needed: int
    hits: int
    rate: float
    least: float
    most: float
    buckets: tuple[Bucket, ...]
    own: Against | None
    chance: Against | None
    verdict: Sentence

    @property
    def is_enough(self) -> bool:
        return self.settled >= self.needed


@dataclass(frozen=True, slots=True)
class OfAgent:
    """How honest the advice for one agent was."""

    id: UUID
    name: str
    found: Honesty


@dataclass(frozen=True, slots=True)
class _Judged:
    confidence: Decimal
    gain: float
    own: float | None
    chance: float | None
    spread: float | None


def honesty(*, owner_id: UUID, agent_id: UUID | None = None) -> Honesty:
    """Of all of the owner's proposals, or of one agent's. Runs as the tenant.

    Of several about one market at one candle the first counts: asked again, a model is not right twice.
    """
    rows = AdviceProposal.objects.filter(owner_id=owner_id)
    if agent_id is not None:
        rows = rows.filter(agent_id=agent_id)
    moves = rows.exclude(action=AdviceProposal.Action.HOLD)
    return _honesty(
        [one for _, one in _judged(moves, *SAME)],
        waiting=moves.filter(settled_at__isnull=True).count(),
        holds=rows.filter(action=AdviceProposal.Action.HOLD).count(),
    )


def by_agent(*, owner_id: UUID) -> list[OfAgent]:
    """The same of each agent that something was proposed for, most settled first. Runs as the tenant; two queries."""
    rows = AdviceProposal.objects.filter(owner_id=owner_id, agent__isnull=False)
    is_hold = Q(action=AdviceProposal.Action.HOLD)
    counted = rows.order_by().values("agent_id", "agent__name").annotate(
        waiting=Count("pk", filter=~is_hold & Q(settled_at__isnull=True)), holds=Count("pk", filter=is_hold)
    )  # fmt: skip
    judged: dict[UUID | None, list[_Judged]] = defaultdict(list)
    for agent_id, one in _judged(rows.exclude(is_hold), "agent_id", *SAME):
        judged[agent_id].append(one)
    found = [
        OfAgent(row["agent_id"], row["agent__name"],
                _honesty(judged[row["agent_id"]], waiting=row["waiting"], holds=row["holds"]))
        for row in counted
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.found.settled, one.name))


def _judged(moves: "QuerySet[AdviceProposal]", *same: str) -> list[tuple[UUID | None, _Judged]]:
    """Those that are judged, of several that are the `same` the first, each with its agent."""
    rows = moves.filter(gain__isnull=False).order_by(*same, "created_at").distinct(*same)
    return [
        (agent_id, _Judged(confidence, float(gain), *(None if one is None else float(one) for one in rest)))
        for agent_id, confidence, gain, *rest in rows.values_list("agent_id", *NAMES)
    ]


def _honesty(judged: list[_Judged], *, waiting: int, holds: int) -> Honesty:
    hits = sum(one.gain > 0 for one in judged)
    least, most = wilson(hits, len(judged))
    own, chance = _own(judged), _chance(judged)
    return Honesty(
        settled=len(judged),
        waiting=waiting,
        holds=holds,
        needed=NEEDED,
        hits=hits,
        rate=hits / len(judged) if judged else 0.0,
        least=least,
        most=most,
        buckets=tuple(_buckets(judged)),
        own=own,
        chance=chance,
        verdict=_verdict(len(judged), own, chance),
    )


def _buckets(judged: list[_Judged]) -> list[Bucket]:
    """Those that hold any, lowest first; a confidence of 1 belongs to the last."""
    found = []
    for low, high in pairwise(EDGES):
        inside = [one for one in judged if low <= one.confidence < high or one.confidence == high == 1]
        if not inside:
            continue
        hits = sum(one.gain > 0 for one in inside)
        least, most = wilson(hits, len(inside))
        stated = float(sum(one.confidence for one in inside)) / len(inside)
        found.append(Bucket(low, high, len(inside), hits, stated, hits / len(inside), least, most))
    return found


def _own(judged: list[_Judged]) -> Against | None:
    """Paired: each proposal beside what its agent's rules made in the same candles."""
    pairs = [(one.gain, one.own) for one in judged if one.own is not None]
    if len(pairs) < 2:
        return None
    differences = [gain - own for gain, own in pairs]
    mean = sum(differences) / len(pairs)
    deviation = sqrt(sum((one - mean) ** 2 for one in differences) / (len(pairs) - 1))
    return _against([gain for gain, _ in pairs], [own for _, own in pairs], deviation / sqrt(len(pairs)))


def _chance(judged: list[_Judged]) -> Against | None:
    """Beside as many proposals by chance, whose sum is spread as they are, one as the other."""
    known = [(one.gain, one.chance, one.spread) for one in judged if one.chance is not None and one.spread is not None]
    if len(known) < 2:
        return None
    error = sqrt(sum(spread**2 for *_, spread in known)) / len(known)
    return _against([gain for gain, *_ in known], [chance for _, chance, _ in known], error)


def _against(advice: list[float], other: list[float], error: float) -> Against:
    count = len(advice)
    mean, beside = sum(advice) / count, sum(other) / count
    away = NORMAL_95 * error
    return Against(count, mean, beside, mean - beside, mean - beside - away, mean - beside + away)


def _verdict(settled: int, own: Against | None, chance: Against | None) -> Sentence:
    if settled < NEEDED:
        return sentence(
            "Settled are {settled} of {needed} proposals: fewer cannot be told from luck, so there is no verdict.",
            settled=number(str(settled)), needed=number(str(NEEDED)),
        )  # fmt: skip
    words, few, known = list[str](), list[str](), dict[str, Value]()
    for place, what, found in (("chance", "chance", chance), ("own", "its agents' own rules", own)):
        if found is not None and found.count >= NEEDED:
            words.append(_compared(found, what))
            continue
        known[place] = number(str(found.count if found is not None else 0))
        few.append(f"beside {what} {{{place}}}" if few else f"Beside {what} stand {{{place}}} of {{needed}} proposals")
    if few:
        words.append(f"{', '.join(few)}: too few for a verdict.")
        known["needed"] = number(str(NEEDED))
    return sentence(" ".join(words), **known)


def _compared(found: Against, what: str) -> str:
    if found.least > 0:
        return f"Advice made more than {what}."
    if found.most < 0:
        return f"Advice made less than {what}."
    return f"What advice made cannot be told apart from {what}."
