"""What a farm's kind lets its agents follow: one strategy, the ready-made ones of a mixed farm, any of a custom one.
And which markets its policy lets them enter.

The words of a kind are the slugs of strategies, so that a farm of one kind needs no table.
"""

from typing import Final

from farms.models import Agent, Farm
from kit.errors import ConflictError, InvalidInputError, MoniqoError
from quant import strategies

READY_MADE: Final = frozenset(Farm.Kind.values) - {Farm.Kind.CUSTOM.value}


def allows(kind: str, strategy: str) -> bool:
    """Whether an agent of a farm of this kind may follow the strategy (slug)."""
    if kind == Farm.Kind.CUSTOM:
        return True
    return strategy in READY_MADE if kind == Farm.Kind.MIXED else strategy == kind


def require_known(kind: str) -> None:
    """Raises InvalidInputError for what is no kind of farm."""
    if kind not in Farm.Kind.values:
        told = f"Choose one of {', '.join(Farm.Kind.values)}."
        raise InvalidInputError(told, fields={"kind": told})


def preset(farm: Farm) -> str:
    """The strategy of an agent for whom nobody names one; "" where the farm has several."""
    return "" if farm.kind in (Farm.Kind.MIXED, Farm.Kind.CUSTOM) else farm.kind


def require_allowed(farm: Farm, strategy: str, *, field: str = "") -> None:
    """Raises where an agent of the farm may not follow the strategy: ConflictError, with a `field` InvalidInputError.

    The caller has locked the farm, so that its kind does not change meanwhile.
    """
    if allows(farm.kind, strategy):
        return
    told = f"{farm.name} is a {farm.get_kind_display()} farm: its agents follow {_named(farm.kind)}. {_WAY}"
    raise _refusal(told, field)


def require_market(farm: Farm, symbol: str, *, field: str = "") -> None:
    """Raises as `require_allowed` where the farm's policy would keep an agent from ever entering this market."""
    if not _enters(farm, symbol):
        allowed = ", ".join(sorted(farm.allowed_symbols))
        told = f"The policy of {farm.name} does not allow {symbol}: it allows {allowed}. Allow it there first."
        raise _refusal(told, field)


def may_have(farm: Farm, agent: Agent) -> bool:
    """Whether the farm's kind and policy let the agent work there; its name may be used all the same."""
    return allows(farm.kind, agent.strategy) and _enters(farm, agent.instrument.symbol)


def _enters(farm: Farm, symbol: str) -> bool:
    return not farm.allowed_symbols or farm.is_pool or symbol in farm.allowed_symbols


def _refusal(told: str, field: str) -> MoniqoError:
    return InvalidInputError(told, fields={field: told}) if field else ConflictError(told)


def _named(kind: str) -> str:
    """The strategies of a kind, in words."""
    if kind != Farm.Kind.MIXED:
        return strategies.get(kind).name
    *most, last = (one.name for one in strategies.catalog() if one.slug in READY_MADE)
    return f"{', '.join(most)} or {last}"


_WAY: Final = f"Make it {Farm.Kind.CUSTOM.label} first, which allows any."
