"""Goals in words: figures, targets and how far they are, as their reader writes numbers."""

from decimal import Decimal
from typing import Final

from goals.measures import Reading
from goals.plan import Plan
from goals.targets import Condition, Metric, Target
from kit.decimals import plain
from kit.sentences import Sentence, Value, amount, joined, number, sentence, share

_OPERATORS: Final = {">=": "at least", ">": "above", "<=": "at most", "<": "below"}
_TENTH: Final = Decimal("0.1")
_HUNDREDTH: Final = Decimal("0.01")


def figure(metric: Metric, value: Decimal, base: str) -> Value:
    """A value of the metric: money in `base`, hidden from who hides amounts; everything else is public."""
    match metric.unit:
        case "money":
            return amount(value, base)
        case "share":
            return share(value)
        case "count":
            return number(plain(value.quantize(_TENTH) if value % 1 else value.to_integral_value()))
        case _:
            return number(plain(value.quantize(_HUNDREDTH)))


def condition_in_words(condition: Condition, base: str) -> Sentence:
    """`Closed trades: at least 200`."""
    return sentence(
        "{metric} {operator} {value}",
        metric=condition.metric.label,
        operator=_OPERATORS[condition.operator],
        value=figure(condition.metric, condition.value, base),
    )


def target_in_words(target: Target, base: str) -> Sentence:
    """All of what is wanted."""
    by = " and " if target.match == "all" else " or "
    return joined(*(condition_in_words(one, base) for one in target.conditions), by=by)


def standing_in_words(target: Target, reading: Reading, plan: Plan | None, base: str) -> Sentence:
    """How it stands against its plan: ahead, behind, on plan; or why nobody can say."""
    if reading.is_reached:
        return Sentence("Reached.")
    if reading.unknown:
        return reading.unknown
    if plan is None:
        return Sentence("Not reached yet.")
    metric = target.main.metric
    if plan.is_behind:
        return sentence("{amount} behind plan.", amount=figure(metric, -plan.ahead, base))
    if plan.is_ahead:
        return sentence("{amount} ahead of plan.", amount=figure(metric, plan.ahead, base))
    return Sentence("On plan.")


def pace_in_words(target: Target, plan: Plan | None, base: str) -> Sentence:
    """What would have to change: `12 trades a day instead of 7`."""
    if plan is None or plan.pace is None or plan.needed is None:
        return Sentence()
    metric = target.main.metric
    per = f" {metric.per}" if metric.per else ""
    needed, pace = figure(metric, plan.needed, base), figure(metric, plan.pace, base)
    if plan.needed <= plan.pace:
        return sentence(f"{{pace}}{per} a day so far; {{needed}} are enough.", pace=pace, needed=needed)
    return sentence(f"{{needed}}{per} a day instead of {{pace}}.", needed=needed, pace=pace)
