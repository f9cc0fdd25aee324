"""What differs between two versions of rules, in words."""

from collections import Counter

from kit.formatting import respelled
from quant.errors import ParameterError
from quant.strategies import Parameter, Params, Strategy


def changes(strategy: Strategy, before: Params, after: Params) -> list[str]:
    """A sentence for each parameter that differs; of data with members what came and what went, if nothing else did.

    `after` are valid parameters; `before` were, when the strategy was as it was then.
    """
    try:
        before = strategy.validate(before)
    except ParameterError:
        return ["The strategy does not take its old rules any more: all are new"]
    return [
        f"{item.title}: {_change(item, before[item.name], after[item.name])}"
        for item in strategy.schema
        if before[item.name] != after[item.name]
    ]


def told(lines: list[str]) -> list[str]:
    """The sentences as the reader of this request writes numbers."""
    return [respelled(line) for line in lines]


def _change(item: Parameter, before: object, after: object) -> str:
    if item.parts is not None and _same_kind(before, after):
        old, new = Counter(item.parts(before)), Counter(item.parts(after))
        gone, come = list((old - new).elements()), list((new - old).elements())
        if gone or come:
            said = [("no longer ", gone), ("now also " if not gone else "instead ", come)]
            return ", ".join(f"{lead}{'; '.join(parts)}" for lead, parts in said if parts)
    return f"{item.in_words(before)} → {item.in_words(after)}"


def _same_kind(before: object, after: object) -> bool:
    """Whether two groups ask for all, or two for any; lists are of one kind."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys()
    return isinstance(before, list) and isinstance(after, list)
