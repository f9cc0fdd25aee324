"""What a farm's kind lets its agents follow: one strategy, the ready-made ones of a mixed farm, any of a custom one.

The words of a kind are the slugs of strategies, so that a farm of one kind needs no table.
"""

from typing import Final

from farms.models import Farm
from kit.errors import ConflictError, InvalidInputError
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
    if field:
        raise InvalidInputError(told, fields={field: told})
    raise ConflictError(told)


def _named(kind: str) -> str:
    """The strategies of a kind, in words."""
    if kind != Farm.Kind.MIXED:
        return strategies.get(kind).name
    *most, last = (one.name for one in strategies.catalog() if one.slug in READY_MADE)
    return f"{', '.join(most)} or {last}"


_WAY: Final = f"Make it {Farm.Kind.CUSTOM.label} first, which allows any."
