"""Who is weighed at all: only wallets of some kinds and statuses, where somebody asks for that.

What works with a wallet, and how it is called, is known by whoever puts it there: they register a reader when they
start. A wallet that nobody works with is of no kind, and `active`. Whatever works there, a wallet that only sells is
`reducing`, and one in which nothing is traded `halted`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from portfolio.allocation.answer import Candidate
from portfolio.allocation.asking import Limits
from wallets.hierarchy.tree import wallet_tree
from wallets.models import Wallet

ACTIVE: Final = "active"
# Of the wallets themselves; those of who works with them come from the readers.
STATES: Final = {ACTIVE: "active", "reducing": "only selling", "halted": "halted"}
STATUSES: Final = {"running": "running", "paused": "paused", **STATES}


@dataclass(frozen=True, slots=True)
class Trait:
    """What a filter looks at: kinds by slug with their names (a farm has its agents' too), and a status."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    status: str = ACTIVE


ANYTHING: Final = Trait()
Reader = Callable[[UUID], Mapping[UUID, Trait]]

_readers: list[Reader] = []


def register(reader: Reader) -> None:
    """Ask `reader` too from now on, with an owner's id, for what works in their wallets; twice is once."""
    if reader not in _readers:
        _readers.append(reader)


def traits_of(owner_id: UUID, states: Mapping[UUID, str]) -> dict[UUID, Trait]:
    """Of each of the wallets whose trading states are given, the strictest on their path."""
    known = {wallet_id: trait for reader in _readers for wallet_id, trait in reader(owner_id).items()}
    found = {}
    for wallet_id, state in states.items():
        trait = known.get(wallet_id, ANYTHING)
        found[wallet_id] = trait if state == ACTIVE else replace(trait, status=state)
    return found


def traits_below(owner_id: UUID, wallet_id: UUID) -> list[Trait]:
    """Of the wallet's children: what they may be filtered by."""
    nodes = wallet_tree(owner_id=owner_id)
    traits = traits_of(owner_id, {node.id: node.state for node in nodes})
    return [
        traits[node.id]
        for node in nodes
        if node.parent_id == wallet_id and not node.is_archived and node.role not in Wallet.IDLE
    ]


def filtered(candidates: Sequence[Candidate], traits: Mapping[UUID, Trait], limits: Limits) -> list[Candidate]:
    """The candidates, those that a filter leaves out marked with the reason."""
    return [
        replace(one, why_not=f"left as it is: {why}")
        if not one.why_not and (why := _why(traits.get(one.wallet.pk, ANYTHING), limits))
        else one
        for one in candidates
    ]


def relaxation(candidates: Iterable[Candidate], traits: Mapping[UUID, Trait], limits: Limits, *, needed: int) -> str:
    """The least that has to be allowed beside the filters so that so many more are weighed; empty: nothing helps.

    `candidates` are those that nothing but a filter leaves out.
    """
    left = [traits[one.wallet.pk] for one in candidates]
    ways = [("statuses", name, replace(limits, statuses=(*limits.statuses, name))) for name in _statuses(left, limits)]
    ways += [("kinds", name, replace(limits, kinds=(*limits.kinds, name))) for name in _kinds(left, limits)]
    enough = [
        (count, what, name)
        for what, name, relaxed in ways
        if (count := sum(not _why(trait, relaxed) for trait in left)) >= needed
    ]
    if enough:
        _, _, name = min(enough)
        return f"It is enough to allow {_called(name, left)} too."
    return "It is enough to leave the filters empty." if len(left) >= needed else ""


def _statuses(left: Iterable[Trait], limits: Limits) -> list[str]:
    return sorted({one.status for one in left} - set(limits.statuses)) if limits.statuses else []


def _kinds(left: Iterable[Trait], limits: Limits) -> list[str]:
    return sorted({kind for one in left for kind in one.kinds} - set(limits.kinds)) if limits.kinds else []


def _why(trait: Trait, limits: Limits) -> str:
    if limits.statuses and trait.status not in limits.statuses:
        return f"it is {called(trait.status)}, and only what is {_any_of(map(called, limits.statuses))} is weighed"
    if limits.kinds and not trait.kinds.keys() & set(limits.kinds):
        is_ = f"its kind is {_any_of(trait.kinds.values())}" if trait.kinds else "nothing works there"
        return f"{is_}, and only {_any_of(kind.replace('_', ' ') for kind in limits.kinds)} is weighed"
    return ""


def called(status: str) -> str:
    """A status in words."""
    return STATUSES.get(status, status)


def _called(name: str, left: Iterable[Trait]) -> str:
    names = {slug: label for one in left for slug, label in one.kinds.items()} | STATUSES
    label = names.get(name, name)
    return f"“{label}”" if label == name else f"“{label}” ({name})"


def _any_of(names: Iterable[str]) -> str:
    return " or ".join(names)
