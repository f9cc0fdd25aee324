"""Goals in words: figures, targets and how far they are, as their reader writes numbers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from goals.measures import Reading
from goals.models import GoalAction
from goals.plan import Plan
from goals.targets import OPERATORS, Condition, Metric, Target
from kit.decimals import plain
from kit.formatting import duration
from kit.sentences import Sentence, Value, joined, money, number, sentence, share

# What the chip of a goal says (`selectors.GoalRow.state`).
STATES: Final = {
    "draft": "Draft",
    "scheduled": "Not begun yet",
    "running": "Running",
    "unknown": "Not measurable yet",
    "ahead": "Ahead of plan",
    "on plan": "On plan",
    "behind": "Behind plan",
    "paused": "Paused",
    "achieved": "Achieved",
    "missed": "Missed",
    "cancelled": "Cancelled",
}
_TENTH: Final = Decimal("0.1")
_HUNDREDTH: Final = Decimal("0.01")
_BASIS_POINT: Final = Decimal("0.0001")


def figure(metric: Metric, value: Decimal, base: str) -> Value:
    """A value of the metric: money in `base`, hidden from who hides amounts; everything else is public."""
    match metric.unit:
        case "money":
            return money(value, base)
        case "share":
            return share(value.quantize(_BASIS_POINT))
        case "count":
            return number(plain(value.quantize(_TENTH) if value % 1 else value.to_integral_value()))
        case _:
            return number(plain(value.quantize(_HUNDREDTH)))


def condition_in_words(condition: Condition, base: str) -> Sentence:
    """`Closed trades at least 200`."""
    return sentence("{metric} {bound}", metric=condition.metric.label, bound=bound_in_words(condition, base))


def bound_in_words(condition: Condition, base: str) -> Sentence:
    """`at least 200`."""
    value = figure(condition.metric, condition.value, base)
    return sentence("{operator} {value}", operator=OPERATORS[condition.operator], value=value)


def target_in_words(target: Target, base: str) -> Sentence:
    """All of what is wanted."""
    by = " and " if target.match == "all" else " or "
    return joined(*(condition_in_words(one, base) for one in target.conditions), by=by)


def value_in_words(target: Target, reading: Reading, base: str) -> Sentence:
    """`134 of 200`; what should stay small has a limit. Of several comparisons how many hold, and if one is enough."""
    main = target.main
    if len(target.conditions) > 1 and reading.found:
        held, of = sum(one.holds for one in reading.found), len(target.conditions)
        enough = ", one is enough" if target.match == "any" else ""
        return Sentence(f"{held} of {of} comparisons hold{enough}")
    if reading.value is None:
        return Sentence("Not known yet")
    wanted = figure(main.metric, main.value, base)
    value = figure(main.metric, reading.value, base)
    return sentence("{value} of {wanted}" if main.wants_more else "{value}, limit {wanted}", value=value, wanted=wanted)


_COLLECTS: Final = {"profit": "free realised profit", "all": "everything that is free"}
_PLACES: Final = {"farm": "each farm", "master": "the master", "agents": "the agents by what they earned"}
_RENEWS: Final = {
    "same": "Begin again with the same target.",
    "ratchet": "Begin again; the target is the most that was reached.",
    "average": "Begin again; the target is the mean of what the last ones reached.",
}
# What an action has not done where it is done in part, and what is given up; its result says how much.
NOT_ALL: Final = {
    "close": "Not all closed",
    "collect": "Not all collected",
    "return": "Not all returned",
    "renew": "Does not begin again",
    "adjust": "Does not begin again",
}
_DOING: Final = {
    "close": "closing positions",
    "collect": "collecting",
    "distribute": "distributing",
    "pause": "pausing",
    "continue": "letting everything go on",
    "renew": "beginning again",
    "adjust": "beginning again",
    "reduce": "letting nothing new be opened",
    "halt": "halting",
    "return": "returning what is free",
}
_DOES: Final = {
    "close": "Close every position in scope.",
    "pause": "Pause the farms and agents in scope.",
    "continue": "Let everything go on.",
    "reduce": "Let nothing new be opened in scope.",
    "halt": "Halt everything in scope.",
    "return": "Return all that is free to the master.",
}


def action_in_words(action: Mapping[str, Any], base: str, names: Mapping[str, str]) -> Sentence:
    """What an action of a goal does; `names` are those of wallets by their ids as text."""

    def place(given: str) -> str:
        return _PLACES.get(given) or names.get(given, "a wallet that is gone")

    match action["do"]:
        case "collect":
            what: Value | str = _COLLECTS.get(action["amount"]) or money(
                Decimal(action["amount"]), action.get("asset") or base
            )
            came = " and ".join(map(place, action["from"])) or "everything in scope"
            return sentence("Collect {what} from {came} to {place}.", what=what, came=came, place=place(action["to"]))
        case "distribute":
            shares = [
                sentence("{share} to {place}", share=share(Decimal(one["share"])), place=place(one["to"]))
                for one in action["shares"]
            ]
            return sentence("Distribute what was collected: {shares}.", shares=joined(*shares, by=", "))
        case "renew" if action["rule"] in _RENEWS:
            return Sentence(_RENEWS[action["rule"]])
        case "renew" | "adjust":
            change = Decimal(action["value"])
            template = "Begin again with a target {change} higher." if change > 0 else "Begin again {change} lower."
            return sentence(template, change=share(abs(change)))
        case "extend":
            often = "once" if action["times"] == 1 else f"up to {action['times']} times"
            return sentence("Extend the deadline by {days} days, {often}.", days=action["days"], often=often)
        case does:
            return Sentence(_DOES[does])


def status_in_words(step: GoalAction) -> str:
    """Where an action stands, in a word or what it has not done."""
    is_partly = step.status == GoalAction.Status.PARTLY
    return NOT_ALL.get(step.do, step.get_status_display()) if is_partly else step.get_status_display()


def left_in_words(step: GoalAction) -> str:
    """`not all collected`, `collecting was given up`."""
    if step.status == GoalAction.Status.SKIPPED:
        return f"{_DOING[step.do]} was given up"
    return status_in_words(step).lower()


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
        behind = figure(metric, -plan.ahead, base)
        return sentence(f"{{amount}}{_of(metric, -plan.ahead)} behind plan.", amount=behind)
    if plan.is_ahead:
        ahead = figure(metric, plan.ahead, base)
        return sentence(f"{{amount}}{_of(metric, plan.ahead)} ahead of plan.", amount=ahead)
    return Sentence("On plan.")


def pace_in_words(target: Target, plan: Plan | None, base: str) -> Sentence:
    """What would have to change: `12 trades a day instead of 7`; in the last day what is left and how long."""
    if plan is None:
        return Sentence()
    metric = target.main.metric
    if plan.needed is None and plan.to_go and plan.time_left:
        left = figure(metric, plan.to_go, base)
        return sentence(
            f"{{left}}{_of(metric, plan.to_go)} to go in {{time}}.", left=left, time=duration(plan.time_left)
        )
    if plan.pace is None or plan.needed is None:
        return Sentence()
    needed, pace = figure(metric, plan.needed, base), figure(metric, plan.pace, base)
    if plan.needed <= plan.pace:
        per = _of(metric, plan.pace)
        return sentence(f"{{pace}}{per} a day so far; {{needed}} are enough.", pace=pace, needed=needed)
    return sentence(f"{{needed}}{_of(metric, plan.needed)} a day instead of {{pace}}.", needed=needed, pace=pace)


def _of(metric: Metric, count: Decimal) -> str:
    """` trades`, ` trade` of one; nothing of what needs no noun."""
    return f" {metric.per.removesuffix('s') if count == 1 else metric.per}" if metric.per else ""
